"""How the goods of a cart are to come."""

from typing import TYPE_CHECKING, Annotated

import strawberry

import domain.delivery
import domain.option
import resolvers.appraisal
import resolvers.delivery
from domain.carriage import DeliveryMode
from domain.delivery import DeliveryRefusal
from domain.policy import Category
from schema.availability import PickupPromise
from schema.field import accepts, argument, batch, enumerates, plain, publishes
from schema.location import GeoPointInput, Location
from schema.money import Money, Price
from schema.outcome import KEY, UserError
from schema.personal import PersonalAddress

if TYPE_CHECKING:
    from schema.cart import CartLine, CartTouch

HELD = "The secret of a guest's cart; customers and staff leave it out."

enumerates(
    DeliveryMode,
    "How the goods of a cart come to the customer.",
    SHIP="Sent to an address.",
    COLLECT="Collected in a store, paid before.",
    LOCKER="Collected from a parcel locker.",
    KERBSIDE="Brought out to the car.",
    RESERVE="Held in a store, looked at and paid there.",
)
enumerates(
    DeliveryRefusal,
    "Why goods cannot come as was asked for.",
    METHOD_UNKNOWN="There is no such way of delivery in the cart's market and currency.",
    ADDRESS_MISSING="This way needs an address.",
    ADDRESS_UNSERVED="This way does not go to that country.",
    POSTAL_CODE_WRONG="The postal code is none of that country.",
    LOCATION_MISSING="This way needs a location to collect at.",
    LOCATION_UNKNOWN="There is no such location.",
    LOCATION_UNSERVED="The location does not hand goods over so.",
)


@publishes(domain.option.DeliveryOption, thing=True)
class DeliveryOption:
    """One way in which a group of lines could come."""

    method: str = plain("The name that it is chosen by.")
    mode: DeliveryMode = plain("How the goods come.")
    price: Money = plain("What it costs before promotions, tax included.")
    window: PickupPromise | None = plain(
        "When the goods come, or can be collected; null where nothing can be promised."
    )
    carbon_grams: int = plain(
        "An estimate of what the transport emits, in grams of CO2 equivalent: mass times distance "
        "times a factor for each leg (ISO 14083), without the customer's own way."
    )
    is_available: bool | None = plain(
        "Whether all the goods can come so; null where nobody can say at the moment."
    )
    location: Location | None = plain("Where the customer comes to; null for what is sent.")
    distance: float | None = plain("How many metres it is to there, where a point was given.")


@publishes(domain.delivery.DeliveryGroup, part_of=Category.CART)
class DeliveryGroup:
    """Lines of a cart that come together."""

    key: str = plain("What names the group within its cart; `open` where nothing is chosen yet.")
    method: str | None = plain("The way that was chosen; null while none is.")
    mode: DeliveryMode | None = plain("How the goods come; null while nothing is chosen.")
    lines: list[Annotated["CartLine", strawberry.lazy("schema.cart")]] = plain("What comes so.")
    address: PersonalAddress | None = plain("Where it is sent to.", category=Category.ADDRESS)
    chosen: Annotated["CartTouch", strawberry.lazy("schema.cart")] | None = plain("Who chose it.")

    @batch(resolvers.delivery.location_of_group)
    def location(self) -> Location | None:
        """Where the customer comes to; null for what is sent."""

    @batch(resolvers.appraisal.total_of_group)
    def total(self) -> Price | None:
        """What the delivery costs after promotions; null while nothing is chosen."""

    @batch(resolvers.delivery.options_of_group, cost=5)
    def options(
        self,
        near: Annotated[
            GeoPointInput | None, argument("Sorts places by distance from here.")
        ] = None,
        first: Annotated[int, argument("How many places for each way: 1 to 10.")] = 3,
    ) -> list[DeliveryOption] | None:
        """The ways in which these lines could come."""


@accepts(domain.delivery.PostalAddress, name="AddressInput")
class AddressInput:
    """A postal address to send goods to."""

    lines: list[str] = plain("Name, street, number: 1 to 5 lines of at most 100 characters.")
    postal_code: str = plain("The postal code, as the country writes it.")
    city: str = plain("The city.")
    country: str = plain("The country, as ISO 3166-1 alpha-2 names it.")


@accepts(domain.delivery.CartDeliverySelect, name="CartDeliverySelectInput")
class CartDeliverySelectInput:
    """How lines of a cart are to come."""

    idempotency_key: str = plain(KEY)
    cart: strawberry.ID = plain("The cart.")
    secret: str | None = strawberry.field(default=None, description=HELD)
    expected_version: int | None = strawberry.field(
        default=None,
        description="The version of the cart that the caller has seen, if a choice that somebody "
        "else made since is not to be overwritten.",
    )
    method: str = plain("The way, as an option names it.")
    lines: list[str] | None = strawberry.field(
        default=None,
        description="The keys of the lines; all of them without, and those added later.",
    )
    location: strawberry.ID | None = strawberry.field(
        default=None, description="Where to collect, for ways that lead to a place."
    )
    address: AddressInput | None = strawberry.field(
        default=None, description="Where to send to, for ways that send."
    )


@publishes(domain.delivery.DeliveryRefused)
class DeliveryRefused(UserError):
    """Goods cannot come as was asked for."""

    reason: DeliveryRefusal = plain("Why not.")


USER_ERRORS: tuple[type, ...] = (DeliveryRefused,)
