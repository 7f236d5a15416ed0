"""Money in minor units, never a float; prices with the tax they contain."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Self

from babel.numbers import get_currency_precision, list_currencies
from msgspec import Struct

# Every JSON reader holds a whole number up to here exactly (RFC 8259, section 6).
MAX_MINOR = 2**53 - 1
_MAX_ADJUSTED = 16
# Where CLDR tells how many digits people still write, and not how many ISO 4217 counts in.
_ISO_DIGITS = MappingProxyType(
    {
        **dict.fromkeys(
            (
                *("AFN", "ALL", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK"),
                *("RSD", "SLE", "SOS", "SYP", "YER"),
            ),
            2,
        ),
        "IQD": 3,
    }
)


@lru_cache(maxsize=512)
def currency_digits(currency: str) -> int:
    """Tell how many decimal digits a currency has (ISO 4217, mostly by way of CLDR)."""
    return _ISO_DIGITS.get(currency) or get_currency_precision(currency)


def is_currency(code: str) -> bool:
    """Whether a text is a currency's code (ISO 4217)."""
    return code in list_currencies()


class Money(Struct, frozen=True, gc=False):
    """An amount of one currency.

    *Units*: ``minor`` counts the currency's smallest unit: 1299 PLN is 12.99 zł, 1299 JPY is ¥1299.
    """

    minor: int
    currency: str

    @classmethod
    def of(cls, amount: Decimal, currency: str) -> Self:
        """Make money of an exact decimal amount.

        *Errors*: ``ValueError`` for an amount that is not finite, has more digits than the
        currency, or leaves the range that JSON readers hold exactly.
        """
        digits = currency_digits(currency)
        if not amount.is_finite():
            raise ValueError(f"{amount} is not an amount")
        if amount and amount.adjusted() > _MAX_ADJUSTED:
            # Before it becomes an integer: 1e999999 would take a minute to write out.
            raise ValueError(f"{amount} {currency} is out of range")
        scaled = amount.scaleb(digits)
        minor = int(scaled)
        if minor != scaled:
            raise ValueError(f"{amount} has more than the {digits} digits of {currency}")
        if abs(minor) > MAX_MINOR:
            raise ValueError(f"{amount} {currency} is out of range")
        return cls(minor, currency)

    @classmethod
    def each(cls, amount: Decimal, count: Decimal, currency: str) -> Self | None:
        """Share an amount out over so many; None where one of them is no whole minor unit.

        *Errors*: as ``of``, but for the digits; ``ArithmeticError`` for a count of none.
        """
        unit = Decimal(1).scaleb(-currency_digits(currency))
        share = amount / count
        whole = share.quantize(unit, ROUND_HALF_UP)
        return cls.of(whole, currency) if whole * count == amount else None

    @property
    def digits(self) -> int:
        """How many decimal digits the currency has."""
        return currency_digits(self.currency)

    @property
    def decimal(self) -> Decimal:
        """The amount in major units, with all its digits."""
        return Decimal(self.minor).scaleb(-self.digits)

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.minor + other.minor, self.currency)


class TaxPortion(Struct, frozen=True, gc=False):
    """The part of a price under one tax rate; ``net`` and ``tax`` together are ``gross``.

    *Units*: ``rate`` in percent.
    """

    rate: Decimal
    net: Money
    tax: Money
    gross: Money


class Price(Struct, frozen=True, gc=False):
    """A consumer price: the gross amount, and what tax it contains."""

    gross: Money
    net: Money
    tax: Money
    taxes: tuple[TaxPortion, ...]

    @classmethod
    def containing(cls, gross: Money, rate: Decimal) -> Self:
        """Take the tax of one rate out of a gross amount, rounding half up to the minor unit."""
        return cls.of_portions([portion(gross, rate)])

    @classmethod
    def of_portions(cls, portions: Sequence[TaxPortion]) -> Self:
        """Add up portions of at least one rate; the sums are exact."""
        gross, net, tax = portions[0].gross, portions[0].net, portions[0].tax
        for each in portions[1:]:
            gross, net, tax = gross + each.gross, net + each.net, tax + each.tax
        return cls(gross, net, tax, tuple(portions))


def portion(gross: Money, rate: Decimal) -> TaxPortion:
    """Take the tax of ``rate`` percent out of ``gross``: tax = gross * rate / (100 + rate)."""
    exact = Decimal(gross.minor) * rate / (100 + rate)
    tax = int(exact.to_integral_value(ROUND_HALF_UP))
    return TaxPortion(
        rate=rate,
        net=Money(gross.minor - tax, gross.currency),
        tax=Money(tax, gross.currency),
        gross=gross,
    )
