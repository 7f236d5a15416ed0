"""Lists that several systems keep together, and what of them is missing."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

T = TypeVar("T", covariant=True)


class Partial(tuple[T, ...]):
    """What some of several systems gave of a list; ``missing`` names those that gave nothing.

    Whoever only shows it reads it as the sequence it is; whoever promises something on it asks
    ``missing_of`` first.
    """

    missing: tuple[str, ...]

    def __new__(cls, items: Iterable[Any], missing: Iterable[str]) -> "Partial[T]":
        """Make one of the items that came and the systems that did not answer."""
        made = super().__new__(cls, items)
        made.missing = tuple(missing)
        return made


def missing_of(items: Sequence[object]) -> tuple[str, ...]:
    """Name the systems whose part of a list is not in it; empty where the list is whole."""
    return items.missing if isinstance(items, Partial) else ()
