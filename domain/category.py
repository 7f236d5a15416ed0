"""The tree of categories that the assortment is arranged in."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.ask import Ask
from domain.errors import Failure
from domain.identity import node_id
from domain.provenance import Provenance

ROOT = ""
"""What stands for the parent of the topmost categories."""


class Category(Struct, frozen=True, gc=False, kw_only=True):
    """A place in the retailer's assortment.

    *Shape*: ``parent_key`` as ``key``, ``ROOT`` for the topmost, None where it is not known.
    """

    key: str
    code: str
    name: str
    parent_key: str | None = None
    provenance: Provenance

    @property
    def id(self) -> str:
        """The global id."""
        return node_id("Category", self.key)


@runtime_checkable
class CategoryPort(Protocol):
    """The system that arranges the assortment."""

    async def category_by_key(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Category | Failure]:
        """Read categories; unknown keys are absent."""
        ...

    async def categories_by_parent(
        self, parents: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[Category | Failure] | Failure]:
        """Read what stands directly below each parent, in the retailer's order.

        ``ROOT`` asks for the topmost. An unknown parent is absent; one without any below it has
        an empty sequence.
        """
        ...

    async def product_count_by_category(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, int | Failure]:
        """Count the products in each category and all below it; unknown keys are absent."""
        ...
