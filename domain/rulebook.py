"""Making promotions of what their file says, and telling everything that is wrong with it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.configuration import Problem
from domain.money import Money
from domain.pricing import MAX_PROMOTIONS
from domain.promotion import (
    AmountOff,
    Amounts,
    Bundle,
    BundlePart,
    BuyGet,
    Coupon,
    Effect,
    FreeDelivery,
    Percentage,
    Period,
    Promotion,
    Selection,
    Threshold,
    ThresholdStep,
    coupon_code,
)
from domain.rule import Amount, LocalTime, Rule, Rulebook, Step

T = TypeVar("T")

MAX_CODES = 10_000
_MAX_CODE = 40


def promotions(
    rulebook: Rulebook, markets: Mapping[str, Collection[str]]
) -> tuple[list[Promotion], list[Problem]]:
    """Make promotions of what the file says; ``markets`` are the retailer's, with their currencies.

    *Shape*: the promotions that can be made, and everything that is wrong with the others.
    """
    reader = _Reader(rulebook, markets)
    found = [
        promotion
        for number, rule in enumerate(rulebook.promotion)
        if (promotion := reader.promotion(rule, f"promotion[{number}]")) is not None
    ]
    return found, reader.problems


class _Reader:
    """Reads rule after rule, noting every problem on the way."""

    def __init__(self, rulebook: Rulebook, markets: Mapping[str, Collection[str]]) -> None:
        self.problems: list[Problem] = []
        self._markets = markets
        self._currencies = {each for some in markets.values() for each in some}
        self._keys: set[str] = set()
        self._codes: set[str] = set()
        self._zones = {
            market: zone
            for market, name in rulebook.zones.items()
            if (zone := self._zone(market, name)) is not None
        }
        if len(rulebook.promotion) > MAX_PROMOTIONS:
            found = f"found {len(rulebook.promotion)} promotions"
            self._refuse("promotion", found, f"at most {MAX_PROMOTIONS}; take out what is over")

    def promotion(self, rule: Rule, at: str) -> Promotion | None:
        before = len(self.problems)
        if rule.key in self._keys:
            self._refuse(f"{at}.key", f"{rule.key!r} is there already", "a key of its own")
        self._keys.add(rule.key)
        for market in rule.markets or ():
            self._known_market(f"{at}.markets", market)
        effect = self._effect(rule, at)
        made = Promotion(
            key=rule.key,
            name=rule.name,
            names=rule.names,
            effect=effect or FreeDelivery(),
            selection=_selection(rule.goods, rule.without),
            priority=rule.priority,
            group=rule.group,
            combines=rule.combines,
            periods=self._periods(rule, at),
            channels=_set(rule.channels),
            markets=_set(rule.markets),
            tiers=_set(rule.tiers),
            coupon=self._coupon(rule, at),
            minimum=self._amounts(rule.minimum, f"{at}.minimum"),
            minimum_quantity=rule.minimum_quantity,
        )
        return made if len(self.problems) == before else None

    def _effect(self, rule: Rule, at: str) -> Effect | None:
        readers: dict[str, Callable[[], Effect | None]] = {
            "percent": lambda: Percentage(Decimal(rule.percent or 0)),
            "amount": lambda: AmountOff(self._written(rule.amount, f"{at}.amount")),
            "amount_each": lambda: AmountOff(
                self._written(rule.amount_each, f"{at}.amount_each"), each_piece=True
            ),
            "buy": lambda: self._buy_get(rule, at),
            "bundle": lambda: self._bundle(rule, at),
            "step": lambda: self._threshold(rule.step or (), at),
            "delivery_percent": lambda: FreeDelivery(Decimal(rule.delivery_percent or 0)),
        }
        given = [name for name in readers if getattr(rule, name) is not None]
        if len(given) != 1:
            found = f"found {', '.join(given) or 'no effect'}"
            self._refuse(at, found, f"write exactly one of {', '.join(readers)}")
            return None
        for name, belongs in (("get", "buy"), ("get_goods", "buy"), ("bundle_price", "bundle")):
            if getattr(rule, name) is not None and given != [belongs]:
                self._refuse(f"{at}.{name}", f"found beside {given[0]}", f"belongs to {belongs}")
        return readers[given[0]]()

    def _buy_get(self, rule: Rule, at: str) -> BuyGet | None:
        if rule.buy is None or rule.get is None:
            self._refuse(f"{at}.get", "missing", "write how many pieces more are reduced")
            return None
        reward = None if rule.get_goods is None else _selection(rule.get_goods, rule.without)
        return BuyGet(rule.buy, rule.get, Decimal(rule.get_percent), reward, rule.times)

    def _bundle(self, rule: Rule, at: str) -> Bundle:
        parts = rule.bundle or ()
        if sum(part.quantity for part in parts) < 2:
            self._refuse(f"{at}.bundle", "found no two pieces", "write what belongs together")
        if rule.bundle_price is None:
            self._refuse(f"{at}.bundle_price", "missing", "write what one bundle costs")
        if rule.goods is not None:
            self._refuse(f"{at}.goods", "found beside bundle", "a bundle's parts name its goods")
        return Bundle(
            tuple(
                BundlePart(_selection(part.goods, rule.without), part.quantity) for part in parts
            ),
            self._written(rule.bundle_price, f"{at}.bundle_price"),
        )

    def _threshold(self, steps: Sequence[Step], at: str) -> Threshold:
        made = []
        for number, step in enumerate(steps):
            place = f"{at}.step[{number}]"
            if (step.percent is None) is (step.amount is None):
                self._refuse(place, "found both or neither", "write either percent or amount")
            made.append(
                ThresholdStep(
                    self._written(step.at, f"{place}.at"),
                    None if step.percent is None else Decimal(step.percent),
                    self._amounts(step.amount, f"{place}.amount"),
                )
            )
        if not made:
            self._refuse(f"{at}.step", "found no step", "write at least one")
        return Threshold(tuple(made))

    def _coupon(self, rule: Rule, at: str) -> Coupon | None:
        if rule.codes is None:
            for name in ("limit", "limit_per_customer"):
                if getattr(rule, name) is not None:
                    self._refuse(f"{at}.{name}", "found without codes", "write codes, or leave it")
            return None
        codes = [coupon_code(each) for each in rule.codes]
        for code in codes:
            if not (3 <= len(code) <= _MAX_CODE and code.isascii() and code.isprintable()):
                self._refuse(f"{at}.codes", f"found {code!r}", f"3 to {_MAX_CODE} ASCII characters")
            elif code in self._codes:
                self._refuse(f"{at}.codes", f"{code!r} is there already", "a code of its own")
            self._codes.add(code)
        if not codes or len(self._codes) > MAX_CODES:
            found = f"found {len(self._codes)} codes in all"
            self._refuse(f"{at}.codes", found, f"1 to {MAX_CODES}")
        return Coupon(frozenset(codes), rule.limit, rule.limit_per_customer)

    def _periods(self, rule: Rule, at: str) -> Mapping[str, Period]:
        if rule.starts is None and rule.until is None:
            return {}
        periods = {}
        for market in rule.markets or self._markets:
            zone = self._zones.get(market)
            if zone is None:
                found = f"found dates and no time zone of {market}"
                self._refuse(at, found, f'write {market} = "Europe/Warsaw" or the like in [zones]')
                continue
            period = Period(_utc(rule.starts, zone), _utc(rule.until, zone, through=True))
            if period.starts_at and period.ends_at and period.starts_at >= period.ends_at:
                self._refuse(f"{at}.until", "it ends before it begins", "a time after `from`")
            periods[market] = period
        return periods

    def _written(self, amounts: Mapping[str, Amount] | None, at: str) -> Amounts:
        return self._amounts(amounts, at) or {}

    def _amounts(self, amounts: Mapping[str, Amount] | None, at: str) -> Amounts | None:
        if amounts is None:
            return None
        if not amounts:
            self._refuse(at, "found no currency", 'write at least one, as { PLN = "20.00" }')
        found = {}
        for currency, amount in amounts.items():
            if currency not in self._currencies:
                allowed = f"allowed: {', '.join(sorted(self._currencies))}"
                self._refuse(f"{at}.{currency}", "no market sells in it", allowed)
                continue
            try:
                found[currency] = Money.of(amount, currency)
            except ValueError as error:
                self._refuse(f"{at}.{currency}", str(error), "write it with fewer digits")
        return found

    def _zone(self, market: str, name: str) -> ZoneInfo | None:
        self._known_market(f"zones.{market}", market)
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            allowed = "a time zone of the IANA's, as Europe/Warsaw"
            self._refuse(f"zones.{market}", f"found {name!r}", allowed)
            return None

    def _known_market(self, at: str, market: str) -> None:
        if market not in self._markets:
            self._refuse(at, f"found {market!r}", f"allowed: {', '.join(self._markets)}")

    def _refuse(self, key: str, found: str, allowed: str) -> None:
        self.problems.append(Problem(key, found, allowed))


def _selection(goods: Iterable[str] | None, without: Iterable[str]) -> Selection:
    return Selection(None if goods is None else frozenset(goods), frozenset(without))


def _set(names: Iterable[T] | None) -> frozenset[T] | None:
    return None if names is None else frozenset(names)


def _utc(local: LocalTime | None, zone: ZoneInfo, *, through: bool = False) -> datetime | None:
    """Tell when a local time is; where a day is named, when it begins, or, ``through``, ends."""
    if local is None:
        return None
    moment = local.moment + timedelta(days=local.is_day and through)
    return moment.replace(tzinfo=zone).astimezone(UTC)
