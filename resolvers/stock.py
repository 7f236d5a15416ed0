"""The stock of SKUs, bundles included: what every promise rests on."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from domain.availability import StockLevel
from domain.bundle import Components, bundled
from domain.errors import Failure
from domain.product import Variant
from execution.context import Context

_Levels = list[Sequence[StockLevel] | Failure | None]


async def levels_by_sku(skus: Sequence[str], context: Context) -> _Levels:
    """Load the stock of each SKU; that of a bundle follows from its components'."""
    found = await context.loaders.stock_by_sku.load(skus)
    bundles = await bundles_among(skus, found, context)
    if not bundles:
        return found
    parts = sorted({part.sku for each in bundles.values() for part in each})
    levels = dict(zip(parts, await context.loaders.stock_by_sku.load(parts)))
    return [
        bundled(sku, bundles[sku], levels) if sku in bundles else each
        for sku, each in zip(skus, found)
    ]


async def bundles_among(
    skus: Sequence[str],
    levels: Sequence[Sequence[StockLevel] | Failure | None],
    context: Context,
) -> Components:
    """Tell which SKUs are bundles: they lie nowhere as such, so that only those are looked up."""
    nowhere = [sku for sku, each in zip(skus, levels) if not isinstance(each, Failure) and not each]
    if not nowhere:
        return {}
    found: Mapping[str, Variant | Failure | None] = dict(
        zip(nowhere, await context.loaders.variant_by_sku.load(nowhere))
    )
    return {
        sku: each.components
        for sku, each in found.items()
        if isinstance(each, Variant) and each.components
    }


async def tell_stock(context: Context, skus: Iterable[str]) -> None:
    """Tell whoever follows these SKUs that there are more of them now, or fewer."""
    # Where nobody can follow stock there is nobody to tell; what is held is held all the same.
    with suppress(Failure):
        await context.changes.tell(sorted(set(skus)))
