"""What is wrong with a cart, and what would put it right."""

from datetime import datetime

import domain.problem
from domain.policy import Category
from domain.problem import Degraded
from domain.promotion import CouponState
from schema.field import enumerates, plain, publishes
from schema.money import Money
from schema.promotion import Promotion

enumerates(
    Degraded,
    "What could not be looked up.",
    PRICE="The price; the one last known stands.",
    STOCK="What is in stock.",
    PRODUCT="The product.",
    LOCATION="The place to collect at.",
    LOYALTY="The loyalty tier.",
)


@publishes(domain.problem.Fix, part_of=Category.CART)
class CartFix:
    """A mutation that would put a problem right, and what its input should say."""

    mutation: str = plain("The mutation's name; beside this it takes the cart and its version.")
    line: str | None = plain("The key of the line to name.")
    quantity: int | None = plain("The quantity to set.")
    code: str | None = plain("The coupon code to name.")


@publishes(domain.problem.CartProblem, part_of=Category.CART, interface=True)
class CartProblem:
    """Something that is wrong with a cart at the moment; it keeps nobody from changing the cart."""

    message: str = plain("What it is, for people.")
    line: str | None = plain("The key of the line; null where it concerns the whole cart.")
    fixes: list[CartFix] = plain("What would put it right; empty where only time does.")


@publishes(domain.problem.ShortageProblem, part_of=Category.CART)
class ShortageProblem(CartProblem):
    """There is less than is wanted, all lines of the SKU taken together."""

    sku: str = plain("The variant's SKU.")
    wanted: int = plain("How many pieces the line has.")
    available: int = plain("How many of them can be had as they are to come.")


@publishes(domain.problem.NotSoldHereProblem, part_of=Category.CART)
class NotSoldHereProblem(CartProblem):
    """The variant is not, or no longer, sold in the cart's market and currency."""

    sku: str = plain("The variant's SKU.")


@publishes(domain.problem.PriceChangedProblem, part_of=Category.CART)
class PriceChangedProblem(CartProblem):
    """A piece costs something else than when it was put into the cart, or accepted since."""

    sku: str = plain("The variant's SKU.")
    before: Money = plain("What a piece cost then, tax included.")
    now: Money = plain("What it costs now; the cart's totals are at this price.")


@publishes(domain.problem.PromotionLostProblem, part_of=Category.CART)
class PromotionLostProblem(CartProblem):
    """A promotion that acted when the cart was last changed acts no more, or a coupon does not."""

    promotion: Promotion | None = plain("The promotion; null where it is known no more.")
    code: str | None = plain("The coupon's code; null where the promotion asks for none.")
    state: CouponState | None = plain("What became of the coupon.")


@publishes(domain.problem.DeliveryGoneProblem, part_of=Category.CART)
class DeliveryGoneProblem(CartProblem):
    """The chosen way of delivery is not offered any more."""

    group: str = plain("The key of the delivery group.")


@publishes(domain.problem.ReservationExpiringProblem, part_of=Category.CART)
class ReservationExpiringProblem(CartProblem):
    """Goods are held for this customer, and not for much longer."""

    expires_at: datetime = plain("Until when.")


@publishes(domain.problem.SourceDegradedProblem, part_of=Category.CART)
class SourceDegradedProblem(CartProblem):
    """Something could not be looked up; the cart says what was known last."""

    what: Degraded = plain("What could not be looked up.")
