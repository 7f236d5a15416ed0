"""Facets."""

from decimal import Decimal

import domain.facet
from schema.category import Category
from schema.field import plain, publishes
from schema.money import Money


@publishes(domain.facet.Facet, interface=True)
class Facet:
    """What choosing by one property would leave; counts are of products.

    Each is counted as if nothing of this property itself were chosen yet.
    """

    code: str = plain(
        "Which property: `category`, `brand`, `price`, `reduced`, or the code of an option or "
        "attribute, which filters take."
    )
    name: str | None = plain(
        "What the property is called, in the language served; null for category, brand, price "
        "and reduced."
    )
    count: int = plain("How many products have the property at all.")


@publishes(domain.facet.ChoiceCount)
class ChoiceCount:
    """One value."""

    code: str = plain("The value's code, which filters take.")
    text: str = plain("What it is called, in the language served.")
    count: int = plain("How many products have it.")


@publishes(domain.facet.ChoiceFacet)
class ChoiceFacet(Facet):
    """Values to choose among: brands, options, coded attributes."""

    choices: list[ChoiceCount] = plain("The values, the most frequent first: at most 100.")


@publishes(domain.facet.CategoryCount)
class CategoryCount:
    """One category."""

    category: Category = plain("The category.")
    count: int = plain("How many products it and those below it hold.")


@publishes(domain.facet.CategoryFacet)
class CategoryFacet(Facet):
    """Categories of all levels."""

    categories: list[CategoryCount] = plain("Those that hold products, parents first.")


@publishes(domain.facet.NumberFacet)
class NumberFacet(Facet):
    """The range that a measured property spans."""

    min: Decimal = plain("The smallest number.")
    max: Decimal = plain("The largest number.")
    unit: str | None = plain("The unit; null for plain numbers.")


@publishes(domain.facet.PriceFacet)
class PriceFacet(Facet):
    """The range that prices span in this market, channel and currency."""

    lowest: Money = plain("The lowest price, tax included.")
    highest: Money = plain("The highest price, tax included.")


@publishes(domain.facet.FlagFacet)
class FlagFacet(Facet):
    """A property that products have or have not; the count is of those that have it."""
