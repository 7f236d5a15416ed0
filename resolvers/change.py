"""What is told as it happens."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from domain.change import StockChange
from domain.errors import BadInput, Failure
from domain.limit import check_items
from domain.product import Variant
from execution.context import Context

_MAX_CURSOR = 200


def follow_availability(
    context: Context, skus: Sequence[str], after: str | None = None
) -> AsyncIterator[StockChange]:
    """Follow the stock of some SKUs. *Errors*: ``BadInput`` for none, or more than 100."""
    check_items("skus", skus)
    if after is not None and len(after) > _MAX_CURSOR:
        raise BadInput("after", after, "a cursor of an earlier change")
    return context.changes.follow(skus, after)


def availability_changed(
    parents: Sequence[StockChange],
    context: Context,  # noqa: ARG001
    skus: Sequence[str],  # noqa: ARG001
    after: str | None = None,  # noqa: ARG001
) -> list[StockChange]:
    """Give the change that is told."""
    return list(parents)


async def variants(
    parents: Sequence[StockChange], context: Context
) -> list[list[Variant | Failure | None]]:
    """Load the variants of each change, as they are now."""
    wanted = [sku for parent in parents for sku in parent.skus]
    found: Any = iter(await context.loaders.variant_by_sku.load(wanted))
    return [[next(found) for _ in parent.skus] for parent in parents]
