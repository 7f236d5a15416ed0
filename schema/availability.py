"""What can be promised, and where."""

from datetime import datetime
from typing import Annotated

import domain.availability
import resolvers.availability
from domain.policy import Category
from schema.field import argument, batch, enumerates, plain, publishes
from schema.location import Location
from schema.provenance import Provenance

enumerates(
    domain.availability.Band,
    "How much there is, as a shopper is told.",
    LOTS="Plenty.",
    SOME="Enough for most.",
    FEW="The last pieces, or a figure too old to promise more on.",
    NONE="None that could be promised.",
    UNKNOWN="Nothing is known.",
)


@publishes(domain.availability.Supply)
class Supply:
    """Goods on their way."""

    quantity: int = plain("How many pieces.")
    expected_at: datetime = plain("When they are expected.")


@publishes(domain.availability.StockLevel)
class StockLevel:
    """The exact figures of one location, in pieces; for staff."""

    on_hand: int = plain(
        "What the system's books hold; below zero where a sale was booked before its receipt."
    )
    is_negative: bool = plain("Whether the books are below zero, which counts as none.")
    allocated: int = plain("What is promised to orders already.")
    reserved: int = plain("What the gateway itself holds and the books do not include yet.")
    safety_stock: int = plain("What is held back from sale.")
    available: int = plain("max(0, onHand - allocated - reserved - safetyStock).")
    incoming: list[Supply] = plain("Goods on their way to this location.")
    provenance: Provenance = plain("Where the figures come from, and how old they are.")


@publishes(domain.availability.LocationAvailability)
class LocationAvailability:
    """What one location can promise."""

    band: domain.availability.Band = plain("How much there is.")
    distance: float | None = plain("Metres from the point that was asked about; null without one.")
    stock: StockLevel | None = plain("The exact figures; for staff.", category=Category.OPERATIONAL)

    @batch(resolvers.availability.location)
    def location(self) -> Location | None:
        """The place."""


@publishes(domain.availability.Availability)
class Availability:
    """What can be promised of a variant, over the locations that were asked about."""

    band: domain.availability.Band = plain("How much there is, taken together.")
    is_available: bool = plain("Whether any of it can be promised.")
    next_supply: Supply | None = plain("The next goods on their way.")
    provenance: Provenance | None = plain(
        "Where the figures come from: the oldest of them. Null where nothing is held."
    )

    @batch(resolvers.availability.locations, cost=0)
    def locations(
        self,
        first: Annotated[int, argument("How many at most: 1 to 100.")] = 10,
    ) -> list[LocationAvailability]:
        """The locations, nearest first where a point was given, else fullest first."""
