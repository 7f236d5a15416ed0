"""The stock of SKUs, bundles included: what every promise rests on."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from domain.bundle import Components, Levels, level_of
from domain.errors import Failure
from domain.product import Component
from execution.context import Context

_Levels = list[Levels]


async def levels_by_sku(skus: Sequence[str], context: Context) -> _Levels:
    """Load the stock of each SKU; that of a bundle follows from its components'."""
    levels, bundles = await levels_and_bundles(skus, context)
    return [level_of(sku, bundles, levels) for sku in skus]


async def levels_and_bundles(
    skus: Sequence[str], context: Context
) -> tuple[Mapping[str, Levels], Components]:
    """Load what lies on the shelves of all SKUs and of what bundles among them are made of.

    *Errors*: what lies nowhere while nobody can tell whether it is a bundle has the failure that
    keeps it from being told: it may be sold out, and may be plenty.
    """
    found = await context.loaders.stock_by_sku.load(skus)
    levels = dict(zip(skus, found))
    packed = await _packed(skus, found, context)
    bundles: dict[str, Sequence[Component]] = {}
    for sku, each in packed.items():
        if isinstance(each, Failure):
            levels[sku] = each
        else:
            bundles[sku] = each
    parts = sorted({part.sku for each in bundles.values() for part in each})
    if parts:
        levels |= zip(parts, await context.loaders.stock_by_sku.load(parts))
    return levels, bundles


async def bundles_among(
    skus: Sequence[str], levels: Sequence[Levels], context: Context
) -> Components:
    """Tell which SKUs are bundles. *Errors*: the failure that keeps it from being told."""
    bundles: dict[str, Sequence[Component]] = {}
    for sku, each in (await _packed(skus, levels, context)).items():
        if isinstance(each, Failure):
            raise each
        bundles[sku] = each
    return bundles


async def _packed(
    skus: Sequence[str], levels: Sequence[Levels], context: Context
) -> Mapping[str, Sequence[Component] | Failure]:
    """Look up what bundles are packed of; they lie nowhere as such, so that only those are."""
    nowhere = [sku for sku, each in zip(skus, levels) if not isinstance(each, Failure) and not each]
    if not nowhere:
        return {}
    packed: dict[str, Sequence[Component] | Failure] = {}
    for sku, each in zip(nowhere, await context.loaders.variant_by_sku.load(nowhere)):
        if isinstance(each, Failure):
            packed[sku] = each
        elif each is not None and each.components:
            packed[sku] = each.components
    return packed


async def tell_stock(context: Context, skus: Iterable[str]) -> None:
    """Tell whoever follows these SKUs that there are more of them now, or fewer."""
    # Where nobody can follow stock there is nobody to tell; what is held is held all the same.
    with suppress(Failure):
        await context.changes.tell(sorted(set(skus)))
