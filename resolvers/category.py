"""Categories: the tree, up and down, and how much each holds."""

from collections.abc import Sequence

from domain.category import ROOT, Category
from domain.errors import Failure
from execution.context import Context


async def categories(
    parents: Sequence[object], context: Context
) -> list[Sequence[Category | Failure] | Failure | None]:
    """List the topmost categories."""
    found = await context.loaders.categories_by_parent.load_one(ROOT)
    return [found] * len(parents)


async def parent(parents: Sequence[Category], context: Context) -> list[Category | Failure | None]:
    """Find what each category stands below; null for the topmost."""
    unsure = [each.key for each in parents if each.parent_key is None]
    known = dict(zip(unsure, await context.loaders.category_by_key.load(unsure)))
    above: list[str | Failure] = []
    for each in parents:
        found = known.get(each.key, each)
        if isinstance(found, Failure):
            above.append(found)
        else:
            above.append((found.parent_key if found else None) or ROOT)
    keys = list(dict.fromkeys(key for key in above if isinstance(key, str) and key != ROOT))
    loaded = dict(zip(keys, await context.loaders.category_by_key.load(keys)))
    return [loaded.get(key) if isinstance(key, str) else key for key in above]


async def children(
    parents: Sequence[Category], context: Context
) -> list[Sequence[Category | Failure] | Failure | None]:
    """List what stands directly below each category."""
    return await context.loaders.categories_by_parent.load([each.key for each in parents])


async def product_count(
    parents: Sequence[Category], context: Context
) -> list[int | Failure | None]:
    """Count the products in each category and below it."""
    return await context.loaders.product_count_by_category.load([each.key for each in parents])
