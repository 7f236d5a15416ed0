"""Interactions: what was said between the retailer and a customer."""

from collections.abc import Sequence

from domain.customer import Customer
from domain.errors import Failure
from domain.interaction import Interaction, InteractionQuery
from domain.order import Order
from domain.page import Connection, connection, page_request
from execution.context import Context


async def interactions_of_customer(
    parents: Sequence[Customer], context: Context, first: int = 10, after: str | None = None
) -> list[Connection[Interaction] | Failure | None]:
    """List a page of each customer's conversations, newest first. *Errors*: ``BadInput``."""
    request = page_request(first, after)
    pages = await context.loaders.interactions_by_customer.load(
        [InteractionQuery(parent.key, request) for parent in parents]
    )
    return [
        page if page is None or isinstance(page, Failure) else connection(page, request)
        for page in pages
    ]


async def order_of_interaction(
    parents: Sequence[Interaction], context: Context
) -> list[Order | Failure | None]:
    """Find the order that each was about."""
    keys = list({parent.order_key for parent in parents if parent.order_key is not None})
    found = dict(zip(keys, await context.loaders.order_by_key.load(keys)))
    return [found[parent.order_key] if parent.order_key else None for parent in parents]
