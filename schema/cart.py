"""Carts."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

import domain.cart
import domain.entry
import resolvers.appraisal
import resolvers.cart
import resolvers.delivery
import resolvers.hold
from domain.cart import CartState
from domain.entry import Actor
from domain.policy import Category, Record
from schema.channel import Channel
from schema.delivery import DeliveryGroup
from schema.field import accepts, batch, enumerates, plain, publishes
from schema.money import Price
from schema.node import Node
from schema.outcome import KEY, Notice, UserError
from schema.problem import CartProblem
from schema.product import Variant
from schema.promotion import (
    Allocation,
    AppliedCoupon,
    AppliedPromotion,
    MissedPromotion,
    Totals,
)
from schema.reservation import Reservation
from schema.scalar import MinorUnits

if TYPE_CHECKING:
    from schema.customer import Customer

enumerates(
    Actor,
    "What somebody who changed a cart is to the retailer.",
    CUSTOMER="The customer, signed in.",
    GUEST="Somebody who has not said who they are.",
    AGENT="Somebody of the contact centre, for the customer.",
    ASSOCIATE="Somebody in a shop, for the customer.",
    SYSTEM="A machine of the retailer's.",
)
enumerates(
    CartState,
    "Whether a cart takes changes.",
    ACTIVE="It does.",
    MERGED="It was merged into another cart, which does.",
)


@publishes(domain.entry.Touch, part_of=Category.CART)
class CartTouch:
    """Who did something to a cart, where and when."""

    channel: Channel = plain("Where.")
    actor: Actor = plain("Who, as far as what they are to the retailer.")
    at: datetime = plain("When.")


@publishes(domain.cart.CartLine, part_of=Category.CART)
class CartLine:
    """A variant in a cart, and how many of it."""

    key: str = plain("What names the line in mutations of its cart.")
    sku: str = plain("The variant's SKU.")
    quantity: int = plain("How many pieces.")
    added: CartTouch = plain("Who put it there first.")
    changed: CartTouch = plain("Who changed it last.")

    @batch(resolvers.cart.variant_of_line)
    def variant(self) -> Variant | None:
        """The variant as it is today; null where it is no longer known."""

    @batch(resolvers.appraisal.price_of_line)
    def unit_price(self) -> Price | None:
        """What a piece costs now, as listings show it; null where nobody can say."""

    @batch(resolvers.appraisal.list_price_of_line)
    def list_price(self) -> Price | None:
        """What a piece costs without any reduction; null where nobody can say."""

    @batch(resolvers.appraisal.total_of_line)
    def total(self) -> Price | None:
        """What the line comes to, less its part of all promotions; null without a price."""

    @batch(resolvers.appraisal.allocations_of_line)
    def allocations(self) -> list[Allocation]:
        """What promotions took off the line."""

    @batch(resolvers.appraisal.is_last_known)
    def is_last_known(self) -> bool:
        """Whether the price is one of before, because today's cannot be looked up."""

    @batch(resolvers.appraisal.problems_of_line)
    def problems(self) -> list[CartProblem]:
        """What is wrong with the line at the moment."""


@publishes(domain.cart.Cart, person=Record.CART)
class Cart(Node):
    """What somebody is about to buy: one cart, the same in every channel."""

    state: CartState | None = plain("Whether it takes changes.", category=Category.CART)
    version: int | None = plain("Grows with every change.", category=Category.CART)
    market: str | None = plain(
        "The country that it was begun in, as ISO 3166-1 names it; prices and delivery are its.",
        category=Category.CART,
    )
    currency: str | None = plain(
        "The currency of all its prices, as ISO 4217 names it.", category=Category.CART
    )
    is_guest: bool | None = plain(
        "Whether it is a guest's, who holds it by its secret.", category=Category.CART
    )
    lines: list[CartLine] | None = plain(
        "What lies in it, at most 100 lines, in the order they were put there.",
        category=Category.CART,
    )
    quantity: int | None = plain("How many pieces lie in it.", category=Category.CART)
    begun: CartTouch | None = plain("Who began it.", category=Category.CART)
    changed: CartTouch | None = plain("Who changed it last.", category=Category.CART)
    expires_at: datetime | None = plain(
        "Until when it is kept if nobody changes it.", category=Category.CART
    )

    @batch(resolvers.delivery.groups_of_cart, category=Category.CART, cost=0)
    def delivery_groups(self) -> list[DeliveryGroup] | None:
        """Which lines come together, and how."""

    @batch(resolvers.appraisal.totals, category=Category.CART)
    def totals(self) -> Totals | None:
        """What it comes to now, the same in every channel; lines without a price are not in it."""

    @batch(resolvers.appraisal.is_complete, category=Category.CART)
    def is_priced(self) -> bool | None:
        """Whether every line has a price, so that the totals are of all of them."""

    @batch(resolvers.appraisal.promotions, category=Category.CART)
    def applied_promotions(self) -> list[AppliedPromotion] | None:
        """The promotions that act on it."""

    @batch(resolvers.appraisal.missed, category=Category.CART)
    def missed_promotions(self) -> list[MissedPromotion] | None:
        """The promotions that would act if only a little more, or something else, were bought."""

    @batch(resolvers.appraisal.coupons, category=Category.CART)
    def coupons(self) -> list[AppliedCoupon] | None:
        """The codes that were entered, and what became of them."""

    @batch(resolvers.appraisal.problems, category=Category.CART)
    def problems(self) -> list[CartProblem] | None:
        """What is wrong with it and its lines at the moment."""

    @batch(resolvers.hold.reservations_of_cart, category=Category.CART)
    def reservations(self) -> list[Reservation] | None:
        """What is held of it; at most one runs at a time."""

    @batch(resolvers.cart.customer_of_cart, category=Category.CART)
    def customer(
        self,
    ) -> Annotated["Customer", strawberry.lazy("schema.customer")] | None:
        """Whose it is; null for a guest's."""


@accepts(domain.cart.CartFilter, name="CartFilter")
class CartFilter:
    """Which carts are looked for. All that is given has to apply."""

    changed_before: datetime | None = plain("Those that nobody has changed since: abandoned ones.")
    changed_since: datetime | None = plain("Those that somebody has changed since.")
    min_value: MinorUnits | None = plain(
        "Those whose goods came to at least so much when they were last changed, in the smallest "
        "unit of the request's currency; carts in other currencies are never listed."
    )
    is_guest: bool | None = plain("Guests' carts, or customers' only.")


@accepts(domain.cart.CartCreate, name="CartCreateInput")
class CartCreateInput:
    """A cart to begin."""

    idempotency_key: str = plain(KEY)
    customer: strawberry.ID | None = strawberry.field(
        default=None, description="The customer it is for; for staff. The caller's own without."
    )
    secret: str | None = strawberry.field(
        default=None,
        description="For a guest's cart: 32 bytes drawn at random, as base64url (43 characters). "
        "Whoever has them has the cart, so keep them like a password; nobody else is told them.",
    )


@publishes(domain.cart.CartOutcome)
class CartPayload:
    """What became of a cart."""

    cart: Cart | None = plain("The cart as it is now, whether it was changed or not.")
    user_errors: list[UserError] = plain("Why nothing changed; empty where it did.")
    notices: list[Notice] = plain("What to know about the change.")


@publishes(domain.cart.CartLimitReached)
class CartLimitReached(UserError):
    """The customer has as many carts as one may have."""

    limit: int = plain("How many that is.")


@publishes(domain.cart.SecretTaken)
class SecretTaken(UserError):
    """Another cart is held by this secret already: draw a new one."""


@publishes(domain.cart.VersionConflict)
class VersionConflict(UserError):
    """What was to be changed has changed since. Nothing was: the payload has the cart as it is."""

    expected_version: int = plain("The version that the caller had seen.")
    version: int = plain("The version that the cart has now.")
    lines: list[str] = plain("The keys of the lines that were changed or removed since.")


@publishes(domain.cart.CurrencyMismatch)
class CurrencyMismatch(UserError):
    """The cart is of another market or currency than the request says."""

    market: str = plain("The cart's market.")
    currency: str = plain("The cart's currency.")


@publishes(domain.cart.CartClosed)
class CartClosed(UserError):
    """The cart takes no changes any more."""

    state: CartState = plain("Why not.")


USER_ERRORS: tuple[type, ...] = (
    CartLimitReached,
    SecretTaken,
    VersionConflict,
    CurrencyMismatch,
    CartClosed,
)
