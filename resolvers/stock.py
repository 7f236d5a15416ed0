"""The stock of SKUs, bundles included: what every promise rests on."""

from collections.abc import Mapping, Sequence

from domain.bundle import Components, Levels, level_of
from domain.errors import Failure, SourceFailure
from domain.partial import Partial
from domain.product import Variant
from execution.context import Context

_Levels = list[Levels]


async def levels_by_sku(skus: Sequence[str], context: Context) -> _Levels:
    """Load the stock of each SKU; that of a bundle follows from its components'."""
    levels, bundles = await levels_and_bundles(skus, context)
    return [level_of(sku, bundles, levels) for sku in skus]


async def levels_and_bundles(
    skus: Sequence[str], context: Context
) -> tuple[Mapping[str, Levels], Components]:
    """Load what lies on the shelves of all SKUs and of what bundles among them are made of."""
    found = await context.loaders.stock_by_sku.load(skus)
    levels = dict(zip(skus, found))
    variants = await _lying_nowhere(skus, found, context)
    # Where nobody can say what a SKU is made of, nobody can say either that there is none of it.
    levels |= {
        sku: Partial((), (each.system,))
        for sku, each in variants.items()
        if isinstance(each, SourceFailure)
    }
    bundles = _bundles(variants)
    parts = sorted({part.sku for each in bundles.values() for part in each})
    if parts:
        levels |= zip(parts, await context.loaders.stock_by_sku.load(parts))
    return levels, bundles


async def bundles_among(
    skus: Sequence[str],
    levels: Sequence[Levels],
    context: Context,
) -> Components:
    """Tell which SKUs are bundles: they lie nowhere as such, so that only those are looked up."""
    return _bundles(await _lying_nowhere(skus, levels, context))


async def _lying_nowhere(
    skus: Sequence[str], levels: Sequence[Levels], context: Context
) -> Mapping[str, Variant | Failure | None]:
    nowhere = [sku for sku, each in zip(skus, levels) if not isinstance(each, Failure) and not each]
    return dict(zip(nowhere, await context.loaders.variant_by_sku.load(nowhere)))


def _bundles(variants: Mapping[str, Variant | Failure | None]) -> Components:
    return {
        sku: each.components
        for sku, each in variants.items()
        if isinstance(each, Variant) and each.components
    }
