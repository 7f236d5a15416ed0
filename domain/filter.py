"""Which products are wanted, in which order: the criteria, and what may be asked for."""

from collections.abc import Collection
from decimal import Decimal
from enum import Enum

from msgspec import Struct

from domain.errors import BadInput
from domain.money import Money
from domain.page import PageRequest

_MAX_BRANDS = 50
_MAX_CRITERIA = 10
_MAX_VALUES = 50
_MAX_TEXT = 100


class ProductSort(Enum):
    """The order of a listing; what is equal stands in the retailer's own order."""

    RELEVANCE = "RELEVANCE"
    NEWEST = "NEWEST"
    PRICE_ASC = "PRICE_ASC"
    PRICE_DESC = "PRICE_DESC"
    NAME = "NAME"
    LAST_CHANGED = "LAST_CHANGED"


class PriceRange(Struct, frozen=True, gc=False):
    """Prices from ``min`` to ``max``, both included, in the operation's currency."""

    min: Decimal | None = None
    max: Decimal | None = None


class OptionFilter(Struct, frozen=True, gc=False):
    """Variants with one of these values of an option."""

    code: str
    values: tuple[str, ...]


class AttributeFilter(Struct, frozen=True, gc=False):
    """Products with one of these values, with a number in a range, or that have a property.

    *Shape*: exactly one of ``values``, ``min`` or ``max`` or both, and ``is_true``.
    """

    code: str
    values: tuple[str, ...] | None = None
    min: Decimal | None = None
    max: Decimal | None = None
    is_true: bool | None = None


class ProductFilter(Struct, frozen=True, kw_only=True):
    """Criteria that hold together.

    A product is wanted when one and the same variant of it meets price, options, reduction and
    stock, and the product the rest.

    *Shape*: ``category`` and ``in_stock_at`` are global ids as callers write them, and keys once
    ``ProductQuery`` holds them.
    """

    category: str | None = None
    brands: tuple[str, ...] | None = None
    price: PriceRange | None = None
    options: tuple[OptionFilter, ...] | None = None
    attributes: tuple[AttributeFilter, ...] | None = None
    in_stock_at: str | None = None
    is_reduced: bool | None = None
    is_discontinued: bool | None = None


EVERYTHING = ProductFilter()


class ProductSelection(Struct, frozen=True):
    """Which products are meant, on whatever page and in whatever order: as ``ProductQuery``."""

    search: str | None = None
    where: ProductFilter = EVERYTHING
    skus: frozenset[str] | None = None


class ProductQuery(Struct, frozen=True):
    """Which products are wanted: a page of those that match ``search`` and ``where``.

    *Shape*: ``skus`` restricts the listing to products with one of these variants: what
    ``where.in_stock_at`` comes down to once the stock system has answered.
    """

    page: PageRequest
    search: str | None = None
    where: ProductFilter = EVERYTHING
    sort: ProductSort = ProductSort.RELEVANCE
    skus: frozenset[str] | None = None

    @property
    def selection(self) -> ProductSelection:
        """What is listed, on all pages together."""
        return ProductSelection(self.search, self.where, self.skus)

    @property
    def alone(self) -> BadInput | None:
        """Why several systems cannot answer this together; None where they can.

        What one system sorts by (a price, a name in its own collation) does not come with its
        page, so that pages of several could not be put in one order.
        """
        if self.sort is ProductSort.RELEVANCE:
            return None
        allowed = "RELEVANCE; several product systems share this listing, and each sorts its own"
        return BadInput("sort", self.sort.value, allowed)


class Criterion(Enum):
    """A kind of criterion that a product system can apply or not; the value names the argument."""

    SEARCH = "search"
    CATEGORY = "where.category"
    BRAND = "where.brands"
    PRICE = "where.price"
    OPTION = "where.options"
    ATTRIBUTE = "where.attributes"
    STOCK = "where.inStockAt"
    REDUCED = "where.isReduced"
    DISCONTINUED = "where.isDiscontinued"
    SORT_NEWEST = "sort: NEWEST"
    SORT_PRICE = "sort: PRICE_ASC"
    SORT_NAME = "sort: NAME"
    SORT_CHANGED = "sort: LAST_CHANGED"


_SORTS = {
    ProductSort.NEWEST: Criterion.SORT_NEWEST,
    ProductSort.PRICE_ASC: Criterion.SORT_PRICE,
    ProductSort.PRICE_DESC: Criterion.SORT_PRICE,
    ProductSort.NAME: Criterion.SORT_NAME,
    ProductSort.LAST_CHANGED: Criterion.SORT_CHANGED,
}


def criteria(
    search: str | None,
    where: ProductFilter,
    skus: frozenset[str] | None = None,
    sort: ProductSort = ProductSort.RELEVANCE,
) -> frozenset[Criterion]:
    """Tell which kinds of criteria a query rests on."""
    asked = {
        Criterion.SEARCH: search,
        Criterion.CATEGORY: where.category,
        Criterion.BRAND: where.brands,
        Criterion.PRICE: where.price,
        Criterion.OPTION: where.options,
        Criterion.ATTRIBUTE: where.attributes,
        Criterion.STOCK: skus,
        Criterion.REDUCED: where.is_reduced,
        Criterion.DISCONTINUED: where.is_discontinued,
        _SORTS.get(sort, Criterion.SEARCH): _SORTS.get(sort) or search,
    }
    return frozenset(each for each, value in asked.items() if value is not None)


def unsupported(
    query: ProductQuery | ProductSelection, able: Collection[Criterion]
) -> BadInput | None:
    """Refuse a query that rests on what a product system cannot apply.

    An adapter names what it can; what it cannot is told to the caller and never left out, since a
    listing that ignores a criterion is a wrong answer.
    """
    sort = query.sort if isinstance(query, ProductQuery) else ProductSort.RELEVANCE
    asked = criteria(query.search, query.where, query.skus, sort)
    lacking = sorted(each.value for each in asked if each not in able)
    if not lacking:
        return None
    argument, _, found = lacking[0].partition(": ")
    known = sorted(each.value for each in able if each.value.startswith(argument[:4]))
    return BadInput(
        argument,
        found or "a criterion",
        f"leave it out; this retailer's product system can do {', '.join(known) or 'none'}",
    )


def check(where: ProductFilter, currency: str) -> None:
    """Check a caller's criteria.

    *Errors*: ``BadInput`` for too many, for ranges that hold nothing, for prices that the
    currency cannot write.
    """
    _texts("where.brands", where.brands, _MAX_BRANDS)
    if where.price is not None:
        _range("where.price", where.price.min, where.price.max)
        for bound in (where.price.min, where.price.max):
            _amount(bound, currency)
    for argument, filters in (
        ("where.options", where.options or ()),
        ("where.attributes", where.attributes or ()),
    ):
        if len(filters) > _MAX_CRITERIA:
            raise BadInput(argument, f"{len(filters)} of them", f"at most {_MAX_CRITERIA}")
        for each in filters:
            _texts(f"{argument}.code", (each.code,), 1)
            _texts(f"{argument}.values", each.values, _MAX_VALUES)
            if isinstance(each, AttributeFilter):
                _kind(each)


def _kind(each: AttributeFilter) -> None:
    ranged = each.min is not None or each.max is not None
    if sum((each.values is not None, ranged, each.is_true is not None)) != 1:
        allowed = "one of values, min and max, isTrue"
        raise BadInput("where.attributes", each.code, allowed)
    _range("where.attributes", each.min, each.max)


def _range(argument: str, low: Decimal | None, high: Decimal | None) -> None:
    if low is None and high is None and argument == "where.price":
        raise BadInput(argument, "neither min nor max", "at least one of them")
    if low is not None and high is not None and low > high:
        raise BadInput(argument, f"{low} to {high}", "min not above max")


def _amount(bound: Decimal | None, currency: str) -> None:
    if bound is None:
        return
    try:
        minor = Money.of(bound, currency).minor
    except ValueError:
        minor = -1
    if minor < 0:
        raise BadInput("where.price", str(bound), f"an amount of {currency}, not below zero")


def _texts(argument: str, texts: tuple[str, ...] | None, most: int) -> None:
    if texts is None:
        return
    if not 1 <= len(texts) <= most:
        raise BadInput(argument, f"{len(texts)} of them", f"1 to {most}")
    for text in texts:
        if not 1 <= len(text) <= _MAX_TEXT:
            raise BadInput(argument, text, f"1 to {_MAX_TEXT} characters")
