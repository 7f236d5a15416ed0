"""Stock and what of it can be promised: the one place where the formula stands."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from operator import attrgetter, itemgetter
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.ask import Ask
from domain.errors import Failure
from domain.location import GeoPoint
from domain.partial import missing_of
from domain.provenance import Freshness, Provenance

_rank, _ranked = itemgetter(0, 1, 2), itemgetter(3)
_expected_at = attrgetter("expected_at")
_FEW = 3
_LOTS = 20


class Band(Enum):
    """How much there is, as a shopper is told."""

    LOTS = "LOTS"
    SOME = "SOME"
    FEW = "FEW"
    NONE = "NONE"
    UNKNOWN = "UNKNOWN"


class Supply(Struct, frozen=True, gc=False):
    """Goods on their way. *Units*: pieces; ``expected_at`` UTC."""

    quantity: int
    expected_at: datetime


class StockLevel(Struct, frozen=True, gc=False, kw_only=True):
    """What one location holds of one SKU.

    *Units*: pieces. ``on_hand`` is the system's own figure and may be below zero (a sale booked
    before its receipt): normal in retail, counted as none and flagged. ``reserved`` is what the
    gateway itself holds and the system's figures do not include yet; ``held_back`` the part of
    ``safety_stock`` that our own settings keep from the operation's channel. ``damaged`` and
    ``in_transit`` are no part of ``on_hand``, and None where the system does not count them.
    """

    sku: str
    location_key: str
    on_hand: int
    allocated: int = 0
    reserved: int = 0
    safety_stock: int = 0
    held_back: int = 0
    damaged: int | None = None
    in_transit: int | None = None
    incoming: tuple[Supply, ...] = ()
    provenance: Provenance

    @property
    def available(self) -> int:
        """What can still be promised (ATP): max(0, onHand - allocated - reserved - safetyStock)."""
        return max(0, self.on_hand - self.allocated - self.reserved - self.safety_stock)

    @property
    def is_negative(self) -> bool:
        """Whether the system's books are below zero here."""
        return self.on_hand < 0


def band(pieces: int, freshness: Freshness = Freshness.LIVE) -> Band:
    """Tell a shopper how much there is; a stale figure never says more than FEW."""
    if freshness is Freshness.UNKNOWN:
        return Band.UNKNOWN
    if pieces <= 0:
        return Band.NONE
    if pieces <= _FEW or freshness is Freshness.STALE:
        return Band.FEW
    return Band.SOME if pieces < _LOTS else Band.LOTS


class FulfilmentMode(Enum):
    """How goods come to the customer."""

    SHIP = "SHIP"
    COLLECT = "COLLECT"
    LOCKER = "LOCKER"
    KERBSIDE = "KERBSIDE"


class AvailabilityQuery(Struct, frozen=True):
    """What is asked about the stock of variants.

    *Shape*: ``modes`` those that are of interest; ``locations`` keys of those to look at, None for
    all. *Units*: ``quantity`` in pieces, wanted together.
    """

    near: GeoPoint | None = None
    modes: tuple[FulfilmentMode, ...] = tuple(FulfilmentMode)
    quantity: int = 1
    locations: frozenset[str] | None = None


WHOLE = AvailabilityQuery()


class LocationAvailability(Struct, frozen=True, gc=False, kw_only=True):
    """What one location can promise of one variant.

    *Units*: ``distance`` in metres from the caller's point, None where no point was given or the
    location's place is unknown. ``is_available``: whether it has all that is wanted.
    """

    location_key: str
    band: Band
    is_available: bool
    is_stale: bool
    stock: StockLevel
    distance: float | None = None

    @property
    def pieces(self) -> int:
        """How many can be promised; none where the figure is too old to be used."""
        return 0 if self.band is Band.UNKNOWN else self.stock.available


class Availability(Struct, frozen=True, gc=False, kw_only=True):
    """What can be promised of one variant over the locations that were asked about.

    *Shape*: ``missing`` names the systems whose locations are not in it.
    """

    sku: str
    query: AvailabilityQuery
    band: Band
    locations: tuple[LocationAvailability, ...]
    next_supply: Supply | None = None
    provenance: Provenance | None = None
    missing: tuple[str, ...] = ()

    @property
    def is_available(self) -> bool:
        """Whether one location can promise all that is wanted; stock is sold where it lies."""
        return any(place.is_available for place in self.locations)

    @property
    def complete(self) -> bool:
        """Whether every system that could hold some of it has answered."""
        return not self.missing


def availability(
    sku: str,
    levels: Sequence[StockLevel],
    now: datetime,
    query: AvailabilityQuery = WHOLE,
    distances: Mapping[str, float] | None = None,
    unknown: Collection[str] = (),
) -> Availability:
    """Sum up the stock of one variant.

    *Shape*: ``distances`` by location key, in metres; with them the nearest location comes first
    and those without a place come last, else the fullest comes first.
    ``unknown`` are locations asked about that nobody knows.
    *Freshness*: the provenance is the oldest level's; a stale level adds at most FEW to the band,
    one that is too old to be used adds nothing. What nobody has while a system is silent, a
    figure too old or a location unknown is UNKNOWN, not NONE.
    """
    # One pass, each figure worked out once: a listing asks this of hundreds of levels.
    distances, asked, quantity = distances or {}, query.locations, query.quantity
    ranked: list[tuple[float, int, str, LocationAvailability]] = []
    supplies: list[Supply] = []
    oldest: Provenance | None = None
    fresh = stale = 0
    judged: Provenance | None = None
    freshness, is_stale, is_unsure = Freshness.UNKNOWN, False, bool(unknown)
    for level in levels:
        provenance, key, pieces = level.provenance, level.location_key, level.available
        if asked is not None and key not in asked:
            continue
        if provenance is not judged:
            judged, freshness = provenance, provenance.freshness(now)
            is_stale = freshness is Freshness.STALE
            if is_stale and not provenance.is_usable(now):
                freshness = Freshness.UNKNOWN
        if freshness is Freshness.UNKNOWN:
            is_unsure, pieces = True, 0
        elif is_stale:
            stale += pieces
        else:
            fresh += pieces
        if oldest is None or provenance.observed_at < oldest.observed_at:
            oldest = provenance
        if level.incoming:
            supplies += level.incoming
        distance = distances.get(key)
        place = LocationAvailability(
            location_key=key,
            band=band(pieces, freshness),
            is_available=pieces >= quantity,
            is_stale=is_stale,
            stock=level,
            distance=distance,
        )
        ranked.append((math.inf if distance is None else distance, -pieces, key, place))
    ranked.sort(key=_rank)
    missing = missing_of(levels)
    return Availability(
        sku=sku,
        query=query,
        band=_band(fresh, stale, is_unsure=is_unsure or bool(missing)),
        locations=tuple(map(_ranked, ranked)),
        next_supply=_next(supplies, now) if supplies else None,
        provenance=oldest,
        missing=missing,
    )


def _next(supplies: Iterable[Supply], now: datetime) -> Supply | None:
    # What is overdue may come at any time or never: a day that is past promises nothing. Systems
    # often know the day alone, so that the whole of it counts.
    day = now.astimezone(UTC).date()
    ahead = (supply for supply in supplies if supply.expected_at.astimezone(UTC).date() >= day)
    return min(ahead, key=_expected_at, default=None)


def together(places: Iterable[LocationAvailability], missing: Sequence[str] = ()) -> Band:
    """Tell the band of several locations taken together."""
    fresh = stale = 0
    is_unsure = bool(missing)
    for place in places:
        if place.band is Band.UNKNOWN:
            is_unsure = True
        elif place.is_stale:
            stale += place.pieces
        else:
            fresh += place.pieces
    return _band(fresh, stale, is_unsure=is_unsure)


def _band(fresh: int, stale: int, *, is_unsure: bool) -> Band:
    # Fresh figures are summed and stale ones never say more than FEW, so that one shop whose
    # system lags behind does not take the promise from all the others.
    found = band(fresh) if fresh else band(stale, Freshness.STALE)
    return Band.UNKNOWN if found is Band.NONE and is_unsure else found


@runtime_checkable
class StockPort(Protocol):
    """The system that counts goods."""

    async def stock_by_sku(
        self, skus: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[StockLevel] | Failure]:
        """Read the stock of every location that carries each SKU.

        A SKU that the system does not know is absent; one that it knows and holds nowhere has an
        empty sequence. Figures are as the system books them, below zero included; a figure that
        is not a whole number is a ``SourceContract`` failure.
        """
        ...
