"""Where categories stand in the tree, remembered beyond one operation."""

import time
from collections.abc import Mapping, Sequence

from domain.category import Category
from domain.errors import Failure
from domain.promotion import Names
from domain.provenance import CATALOGUE
from execution.loader import Loader

# No assortment is deeper; a tree that leads back into itself ends here.
_MAX_DEPTH = 10
_MAX_KEPT = 20_000


class Lineage:
    """What each category and all above it are called, by key and by code.

    *Freshness*: as long as catalogue data counts as fresh. *Shape*: at most 20,000 categories.
    """

    def __init__(self) -> None:
        self._names: dict[str, Names] = {}
        self._until = 0.0

    async def of(
        self, keys: Sequence[str], loader: Loader[str, Category]
    ) -> Mapping[str, Names | Failure]:
        """Find the names of categories; only what is not known is loaded, level after level."""
        if time.monotonic() >= self._until or len(self._names) > _MAX_KEPT:
            self._names = {}
            self._until = time.monotonic() + CATALOGUE.fresh.total_seconds()
        found: dict[str, Names | Failure] = {
            key: self._names[key] for key in keys if key in self._names
        }
        paths: dict[str, set[str]] = {key: set() for key in keys if key not in found}
        ends: dict[str, str] = {key: key for key in paths}
        for _ in range(_MAX_DEPTH):
            if not ends:
                break
            wanted = [*dict.fromkeys(ends.values())]
            level = dict(zip(wanted, await loader.load(wanted)))
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
