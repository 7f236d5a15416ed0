"""Places: where the retailer is, and when it is open there."""

from collections.abc import Sequence

from domain.errors import Failure
from domain.location import (
    GeoPoint,
    Location,
    LocationKind,
    LocationQuery,
    LocationService,
    geo_point,
)
from domain.page import Connection, connection, page_request
from execution.context import Context


async def locations(
    parents: Sequence[object],
    context: Context,
    near: GeoPoint | None = None,
    kind: LocationKind | None = None,
    service: LocationService | None = None,
    first: int = 20,
    after: str | None = None,
) -> list[Connection[Location] | Failure | None]:
    """List a page of places. *Errors*: ``BadInput``."""
    request = page_request(first, after, "locations", near, kind, service)
    point = None if near is None else geo_point(near, "near")
    page = await context.loaders.locations_by_query.load_one(
        LocationQuery(request, point, kind, service)
    )
    if page is None or isinstance(page, Failure):
        return [page] * len(parents)
    return [connection(page, request)] * len(parents)


def distance(
    parents: Sequence[Location],
    context: Context,  # noqa: ARG001
    near: GeoPoint,
) -> list[float | None]:
    """Measure the way to each. *Errors*: ``BadInput`` for a point off the globe."""
    point = geo_point(near, "near")
    return [parent.distance(point) for parent in parents]


def is_open(parents: Sequence[Location], context: Context) -> list[bool | None]:
    """Tell whether each is open now; null where its hours are not known."""
    return [
        None if parent.hours is None else parent.hours.is_open(context.now) for parent in parents
    ]
