"""Products, their variants, and what each is offered for."""

from collections.abc import Sequence

from domain.errors import BadInput, Failure
from domain.offer import Offer
from domain.page import Connection, connection, page_request
from domain.product import Product, ProductQuery, Variant
from execution.context import Context

_MAX_SEARCH = 200


async def products(
    parents: Sequence[object],
    context: Context,
    search: str | None = None,
    first: int = 20,
    after: str | None = None,
) -> list[Connection[Product] | Failure]:
    """List a page of products. *Errors*: ``BadInput`` for ``first``, ``after`` or ``search``."""
    words = search.strip() if search else None
    request = page_request(first, after, "products", words)
    if search is not None and not 1 <= len(search.strip()) <= _MAX_SEARCH:
        raise BadInput("search", search, f"1 to {_MAX_SEARCH} characters")
    query = ProductQuery(request, words)
    page = await context.loaders.products_by_query.load_one(query)
    assert page is not None, "a source answers every query with a page"
    found = page if isinstance(page, Failure) else connection(page, request)
    return [found] * len(parents)


async def variant(
    parents: Sequence[object], context: Context, sku: str
) -> list[Variant | Failure | None]:
    """Find a variant by its SKU."""
    return [await context.loaders.variant_by_sku.load_one(sku)] * len(parents)


async def product_of_variant(
    parents: Sequence[Variant], context: Context
) -> list[Product | Failure | None]:
    """Find the style of each variant."""
    return await context.loaders.product_by_key.load([parent.product_key for parent in parents])


async def offer_of_variant(
    parents: Sequence[Variant], context: Context
) -> list[Offer | Failure | None]:
    """Find the price of each variant, here."""
    return await context.loaders.offer_by_sku.load([parent.sku for parent in parents])
