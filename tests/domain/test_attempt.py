"""What names the try of a mutation."""

import pytest

from domain.ask import Ask
from domain.attempt import attempt
from domain.deadline import Deadline
from domain.errors import Unauthenticated
from domain.viewer import ANONYMOUS, Channel, Role, Viewer
from domain.wishlist import WishlistAddition, WishlistLinesAdd

ANNA = Viewer(role=Role.CUSTOMER, subject="anna", client="web")


def _ask(market: str = "PL", currency: str = "PLN", language: str = "pl") -> Ask:
    return Ask(Deadline.after(1), market, currency, language, Channel.WEB)


def _input(*lines: WishlistAddition, key: str = "key-0001") -> WishlistLinesAdd:
    return WishlistLinesAdd(idempotency_key=key, wishlist="W", lines=list(lines))


def test_a_guest_is_told_by_the_secret_of_their_cart() -> None:
    """A guest's try is theirs who hold the secret; without one there is nobody to tell."""
    line = WishlistAddition(sku="S1")
    one = attempt(ANONYMOUS, _ask(), "cartLinesAdd", _input(line), "secret 1")
    assert one == attempt(ANONYMOUS, _ask(), "cartLinesAdd", _input(line), "secret 1")
    assert (
        one.subject != attempt(ANONYMOUS, _ask(), "cartLinesAdd", _input(line), "secret 2").subject
    )
    with pytest.raises(Unauthenticated):
        attempt(ANONYMOUS, _ask(), "cartLinesAdd", _input(line))


def test_a_guest_s_secret_is_nobody_s_subject() -> None:
    """A secret that reads like somebody's subject does not reach their tries."""
    line = WishlistAddition(sku="S1")
    guest = attempt(Viewer(role=Role.ANONYMOUS, client="web"), _ask(), "m", _input(line), "anna")
    assert guest.subject != attempt(ANNA, _ask(), "m", _input(line)).subject


def test_the_digest_is_of_the_wish_alone() -> None:
    """Equal wishes have equal digests, however they are spelt; different ones never."""
    plain = attempt(ANNA, _ask(), "m", _input(WishlistAddition(sku="S1"))).input
    spelt = WishlistAddition(sku="S1", quantity=1, note=None)
    assert attempt(ANNA, _ask(), "m", _input(spelt, key="key-0002")).input == plain
    others = [
        _input(WishlistAddition(sku="S2")),
        _input(WishlistAddition(sku="S1", quantity=2)),
        _input(WishlistAddition(sku="S1", note="")),
        _input(WishlistAddition(sku="S1"), WishlistAddition(sku="S1")),
        _input(),
    ]
    digests = {attempt(ANNA, _ask(), "m", each).input for each in others}
    assert plain not in digests
    assert len(digests) == len(others)


def test_a_wish_is_made_in_a_market_and_a_currency() -> None:
    """The same input elsewhere is another wish; the language it is answered in is none."""
    wish = _input(WishlistAddition(sku="S1"))
    plain = attempt(ANNA, _ask(), "m", wish)
    assert attempt(ANNA, _ask(language="en"), "m", wish) == plain
    elsewhere = [_ask(market="DE"), _ask(currency="EUR"), _ask(market="DE", currency="EUR")]
    digests = {attempt(ANNA, ask, "m", wish).input for ask in elsewhere}
    assert plain.input not in digests
    assert len(digests) == len(elsewhere)
