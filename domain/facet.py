"""Facets: what each further choice would leave of a listing."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.ask import Ask
from domain.category import Category
from domain.errors import Failure
from domain.filter import EVERYTHING, ProductFilter
from domain.money import Money
from domain.provenance import Provenance

CATEGORY, BRAND, PRICE, REDUCED = "category", "brand", "price", "reduced"
"""The facets that every product system calls the same; all others have the retailer's codes."""


class Facet(Struct, frozen=True, kw_only=True):
    """What one property would leave.

    Counts are of products, as if nothing of this property itself were chosen yet.

    *Shape*: ``name`` in the language served, None for the facets that are the same everywhere;
    ``count`` how many products have the property at all.
    """

    code: str
    name: str | None = None
    count: int


class ChoiceCount(Struct, frozen=True, gc=False):
    """One value, what it is called, and how many products have it."""

    code: str
    text: str
    count: int


class ChoiceFacet(Facet, frozen=True, kw_only=True):
    """Values to choose among, the most frequent first."""

    choices: tuple[ChoiceCount, ...]


class CategoryCount(Struct, frozen=True, gc=False):
    """One category and how many products it and those below it hold."""

    category: Category
    count: int


class CategoryFacet(Facet, frozen=True, kw_only=True):
    """Categories of all levels that hold products of the listing, parents first."""

    categories: tuple[CategoryCount, ...]


class NumberFacet(Facet, frozen=True, kw_only=True):
    """The range that a measured property spans."""

    min: Decimal
    max: Decimal
    unit: str | None = None


class PriceFacet(Facet, frozen=True, kw_only=True):
    """The range that prices span here, tax included."""

    lowest: Money
    highest: Money


class FlagFacet(Facet, frozen=True, kw_only=True):
    """A property that products have or have not; ``count`` are those that have it."""


class Facets(Struct, frozen=True):
    """All facets of one listing, and how many products it holds."""

    total: int
    facets: tuple[Facet, ...]
    provenance: Provenance


class FacetQuery(Struct, frozen=True):
    """A listing as ``ProductQuery`` has it, and which facets are wanted; None means all."""

    search: str | None = None
    where: ProductFilter = EVERYTHING
    skus: frozenset[str] | None = None
    codes: tuple[str, ...] | None = None


@runtime_checkable
class FacetPort(Protocol):
    """The system that can count what a listing would become."""

    async def facets_by_query(
        self, queries: Sequence[FacetQuery], ask: Ask
    ) -> Mapping[FacetQuery, Facets | Failure]:
        """Count each listing by its facets.

        A facet that nothing in the listing has may be absent; an unknown code is. *Errors*:
        ``BadInput`` for a criterion that the system cannot apply, as in ``products_by_query``.
        """
        ...
