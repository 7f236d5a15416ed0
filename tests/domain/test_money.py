"""Money and the tax inside prices."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import MAX_MINOR, Money, Price, currency_digits, is_currency, portion
from resolvers.money import formatted

CURRENCIES = st.sampled_from(["JPY", "PLN", "EUR", "KWD"])  # 0, 2, 2 and 3 digits
RATES = st.sampled_from([Decimal(each) for each in ("0", "5", "8", "19", "23", "7.7", "2.1")])


# ISO 4217, list one: the currencies in circulation, by the digits of their minor unit.
ISO = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD "
    "CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ "
    "GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL "
    "MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR "
    "PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT "
    "TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW",
    3: "BHD IQD JOD KWD LYD OMR TND",
}


@pytest.mark.parametrize("digits", ISO)
def test_a_currency_has_the_digits_of_iso_4217(digits: int) -> None:
    """Every currency in circulation counts in the minor unit that ISO 4217 gives it."""
    codes = ISO[digits].split()
    assert {code: currency_digits(code) for code in codes} == dict.fromkeys(codes, digits)
    assert all(map(is_currency, codes))


async def test_an_amount_is_written_with_all_its_digits() -> None:
    """No language's habit of leaving small coins out rounds a price."""
    context: Any = SimpleNamespace(ask=SimpleNamespace(language="sr"))
    (text,) = formatted([Money(1299, "RSD")], context)
    assert "12,99" in text


@given(st.integers(-(10**12), 10**12), CURRENCIES)
def test_decimal_and_back(minor: int, currency: str) -> None:
    """An amount survives the way to its decimal form and back, in every currency."""
    money = Money(minor, currency)
    assert Money.of(money.decimal, currency) == money


@given(st.integers(0, 10**12), CURRENCIES, RATES)
def test_net_and_tax_are_gross(minor: int, currency: str, rate: Decimal) -> None:
    """Per rate, net and tax together are gross, to the minor unit."""
    part = portion(Money(minor, currency), rate)
    assert part.net + part.tax == part.gross
    assert 0 <= part.tax.minor <= part.gross.minor


@given(st.lists(st.tuples(st.integers(0, 10**9), RATES), min_size=1, max_size=6))
def test_portions_add_up(parts: list[tuple[int, Decimal]]) -> None:
    """A price over several rates is exactly the sum of its portions, whatever their order."""
    portions = [portion(Money(minor, "PLN"), rate) for minor, rate in parts]
    price, turned = Price.of_portions(portions), Price.of_portions(portions[::-1])
    assert (price.gross, price.net, price.tax) == (turned.gross, turned.net, turned.tax)
    assert price.net + price.tax == price.gross


@pytest.mark.parametrize(
    ("gross", "rate", "tax"),
    [(12300, "23", 2300), (10000, "23", 1870), (1, "23", 0), (3, "23", 1), (10800, "8", 800)],
)
def test_tax_is_rounded_half_up(gross: int, rate: str, tax: int) -> None:
    """The tax contained in a gross price is rounded half up to the minor unit."""
    assert portion(Money(gross, "PLN"), Decimal(rate)).tax.minor == tax


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("1.005", "PLN"),
        ("1.5", "JPY"),
        ("NaN", "PLN"),
        ("Infinity", "EUR"),
        ("1e999990", "PLN"),
        (str(MAX_MINOR), "PLN"),
    ],
)
def test_what_is_not_money_is_refused(amount: str, currency: str) -> None:
    """Parts of a minor unit, no numbers, and more than JSON can hold are never money."""
    with pytest.raises(ValueError, match=r"\w"):
        Money.of(Decimal(amount), currency)


def test_currencies_do_not_mix() -> None:
    """Amounts of two currencies are never added."""
    with pytest.raises(ValueError, match="EUR to PLN"):
        Money(1, "PLN") + Money(1, "EUR")
