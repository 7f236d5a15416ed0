"""Locations."""

from datetime import date
from typing import Annotated

import domain.location
import domain.opening
import resolvers.location
from schema.field import accepts, argument, batch, enumerates, plain, publishes
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
enumerates(
    domain.location.LocationService,
    "What a location does for customers.",
    COLLECT="Hands over what was ordered elsewhere.",
    KERBSIDE="Brings it out to the car.",
    LOCKER="Holds it in a locker that opens with a code.",
    SHIPPING="Sends parcels.",
    RETURNS="Takes goods back.",
    ALTERATIONS="Alters clothes.",
    GIFT_WRAP="Wraps presents.",
)
enumerates(
    domain.opening.Weekday,
    "The days of the week, as ISO 8601 counts them.",
    MONDAY="The first day.",
    TUESDAY="The second day.",
    WEDNESDAY="The third day.",
    THURSDAY="The fourth day.",
    FRIDAY="The fifth day.",
    SATURDAY="The sixth day.",
    SUNDAY="The seventh day.",
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


@publishes(domain.location.Address, thing=True)
class Address:
    """A postal address."""

    lines: list[str] = plain("Street, number and whatever stands above the city.")
    postal_code: str | None = plain("The postal code.")
    city: str | None = plain("The city.")
    country: str | None = plain("The country, as ISO 3166-1 alpha-2 names it.")


@publishes(domain.opening.Span)
class OpeningSpan:
    """A time of opening, by the local clock."""

    opens_at: str = plain("The time of opening, as 09:00.")
    closes_at: str = plain(
        "The time of closing, as 21:00; 24:00 is the end of the day, an earlier time than that of "
        "opening is on the next day."
    )


@publishes(domain.opening.OpeningDay)
class OpeningDay:
    """A day of the regular week."""

    weekday: domain.opening.Weekday = plain("Which day.")
    spans: list[OpeningSpan] = plain("When it opens; nothing on a day on which it is closed.")


@publishes(domain.opening.SpecialDay)
class SpecialDay:
    """A date on which other hours hold than in its week."""

    day: date = plain("The local date.")
    is_closed: bool = plain("Whether it does not open at all.")
    spans: list[OpeningSpan] = plain("When it opens instead.")
    name: str | None = plain("Why, as the retailer says it.")


@publishes(domain.opening.OpeningHours)
class OpeningHours:
    """When a place is open, by its own clock."""

    time_zone: str = plain("The place's time zone, as IANA names it.")
    days: list[OpeningDay] = plain("The regular week, Monday first.")
    special: list[SpecialDay] = plain("The dates that differ from it.")


@publishes(domain.location.Location, thing=True)
class Location(Node):
    """A shop, warehouse, locker or pick-up point."""

    name: str = plain("What the retailer calls it.")
    kind: domain.location.LocationKind = plain("What it is.")
    address: Address | None = plain("Where it is, for a letter.")
    coordinates: GeoPoint | None = plain("Where it is, for a map.")
    hours: OpeningHours | None = plain("When it is open; null where that is not known.")
    services: list[domain.location.LocationService] | None = plain(
        "What it does for customers; null where that is not known."
    )
    external_ids: list[ExternalId] | None = external_ids()
    provenance: Provenance = plain("Where this comes from.")

    @batch(resolvers.location.is_open, cost=0)
    def is_open(self) -> bool | None:
        """Whether it is open at this moment; null where its hours are not known."""

    @batch(resolvers.location.distance, cost=0)
    def distance(
        self, near: Annotated[GeoPointInput, argument("The point to measure from.")]
    ) -> float | None:
        """How many metres it is from a point; null where it is not known where the place is."""
