"""Reservations: goods held for somebody for a while, out of what can still be promised.

What was asked for stands in a reservation's lines. What is *held* for it stands apart, by SKU and
location (``domain/hold.py``).
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol, runtime_checkable

from msgspec import Struct
from msgspec.structs import replace

from domain.ask import Ask
from domain.availability import StockLevel
from domain.guest import check_secret
from domain.hold import Held, Place, ReservationLine, Shortfall
from domain.identity import node_id
from domain.limit import check_items, check_sku, out_of_range
from domain.outcome import GUEST, Input, Outcome, UserError
from domain.viewer import Channel

MAX_LINES = 50
_GUEST = f"{GUEST}reservation "


class ReservationState(Enum):
    """What became of a reservation."""

    HELD = "HELD"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"


class Reservation(Struct, frozen=True, kw_only=True):
    """Goods held for somebody.

    *Shape*: ``holder`` is whom they are held for: a customer's key, or for guests a name that
    follows from their secret; ``lines`` as asked for, one for each SKU and location; ``cart_key``
    the cart that they are the goods of.
    """

    key: str
    holder: str
    lines: tuple[ReservationLine, ...]
    state: ReservationState = ReservationState.HELD
    channel: Channel
    created_at: datetime
    expires_at: datetime
    cart_key: str | None = None
    shortfalls: tuple[Shortfall, ...] = ()

    @property
    def id(self) -> str:
        """The global id."""
        return node_id("Reservation", self.key)

    @property
    def subjects(self) -> frozenset[str]:
        """The person this is about."""
        return frozenset((self.holder,))

    @property
    def pieces(self) -> int:
        """How many pieces it asks for."""
        return sum(line.quantity for line in self.lines)

    def at(self, now: datetime) -> "Reservation":
        """Tell what it is at a moment: over as soon as its time is, whoever has noted that."""
        is_over = self.state is ReservationState.HELD and self.expires_at <= now
        return replace(self, state=ReservationState.EXPIRED) if is_over else self


class ReservationItem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Some pieces of one variant."""

    sku: str
    quantity: int = 1


class ReservationCreate(Input, frozen=True, kw_only=True, omit_defaults=True):
    """Goods to hold at a location; ``customer`` and ``location`` are global ids."""

    location: str
    lines: list[ReservationItem]
    customer: str | None = None
    secret: str | None = None


class CartReserve(Input, frozen=True, kw_only=True, omit_defaults=True):
    """A cart, by global id, whose goods are to be held."""

    cart: str
    secret: str | None = None


class ReservationExtend(Input, frozen=True, kw_only=True, omit_defaults=True):
    """A reservation to keep up for longer, by global id."""

    reservation: str
    secret: str | None = None


class ReservationRelease(Input, frozen=True, kw_only=True, omit_defaults=True):
    """A reservation to let go, by global id."""

    reservation: str
    secret: str | None = None


class ReservationOutcome(Outcome, frozen=True, kw_only=True):
    """What became of a reservation; None where nothing did."""

    reservation: Reservation | None = None

    @property
    def subject(self) -> str | None:
        """Whom it is held for."""
        return self.reservation.holder if self.reservation else None


class ReservationLimitReached(UserError, frozen=True, kw_only=True):  # noqa: N818
    """One customer or guest would hold more, or longer, than one may."""

    limit: int


class ReservationEnded(UserError, frozen=True, kw_only=True):  # noqa: N818
    """The reservation does not run any more."""

    state: ReservationState


class NothingToReserve(UserError, frozen=True, kw_only=True):  # noqa: N818
    """The cart is empty."""


class CollectionNotOffered(UserError, frozen=True, kw_only=True):  # noqa: N818
    """The location hands nothing over to customers."""

    location_key: str


def guest(secret: str, argument: str = "input.secret") -> str:
    """Name the guest who has this secret. *Errors*: ``BadInput`` for one not drawn at random."""
    check_secret(secret, argument)
    return _GUEST + hashlib.sha256(secret.encode()).hexdigest()


def check_lines(lines: Sequence[ReservationItem]) -> UserError | None:
    """Check what is to be held. *Errors*: ``BadInput`` for its form."""
    check_items("input.lines", lines, MAX_LINES)
    for each in lines:
        check_sku("input.lines.sku", each.sku)
    return out_of_range(each.quantity for each in lines)


@runtime_checkable
class ReservationPort(Protocol):
    """The store that keeps reservations. *Errors* of all calls: ``StoreUnavailable``."""

    async def reservations_by_holder(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[Reservation]]:
        """Read what runs for each holder, the newest first; a holder without any is absent."""
        ...

    async def reservations_by_cart(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[Reservation]]:
        """Read what runs for each cart, the newest first; a cart without any is absent."""
        ...

    async def reservation_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Reservation]:
        """Read reservations by their own key, ended ones as well; unknown keys are absent."""
        ...


class ReservationChanges(Protocol):
    """What one transaction may do to reservations.

    Holder first, then the reservation, then the shelves: whoever keeps to this order never waits
    for somebody who waits for them.
    """

    async def running(self, holder: str) -> Sequence[Reservation]:
        """Read what runs for a holder, keeping others from adding to it meanwhile."""
        ...

    async def read(self, key: str) -> Reservation | None:
        """Read a reservation, keeping others from changing it meanwhile."""
        ...

    async def held(self, key: str) -> Sequence[Held]:
        """Read what is held for a reservation."""
        ...

    async def shelves(
        self, places: Iterable[Place], seen: Iterable[StockLevel]
    ) -> Mapping[Place, StockLevel]:
        """Read what the newest snapshot says of each place, with all that is held against it.

        ``seen`` counts where it is newer than what is known; a place that nothing is known of is
        absent. What others are about to hold is not in it: there may be less, but not more.
        """
        ...

    async def lock(
        self, places: Iterable[Place], seen: Iterable[StockLevel], apart_from: str | None = None
    ) -> Mapping[Place, StockLevel]:
        """Read the shelves so that nobody else can hold anything there until this ends.

        What is held for the reservation ``apart_from`` is left out.
        """
        ...

    async def running_from(self, origin: str) -> int:
        """Count what runs for guests from one place, keeping others from adding to it."""
        ...

    async def create(self, reservation: Reservation, origin: str | None = None) -> None:
        """Write a new reservation, for which nothing is held yet; ``origin`` is a guest's place."""
        ...

    async def hold(self, reservation: Reservation, lines: Sequence[ReservationLine]) -> None:
        """Hold pieces for a reservation, on shelves that are locked."""
        ...

    async def save(self, reservation: Reservation) -> None:
        """Write a reservation that was read; one that has ended holds nothing any more."""
        ...
