"""Availability: the stock of a variant, location by location."""

from collections.abc import Mapping, Sequence

import domain.availability
from domain.availability import Availability, LocationAvailability, StockLevel
from domain.errors import BadInput, Failure
from domain.identity import node_key
from domain.location import GeoPoint, Location, geo_point
from domain.page import page_request
from domain.product import Variant
from execution.context import Context

_MAX_LOCATIONS = 100


async def availability(
    parents: Sequence[Variant],
    context: Context,
    near: GeoPoint | None = None,
    locations: Sequence[str] | None = None,
) -> list[Availability | Failure | None]:
    """Sum up the stock of each variant, over all locations or those named.

    *Errors*: ``BadInput`` for an id that is not a location's, more than 100 of them, or a point
    off the globe.
    """
    asked = _keys(locations)
    columns = await context.loaders.stock_by_sku.load([parent.sku for parent in parents])
    distances = await _distances(near, asked, columns, context)
    return [
        found
        if isinstance(found, Failure) or found is None
        else domain.availability.availability(
            parent.sku,
            [level for level in found if asked is None or level.location_key in asked],
            context.now,
            distances,
        )
        for parent, found in zip(parents, columns)
    ]


async def locations(
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


def _keys(ids: Sequence[str] | None) -> frozenset[str] | None:
    if ids is None:
        return None
    if len(ids) > _MAX_LOCATIONS:
        raise BadInput("locations", f"{len(ids)} ids", f"at most {_MAX_LOCATIONS}")
    return frozenset(node_key(each, "locations", "Location")[1] for each in ids)


async def _distances(
    near: GeoPoint | None,
    asked: frozenset[str] | None,
    columns: Sequence[Sequence[StockLevel] | Failure | None],
    context: Context,
) -> Mapping[str, float]:
    if near is None:
        return {}
    point = geo_point(near, "near")
    keys = {
        level.location_key
        for levels in columns
        if levels is not None and not isinstance(levels, Failure)
        for level in levels
        if asked is None or level.location_key in asked
    }
    places = await context.loaders.location_by_key.load(sorted(keys))
    return {
        place.key: point.distance(place.coordinates)
        for place in places
        if isinstance(place, Location) and place.coordinates is not None
    }
