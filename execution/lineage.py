"""Where products and categories stand in the tree, remembered beyond one operation."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial

import structlog

from domain.ask import Ask
from domain.category import ROOT, Category, CategoryPort
from domain.errors import Failure
from domain.product import Variant
from domain.promotion import Names
from domain.provenance import CATALOGUE
from domain.task import beside
from execution.loaders import Loaders

# No assortment is deeper; a tree that leads back into itself ends here.
_MAX_DEPTH = 10
_MAX_KEPT = 200_000
_AGAIN = 60.0
_log = structlog.get_logger("execution")


class Lineage:
    """What the categories of a product are called, by key and by code.

    *Freshness*: as long as catalogue data counts as fresh. *Shape*: at most 200,000 products.
    """

    def __init__(self) -> None:
        self._names: dict[str, Names] = {}
        self._products: dict[str, str | None] = {}
        self._until = 0.0

    @asynccontextmanager
    async def running(self, port: CategoryPort, ask: Callable[[], Ask]) -> AsyncIterator[None]:
        """Know the whole tree before the first operation, if it can be had, and keep it known."""
        await self._look(port, ask)
        async with beside(partial(self._run, port, ask)):
            yield

    async def of_variants(
        self, variants: Sequence[Variant], loaders: Loaders
    ) -> Mapping[str, Names | Failure]:
        """Tell where the products of variants stand, by product.

        What is not known is read: the products first, then level after level.
        """
        if time.monotonic() >= self._until or len(self._products) > _MAX_KEPT:
            self._forget()
        places: dict[str, str | None] = {
            each.product_key: each.category_key or self._products.get(each.product_key)
            for each in variants
        }
        found: dict[str, Names | Failure] = {}
        wanted = [key for key, place in places.items() if not place and key not in self._products]
        for key, product in zip(wanted, await loaders.product_by_key.load(wanted)):
            if isinstance(product, Failure):
                found[key] = product
                del places[key]
            else:
                place = product.category.key if product and product.category else None
                self._products[key] = places[key] = place
        above = await self._of(
            [*dict.fromkeys(place for place in places.values() if place)], loaders
        )
        for key, place in places.items():
            found[key] = above[place] if place else frozenset()
        return found

    async def _of(self, keys: Sequence[str], loaders: Loaders) -> Mapping[str, Names | Failure]:
        found: dict[str, Names | Failure] = {
            key: self._names[key] for key in keys if key in self._names
        }
        paths: dict[str, set[str]] = {key: set() for key in keys if key not in found}
        ends = {key: key for key in paths}
        for _ in range(_MAX_DEPTH):
            if not ends:
                break
            wanted = [*dict.fromkeys(ends.values())]
            level = dict(zip(wanted, await loaders.category_by_key.load(wanted)))
            for key, end in [*ends.items()]:
                category = level[end]
                del ends[key]
                if isinstance(category, Failure):
                    found[key] = category
                elif category is not None:
                    paths[key] |= {category.key, category.code}
                    if category.parent_key:
                        ends[key] = category.parent_key
        for key, path in paths.items():
            if key not in found:
                found[key] = self._names[key] = frozenset(path)
        return found

    def _forget(self) -> None:
        self._names, self._products = {}, {}
        self._until = time.monotonic() + CATALOGUE.fresh.total_seconds()

    async def _run(self, port: CategoryPort, ask: Callable[[], Ask]) -> None:
        fresh = CATALOGUE.fresh.total_seconds()
        while True:
            # Before the tree is forgotten, so that no operation has to wait for it.
            await asyncio.sleep(fresh / 2 if self._names else _AGAIN)
            await self._look(port, ask)

    async def _look(self, port: CategoryPort, ask: Callable[[], Ask]) -> None:
        try:
            names = await _tree(port, ask())
        except Failure as failure:
            _log.info("lineage", code=failure.code)
        except Exception:  # noqa: BLE001 - the next look is not this one's to prevent
            _log.exception("lineage")
        else:
            self._forget()
            self._names = names


async def _tree(port: CategoryPort, ask: Ask) -> dict[str, Names]:
    """Walk down from the top. *Errors*: the port's."""
    names: dict[str, Names] = {ROOT: frozenset()}
    level = [ROOT]
    for _ in range(_MAX_DEPTH):
        below = await port.categories_by_parent(level, ask)
        level = []
        for parent, categories in below.items():
            for category in categories if not isinstance(categories, Failure) else ():
                if not isinstance(category, Failure) and category.key not in names:
                    names[category.key] = names[parent] | _called(category)
                    level.append(category.key)
        if not level:
            break
    return names


def _called(category: Category) -> Names:
    return frozenset({category.key, category.code})
