"""Ways of delivery, as the retailer's settings describe them: price, time, and carbon.

The carbon figure is an estimate of what the transport emits, well to wheel::

    grams = pieces * piece_kg * (trunk_km * trunk + last_km * last)

The customer's own way to a store or a locker is not in it. *Source*: the mass-distance method of
ISO 14083:2023; the factors that are the default are those of the Guidelines to Defra/DECC's GHG
Conversion Factors for Company Reporting (2012), annex 7, table 7e, grand total: all lorries, and
lorries up to 7.5 tonnes for the last way.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from domain.availability import FulfilmentMode
from domain.configuration import Problem
from domain.money import Money, is_currency
from domain.promise import Promise

_SATURDAY = 5
_MAX_DAYS = 60


class DeliveryMode(Enum):
    """How the goods of a cart come to the customer."""

    SHIP = "SHIP"
    COLLECT = "COLLECT"
    LOCKER = "LOCKER"
    KERBSIDE = "KERBSIDE"
    RESERVE = "RESERVE"

    @property
    def fulfilment(self) -> FulfilmentMode:
        """What it asks of the place that the goods lie in."""
        return (
            FulfilmentMode.COLLECT if self is DeliveryMode.RESERVE else FulfilmentMode(self.value)
        )

    @property
    def is_collected(self) -> bool:
        """Whether the goods lie where the customer comes to; a locker's are sent there."""
        return self not in (DeliveryMode.SHIP, DeliveryMode.LOCKER)

    @property
    def is_at_a_place(self) -> bool:
        """Whether the customer comes to a place of the retailer's."""
        return self is not DeliveryMode.SHIP


class Carbon(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What transport emits. *Units*: kg a piece; kg of CO2 equivalent per tonne and kilometre."""

    piece_kg: float = 0.6
    trunk: float = 0.150
    last: float = 0.710

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not (0 < self.piece_kg <= 1000 and 0 <= self.trunk <= 100 and 0 <= self.last <= 100):
            raise ValueError("write weights above 0 and factors from 0 to 100")


class Method(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A way of delivery in one market.

    *Shape*: ``price`` a decimal text by currency; ``days`` the fewest and the most working days
    that a parcel takes, counted from the next one for what is ordered after ``cut_off`` by the
    clock of ``zone``. *Units*: kilometres.
    """

    market: str
    mode: DeliveryMode
    price: dict[str, str]
    days: list[int] = field(default_factory=lambda: [1, 3])
    cut_off: str = "14:00"
    zone: str = "UTC"
    trunk_km: float = 300
    last_km: float = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not (len(self.days) == 2 and 0 <= self.days[0] <= self.days[1] <= _MAX_DAYS):
            raise ValueError(f"found days {self.days}; write the fewest and the most, as in [1, 3]")
        if not (0 <= self.trunk_km <= 40_000 and 0 <= self.last_km <= 40_000):
            raise ValueError("write distances from 0 to 40000 kilometres")
        for currency in self.price:
            if not is_currency(currency) or self.gross(currency).minor < 0:
                raise ValueError(f"found a price in {currency}; write an amount by currency")
        try:
            time.fromisoformat(self.cut_off)
            ZoneInfo(self.zone)
        except (ValueError, OSError, KeyError):
            raise ValueError(
                f"found {self.cut_off} in {self.zone}; write a time as 14:00 and a zone of IANA's"
            ) from None

    def gross(self, currency: str) -> Money:
        """Tell what it costs. *Errors*: ``KeyError`` in a currency that it has no price in."""
        try:
            return Money.of(Decimal(self.price[currency]), currency)
        except (ArithmeticError, ValueError):
            raise ValueError(f"found {self.price[currency]!r}; write an amount as 12.99") from None

    def window(self, now: datetime) -> Promise:
        """Promise when a parcel that is ordered now is delivered: whole working days."""
        zone = ZoneInfo(self.zone)
        local = now.astimezone(zone)
        today, ends = local.date(), time.fromisoformat(self.cut_off)
        is_late = local.time() >= ends or today.weekday() >= _SATURDAY
        leaves = _working(today, 1) if is_late else today
        return Promise(
            available_from=_at(_working(leaves, self.days[0]), time(8), zone),
            available_until=_at(_working(leaves, self.days[1]), time(20), zone),
            cut_off=_at(leaves, ends, zone),
        )

    def grams(self, pieces: int, carbon: Carbon) -> int:
        """Estimate what it emits for so many pieces. *Units*: grams of CO2 equivalent."""
        factor = self.trunk_km * carbon.trunk + self.last_km * carbon.last
        return round(pieces * carbon.piece_kg * factor)


def problems(
    methods: Mapping[str, Method],
    markets: Mapping[str, Sequence[str]],
    prefix: str = "cart.delivery",
) -> list[Problem]:
    """Tell which ways of delivery nobody could choose: for other markets, in other currencies."""
    found = []
    for name, method in methods.items():
        currencies = markets.get(method.market)
        if currencies is None:
            allowed = f"one of the markets of [context]: {', '.join(markets)}"
            found.append(Problem(f"{prefix}.{name}.market", f"found {method.market!r}", allowed))
        elif not set(currencies) & set(method.price):
            allowed = f"write an amount in {' or '.join(currencies)}"
            found.append(Problem(f"{prefix}.{name}.price", "no price in that market", allowed))
    return found


def _working(day: date, count: int) -> date:
    """Go on by so many working days, Monday to Friday."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < _SATURDAY
    return day


def _at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, zone).astimezone(UTC)
