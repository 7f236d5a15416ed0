"""Orders: their lines today, how they reach the customer, and what happened to them."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import domain.timeline
from domain.customer import Customer
from domain.errors import Failure, SourceFailure
from domain.fulfillment import Fulfillment
from domain.location import Location
from domain.order import Order, OrderLine, OrderQuery, Payment
from domain.page import Connection, PageRequest
from domain.product import Variant
from domain.shipment import Shipment
from domain.timeline import Timeline
from execution.context import Context
from resolvers.page import pages_of


class Placed(Protocol):
    """Anything that happens at one of our locations."""

    @property
    def location_key(self) -> str | None:
        """The location's key; None where it is none of ours."""
        ...


async def orders_of_customer(
    parents: Sequence[Customer], context: Context, first: int = 10, after: str | None = None
) -> list[Connection[Order] | Failure | None]:
    """List a page of each customer's orders, newest first. *Errors*: ``BadInput``."""

    def query(parent: Customer, request: PageRequest) -> OrderQuery:
        return OrderQuery(parent.identities, request)

    load = context.loaders.orders_by_customer.load
    return await pages_of(parents, context, "orders", first, after, query, load)


async def variant_of_line(
    parents: Sequence[OrderLine], context: Context
) -> list[Variant | Failure | None]:
    """Find the variant of each line that has a SKU."""
    skus = list({line.sku for line in parents if line.sku is not None})
    found = dict(zip(skus, await context.loaders.variant_by_sku.load(skus)))
    return [found[line.sku] if line.sku is not None else None for line in parents]


async def location_of(
    parents: Sequence[Placed], context: Context
) -> list[Location | Failure | None]:
    """Find the place of each that has one."""
    keys = list({parent.location_key for parent in parents if parent.location_key is not None})
    found = dict(zip(keys, await context.loaders.location_by_key.load(keys)))
    return [found[parent.location_key] if parent.location_key else None for parent in parents]


async def payments_of_order(
    parents: Sequence[Order], context: Context
) -> list[tuple[Payment, ...] | Failure | None]:
    """Tell how each was paid, by the till's record where the order itself does not say."""
    receipts = await _receipts([each for each in parents if each.payments is None], context)
    found: list[tuple[Payment, ...] | Failure | None] = []
    for parent in parents:
        receipt = receipts.get(parent.key)
        if parent.payments is not None or receipt is None:
            found.append(parent.payments)
        else:
            found.append(receipt if isinstance(receipt, Failure) else receipt.payments)
    return found


async def shipment_of_fulfillment(
    parents: Sequence[Fulfillment], context: Context
) -> list[Shipment | Failure | None]:
    """Find the parcel of each that is one."""
    numbers = list({each.tracking_number for each in parents if each.tracking_number is not None})
    found = dict(zip(numbers, await context.loaders.shipment_by_tracking.load(numbers)))
    return [found[each.tracking_number] if each.tracking_number else None for each in parents]


async def timeline_of_order(parents: Sequence[Order], context: Context) -> list[Timeline | Failure]:
    """Merge what the orders' own systems, the tills and the carriers tell of each."""
    numbers = list(
        dict.fromkeys(
            each.tracking_number
            for parent in parents
            for each in parent.fulfillments or ()
            if each.tracking_number is not None
        )
    )
    receipts, parcels = await asyncio.gather(
        _receipts(parents, context), context.loaders.shipment_by_tracking.load(numbers)
    )
    by_number = dict(zip(numbers, parcels))
    return [_timeline(parent, receipts.get(parent.key), by_number) for parent in parents]


def _timeline(
    order: Order,
    receipt: Order | Failure | None,
    parcels: dict[str, Shipment | Failure | None],
) -> Timeline | Failure:
    found: list[Shipment] = []
    failures = [receipt] if isinstance(receipt, Failure) else []
    for each in order.fulfillments or ():
        parcel = parcels.get(each.tracking_number) if each.tracking_number else None
        if isinstance(parcel, Failure):
            failures.append(parcel)
        elif parcel is not None:
            found.append(parcel)
    missing = []
    for failure in failures:
        if not isinstance(failure, SourceFailure):
            return failure
        missing.append(failure.system)
    till = receipt if isinstance(receipt, Order) else None
    return domain.timeline.timeline(order, till, found, missing)


async def _receipts(orders: Sequence[Order], context: Context) -> dict[str, Order | Failure | None]:
    """Find the till's own record of each order that another system keeps the books of."""
    wanted = {
        order.key: order.receipt_key
        for order in orders
        if order.receipt_key is not None and order.receipt_key != order.key
    }
    keys = list(dict.fromkeys(wanted.values()))
    found = dict(zip(keys, await context.loaders.order_by_key.load(keys)))
    return {key: found[receipt] for key, receipt in wanted.items()}
