"""Locations: where goods are, and where customers collect them."""

import math
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.ask import Ask
from domain.errors import BadInput, Failure
from domain.identity import ExternalId, external_id, node_id
from domain.opening import OpeningHours
from domain.page import Page, PageRequest
from domain.promise import Handover
from domain.provenance import Provenance

_EARTH_RADIUS = 6_371_008.8


class LocationKind(Enum):
    """What a location is."""

    STORE = "STORE"
    WAREHOUSE = "WAREHOUSE"
    LOCKER = "LOCKER"
    PICKUP_POINT = "PICKUP_POINT"


class LocationService(Enum):
    """What a location does for customers, beyond being there."""

    COLLECT = "COLLECT"
    KERBSIDE = "KERBSIDE"
    LOCKER = "LOCKER"
    SHIPPING = "SHIPPING"
    RETURNS = "RETURNS"
    ALTERATIONS = "ALTERATIONS"
    GIFT_WRAP = "GIFT_WRAP"


# What a kind of place does where its system does not say: the least that its name promises.
_USUAL = {
    LocationKind.STORE: LocationService.COLLECT,
    LocationKind.WAREHOUSE: LocationService.SHIPPING,
    LocationKind.LOCKER: LocationService.LOCKER,
    LocationKind.PICKUP_POINT: LocationService.COLLECT,
}


class GeoPoint(Struct, frozen=True, gc=False):
    """A place on the earth. *Units*: degrees, WGS 84."""

    latitude: float
    longitude: float

    def distance(self, other: "GeoPoint") -> float:
        """Measure the way to another point along the great circle. *Units*: metres."""
        north, south = math.radians(self.latitude), math.radians(other.latitude)
        across = math.radians(other.longitude - self.longitude)
        half = (
            math.sin((south - north) / 2) ** 2
            + math.cos(north) * math.cos(south) * math.sin(across / 2) ** 2
        )
        return 2 * _EARTH_RADIUS * math.asin(math.sqrt(min(1.0, half)))


def geo_point(point: GeoPoint, argument: str) -> GeoPoint:
    """Check a caller's point. *Errors*: ``BadInput`` off the globe."""
    if not (-90 <= point.latitude <= 90 and -180 <= point.longitude <= 180):
        found = f"{point.latitude}, {point.longitude}"
        raise BadInput(argument, found, "latitude -90 to 90, longitude -180 to 180")
    return point


class Address(Struct, frozen=True, gc=False, kw_only=True):
    """A postal address. *Shape*: ``country`` ISO 3166-1 alpha-2."""

    lines: tuple[str, ...]
    postal_code: str | None = None
    city: str | None = None
    country: str | None = None


class Location(Struct, frozen=True, gc=False, kw_only=True):
    """A shop, warehouse, locker or pick-up point.

    *Shape*: ``hours``, ``services`` and ``handover`` None where the system does not tell them; a
    place without a handover promises no time.
    """

    key: str
    name: str
    kind: LocationKind
    address: Address | None = None
    coordinates: GeoPoint | None = None
    hours: OpeningHours | None = None
    services: tuple[LocationService, ...] | None = None
    handover: Handover | None = None
    provenance: Provenance

    @property
    def id(self) -> str:
        """The global id."""
        return node_id("Location", self.key)

    @property
    def external_ids(self) -> tuple[ExternalId, ...]:
        """What the owning system calls it."""
        return (external_id(self.key),)

    def does(self, service: LocationService) -> bool:
        """Tell whether the place offers a service."""
        return service in ((_USUAL[self.kind],) if self.services is None else self.services)

    def distance(self, point: GeoPoint | None) -> float | None:
        """Measure the way from a point. *Units*: metres; None where one of the two is unknown."""
        if point is None or self.coordinates is None:
            return None
        return point.distance(self.coordinates)


class LocationQuery(Struct, frozen=True, gc=False):
    """A page of places: all, or those of a kind, with a service; nearest first, or by name."""

    page: PageRequest
    near: GeoPoint | None = None
    kind: LocationKind | None = None
    service: LocationService | None = None

    def rank(self, location: Location) -> tuple[float, str]:
        """Tell a place's rank among those of several systems; the least comes first.

        What lies nobody knows where comes last.
        """
        distance = location.distance(self.near) if self.near else 0.0
        return (math.inf if distance is None else distance, location.name)

    def wants(self, location: Location) -> bool:
        """Tell whether a place is of the kind, and has the service, that is asked for."""
        return (self.kind in (None, location.kind)) and (
            self.service is None or location.does(self.service)
        )


@runtime_checkable
class LocationPort(Protocol):
    """The system that knows the retailer's places."""

    async def location_by_key(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Location | Failure]:
        """Read locations; unknown keys are absent."""
        ...

    async def locations_by_query(
        self, queries: Sequence[LocationQuery], ask: Ask
    ) -> Mapping[LocationQuery, Page[Location] | Failure]:
        """Read one page for each query, nearest first where a point is given, else by name.

        *Errors*: ``BadInput`` for a cursor that is not its own.
        """
        ...
