"""Facets of several systems, told together."""

from datetime import UTC, datetime
from decimal import Decimal

from domain.category import ROOT, Category
from domain.facet import (
    CategoryCount,
    CategoryFacet,
    ChoiceCount,
    ChoiceFacet,
    Facets,
    FlagFacet,
    NumberFacet,
    PriceFacet,
    together,
)
from domain.money import Money
from domain.provenance import CATALOGUE, Provenance


def _part(system: str, minute: int, number: int) -> Facets:
    source = Provenance(system, datetime(2026, 6, 1, 12, minute, tzinfo=UTC), CATALOGUE)
    category = Category(
        key=f"{system}:1", code="1", name="Shirts", parent_key=ROOT, provenance=source
    )
    return Facets(
        number,
        (
            ChoiceFacet(
                code="brand",
                count=number,
                choices=(ChoiceCount("X", "Both", number), ChoiceCount(system, system, 1)),
            ),
            CategoryFacet(
                code="category", count=number, categories=(CategoryCount(category, number),)
            ),
            NumberFacet(
                code="heel", count=1, min=Decimal(number), max=Decimal(number + 1), unit="cm"
            ),
            PriceFacet(
                code="price",
                count=number,
                lowest=Money(number, "PLN"),
                highest=Money(100 - number, "PLN"),
            ),
            FlagFacet(code="reduced", count=2),
        ),
        source,
    )


def test_what_two_systems_counted_is_added_up() -> None:
    """Counts are sums, ranges span both, categories stand side by side, the oldest is told."""
    one, two = _part("a", 5, 3), _part("b", 1, 7)
    found = together([one, two])
    assert (found.total, found.provenance.system) == (10, "b")
    brand, category, heel, price, reduced = found.facets
    assert isinstance(brand, ChoiceFacet)
    assert [(c.code, c.count) for c in brand.choices] == [("X", 10), ("a", 1), ("b", 1)]
    assert isinstance(category, CategoryFacet)
    assert [(c.category.key, c.count) for c in category.categories] == [("a:1", 3), ("b:1", 7)]
    assert isinstance(heel, NumberFacet)
    assert (heel.min, heel.max, heel.count) == (Decimal(3), Decimal(8), 2)
    assert isinstance(price, PriceFacet)
    assert (price.lowest.minor, price.highest.minor, price.count) == (3, 97, 10)
    assert reduced == FlagFacet(code="reduced", count=4)
    assert together([one]).facets == one.facets


def test_a_code_that_means_two_things_is_not_added_up() -> None:
    """Where systems use one code for facets of different types, the first one's stands."""
    one, two = _part("a", 1, 3), _part("b", 2, 7)
    odd = Facets(7, (FlagFacet(code="brand", count=9),), two.provenance)
    assert together([one, odd]).facets[0] == one.facets[0]
