"""How the ERP writes numbers, days, amounts and languages."""

from datetime import date
from decimal import Decimal

from sandbox.vocabulary import Text

LANGUAGES = ("PL", "EN", "DE")

_CENTS = Decimal("0.01")


def long_number(number: str) -> str:
    """The number as the ERP stores it: 18 digits with leading zeros."""
    return number.zfill(18)


def short_number(number: str) -> str:
    """The number without its leading zeros; empty for one that is not written as stored."""
    return number.lstrip("0") if len(number) == 18 else ""


def amount(minor: int) -> str:
    """Minor units, or hundredths of a percent, as a decimal string."""
    return str(Decimal(minor).scaleb(-2).quantize(_CENTS))


def day_text(day: date) -> str:
    """The day as YYYYMMDD."""
    return f"{day:%Y%m%d}"


def in_language(text: Text, language: str) -> str:
    """The text in one of the ERP's languages."""
    return text[LANGUAGES.index(language)]
