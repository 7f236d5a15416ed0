"""Ways in which goods can come to a customer, and what each of them promises."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from domain.availability import (
    Availability,
    Band,
    FulfilmentMode,
    LocationAvailability,
    together,
)
from domain.location import Location, LocationService
from domain.promise import Promise, promise

Window = Callable[[Location], Promise | None]

_SERVICES = {
    FulfilmentMode.SHIP: LocationService.SHIPPING,
    FulfilmentMode.COLLECT: LocationService.COLLECT,
    FulfilmentMode.KERBSIDE: LocationService.KERBSIDE,
    FulfilmentMode.LOCKER: LocationService.LOCKER,
}
_BANDS = (Band.NONE, Band.UNKNOWN, Band.FEW, Band.SOME, Band.LOTS)


class ModeAvailability(Struct, frozen=True, kw_only=True):
    """What one way of getting goods can promise of one variant.

    *Shape*: ``location`` the place to come to, None where there is none, or for SHIP: where a
    parcel leaves from is decided with the order. *Units*: ``distance`` in metres.
    """

    mode: FulfilmentMode
    band: Band
    is_available: bool
    location: Location | None = None
    distance: float | None = None
    promise: Promise | None = None


def windows(now: datetime) -> Window:
    """Make the reckoning of windows at a moment; each place is reckoned once."""
    known: dict[str, Promise | None] = {}

    def window(location: Location) -> Promise | None:
        if location.key not in known:
            hours, handover = location.hours, location.handover
            known[location.key] = (
                None if hours is None or handover is None else promise(hours, handover, now)
            )
        return known[location.key]

    return window


def modes_at(location: Location) -> tuple[FulfilmentMode, ...]:
    """Tell which ways a place serves with the goods that lie in it."""
    return tuple(
        mode
        for mode, service in _SERVICES.items()
        if mode is not FulfilmentMode.LOCKER and location.does(service)
    )


def promise_at(found: LocationAvailability, location: Location, window: Window) -> Promise | None:
    """Promise a window at a place; withdrawn where the figure is stale or the goods too few."""
    collects = location.does(LocationService.COLLECT) or location.does(LocationService.KERBSIDE)
    return window(location) if collects and found.is_available and not found.is_stale else None


def by_mode(
    found: Availability,
    places: Mapping[str, Location],
    lockers: Sequence[Location],
    window: Window,
) -> tuple[ModeAvailability, ...]:
    """Tell for each way that is of interest what it can promise.

    *Shape*: ``places`` by key, those that could be had; ``lockers`` the nearest first.
    Shipped goods may leave from several places, so their figures are added; what is collected
    lies in one place, so the fullest counts. The place to come to is the nearest that has it all,
    or without a point the one that is ready first.
    """
    return tuple(_of_mode(mode, found, places, lockers, window) for mode in found.query.modes)


def _of_mode(
    mode: FulfilmentMode,
    found: Availability,
    places: Mapping[str, Location],
    lockers: Sequence[Location],
    window: Window,
) -> ModeAvailability:
    if mode in (FulfilmentMode.COLLECT, FulfilmentMode.KERBSIDE):
        return _collected(mode, found, _serving(mode, found, places), places, window)
    sources = _serving(FulfilmentMode.SHIP, found, places)
    if mode is FulfilmentMode.LOCKER:
        return _in_locker(found, sources, lockers, window)
    return ModeAvailability(
        mode=mode,
        band=together(sources, found.missing),
        is_available=_pieces(sources) >= found.query.quantity,
    )


def _serving(
    mode: FulfilmentMode, found: Availability, places: Mapping[str, Location]
) -> list[LocationAvailability]:
    service = _SERVICES[mode]
    return [
        each
        for each in found.locations
        if (place := places.get(each.location_key)) is not None and place.does(service)
    ]


def _pieces(sources: Iterable[LocationAvailability]) -> int:
    return sum(each.pieces for each in sources)


def _in_locker(
    found: Availability,
    sources: Sequence[LocationAvailability],
    lockers: Sequence[Location],
    window: Window,
) -> ModeAvailability:
    mode, wanted = FulfilmentMode.LOCKER, found.query.quantity
    if not lockers:
        return ModeAvailability(mode=mode, band=Band.NONE, is_available=False)
    locker = lockers[0]
    certain = _pieces(each for each in sources if not each.is_stale) >= wanted
    return ModeAvailability(
        mode=mode,
        band=together(sources, found.missing),
        is_available=_pieces(sources) >= wanted,
        location=locker,
        distance=locker.distance(found.query.near),
        promise=window(locker) if certain else None,
    )


def _collected(
    mode: FulfilmentMode,
    found: Availability,
    sources: Sequence[LocationAvailability],
    places: Mapping[str, Location],
    window: Window,
) -> ModeAvailability:
    best = max((each.band for each in sources), key=_BANDS.index, default=Band.NONE)
    if best is Band.NONE and found.missing:
        best = Band.UNKNOWN
    enough = [each for each in sources if each.is_available]
    if not enough:
        return ModeAvailability(mode=mode, band=best, is_available=False)

    def ready(each: LocationAvailability) -> float:
        promised = window(places[each.location_key])
        return promised.available_from.timestamp() if promised else float("inf")

    # A place whose figure is stale promises nothing, so it comes after every other.
    if found.query.near is not None:
        chosen = min(enough, key=lambda each: each.is_stale)
    else:
        chosen = min(enough, key=lambda each: (each.is_stale, ready(each), each.location_key))
    place = places[chosen.location_key]
    return ModeAvailability(
        mode=mode,
        band=best,
        is_available=True,
        location=place,
        distance=chosen.distance,
        promise=promise_at(chosen, place, window),
    )
