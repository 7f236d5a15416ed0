"""Products, their variants, and what each is offered for."""

from collections.abc import Sequence

from msgspec.structs import replace

import domain.gtin
from domain.assortment import Assortment
from domain.errors import BadInput, Failure, NotServed
from domain.facet import Facet, FacetQuery, Facets
from domain.filter import EVERYTHING, ProductFilter, ProductQuery, ProductSort, check
from domain.identity import node_key
from domain.ledger import LedgerEntry, ledger_prior_price, reaches_back
from domain.offer import Offer
from domain.page import Count, edges, page_info, page_request
from domain.price import PriceHistory, PriorPrice
from domain.product import Component, PriceSpan, Product, ProductConnection, Variant
from execution.context import Context
from resolvers.promotion import promoted_offers

_MAX_SEARCH = 200
_MAX_FACETS = 20
_MAX_CODE = 40


async def products(
    parents: Sequence[object],
    context: Context,
    search: str | None = None,
    where: ProductFilter | None = None,
    sort: ProductSort = ProductSort.RELEVANCE,
    first: int = 20,
    after: str | None = None,
) -> list[ProductConnection | Failure]:
    """List a page of products. *Errors*: ``BadInput`` for any argument."""
    words = search.strip() if search else None
    where = where or EVERYTHING
    request = page_request(first, after, "products", words, where, sort)
    if search is not None and not 1 <= len(search.strip()) <= _MAX_SEARCH:
        raise BadInput("search", search, f"1 to {_MAX_SEARCH} characters")
    check(where, context.ask.currency)
    query = ProductQuery(request, words, _keyed(where), sort)
    return [await _listing(query, context)] * len(parents)


async def _listing(query: ProductQuery, context: Context) -> ProductConnection | Failure:
    """Read the page that a query means, after the stock system has said what lies there."""
    missing: tuple[str, ...] = ()
    if query.where.in_stock_at is not None:
        stocked = await context.loaders.skus_by_location.load_one(query.where.in_stock_at)
        if isinstance(stocked, Failure):
            return stocked
        if isinstance(stocked, Assortment) and not stocked.is_complete:
            missing = (stocked.provenance.system,)
        query = replace(query, skus=stocked.skus if stocked is not None else frozenset())
    page = await context.loaders.products_by_query.load_one(query)
    assert page is not None, "a source answers every query with a page"
    if isinstance(page, Failure):
        return page
    missing += page.missing
    return ProductConnection(
        edges=edges(page, query.page),
        page_info=page_info(page, query.page),
        complete=not missing,
        missing=missing,
        query=query,
        total=page.total,
    )


async def total_count(
    parents: Sequence[ProductConnection], context: Context
) -> list[Count | Failure | None]:
    """Count each listing, asking its system only where the page has not told already."""
    untold = [parent.query.selection for parent in parents if parent.total is None]
    counts = dict(zip(untold, await context.loaders.product_count_by_query.load(untold)))
    found: list[Count | Failure | None] = []
    for parent in parents:
        total: int | Failure | None = parent.total
        if total is None:
            total = counts[parent.query.selection]
        found.append(Count(total, parent.complete) if isinstance(total, int) else total)
    return found


async def facets(
    parents: Sequence[ProductConnection],
    context: Context,
    codes: Sequence[str] | None = None,
) -> list[tuple[Facet, ...] | Failure | None]:
    """Count what each further choice would leave of each listing. *Errors*: ``BadInput``."""
    if codes is not None:
        if len(codes) > _MAX_FACETS:
            raise BadInput("codes", f"{len(codes)} codes", f"at most {_MAX_FACETS}")
        for code in codes:
            if not 1 <= len(code) <= _MAX_CODE:
                raise BadInput("codes", code, f"1 to {_MAX_CODE} characters each")
    wanted = None if codes is None else tuple(dict.fromkeys(codes))
    counted = await context.loaders.facets_by_query.load(
        [
            FacetQuery(parent.query.search, parent.query.where, parent.query.skus, wanted)
            for parent in parents
        ]
    )
    return [each.facets if isinstance(each, Facets) else each for each in counted]


async def variant(
    parents: Sequence[object],
    context: Context,
    sku: str | None = None,
    gtin: str | None = None,
) -> list[Variant | Failure | None]:
    """Find a variant by its SKU or its GTIN.

    *Errors*: ``BadInput`` for both or neither, and for what is no GTIN.
    """
    if (sku is None) == (gtin is None):
        found = "none of them" if sku is None else "both"
        raise BadInput("sku, gtin", found, "exactly one")
    if sku is not None:
        return [await context.loaders.variant_by_sku.load_one(sku)] * len(parents)
    number = domain.gtin.gtin(gtin or "", "gtin")
    return [await context.loaders.variant_by_gtin.load_one(number)] * len(parents)


async def product_of_variant(
    parents: Sequence[Variant], context: Context
) -> list[Product | Failure | None]:
    """Find the style of each variant."""
    return await context.loaders.product_by_key.load([parent.product_key for parent in parents])


async def variant_of_component(
    parents: Sequence[Component], context: Context
) -> list[Variant | Failure | None]:
    """Find the variant of each component."""
    return await context.loaders.variant_by_sku.load([parent.sku for parent in parents])


async def offer_of_variant(
    parents: Sequence[Variant], context: Context
) -> list[Offer | Failure | None]:
    """Find the price of each variant, here."""
    return await promoted_offers(parents, context)


async def price_span_of_product(
    parents: Sequence[Product], context: Context
) -> list[PriceSpan | Failure | None]:
    """Find the lowest and the highest price of each product's variants, here."""
    variants = {each.sku: each for parent in parents for each in parent.variants}
    offers = dict(zip(variants, await promoted_offers([*variants.values()], context)))
    return [_span([offers[variant.sku] for variant in parent.variants]) for parent in parents]


def _span(offers: Sequence[Offer | Failure | None]) -> PriceSpan | Failure | None:
    failure = next((each for each in offers if isinstance(each, Failure)), None)
    if failure is not None:
        return failure
    prices = sorted(
        (each.price for each in offers if isinstance(each, Offer)),
        key=lambda price: price.gross.minor,
    )
    return PriceSpan(prices[0], prices[-1]) if prices else None


async def prior_price_of_offer(
    parents: Sequence[Offer], context: Context
) -> list[PriorPrice | Failure | None]:
    """Find the price that each reduction must be announced against; null without a reduction.

    It follows from the gateway's ledger; where that does not reach back far enough, from what the
    system remembers before it.
    """
    reduced = [parent for parent in parents if parent.is_reduced]
    skus = [offer.sku for offer in reduced]
    ledgers = dict(zip(skus, await context.loaders.price_ledger_by_sku.load(skus)))
    older = [offer.sku for offer in reduced if not _is_covered(offer, ledgers[offer.sku], context)]
    histories = dict(zip(older, await context.loaders.price_history_by_sku.load(older)))
    return [
        _prior(parent, ledgers[parent.sku], histories.get(parent.sku), context)
        if parent.is_reduced
        else None
        for parent in parents
    ]


Ledger = Sequence[LedgerEntry] | Failure | None


def _is_covered(offer: Offer, ledger: Ledger, context: Context) -> bool:
    return not isinstance(ledger, Failure | None) and reaches_back(ledger, offer, context.now)


def _prior(
    offer: Offer, ledger: Ledger, history: PriceHistory | Failure | None, context: Context
) -> PriorPrice | Failure | None:
    if isinstance(ledger, NotServed):
        # Nothing is kept here, so that nothing is taken off here that a system would not know.
        ledger = None
    for each in (ledger, history):
        if isinstance(each, Failure):
            return each
    entries = history.entries if isinstance(history, PriceHistory) else ()
    provenance = history.provenance if isinstance(history, PriceHistory) else None
    known = ledger if not isinstance(ledger, Failure | None) else ()
    return ledger_prior_price(known, entries, offer, context.now, provenance)


def _keyed(where: ProductFilter) -> ProductFilter:
    """Read the ids among the criteria. *Errors*: ``BadInput`` for ids of another kind."""
    category, location = where.category, where.in_stock_at
    if category is not None:
        _, category = node_key(category, "where.category", "Category")
    if location is not None:
        _, location = node_key(location, "where.inStockAt", "Location")
    return replace(where, category=category, in_stock_at=location)
