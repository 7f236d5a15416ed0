"""Locations."""

import domain.location
from schema.field import accepts, enumerates, plain, publishes
from schema.node import ExternalId, Node, external_ids
from schema.provenance import Provenance

enumerates(
    domain.location.LocationKind,
    "What a location is.",
    STORE="A shop that customers enter.",
    WAREHOUSE="A place that ships and that customers do not enter.",
    LOCKER="A parcel locker.",
    PICKUP_POINT="A counter of somebody else's where parcels are handed out.",
)


@publishes(domain.location.GeoPoint)
class GeoPoint:
    """A place on the earth, in degrees (WGS 84)."""

    latitude: float = plain("Degrees north of the equator, -90 to 90.")
    longitude: float = plain("Degrees east of Greenwich, -180 to 180.")


@accepts(domain.location.GeoPoint, name="GeoPointInput")
class GeoPointInput:
    """A place on the earth, in degrees (WGS 84)."""

    latitude: float = plain("Degrees north of the equator, -90 to 90.")
    longitude: float = plain("Degrees east of Greenwich, -180 to 180.")


@publishes(domain.location.Address)
class Address:
    """A postal address."""

    lines: list[str] = plain("Street, number and whatever stands above the city.")
    postal_code: str | None = plain("The postal code.")
    city: str | None = plain("The city.")
    country: str | None = plain("The country, as ISO 3166-1 alpha-2 names it.")


@publishes(domain.location.Location)
class Location(Node):
    """A shop, warehouse, locker or pick-up point."""

    name: str = plain("What the retailer calls it.")
    kind: domain.location.LocationKind = plain("What it is.")
    address: Address | None = plain("Where it is, for a letter.")
    coordinates: GeoPoint | None = plain("Where it is, for a map.")
    external_ids: list[ExternalId] | None = external_ids()
    provenance: Provenance = plain("Where this comes from.")
