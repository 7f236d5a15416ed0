"""What can be promised, and where."""

from datetime import datetime
from typing import Annotated

import domain.availability
import domain.mode
import domain.promise
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
    UNKNOWN="Nothing is known, or only figures too old to be used.",
)
enumerates(
    domain.availability.FulfilmentMode,
    "How goods come to the customer.",
    SHIP="Sent to an address.",
    COLLECT="Collected in a store or at a counter.",
    LOCKER="Collected from a parcel locker.",
    KERBSIDE="Brought out to the car.",
)


@publishes(domain.availability.Supply)
class Supply:
    """Goods on their way."""

    quantity: int | None = plain("How many pieces; for staff.", category=Category.OPERATIONAL)
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
    held_back: int = plain(
        "The part of the safety stock that the retailer keeps from this channel alone."
    )
    damaged: int | None = plain("What lies there and cannot be sold; null where it is not counted.")
    in_transit: int | None = plain(
        "What has left another location for this one; null where it is not counted."
    )
    available: int = plain("max(0, onHand - allocated - reserved - safetyStock).")
    incoming: list[Supply] = plain("Goods on their way to this location.")
    provenance: Provenance = plain("Where the figures come from, and how old they are.")


@publishes(domain.promise.Promise)
class PickupPromise:
    """A window for collecting the goods, given to an order placed before the cut-off."""

    available_from: datetime = plain("When the goods are ready.")
    available_until: datetime = plain("Until when they are kept.")
    cut_off: datetime = plain("The window holds for orders placed before this moment.")


@publishes(domain.mode.ModeAvailability)
class ModeAvailability:
    """What one way of getting the goods can promise."""

    mode: domain.availability.FulfilmentMode = plain("How the goods come.")
    band: domain.availability.Band = plain(
        "How much there is: added up for what is shipped, of the fullest place for what is "
        "collected."
    )
    is_available: bool = plain("Whether the quantity that was asked about can be had so.")
    location: Location | None = plain(
        "The place to come to: the nearest that has it all, or without a point the one that is "
        "ready first. Null for SHIP, and where no place has it."
    )
    distance: float | None = plain("Metres from the point that was asked about; null without one.")
    promise: PickupPromise | None = plain(
        "When it can be collected there; null for SHIP, where the place tells no times, and where "
        "the figure is too old to promise on."
    )


@publishes(domain.availability.LocationAvailability)
class LocationAvailability:
    """What one location can promise."""

    band: domain.availability.Band = plain("How much there is.")
    is_available: bool = plain("Whether it has the quantity that was asked about.")
    distance: float | None = plain("Metres from the point that was asked about; null without one.")
    stock: StockLevel | None = plain("The exact figures; for staff.", category=Category.OPERATIONAL)

    @batch(resolvers.availability.location)
    def location(self) -> Location | None:
        """The place."""

    @batch(resolvers.availability.modes_of_location)
    def modes(self) -> list[domain.availability.FulfilmentMode] | None:
        """The ways in which this place hands its goods over."""

    @batch(resolvers.availability.promise_of_location)
    def promise(self) -> PickupPromise | None:
        """When the goods can be collected here; null where nothing is promised."""


@publishes(domain.availability.Availability)
class Availability:
    """What can be promised of a variant, over the locations that were asked about."""

    sku: str = plain("The variant's SKU.")
    band: domain.availability.Band = plain("How much there is, taken together.")
    is_available: bool = plain("Whether one location has the quantity that was asked about.")
    next_supply: Supply | None = plain("The next goods on their way, but for what is overdue.")
    provenance: Provenance | None = plain(
        "Where the figures come from: the oldest of them. Null where nothing is held."
    )
    complete: bool = plain("Whether every system that could hold some of it has answered.")
    missing: list[str] | None = plain(
        "The systems whose figures are not in it; for staff.", category=Category.OPERATIONAL
    )

    @batch(resolvers.availability.modes)
    def modes(self) -> list[ModeAvailability] | None:
        """What each way of getting the goods can promise, in the order asked."""

    @batch(resolvers.availability.locations, cost=0)
    def locations(
        self,
        first: Annotated[int, argument("How many at most: 1 to 100.")] = 10,
    ) -> list[LocationAvailability]:
        """The locations, nearest first where a point was given, else fullest first."""
