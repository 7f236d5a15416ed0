"""Money as people write it."""

from collections.abc import Sequence
from functools import lru_cache

from babel.numbers import format_currency

from domain.money import Money
from execution.context import Context


def formatted(parents: Sequence[Money], context: Context) -> list[str]:
    """Write each amount in the operation's language."""
    language = context.ask.language
    return [_format(parent.minor, parent.currency, language) for parent in parents]


@lru_cache(maxsize=16_384)
def _format(minor: int, currency: str, language: str) -> str:
    # CLDR's patterns take some fifty microseconds an amount, and shops repeat their prices.
    text: str = format_currency(
        Money(minor, currency).decimal,
        currency,
        locale=language.replace("-", "_"),
        # An amount of more digits than people still write is shown with them, never rounded.
        decimal_quantization=False,
    )
    return text
