"""Categories."""

from typing import Annotated

import strawberry

import domain.category
import resolvers.category
from schema.field import batch, plain, publishes
from schema.node import Node
from schema.provenance import Provenance

_Lazy = Annotated["Category", strawberry.lazy("schema.category")]


@publishes(domain.category.Category)
class Category(Node):
    """A place in the assortment."""

    code: str = plain("The retailer's code.")
    name: str = plain("What shoppers call it, in the language served.")
    provenance: Provenance = plain("Where this comes from.")

    @batch(resolvers.category.parent)
    def parent(self) -> _Lazy | None:
        """What it stands below; null for the topmost."""

    @batch(resolvers.category.children)
    def children(self) -> list[_Lazy] | None:
        """What stands directly below it, in the retailer's order."""

    @batch(resolvers.category.product_count)
    def product_count(self) -> int | None:
        """How many products it and those below it hold; counted only when asked for."""
