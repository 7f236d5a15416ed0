"""The tax that a whole document contains, by rate, shared over its parts.

One rounding rule: the tax of a rate is taken out of the gross total of that rate once, half up, as
on a till's receipt; the parts then share it by largest remainder. A part's tax can so differ by one
minor unit from what it would be alone; the sums are exact, and splitting a part changes no total.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from domain.money import Money, Price, TaxPortion, portion
from domain.share import share

Rates = Mapping[Decimal, int]
"""A gross amount by tax rate, in minor units."""


def rates_of(price: Price) -> dict[Decimal, int]:
    """Tell what a price has under each rate."""
    rates: dict[Decimal, int] = {}
    for each in price.taxes:
        rates[each.rate] = rates.get(each.rate, 0) + each.gross.minor
    return rates


def at_rates(minor: int, weights: Rates) -> dict[Decimal, int]:
    """Share a gross amount over tax rates, in proportion to what stands under each."""
    rates = sorted(weights)
    return dict(zip(rates, share(minor, [weights[rate] for rate in rates])))


def together(parts: Sequence[Rates]) -> dict[Decimal, int]:
    """Add up gross amounts by rate."""
    totals: dict[Decimal, int] = {}
    for part in parts:
        for rate, minor in part.items():
            totals[rate] = totals.get(rate, 0) + minor
    return totals


def taxed(parts: Sequence[Rates], currency: str) -> tuple[Price, list[Price]]:
    """Take the tax out of a document. *Shape*: the total, and one price for each part."""
    portions: list[list[TaxPortion]] = [[] for _ in parts]
    totals: list[TaxPortion] = []
    for rate, gross in sorted(together(parts).items()):
        total = portion(Money(gross, currency), rate)
        totals.append(total)
        places = [place for place, part in enumerate(parts) if rate in part]
        grosses = [parts[place][rate] for place in places]
        for place, minor, tax in zip(places, grosses, share(total.tax.minor, grosses)):
            portions[place].append(
                TaxPortion(
                    rate, Money(minor - tax, currency), Money(tax, currency), Money(minor, currency)
                )
            )
    return _price(totals, currency), [_price(each, currency) for each in portions]


def _price(portions: Sequence[TaxPortion], currency: str) -> Price:
    if portions:
        return Price.of_portions(portions)
    nothing = Money(0, currency)
    return Price(nothing, nothing, nothing, ())
