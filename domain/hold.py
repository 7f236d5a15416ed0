"""Holds: pieces that lie on a shelf and are promised to somebody.

Only what is held counts against stock, and only as long as its time is not over and the stock
system's own figures do not include it yet.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from domain.availability import StockLevel
from domain.outcome import UserError

Place = tuple[str, str]
"""A SKU and the key of a location."""


class ReservationLine(Struct, frozen=True, gc=False):
    """Some pieces of one SKU at one location."""

    sku: str
    location_key: str
    quantity: int

    @property
    def place(self) -> Place:
        """Where they lie."""
        return self.sku, self.location_key


class Held(Struct, frozen=True, gc=False):
    """Pieces that are held at one place.

    *Freshness*: they count until ``expires_at`` (None: until they are let go), and against no
    figure that was observed at ``included_from`` or later: that one has them subtracted already.
    """

    sku: str
    location_key: str
    quantity: int
    expires_at: datetime | None
    included_from: datetime | None = None

    def counts(self, observed_at: datetime, now: datetime) -> bool:
        """Tell whether they are to be subtracted from a figure of that moment."""
        if self.expires_at is not None and self.expires_at <= now:
            return False
        return self.included_from is None or observed_at < self.included_from


class Shortfall(Struct, frozen=True, gc=False):
    """Pieces that are held, and of which the stock system says that it has fewer.

    *Units*: ``held`` and ``confirmed`` in pieces.
    """

    sku: str
    location_key: str
    held: int
    confirmed: int


def with_held(level: StockLevel, held: Iterable[Held], now: datetime) -> StockLevel:
    """Say in a level what is held there and not subtracted in its figures yet."""
    observed_at = level.provenance.observed_at
    reserved = sum(each.quantity for each in held if each.counts(observed_at, now))
    return replace(level, reserved=reserved) if reserved != level.reserved else level


class Shortage(UserError, frozen=True, kw_only=True):  # noqa: N818
    """There is less of something than is wanted; at a location, where one is named.

    *Units*: pieces.
    """

    sku: str
    location_key: str | None = None
    wanted: int
    available: int


def summed(lines: Iterable[ReservationLine]) -> tuple[ReservationLine, ...]:
    """Add up what is wanted of one SKU at one location, in an order that is always the same."""
    pieces: dict[Place, int] = {}
    for line in lines:
        pieces[line.place] = pieces.get(line.place, 0) + line.quantity
    return tuple(ReservationLine(*place, pieces[place]) for place in sorted(pieces))


def shortages(
    wanted: Iterable[ReservationLine], levels: Mapping[Place, StockLevel]
) -> tuple[Shortage, ...]:
    """Tell what of it cannot be promised; a place without a level has nothing."""
    return tuple(
        Shortage(
            message=f"{available} of {line.quantity} pieces of {line.sku} are available there.",
            path=("input", "lines"),
            sku=line.sku,
            location_key=line.location_key,
            wanted=line.quantity,
            available=available,
        )
        for line in wanted
        if (available := _available(levels.get(line.place))) < line.quantity
    )


def _available(level: StockLevel | None) -> int:
    return 0 if level is None else level.available
