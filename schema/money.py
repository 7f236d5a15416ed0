"""Money and prices."""

from decimal import Decimal

import domain.money
import resolvers.money
from schema.field import batch, plain, publishes
from schema.scalar import MinorUnits


@publishes(domain.money.Money, thing=True)
class Money:
    """An amount of one currency, exact."""

    minor: MinorUnits = plain(
        "The amount in the currency's smallest unit: 1299 with PLN is 12.99 zł."
    )
    currency: str = plain("The currency, as ISO 4217 names it.")
    digits: int = plain("How many decimal digits the currency has.")
    decimal: Decimal = plain("The amount in the currency's main unit, with all its digits.")

    @batch(resolvers.money.formatted, cost=0)
    def formatted(self) -> str:
        """The amount as people write it in the language of this request."""


@publishes(domain.money.TaxPortion, thing=True)
class TaxPortion:
    """The part of a price under one tax rate: net and tax together are gross."""

    rate: Decimal = plain("The tax rate in percent.")
    net: Money = plain("The part before tax.")
    tax: Money = plain("The tax that the part contains, rounded half up to the minor unit.")
    gross: Money = plain("The part with its tax.")


@publishes(domain.money.Price, thing=True)
class Price:
    """A consumer price: gross, with the tax that it contains."""

    gross: Money = plain("What the customer pays.")
    net: Money = plain("The price without tax.")
    tax: Money = plain("The tax contained in the gross price.")
    taxes: list[TaxPortion] = plain("The price by tax rate; the parts add up to it exactly.")
