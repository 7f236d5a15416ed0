"""Orders, and what is left of their lines today."""

from collections.abc import Sequence

from domain.customer import Customer
from domain.errors import BadInput, Failure
from domain.order import Order, OrderLine, OrderQuery
from domain.page import Connection, PageRequest, connection, page_request
from domain.product import Variant
from execution.context import Context


async def orders_of_customer(
    parents: Sequence[Customer], context: Context, first: int = 10, after: str | None = None
) -> list[Connection[Order] | Failure | None]:
    """List a page of each customer's orders, newest first.

    *Errors*: ``BadInput`` for ``first``, and for each customer whose list ``after`` is not of.
    """
    asked: list[PageRequest | BadInput] = []
    for parent in parents:
        try:
            asked.append(page_request(first, after, "orders", parent.key))
        except BadInput as failure:
            asked.append(failure)
    queries = [
        OrderQuery(parent.identities, request)
        for parent, request in zip(parents, asked)
        if isinstance(request, PageRequest)
    ]
    pages = iter(await context.loaders.orders_by_customer.load(queries))
    found: list[Connection[Order] | Failure | None] = []
    for request in asked:
        if isinstance(request, BadInput):
            found.append(request)
            continue
        page = next(pages)
        if page is None or isinstance(page, Failure):
            found.append(page)
        else:
            found.append(connection(page, request))
    return found


async def variant_of_line(
    parents: Sequence[OrderLine], context: Context
) -> list[Variant | Failure | None]:
    """Find the variant of each line that has a SKU."""
    skus = list({line.sku for line in parents if line.sku is not None})
    found = dict(zip(skus, await context.loaders.variant_by_sku.load(skus)))
    return [found[line.sku] if line.sku is not None else None for line in parents]
