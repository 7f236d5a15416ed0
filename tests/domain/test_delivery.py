"""How goods of a cart are to come: what can be chosen, and how often."""

from datetime import UTC, datetime

import pytest

from domain.basket import MAX_DELIVERIES
from domain.carriage import DeliveryMode, Method
from domain.cart import RULES, Cart, new_cart
from domain.delivery import (
    CartDeliverySelect,
    DeliveryRefusal,
    PostalAddress,
    check_select,
    new_choice,
    refused,
    with_delivery,
)
from domain.entry import Actor, Touch
from domain.line import CartAddition, CartFull, with_lines
from domain.outcome import UserError
from domain.viewer import Channel

COURIER = Method(market="PL", mode=DeliveryMode.SHIP, price={"PLN": "12.99"})
TOUCH = Touch(channel=Channel.WEB, actor=Actor.CUSTOMER, at=datetime(2026, 11, 1, tzinfo=UTC))


def wish(street: str = "ul. Długa 1", code: str = "00-238") -> CartDeliverySelect:
    address = PostalAddress(lines=[street], postal_code=code, city="Warszawa", country="PL")
    return CartDeliverySelect(idempotency_key="", cart="", method="courier", address=address)


def sent(cart: Cart, line: str, street: str) -> Cart | UserError:
    input = wish(street)
    choice = new_choice(input, COURIER, None, check_select(input), TOUCH)
    return with_delivery(cart, choice, [line], None, TOUCH, RULES)


def test_a_cart_comes_in_no_more_deliveries_than_can_be_priced() -> None:
    """One too many is refused with the limit, rather than leaving a cart that nobody can price."""
    cart = new_cart("crm:1", "PL", "PLN", TOUCH, RULES)
    additions = [CartAddition(sku=f"S{number}") for number in range(MAX_DELIVERIES + 1)]
    made: Cart | UserError = with_lines(cart, additions, TOUCH, RULES)
    for number in range(MAX_DELIVERIES):
        assert isinstance(made, Cart)
        made = sent(made, made.entries[number].key, f"Street {number}")
    assert isinstance(made, Cart)
    one_more = sent(made, made.entries[-1].key, "Another")
    assert isinstance(one_more, CartFull)
    assert one_more.limit == MAX_DELIVERIES
    again = sent(made, made.entries[-1].key, "Street 0")
    assert isinstance(again, Cart)


@pytest.mark.parametrize("code", ["\u0660\u0660-\u0662\u0663\u0668", "00238", "00-2389", ""])
def test_a_postal_code_is_one_that_labels_can_say(code: str) -> None:
    """Only the country's own form will do, in the digits that carriers read."""
    input = wish(code=code)
    found = refused(input, {"courier": COURIER}, "PL", "PLN", check_select(input))
    assert found is not None
    assert found.reason is DeliveryRefusal.POSTAL_CODE_WRONG
