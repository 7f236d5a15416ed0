"""Loyalty: memberships, and the ledgers that their points are the sum of."""

from collections.abc import Sequence

from domain.customer import Customer
from domain.errors import Failure
from domain.loyalty import LedgerQuery, LoyaltyAccount, LoyaltyEntry
from domain.order import Order
from domain.page import Connection, PageRequest
from execution.context import Context
from resolvers.page import pages_of


async def loyalty_of_customer(
    parents: Sequence[Customer], context: Context
) -> list[LoyaltyAccount | Failure | None]:
    """Find the membership of each customer."""
    return await context.loaders.loyalty_by_customer.load([parent.key for parent in parents])


async def ledger_of_account(
    parents: Sequence[LoyaltyAccount], context: Context, first: int = 10, after: str | None = None
) -> list[Connection[LoyaltyEntry] | Failure | None]:
    """List a page of each account's ledger, newest first. *Errors*: ``BadInput``."""

    def query(parent: LoyaltyAccount, request: PageRequest) -> LedgerQuery:
        return LedgerQuery(parent.key, request)

    load = context.loaders.ledger_by_account.load
    return await pages_of(parents, context, "ledger", first, after, query, load)


async def order_of_entry(
    parents: Sequence[LoyaltyEntry], context: Context
) -> list[Order | Failure | None]:
    """Find the order that each row came of."""
    keys = list({parent.order_key for parent in parents if parent.order_key is not None})
    found = dict(zip(keys, await context.loaders.order_by_key.load(keys)))
    return [found[parent.order_key] if parent.order_key else None for parent in parents]
