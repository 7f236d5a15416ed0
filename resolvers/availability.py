"""Availability: the stock of a variant, location by location and way by way."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

import domain.availability
from domain.availability import (
    Availability,
    AvailabilityQuery,
    FulfilmentMode,
    LocationAvailability,
    StockLevel,
)
from domain.errors import BadInput, Failure
from domain.identity import node_key
from domain.limit import MAX_SKU, check_items
from domain.location import GeoPoint, Location, LocationQuery, LocationService, geo_point
from domain.mode import ModeAvailability, Window, by_mode, modes_at, promise_at, windows
from domain.page import Page, PageRequest, page_request
from domain.product import Variant
from domain.promise import Promise
from execution.context import Context
from resolvers.stock import levels_by_sku

_MAX_LOCATIONS = 100
_MAX_QUANTITY = 10_000


async def availability(
    parents: Sequence[Variant],
    context: Context,
    near: GeoPoint | None = None,
    modes: Sequence[FulfilmentMode] | None = None,
    quantity: int = 1,
    locations: Sequence[str] | None = None,
) -> list[Availability | Failure | None]:
    """Sum up the stock of each variant, over all locations or those named.

    *Errors*: ``BadInput`` for an id that is not a location's, none or more than 100 of them, a
    point off the globe, or a quantity outside 1 to 10,000.
    """
    query = _query(near, modes, quantity, locations)
    return await _availability([parent.sku for parent in parents], query, context)


async def availability_of_skus(
    parents: Sequence[object],
    context: Context,
    skus: Sequence[str],
    near: GeoPoint | None = None,
    modes: Sequence[FulfilmentMode] | None = None,
    quantity: int = 1,
) -> list[list[Availability | Failure | None]]:
    """Sum up the stock of SKUs, in the order asked. *Errors*: ``BadInput``."""
    check_items("skus", skus)
    for sku in skus:
        if not 1 <= len(sku) <= MAX_SKU:
            raise BadInput("skus", sku, f"SKUs of 1 to {MAX_SKU} characters")
    query = _query(near, modes, quantity, None)
    return [await _availability(skus, query, context)] * len(parents)


async def modes(
    parents: Sequence[Availability], context: Context
) -> list[tuple[ModeAvailability, ...] | Failure]:
    """Tell what each way of getting the goods can promise."""
    places, lockers = await asyncio.gather(
        _places((parent.locations for parent in parents), context), _lockers(parents, context)
    )
    window = windows(context.now)
    return [
        _by_mode(parent, places, lockers.get(parent.query.near, ()), window) for parent in parents
    ]


def locations(
    parents: Sequence[Availability],
    context: Context,  # noqa: ARG001
    first: int = 10,
) -> list[tuple[LocationAvailability, ...]]:
    """Take the first locations of each. *Errors*: ``BadInput`` outside 1 to 100."""
    page_request(first, None)
    return [parent.locations[:first] for parent in parents]


async def location(
    parents: Sequence[LocationAvailability], context: Context
) -> list[Location | Failure | None]:
    """Find the place of each."""
    return await context.loaders.location_by_key.load([parent.location_key for parent in parents])


async def modes_of_location(
    parents: Sequence[LocationAvailability], context: Context
) -> list[tuple[FulfilmentMode, ...] | Failure | None]:
    """Tell which ways each place serves."""
    return [
        modes_at(place) if isinstance(place, Location) else place
        for place in await location(parents, context)
    ]


async def promise_of_location(
    parents: Sequence[LocationAvailability], context: Context
) -> list[Promise | Failure | None]:
    """Promise a window at each place."""
    window = windows(context.now)
    return [
        promise_at(parent, place, window) if isinstance(place, Location) else place
        for parent, place in zip(parents, await location(parents, context))
    ]


def _query(
    near: GeoPoint | None,
    modes: Sequence[FulfilmentMode] | None,
    quantity: int,
    locations: Sequence[str] | None,
) -> AvailabilityQuery:
    if not 1 <= quantity <= _MAX_QUANTITY:
        raise BadInput("quantity", quantity, f"1 to {_MAX_QUANTITY}")
    if locations is not None and not 1 <= len(locations) <= _MAX_LOCATIONS:
        # Stock at no location would read as sold out.
        raise BadInput("locations", f"{len(locations)} ids", f"1 to {_MAX_LOCATIONS}, or null")
    return AvailabilityQuery(
        near=None if near is None else geo_point(near, "near"),
        modes=tuple(dict.fromkeys(FulfilmentMode if modes is None else modes)),
        quantity=quantity,
        locations=None
        if locations is None
        else frozenset(node_key(each, "locations", "Location")[1] for each in locations),
    )


async def _availability(
    skus: Sequence[str], query: AvailabilityQuery, context: Context
) -> list[Availability | Failure | None]:
    columns = await levels_by_sku(skus, context)
    distances: Mapping[str, float] = {}
    unknown: Sequence[str] = ()
    if query.near is not None or query.locations is not None:
        distances, unknown = await asyncio.gather(
            _distances(query, columns, context), _unknown(query, columns, context)
        )
    return [
        found
        if isinstance(found, Failure) or found is None
        else domain.availability.availability(sku, found, context.now, query, distances, unknown)
        for sku, found in zip(skus, columns)
    ]


async def _unknown(
    query: AvailabilityQuery,
    columns: Sequence[Sequence[StockLevel] | Failure | None],
    context: Context,
) -> Sequence[str]:
    """Name the locations asked about of which nobody can tell whether they exist."""
    if query.locations is None:
        return ()
    seen = {
        level.location_key
        for levels in columns
        if levels is not None and not isinstance(levels, Failure)
        for level in levels
    }
    # A place that holds nothing is as good a place as any; one that is none holds nothing either.
    unseen = sorted(query.locations - seen)
    places = await context.loaders.location_by_key.load(unseen)
    return [key for key, place in zip(unseen, places) if not isinstance(place, Location)]


async def _distances(
    query: AvailabilityQuery,
    columns: Sequence[Sequence[StockLevel] | Failure | None],
    context: Context,
) -> Mapping[str, float]:
    if query.near is None:
        return {}
    keys = {
        level.location_key
        for levels in columns
        if levels is not None and not isinstance(levels, Failure)
        for level in levels
        if query.locations is None or level.location_key in query.locations
    }
    found: dict[str, float] = {}
    for place in await context.loaders.location_by_key.load(sorted(keys)):
        if isinstance(place, Failure):
            # What there is can be told without saying how far it is.
            context.do_without(place)
        elif place is not None and (distance := place.distance(query.near)) is not None:
            found[place.key] = distance
    return found


async def _places(
    columns: Iterable[Sequence[LocationAvailability]], context: Context
) -> Mapping[str, Location | Failure]:
    keys = sorted({each.location_key for column in columns for each in column})
    found = zip(keys, await context.loaders.location_by_key.load(keys))
    return {key: place for key, place in found if place is not None}


async def _lockers(
    parents: Sequence[Availability], context: Context
) -> Mapping[GeoPoint | None, Sequence[Location] | Failure]:
    """Find the nearest locker to each point that is asked about."""
    points = {
        parent.query.near for parent in parents if FulfilmentMode.LOCKER in parent.query.modes
    }
    queries = [
        LocationQuery(PageRequest(1), point, service=LocationService.LOCKER) for point in points
    ]
    pages = await context.loaders.locations_by_query.load(queries)
    return {
        point: page if isinstance(page, Failure) else _whole(page)
        for point, page in zip(points, pages)
    }


def _whole(page: Page[Location] | None) -> Sequence[Location] | Failure:
    """Take the places of a page, or the failure that one of them is."""
    found: list[Location] = []
    for place in page.items if page is not None else ():
        if isinstance(place, Failure):
            return place
        found.append(place)
    return found


def _by_mode(
    parent: Availability,
    places: Mapping[str, Location | Failure],
    lockers: Sequence[Location] | Failure,
    window: Window,
) -> tuple[ModeAvailability, ...] | Failure:
    if isinstance(lockers, Failure):
        return lockers
    known: dict[str, Location] = {}
    for each in parent.locations:
        place = places.get(each.location_key)
        if isinstance(place, Failure):
            # What a place does not say of itself would make a false NONE.
            return place
        if place is not None:
            known[each.location_key] = place
    return by_mode(parent, known, lockers, window)
