"""Promotions: what acted, what was missed, and what became of coupons."""

from datetime import datetime

import domain.pricing
import domain.promotion
import resolvers.promotion
from domain.policy import Category
from schema.field import batch, enumerates, plain, publishes
from schema.money import Money, Price

enumerates(
    domain.promotion.PromotionKind,
    "What a promotion does.",
    PERCENTAGE="Takes percent off goods.",
    AMOUNT="Takes an amount off goods.",
    BUY_X_GET_Y="Reduces some pieces for others that are bought.",
    BUNDLE="Sells several pieces together for one price.",
    THRESHOLD="Takes off the more, the more is bought.",
    FREE_DELIVERY="Takes percent off delivery, mostly all of it.",
)

enumerates(
    domain.promotion.MissReason,
    "Why a promotion did not act.",
    AMOUNT="The goods it is about cost too little.",
    QUANTITY="There are too few pieces of the goods it is about.",
    TIER="It is for another loyalty tier.",
    NOT_COMBINABLE="Another promotion acted that it cannot be combined with.",
)

enumerates(
    domain.promotion.CouponState,
    "What became of a coupon code.",
    APPLIED="Its promotion acted.",
    UNKNOWN="There is no such code.",
    NOT_YET_VALID="Its promotion has not begun.",
    EXPIRED="Its promotion is over.",
    USED_UP="It cannot be redeemed any more, or not by this customer.",
    NOT_COMBINABLE="Another promotion acted that it cannot be combined with.",
    CONDITIONS_UNMET="The cart is not what its promotion asks for, or not here.",
)


@publishes(domain.promotion.Promotion, thing=True)
class Promotion:
    """A promotion."""

    key: str = plain("Its name for good, as in the retailer's own list.")
    kind: domain.promotion.PromotionKind = plain("What it does.")

    @batch(resolvers.promotion.name, cost=0)
    def name(self) -> str:
        """What customers call it, in the language of this request."""

    @batch(resolvers.promotion.ends_at, cost=0)
    def ends_at(self) -> datetime | None:
        """When it ends in this market; null while that is open."""


@publishes(domain.promotion.AppliedPromotion, part_of=Category.CART)
class AppliedPromotion:
    """What a promotion took off."""

    promotion: Promotion = plain("The promotion.")
    amount: Money = plain("How much it took off in all, tax included.")
    coupon: str | None = plain("The code that it was redeemed by; null where it asks for none.")


@publishes(domain.promotion.MissedPromotion, part_of=Category.CART)
class MissedPromotion:
    """A promotion that did not act, or not as far as it could, and what is missing for it."""

    promotion: Promotion = plain("The promotion.")
    reason: domain.promotion.MissReason = plain("Why it did not act.")
    amount: Money | None = plain("How much more of its goods it takes; null for other reasons.")
    quantity: int | None = plain("How many pieces more it takes; null for other reasons.")
    tiers: list[str] = plain("The loyalty tiers it is for; empty for other reasons.")
    lost_to: Promotion | None = plain("What acted in its place; null for other reasons.")


@publishes(domain.promotion.AppliedCoupon, part_of=Category.CART)
class AppliedCoupon:
    """A coupon code that was entered, and what became of it."""

    code: str = plain("The code, in capitals.")
    state: domain.promotion.CouponState = plain("What became of it.")
    promotion: Promotion | None = plain("The promotion that it is for; null for an unknown code.")


@publishes(domain.pricing.Allocation, part_of=Category.CART)
class Allocation:
    """What a promotion took off one line or one delivery."""

    promotion: str = plain("The promotion's key.")
    amount: Money = plain("How much it took off, tax included.")


@publishes(domain.pricing.Totals, part_of=Category.CART)
class Totals:
    """What a cart comes to: goods plus delivery less discounts is the total, to the last unit."""

    goods: Money = plain("The goods before promotions, tax included.")
    discounts: Money = plain("What promotions took off goods and delivery together.")
    delivery: Money = plain("Delivery before promotions, tax included.")
    total: Price = plain("What is to be paid, with the tax of each rate.")
