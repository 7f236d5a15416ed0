"""What an article costs in which sales organisation on which day; consumer prices are gross."""

from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from sandbox.catalogue import Style, retail_price
from sandbox.seed import Draw

FOREVER = date(9999, 12, 31)

_DAY = timedelta(days=1)
_FIRST = date(2024, 1, 1)
_RAISE = date(2026, 3, 1)
_SEASON = date(2026, 9, 1)
_FULL_PRICE = timedelta(days=14)
_YEARS = range(2024, 2031)


class Tax(NamedTuple):
    """A tax code with its rate in hundredths of a percent."""

    code: str
    rate: int


class Organisation(NamedTuple):
    """A sales organisation: one country, one currency, its tax codes."""

    code: str
    country: str
    currency: str
    taxes: dict[str, Tax]


ORGANISATIONS = {
    organisation.code: organisation
    for organisation in (
        Organisation("PL01", "PL", "PLN", {"STANDARD": Tax("P1", 2300), "MEDICAL": Tax("P2", 800)}),
        Organisation(
            "DE01", "DE", "EUR", {"STANDARD": Tax("D1", 1900), "MEDICAL": Tax("D1", 1900)}
        ),
        Organisation(
            "CZ01", "CZ", "CZK", {"STANDARD": Tax("C1", 2100), "MEDICAL": Tax("C2", 1200)}
        ),
    )
}
BY_COUNTRY = {organisation.country: organisation for organisation in ORGANISATIONS.values()}


class Condition(NamedTuple):
    """A price condition: `amount` gross minor units for `per` pieces.

    *Shape*: `group` is the customer group it is for, empty for everybody; `release` is empty for
    one in force, `B` for one that was only simulated.
    """

    kind: str
    amount: int
    per: int
    first: date
    last: date
    group: str = ""
    release: str = ""


class _Policy(NamedTuple):
    """How a style is priced, the same in every organisation."""

    sold: frozenset[str]
    earlier: int | None
    reduction: int
    reduced_colours: int
    seasonal: int
    stepwise: bool
    raised: bool
    simulated: bool
    staff: bool


def conditions(style: Style, variant: int, organisation: Organisation) -> list[Condition]:
    """All price conditions of the variant, past, valid and to come; empty when it has no price."""
    policy = _policy(style.position, style.list_price, len(style.colours))
    if organisation.code not in policy.sold:
        return []
    per, launch = style.category.per, max(_FIRST, style.created)
    lists = _list_prices(style, policy, organisation)
    found = [Condition("PR00", amount * per, per, *days) for amount, days in lists]
    if policy.reduction:
        if variant // len(style.sizes) < policy.reduced_colours:
            found += _reductions(style, policy, organisation)
    elif policy.seasonal:
        amount = _reduced(style, policy.seasonal, organisation) * per
        for year in _YEARS:
            summer = (date(year, 6, 20), date(year, 7, 31))
            winter = (date(year, 12, 27), date(year + 1, 1, 31))
            found.extend(Condition("ZSAL", amount, per, *days) for days in (summer, winter))
    lowest = min(amount for amount, _ in lists) * per
    if policy.simulated:
        days = (_SEASON - timedelta(days=40), _SEASON + timedelta(days=60))
        found.append(Condition("ZSAL", max(1, lowest // 2 // per) * per, per, *days, "", "B"))
    if policy.staff:
        amount = max(1, lowest * 7 // 10 // per) * per
        found.append(Condition("ZEMP", amount, per, launch, FOREVER, "MA"))
    # A cheap article's label may round back to its list price, which is no sale.
    kept = [c for c in found if c.kind == "PR00" or c.amount < lowest]
    return [c._replace(first=max(c.first, launch)) for c in kept if c.last >= max(c.first, launch)]


def _list_prices(
    style: Style, policy: _Policy, organisation: Organisation
) -> list[tuple[int, tuple[date, date]]]:
    """The list prices one after another, each for one piece."""
    current = _local(style.list_price, organisation)
    if policy.earlier is None:
        found = [(current, (_FIRST, FOREVER))]
    else:
        before = _local(policy.earlier, organisation)
        found = [(before, (_FIRST, _SEASON - _DAY)), (current, (_SEASON, FOREVER))]
    if policy.raised:
        amount, (_, last) = found[0]
        old = _local(retail_price(style.list_price * 80 // 100), organisation)
        found[0] = (amount, (_RAISE, last))
        found.insert(0, (old, (_FIRST, _RAISE - _DAY)))
    return found


def _reductions(style: Style, policy: _Policy, organisation: Organisation) -> list[Condition]:
    """The season's reduction, at once or in three steps; a new article is first sold in full."""
    per = style.category.per
    begin = _SEASON if style.position % 10 == 0 else max(_SEASON, style.created + _FULL_PRICE)
    if not policy.stepwise:
        amount = _reduced(style, policy.reduction, organisation) * per
        return [Condition("ZSAL", amount, per, begin, FOREVER)]
    ends = [begin + timedelta(days=25), begin + timedelta(days=50), FOREVER]
    steps = (policy.reduction // 3, policy.reduction * 2 // 3, policy.reduction)
    found = []
    for percent, end in zip(steps, ends):
        amount = _reduced(style, percent, organisation) * per
        found.append(Condition("ZSAL", amount, per, begin, end))
        begin = min(end, FOREVER - _DAY) + _DAY
    return found


def valid_conditions(
    style: Style, variant: int, organisation: Organisation, day: date
) -> list[Condition]:
    """What everybody's price is made of on the day: list price, and sale price if there is one."""
    return [
        condition
        for condition in overlapping_conditions(style, variant, organisation, day, day)
        if not condition.group and not condition.release
    ]


def overlapping_conditions(
    style: Style, variant: int, organisation: Organisation, first: date, last: date
) -> list[Condition]:
    """The conditions of the variant that touch the days, those that nobody paid among them."""
    return [
        condition
        for condition in conditions(style, variant, organisation)
        if condition.first <= last and first <= condition.last
    ]


def unit_prices(
    style: Style, variant: int, organisation: Organisation, day: date
) -> tuple[int, int] | None:
    """List price and price to pay for one piece in gross minor units, or None without a price."""
    valid = {c.kind: c.amount // c.per for c in valid_conditions(style, variant, organisation, day)}
    if "PR00" not in valid:
        return None
    return valid["PR00"], valid.get("ZSAL", valid["PR00"])


def split_tax(gross: int, rate: int) -> tuple[int, int]:
    """Net and tax contained in a gross amount, the tax rounded half up."""
    tax = (2 * gross * rate + 10_000 + rate) // (2 * (10_000 + rate))
    return gross - tax, tax


@lru_cache(maxsize=4096)
def _policy(position: int, list_price: int, colours: int) -> _Policy:
    draw = Draw("price", position)
    sold = {"PL01", "DE01", "CZ01"}
    if draw.chance(6):
        sold.discard("DE01")
    if draw.chance(15):
        sold.discard("CZ01")
    if draw.chance(2):
        sold.clear()
    earlier = retail_price(list_price * draw.pick((85, 90, 115)) // 100)
    kept = draw.chance(85)
    share = draw.share()
    percent = draw.pick((20, 30, 40, 50))
    reduced = colours if draw.chance(60) else 1
    return _Policy(
        frozenset(sold),
        None if kept else earlier,
        percent if share < 0.22 else 0,
        reduced,
        percent if 0.22 <= share < 0.4 else 0,
        stepwise=draw.chance(35),
        raised=draw.chance(30),
        simulated=draw.chance(8),
        staff=draw.chance(15),
    )


def _reduced(style: Style, percent: int, organisation: Organisation) -> int:
    return _local(retail_price(style.list_price * (100 - percent) // 100), organisation)


def _local(groszy: int, organisation: Organisation) -> int:
    if organisation.currency == "EUR":
        euro = groszy / 430
        return max(99, (round(euro) if euro < 50 else round(euro / 5) * 5) * 100 - 1)
    if organisation.currency == "CZK":
        return max(9, round(groszy * 5.8 / 1_000) * 10 - 1) * 100
    return groszy
