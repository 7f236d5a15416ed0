"""Customers: the viewer's own record, and what hangs on a customer."""

from collections.abc import Sequence

from domain.customer import Customer
from domain.errors import Failure
from domain.loyalty import LoyaltyAccount
from domain.viewer import Viewer
from execution.context import Context


async def customer_of_viewer(
    parents: Sequence[Viewer], context: Context
) -> list[Customer | Failure | None]:
    """Find the viewer's own record; null for those who are not customers."""
    key = context.viewer.customer
    if key is None:
        return [None] * len(parents)
    return [await context.loaders.customer_by_key.load_one(key)] * len(parents)


async def loyalty_of_customer(
    parents: Sequence[Customer], context: Context
) -> list[LoyaltyAccount | Failure | None]:
    """Find the membership of each customer."""
    return await context.loaders.loyalty_by_customer.load([parent.key for parent in parents])
