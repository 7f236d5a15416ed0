"""What is wrong with a cart at the moment, as data, and what would put it right.

A problem keeps nobody from anything: the cart can be read, changed and handed on. Each is looked
for anew on every read, in every channel.
"""

from datetime import datetime
from enum import Enum

from msgspec import Struct

from domain.money import Money
from domain.promotion import CouponState, Promotion


class Fix(Struct, frozen=True, kw_only=True):
    """A mutation that would put a problem right. *Shape*: what its input should say beside."""

    mutation: str
    line: str | None = None
    quantity: int | None = None
    code: str | None = None


class CartProblem(Struct, frozen=True, kw_only=True):
    """Something that is wrong. *Shape*: ``line`` is None for what concerns the whole cart."""

    message: str
    line: str | None = None
    fixes: tuple[Fix, ...] = ()


class ShortageProblem(CartProblem, frozen=True, kw_only=True):
    """There is less than is wanted, all lines of the SKU taken together. *Units*: pieces."""

    sku: str
    wanted: int
    available: int


class NotSoldHereProblem(CartProblem, frozen=True, kw_only=True):
    """The variant is not, or no longer, sold in this market and currency."""

    sku: str


class PriceChangedProblem(CartProblem, frozen=True, kw_only=True):
    """A piece costs something else than when it was put into the cart."""

    sku: str
    before: Money
    now: Money


class PromotionLostProblem(CartProblem, frozen=True, kw_only=True):
    """A promotion that acted when the cart was last changed acts no more, or a coupon does not."""

    promotion: Promotion | None = None
    code: str | None = None
    state: CouponState | None = None


class DeliveryGoneProblem(CartProblem, frozen=True, kw_only=True):
    """The chosen way of delivery is not offered any more."""

    group: str


class ReservationExpiringProblem(CartProblem, frozen=True, kw_only=True):
    """Goods are held for this customer, and not for much longer."""

    expires_at: datetime


class Degraded(Enum):
    """What could not be looked up."""

    PRICE = "PRICE"
    STOCK = "STOCK"
    PRODUCT = "PRODUCT"
    LOCATION = "LOCATION"
    LOYALTY = "LOYALTY"


class SourceDegradedProblem(CartProblem, frozen=True, kw_only=True):
    """Something could not be looked up; the cart says what was known last."""

    what: Degraded
