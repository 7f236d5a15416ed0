"""Criteria: what a query rests on, and what a system that cannot apply it says."""

from decimal import Decimal

import pytest

from domain.errors import BadInput
from domain.filter import (
    AttributeFilter,
    Criterion,
    OptionFilter,
    PriceRange,
    ProductFilter,
    ProductQuery,
    ProductSort,
    check,
    criteria,
    unsupported,
)
from domain.page import PageRequest

PAGE = PageRequest(10)
EACH = {
    Criterion.SEARCH: ProductQuery(PAGE, "a"),
    Criterion.CATEGORY: ProductQuery(PAGE, where=ProductFilter(category="erp:1")),
    Criterion.BRAND: ProductQuery(PAGE, where=ProductFilter(brands=("A",))),
    Criterion.PRICE: ProductQuery(PAGE, where=ProductFilter(price=PriceRange(Decimal(1)))),
    Criterion.OPTION: ProductQuery(
        PAGE, where=ProductFilter(options=(OptionFilter("size", ("M",)),))
    ),
    Criterion.ATTRIBUTE: ProductQuery(
        PAGE, where=ProductFilter(attributes=(AttributeFilter("heel", is_true=True),))
    ),
    Criterion.STOCK: ProductQuery(PAGE, skus=frozenset()),
    Criterion.REDUCED: ProductQuery(PAGE, where=ProductFilter(is_reduced=False)),
    Criterion.DISCONTINUED: ProductQuery(PAGE, where=ProductFilter(is_discontinued=False)),
    Criterion.SORT_NEWEST: ProductQuery(PAGE, sort=ProductSort.NEWEST),
    Criterion.SORT_PRICE: ProductQuery(PAGE, sort=ProductSort.PRICE_DESC),
    Criterion.SORT_NAME: ProductQuery(PAGE, sort=ProductSort.NAME),
    Criterion.SORT_CHANGED: ProductQuery(PAGE, sort=ProductSort.LAST_CHANGED),
}


def test_every_kind_of_criterion_is_told_apart() -> None:
    """Each criterion a query can have is one kind, and a plain page rests on none."""
    assert EACH.keys() == set(Criterion)
    for criterion, query in EACH.items():
        assert criteria(query.search, query.where, query.skus, query.sort) == {criterion}
    assert criteria(None, ProductFilter()) == frozenset()


@pytest.mark.parametrize("criterion", Criterion, ids=lambda each: each.name)
def test_what_a_system_cannot_apply_is_refused_by_name(criterion: Criterion) -> None:
    """A system that lacks a criterion refuses it, naming the argument; one that has it does not."""
    query = EACH[criterion]
    assert unsupported(query, set(Criterion)) is None
    refused = unsupported(query, set(Criterion) - {criterion})
    assert isinstance(refused, BadInput)
    assert refused.argument == criterion.value.partition(":")[0]
    assert unsupported(ProductQuery(PAGE), ()) is None


def test_a_price_has_the_digits_of_its_currency() -> None:
    """A bound that the currency cannot write is refused; another currency may have it."""
    where = ProductFilter(price=PriceRange(Decimal("1.50")))
    check(where, "PLN")
    with pytest.raises(BadInput, match="JPY"):
        check(where, "JPY")
