"""Where this retailer sells: markets, currencies, languages; and what is wrong with them."""

import re
from collections.abc import Iterator

from babel import Locale, UnknownLocaleError
from msgspec import Struct

from domain.configuration import Problem
from domain.deadline import Duration
from domain.money import is_currency

_COUNTRY = re.compile(r"[A-Z]{2}")


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where this retailer sells, and how long an operation may take.

    *Shape*: ``markets`` ISO 3166-1 countries, each with the currencies it sells in, the first
    being its default; the first market is the default. ``languages`` BCP 47, the first being the
    default.
    """

    markets: dict[str, list[str]]
    languages: list[str]
    timeout: Duration = Duration(3.0)


def problems(settings: Settings, prefix: str = "context") -> list[Problem]:
    """Tell all that is wrong with the settings, beyond their form."""
    found: list[Problem] = []
    if not settings.markets:
        found.append(Problem(f"{prefix}.markets", "found no market", "write one, as in PL = [...]"))
    for country, currencies in settings.markets.items():
        found += _market_problems(f"{prefix}.markets.{country}", country, currencies)
    if not settings.languages:
        allowed = 'write the default language, as in ["en"]'
        found.append(Problem(f"{prefix}.languages", "found no language", allowed))
    for language in settings.languages:
        if not _is_language(language):
            allowed = "allowed: languages as BCP 47 writes them, such as pl or de-AT"
            found.append(Problem(f"{prefix}.languages", f"found {language!r}", allowed))
    return found


def _market_problems(key: str, country: str, currencies: list[str]) -> Iterator[Problem]:
    if not _COUNTRY.fullmatch(country):
        allowed = "allowed: the two capitals of a country (ISO 3166-1), such as PL"
        yield Problem(key, f"found the market {country!r}", allowed)
    form = "currencies as ISO 4217 writes them, such as PLN"
    if not currencies:
        yield Problem(key, "found no currency", f"write at least one of the {form}")
    for currency in currencies:
        if not is_currency(currency):
            yield Problem(key, f"found {currency!r}", f"allowed: {form}")


def _is_language(tag: str) -> bool:
    try:
        Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError):
        return False
    return True
