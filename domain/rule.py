"""The form in which promotions are written down: one file, a table for each promotion."""

from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Annotated, NamedTuple, Self

from msgspec import Meta, Struct, field

from domain.viewer import Channel

Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Key = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,59}$")]
Name = Annotated[str, Meta(min_length=1, max_length=100)]


class Percent(Decimal):
    """A number of percent, above 0 and up to 100."""

    @classmethod
    def parse(cls, found: object) -> Self:
        """Read it. *Errors*: ``ValueError``."""
        value = _decimal(found)
        if value is None or not 0 < value <= 100:
            raise ValueError(f'found {found!r}; write percent above 0 up to 100, as 20 or "12.5"')
        return cls(value)


class Amount(Decimal):
    """An amount of money in its main unit, above 0, in quotes: never a float."""

    @classmethod
    def parse(cls, found: object) -> Self:
        """Read it. *Errors*: ``ValueError``."""
        value = _decimal(found)
        if value is None or value <= 0:
            raise ValueError(f'found {found!r}; write an amount above 0 in quotes, as "19.99"')
        return cls(value)


def _decimal(found: object) -> Decimal | None:
    if isinstance(found, bool) or not isinstance(found, str | int):
        return None
    try:
        value = Decimal(found)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


class LocalTime(NamedTuple):
    """A day, or a time of day, in the market's own time zone."""

    moment: datetime
    is_day: bool

    @classmethod
    def parse(cls, found: object) -> Self:
        """Read it. *Errors*: ``ValueError``."""
        if isinstance(found, datetime) and found.tzinfo is None:
            return cls(found, is_day=False)
        if isinstance(found, date) and not isinstance(found, datetime):
            return cls(datetime.combine(found, time()), is_day=True)
        raise ValueError(
            f"found {found}; write a day or a local time without quotes, as 2026-11-27 or "
            "2026-11-27T18:00:00"
        )


class PromotionSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where promotions are written down."""

    file: Annotated[str, Meta(description="their file")]


class Part(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of a bundle."""

    goods: Annotated[list[str], Meta(min_length=1, description="any of these")]
    quantity: Annotated[Count, Meta(description="how many pieces")] = 1


class Step(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A step of a threshold."""

    at: Annotated[dict[str, Amount], Meta(description="from how much on, by currency")]
    percent: Annotated[Percent | None, Meta(description="percent off")] = None
    amount: Annotated[dict[str, Amount] | None, Meta(description="or an amount, by currency")] = (
        None
    )


class Rule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One promotion as it is written down: exactly one effect, and what it is bound to."""

    key: Annotated[Key, Meta(description="its name for good; orders and ledgers know it by this")]
    name: Annotated[Name, Meta(description="what customers read")]
    names: Annotated[dict[str, Name], Meta(description="the same in other languages")] = {}

    percent: Annotated[Percent | None, Meta(description="effect: percent off the goods")] = None
    amount: Annotated[
        dict[str, Amount] | None,
        Meta(description="effect: an amount off the goods together, by currency"),
    ] = None
    amount_each: Annotated[
        dict[str, Amount] | None, Meta(description="effect: an amount off each piece, by currency")
    ] = None
    buy: Annotated[
        Count | None, Meta(description="effect, with `get`: how many pieces are bought")
    ] = None
    get: Annotated[Count | None, Meta(description="how many more are reduced for them")] = None
    get_percent: Annotated[Percent, Meta(description="by how many percent")] = Percent(100)
    get_goods: Annotated[
        list[str] | None, Meta(description="which goods are reduced; those that are bought without")
    ] = None
    times: Annotated[Count | None, Meta(description="how often it may act in a cart")] = None
    bundle: Annotated[
        list[Part] | None, Meta(description="effect, with `bundle_price`: what belongs together")
    ] = None
    bundle_price: Annotated[
        dict[str, Amount] | None, Meta(description="what one bundle costs, by currency")
    ] = None
    step: Annotated[
        list[Step] | None, Meta(description="effect: the more is bought the more is taken off")
    ] = None
    delivery_percent: Annotated[
        Percent | None, Meta(description="effect: percent off delivery; 100 makes it free")
    ] = None

    goods: Annotated[
        list[str] | None,
        Meta(description="SKUs, products and categories, by code or key; all goods without"),
    ] = None
    without: Annotated[list[str], Meta(description="goods that are left out in any case")] = []
    minimum: Annotated[
        dict[str, Amount] | None, Meta(description="how much the goods have to cost, by currency")
    ] = None
    minimum_quantity: Annotated[
        Count | None, Meta(description="how many pieces of the goods there have to be")
    ] = None

    priority: Annotated[int, Meta(description="the higher one acts first")] = 0
    group: Annotated[Key | None, Meta(description="of the promotions of a group only one acts")] = (
        None
    )
    combines: Annotated[bool, Meta(description="false: shares goods with no other promotion")] = (
        True
    )

    starts: Annotated[
        LocalTime | None, Meta(description="a day, or a time, in the market's own time zone")
    ] = field(name="from", default=None)
    until: Annotated[
        LocalTime | None, Meta(description="the last day, or the time at which it ends")
    ] = None
    channels: Annotated[list[Channel] | None, Meta(description="only these channels")] = None
    markets: Annotated[list[str] | None, Meta(description="only these markets")] = None
    tiers: Annotated[list[str] | None, Meta(description="only these loyalty tiers")] = None

    codes: Annotated[list[str] | None, Meta(description="coupon codes, any of which is asked")] = (
        None
    )
    limit: Annotated[
        Count | None, Meta(description="how often each code can be redeemed in all")
    ] = None
    limit_per_customer: Annotated[
        Count | None, Meta(description="how often each customer can redeem each code")
    ] = None


class Rulebook(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    zones: Annotated[
        dict[str, str], Meta(description="the time zone of each market that has dates")
    ] = {}
    promotion: list[Rule] = []
