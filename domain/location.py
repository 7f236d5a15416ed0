"""Locations: where goods are, and where customers collect them."""

import math
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.ask import Ask
from domain.errors import BadInput
from domain.identity import ExternalId, external_id, node_id
from domain.provenance import Provenance

_EARTH_RADIUS = 6_371_008.8


class LocationKind(Enum):
    """What a location is."""

    STORE = "STORE"
    WAREHOUSE = "WAREHOUSE"
    LOCKER = "LOCKER"
    PICKUP_POINT = "PICKUP_POINT"


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
    """A shop, warehouse, locker or pick-up point."""

    key: str
    name: str
    kind: LocationKind
    address: Address | None = None
    coordinates: GeoPoint | None = None
    provenance: Provenance

    @property
    def id(self) -> str:
        """The global id."""
        return node_id("Location", self.key)

    @property
    def external_ids(self) -> tuple[ExternalId, ...]:
        """What the owning system calls it."""
        return (external_id(self.key),)


@runtime_checkable
class LocationPort(Protocol):
    """The system that knows the retailer's places."""

    async def location_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Location]:
        """Read locations; unknown keys are absent."""
        ...
