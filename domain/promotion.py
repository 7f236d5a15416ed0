"""Promotions: what the retailer takes off prices, for whom, where and when.

A promotion is read from a file (``domain/rulebook.py``) and never changes while the gateway runs.
What it takes off is worked out in ``domain/pricing.py``, for every channel by the same rules.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum

from msgspec import Struct

from domain.money import Money
from domain.viewer import Channel

Amounts = Mapping[str, Money]
"""One amount for each currency that a promotion knows."""


class PromotionKind(Enum):
    """What a promotion does."""

    PERCENTAGE = "PERCENTAGE"
    AMOUNT = "AMOUNT"
    BUY_X_GET_Y = "BUY_X_GET_Y"
    BUNDLE = "BUNDLE"
    THRESHOLD = "THRESHOLD"
    FREE_DELIVERY = "FREE_DELIVERY"


Names = frozenset[str]
"""Everything that a selection may call an article by."""


def names(sku: str, product_key: str, categories: Names) -> Names:
    """Tell what an article can be called by: its SKU, its product and its categories."""
    _, _, code = product_key.partition(":")
    return categories | {sku, product_key, code}


class Selection(Struct, frozen=True):
    """The goods that a promotion is about.

    *Shape*: ``names`` holds SKUs, products and categories, by key or by the retailer's own code;
    None means all goods. What ``excluded`` names is left out in any case.
    """

    names: Names | None = None
    excluded: Names = frozenset()

    def has(self, article: Names) -> bool:
        """Tell whether an article is among them."""
        return (self.names is None or not self.names.isdisjoint(article)) and (
            self.excluded.isdisjoint(article)
        )


ALL_GOODS = Selection()


class Percentage(Struct, frozen=True, tag=True):
    """So many percent off the selected goods. *Units*: above 0, up to 100."""

    percent: Decimal


class AmountOff(Struct, frozen=True, tag=True):
    """An amount off the selected goods together, or off each piece of them."""

    amounts: Amounts
    each_piece: bool = False


class FreeDelivery(Struct, frozen=True, tag=True):
    """So many percent off what delivery costs."""

    percent: Decimal = Decimal(100)


class BuyGet(Struct, frozen=True, tag=True):
    """For so many pieces bought, so many more at so many percent off; the cheapest are reduced.

    *Shape*: ``reward`` selects what may be reduced, None for the goods that have to be bought;
    ``times`` bounds how often it acts, None does not.
    """

    buy: int
    get: int
    percent: Decimal = Decimal(100)
    reward: Selection | None = None
    times: int | None = None


class BundlePart(Struct, frozen=True):
    """So many pieces of any of the goods named."""

    goods: Selection
    quantity: int = 1


class Bundle(Struct, frozen=True, tag=True):
    """All parts together for one price, as often as the cart has them; the dearest are taken.

    *Shape*: goods that several parts name count for the first of them.
    """

    parts: tuple[BundlePart, ...]
    prices: Amounts


class ThresholdStep(Struct, frozen=True):
    """From so much on, so many percent or such an amount off; exactly one of the two."""

    minimum: Amounts
    percent: Decimal | None = None
    amounts: Amounts | None = None


class Threshold(Struct, frozen=True, tag=True):
    """The more is bought the more is taken off: the highest step that is reached counts."""

    steps: tuple[ThresholdStep, ...]


Effect = Percentage | AmountOff | BuyGet | Bundle | Threshold | FreeDelivery


class Coupon(Struct, frozen=True):
    """The codes that a promotion asks for, and how often they can be redeemed; None: no limit.

    *Shape*: ``codes`` as ``coupon_code`` writes them; ``limit`` counts for each code.
    """

    codes: frozenset[str]
    limit: int | None = None
    per_customer: int | None = None


class Period(Struct, frozen=True):
    """From when, and up to and without when. *Units*: UTC; None is open."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None


_ALWAYS = Period()


class Promotion(Struct, frozen=True, kw_only=True):
    """One promotion.

    *Shape*: ``names`` by language (BCP 47), ``name`` in all others; ``channels``, ``markets`` and
    ``tiers`` None where they make no difference; ``periods`` by market, as the same day begins at
    another moment in each. ``minimum`` and ``minimum_quantity`` are of the selected goods. Of
    equal ``group`` only one acts. One that does not combine acts only on what no other has acted
    on, and leaves nothing to the others.
    """

    key: str
    name: str
    names: Mapping[str, str] = {}
    effect: Effect
    selection: Selection = ALL_GOODS
    priority: int = 0
    group: str | None = None
    combines: bool = True
    periods: Mapping[str, Period] = {}
    channels: frozenset[Channel] | None = None
    markets: frozenset[str] | None = None
    tiers: frozenset[str] | None = None
    coupon: Coupon | None = None
    minimum: Amounts | None = None
    minimum_quantity: int | None = None

    @property
    def kind(self) -> PromotionKind:
        """What it does."""
        return _KINDS[type(self.effect)]

    @property
    def goods(self) -> tuple[Selection, ...]:
        """All selections of goods that it acts on or asks for."""
        effect = self.effect
        if isinstance(effect, Bundle):
            return tuple(part.goods for part in effect.parts)
        if isinstance(effect, BuyGet) and effect.reward is not None:
            return self.selection, effect.reward
        return (self.selection,)

    @property
    def is_catalogue(self) -> bool:
        """Whether it acts on a single piece without any other condition, and so on every offer."""
        if self.coupon or self.tiers is not None or self.minimum or self.minimum_quantity:
            return False
        effect = self.effect
        return isinstance(effect, Percentage) or (
            isinstance(effect, AmountOff) and effect.each_piece
        )

    def period(self, market: str) -> Period:
        """Tell when it holds in a market."""
        return self.periods.get(market, _ALWAYS)

    def is_for(self, channel: Channel, market: str, currency: str) -> bool:
        """Tell whether it is meant for this channel and market, and knows the currency."""
        return (
            (self.channels is None or channel in self.channels)
            and (self.markets is None or market in self.markets)
            and all(currency in amounts for amounts in self._amounts())
        )

    def is_in_force(self, market: str, moment: datetime) -> bool:
        """Tell whether it holds at this moment."""
        period = self.period(market)
        return (period.starts_at is None or period.starts_at <= moment) and (
            period.ends_at is None or moment < period.ends_at
        )

    def _amounts(self) -> Iterable[Amounts]:
        if self.minimum is not None:
            yield self.minimum
        effect = self.effect
        if isinstance(effect, AmountOff):
            yield effect.amounts
        elif isinstance(effect, Bundle):
            yield effect.prices
        elif isinstance(effect, Threshold):
            for step in effect.steps:
                yield step.minimum
                if step.amounts is not None:
                    yield step.amounts


_KINDS = {
    Percentage: PromotionKind.PERCENTAGE,
    AmountOff: PromotionKind.AMOUNT,
    BuyGet: PromotionKind.BUY_X_GET_Y,
    Bundle: PromotionKind.BUNDLE,
    Threshold: PromotionKind.THRESHOLD,
    FreeDelivery: PromotionKind.FREE_DELIVERY,
}


def coupon_code(text: str) -> str:
    """Write a code as all its spellings are kept: no blanks around it, capitals."""
    return text.strip().upper()


class CouponState(Enum):
    """What became of a code that was entered."""

    APPLIED = "APPLIED"
    UNKNOWN = "UNKNOWN"
    NOT_YET_VALID = "NOT_YET_VALID"
    EXPIRED = "EXPIRED"
    USED_UP = "USED_UP"
    NOT_COMBINABLE = "NOT_COMBINABLE"
    CONDITIONS_UNMET = "CONDITIONS_UNMET"


class AppliedCoupon(Struct, frozen=True):
    """A code that was entered, and what became of it."""

    code: str
    state: CouponState
    promotion: Promotion | None = None


class AppliedPromotion(Struct, frozen=True):
    """What a promotion took off. *Shape*: ``lines`` and ``deliveries`` by their keys."""

    promotion: Promotion
    amount: Money
    coupon: str | None = None
    lines: tuple[str, ...] = ()
    deliveries: tuple[str, ...] = ()


class MissReason(Enum):
    """Why a promotion did not act."""

    AMOUNT = "AMOUNT"
    QUANTITY = "QUANTITY"
    TIER = "TIER"
    NOT_COMBINABLE = "NOT_COMBINABLE"


class MissedPromotion(Struct, frozen=True, kw_only=True):
    """A promotion that did not act though goods of the cart are meant, and what is missing.

    *Shape*: ``amount`` and ``quantity`` are what is missing of the selected goods; ``tiers`` those
    that would do; ``lost_to`` the promotion that acted instead.
    """

    promotion: Promotion
    reason: MissReason
    amount: Money | None = None
    quantity: int | None = None
    tiers: tuple[str, ...] = ()
    lost_to: Promotion | None = None
