"""Facets: what each further choice would leave of a listing."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import Protocol, runtime_checkable

from msgspec import Struct
from msgspec.structs import replace

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

    @staticmethod
    def together(parts: "Sequence[Facets]") -> "Facets":
        """Join what several systems counted, each its own products."""
        return together(parts)


def together(parts: Sequence[Facets]) -> Facets:
    """Join what several systems counted, each its own products."""
    by_code: dict[str, list[Facet]] = {}
    for part in parts:
        for facet in part.facets:
            by_code.setdefault(facet.code, []).append(facet)
    return Facets(
        sum(part.total for part in parts),
        tuple(_joined(facets) for facets in by_code.values()),
        min((part.provenance for part in parts), key=lambda each: each.observed_at),
    )


def _joined(facets: Sequence[Facet]) -> Facet:
    first = facets[0]
    # What two systems mean differently by one code cannot be added up.
    same = [each for each in facets if type(each) is type(first)]
    count = sum(each.count for each in same)
    match first:
        case ChoiceFacet():
            counts: dict[str, ChoiceCount] = {}
            for choice in (
                c for each in same if isinstance(each, ChoiceFacet) for c in each.choices
            ):
                known = counts.get(choice.code)
                more = choice.count + (known.count if known else 0)
                counts[choice.code] = ChoiceCount(choice.code, (known or choice).text, more)
            ranked = sorted(counts.values(), key=lambda each: (-each.count, each.code))
            return replace(first, count=count, choices=tuple(ranked))
        case CategoryFacet():
            nested = (each.categories for each in same if isinstance(each, CategoryFacet))
            return replace(first, count=count, categories=tuple(chain.from_iterable(nested)))
        case NumberFacet():
            numbers = [each for each in same if isinstance(each, NumberFacet)]
            low, high = min(each.min for each in numbers), max(each.max for each in numbers)
            return replace(first, count=count, min=low, max=high)
        case PriceFacet():
            prices = [each for each in same if isinstance(each, PriceFacet)]
            lowest = min((each.lowest for each in prices), key=lambda each: each.minor)
            highest = max((each.highest for each in prices), key=lambda each: each.minor)
            return replace(first, count=count, lowest=lowest, highest=highest)
        case _:
            return replace(first, count=count)


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
