"""What is to be priced: the goods of a cart, their delivery, and who buys them where."""

from datetime import datetime

from msgspec import Struct

from domain.errors import BadInput
from domain.money import MAX_MINOR, Money, Price
from domain.promotion import Names, names
from domain.viewer import Channel

MAX_LINES = 200
MAX_DELIVERIES = 50
MAX_COUPONS = 10


class PricingLine(Struct, frozen=True, kw_only=True):
    """So many pieces of a variant.

    *Shape*: ``categories`` are keys and codes of the product's category and all above it; ``unit``
    is what its system asks for one piece, before any promotion of the gateway's.
    """

    key: str
    sku: str
    product_key: str
    categories: Names = frozenset()
    quantity: int
    unit: Price
    list_price: Price

    @property
    def names(self) -> Names:
        """What promotions may call it by."""
        return names(self.sku, self.product_key, self.categories)


class PricingDelivery(Struct, frozen=True):
    """What it costs to deliver some lines. *Shape*: ``lines`` by their keys, at least one."""

    key: str
    lines: tuple[str, ...]
    gross: Money


class PricingRequest(Struct, frozen=True, kw_only=True):
    """A cart to be priced.

    *Shape*: ``coupons`` as they were entered; ``used_up`` those of them, as ``coupon_code`` writes
    them, that this customer can redeem no more; ``tier`` the customer's loyalty tier.
    """

    lines: tuple[PricingLine, ...]
    deliveries: tuple[PricingDelivery, ...] = ()
    coupons: tuple[str, ...] = ()
    used_up: frozenset[str] = frozenset()
    tier: str | None = None
    channel: Channel
    market: str
    currency: str
    moment: datetime


def check(request: PricingRequest) -> None:
    """Refuse what cannot be priced.

    *Errors*: ``BadInput`` for more than the limits, quantities below one, amounts in another
    currency, below zero or beyond ``MAX_MINOR``, and keys that are there twice or not at all.
    """
    for name, some, most in (
        ("lines", request.lines, MAX_LINES),
        ("deliveries", request.deliveries, MAX_DELIVERIES),
        ("coupons", request.coupons, MAX_COUPONS),
    ):
        if len(some) > most:
            raise BadInput(name, f"{len(some)} of them", f"at most {most}")
    keys = {line.key for line in request.lines}
    if len(keys) < len(request.lines):
        raise BadInput("lines", "a key twice", "each line once")
    if len({each.key for each in request.deliveries}) < len(request.deliveries):
        raise BadInput("deliveries", "a key twice", "each delivery once")
    total = 0
    for line in request.lines:
        if line.quantity < 1:
            raise BadInput("lines.quantity", line.quantity, "whole pieces, at least 1")
        total += _amount("lines.unit", line.unit.gross, request.currency) * line.quantity
    for each in request.deliveries:
        if not each.lines or not keys.issuperset(each.lines):
            raise BadInput("deliveries.lines", each.lines, "keys of lines, at least one")
        total += _amount("deliveries.gross", each.gross, request.currency)
    if total > MAX_MINOR:
        raise BadInput("lines", total, f"at most {MAX_MINOR} minor units in all")


def _amount(name: str, money: Money, currency: str) -> int:
    if money.currency != currency or money.minor < 0:
        raise BadInput(name, f"{money.minor} {money.currency}", f"0 or more {currency}")
    return money.minor
