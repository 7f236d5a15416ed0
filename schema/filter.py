"""What products can be filtered and ordered by."""

from decimal import Decimal

import strawberry

import domain.filter
from domain.policy import Category
from schema.field import accepts, enumerates, plain

enumerates(
    domain.filter.ProductSort,
    "The order of a listing; what is equal stands in the retailer's own order.",
    classified={"LAST_CHANGED": Category.OPERATIONAL},
    RELEVANCE="The retailer's own order.",
    NEWEST="What came last, first.",
    PRICE_ASC="The cheapest first, each product by its cheapest variant that meets the filter.",
    PRICE_DESC="The dearest first, each product by its dearest variant that meets the filter.",
    NAME="By name, in the language served.",
    LAST_CHANGED="What was changed last, first; for staff.",
)


@accepts(domain.filter.PriceRange, name="PriceRangeInput")
class PriceRangeInput:
    """Prices, tax included, in the currency of the operation; at least one bound."""

    min: Decimal | None = plain("The lowest that is wanted.")
    max: Decimal | None = plain("The highest that is wanted.")


@accepts(domain.filter.OptionFilter, name="OptionFilter")
class OptionFilter:
    """Variants by one of their options."""

    code: str = plain("The option's code, such as `colour` or `size`.")
    values: list[str] = plain("The codes of the values that are wanted: 1 to 50.")


@accepts(domain.filter.AttributeFilter, name="AttributeFilter")
class AttributeFilter:
    """Products by one of their attributes: `values`, or `min` and `max`, or `isTrue`."""

    code: str = plain("The attribute's code.")
    values: list[str] | None = plain("The codes or texts that are wanted: 1 to 50.")
    min: Decimal | None = plain("The smallest number that is wanted.")
    max: Decimal | None = plain("The largest number that is wanted.")
    is_true: bool | None = plain("Whether the product has what the attribute says.")


@accepts(domain.filter.ProductFilter, name="ProductFilter")
class ProductFilter:
    """Criteria that hold together.

    One and the same variant has to meet price, options, reduction and stock; its product the rest.
    """

    category: strawberry.ID | None = plain("A category, with all below it.")
    brands: list[str] | None = plain("One of these brands: 1 to 50.")
    price: PriceRangeInput | None = plain("A price within these bounds.")
    options: list[OptionFilter] | None = plain("All of these options: at most 10.")
    attributes: list[AttributeFilter] | None = plain("All of these attributes: at most 10.")
    in_stock_at: strawberry.ID | None = plain(
        "A location that can promise at least a piece: what is allocated or held back there does "
        "not count."
    )
    is_reduced: bool | None = plain("Whether the price is below the list price.")
    is_discontinued: bool | None = plain(
        "Whether it will not be made again; for staff.", category=Category.OPERATIONAL
    )
