"""Interactions: what was said between the retailer and a customer."""

from collections.abc import Sequence

from domain.customer import Customer
from domain.errors import Failure
from domain.interaction import Interaction, InteractionQuery
from domain.order import Order
from domain.page import Connection, PageRequest
from execution.context import Context
from resolvers.page import pages_of


async def interactions_of_customer(
    parents: Sequence[Customer], context: Context, first: int = 10, after: str | None = None
) -> list[Connection[Interaction] | Failure | None]:
    """List a page of each customer's conversations, newest first. *Errors*: ``BadInput``."""

    def query(parent: Customer, request: PageRequest) -> InteractionQuery:
        return InteractionQuery(parent.key, request)

    load = context.loaders.interactions_by_customer.load
    return await pages_of(parents, context, "interactions", first, after, query, load)


async def order_of_interaction(
    parents: Sequence[Interaction], context: Context
) -> list[Order | Failure | None]:
    """Find the order that each was about."""
    keys = list({parent.order_key for parent in parents if parent.order_key is not None})
    found = dict(zip(keys, await context.loaders.order_by_key.load(keys)))
    return [found[parent.order_key] if parent.order_key else None for parent in parents]
