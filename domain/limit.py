"""How much one wish may ask for, whatever it is that is changed."""

from collections.abc import Iterable, Sequence

from domain.errors import BadInput
from domain.outcome import UserError

MAX_ITEMS = 100
"""Items of an input's list."""
MAX_QUANTITY = 999
"""Pieces of a line."""
MAX_SKU = 100
"""Characters of a SKU."""


class QuantityOutOfRange(UserError, frozen=True, kw_only=True):  # noqa: N818
    """A quantity is none that a line can have."""

    quantity: int
    minimum: int
    maximum: int


def check_items(argument: str, items: Sequence[object], most: int = MAX_ITEMS) -> None:
    """Check how many items a list has. *Errors*: ``BadInput`` for none or too many."""
    if not 1 <= len(items) <= most:
        raise BadInput(argument, f"{len(items)} items", f"1 to {most}")


def check_sku(argument: str, sku: str) -> None:
    """Check a SKU for its form. *Errors*: ``BadInput``."""
    if not (1 <= len(sku) <= MAX_SKU and sku.isprintable()):
        raise BadInput(argument, sku, f"a SKU of 1 to {MAX_SKU} printable characters")


def out_of_range(quantities: Iterable[int]) -> QuantityOutOfRange | None:
    """Tell the first quantity that no line can have; None where all can be."""
    found = next((each for each in quantities if not 1 <= each <= MAX_QUANTITY), None)
    if found is None:
        return None
    return QuantityOutOfRange(
        message=f"A line has 1 to {MAX_QUANTITY} pieces; what is not wanted is removed.",
        path=("input", "lines", "quantity"),
        quantity=found,
        minimum=1,
        maximum=MAX_QUANTITY,
    )
