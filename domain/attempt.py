"""Mutations that can be tried again: what names one, and the port that carries it out once."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar, runtime_checkable

import msgspec
from msgspec import Struct

from domain.ask import Ask
from domain.assist import CaseChanges
from domain.cart import CartChanges
from domain.coupon import CouponChanges
from domain.errors import BadInput, Unauthenticated
from domain.handoff import HandOffChanges
from domain.merge import MergeChanges
from domain.outcome import Input, Outcome
from domain.reservation import ReservationChanges
from domain.viewer import Viewer
from domain.wishlist import WishlistChanges

T = TypeVar("T", bound=Outcome)

_MIN_KEY, _MAX_KEY = 8, 128


class Attempt(Struct, frozen=True, kw_only=True):
    """One try of a mutation.

    *Shape*: ``client``, ``subject``, ``mutation`` and ``key`` together name what is tried; tries
    that are equal in all of them are twins. ``input`` is a digest of what was asked for, the same
    for the same wish in the same market and currency, however it was written.
    """

    client: str
    subject: str
    mutation: str
    key: str
    input: bytes


def attempt(
    viewer: Viewer, ask: Ask, mutation: str, input: Input, secret: str | None = None
) -> Attempt:
    """Name the try of a mutation by this viewer; a guest is told by the ``secret`` of their cart.

    *Errors*: ``BadInput`` for a key of another form, ``Unauthenticated`` where nobody can be told.
    """
    key = input.idempotency_key
    if not (_MIN_KEY <= len(key) <= _MAX_KEY and key.isascii() and key.isprintable()):
        allowed = f"{_MIN_KEY} to {_MAX_KEY} printable ASCII characters, made anew for each wish"
        raise BadInput("input.idempotencyKey", key, allowed)
    if viewer.subject is not None:
        subject = f"subject:{viewer.subject}"
    elif secret is not None:
        subject = f"guest:{secret}"
    else:
        raise Unauthenticated("Sign in first: this changes something of a customer's.")
    # The key is no part of the wish, and what is left out is the same as its default; the market
    # and the currency that it is made in are part of it, as if they stood in the input.
    wish = (ask.market, ask.currency, msgspec.structs.replace(input, idempotency_key=""))
    return Attempt(
        client=viewer.client or "",
        subject=subject,
        mutation=mutation,
        key=key,
        input=hashlib.sha256(msgspec.json.encode(wish, order="sorted")).digest(),
    )


class Changes(Struct, frozen=True, kw_only=True):
    """All that one transaction may change; good until the work that was handed it returns."""

    wishlist: WishlistChanges
    reservation: ReservationChanges
    case: CaseChanges
    cart: CartChanges
    merge: MergeChanges
    handoff: HandOffChanges
    coupon: CouponChanges


Work = Callable[[Changes], Awaitable[T]]


@runtime_checkable
class Attempts(Protocol):
    """Carries out mutations, each once."""

    async def once(self, attempt: Attempt, kind: type[T], work: Work[T], ask: Ask) -> T:
        """Carry out ``work`` in one transaction, unless a twin already has or is about to.

        The first outcome of ``kind`` without user errors is kept for 24 hours with the change
        itself, and is what every twin gets, in whichever process it runs; while one is under way
        the others wait for it. The key with other input gives ``kind`` with an
        ``IdempotencyMismatch``. An outcome with user errors, or a failure, leaves no trace. Work
        that has begun goes on to its end though its caller has left, so it uses nothing that ends
        with the operation; and it is short, for others may wait for it.

        *Errors*: ``StoreUnavailable``; then it is not known whether the change was made, and the
        same attempt tells. Whatever ``work`` raises.
        """
        ...
