"""Anything by its id: the global one, or a system's own."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from domain.errors import BadInput, Failure
from domain.identity import ExternalId, Kind, Node
from execution.context import Context
from execution.loaders import Loaders
from execution.standing import preparation
from resolvers.customer import customers_of

_MAX_IDS = 100
_MAX_SYSTEM_ID = 200

_Load = Callable[[Sequence[str]], Awaitable[list[Any]]]

_LOADS: dict[str, Callable[[Loaders], _Load]] = {
    "Product": lambda loaders: loaders.product_by_key.load,
    "Variant": lambda loaders: loaders.variant_by_sku.load,
    "Category": lambda loaders: loaders.category_by_key.load,
    "Location": lambda loaders: loaders.location_by_key.load,
    "Customer": lambda loaders: loaders.customer_by_key.load,
    "Order": lambda loaders: loaders.order_by_key.load,
    "LoyaltyAccount": lambda loaders: loaders.loyalty_by_key.load,
    "Cart": lambda loaders: loaders.cart_by_key.load,
    "Wishlist": lambda loaders: loaders.wishlist_by_key.load,
    "Reservation": lambda loaders: loaders.reservation_by_key.load,
}


async def node(
    parents: Sequence[object],
    context: Context,
    id: str,
) -> list[Node | Failure | None]:
    """Find a thing by its global id. *Errors*: ``BadInput`` for what is no id of ours."""
    return (await _find(context, [_known(context, id, "id")])) * len(parents)


async def nodes(
    parents: Sequence[object], context: Context, ids: Sequence[str]
) -> list[list[Node | Failure | None]]:
    """Find things by their global ids, in the order asked. *Errors*: ``BadInput``."""
    if len(ids) > _MAX_IDS:
        raise BadInput("ids", f"{len(ids)} ids", f"at most {_MAX_IDS}")
    return [await _find(context, [_known(context, each, "ids") for each in ids])] * len(parents)


async def product(
    parents: Sequence[object],
    context: Context,
    id: str,
) -> list[Node | Failure | None]:
    """Find a product by its global id. *Errors*: ``BadInput`` for any other id."""
    return (await _find(context, [context.node_key(id, "id", "Product")])) * len(parents)


async def category(
    parents: Sequence[object],
    context: Context,
    id: str,
) -> list[Node | Failure | None]:
    """Find a category by its global id. *Errors*: ``BadInput`` for any other id."""
    return (await _find(context, [context.node_key(id, "id", "Category")])) * len(parents)


async def order(
    parents: Sequence[object],
    context: Context,
    id: str,
) -> list[Node | Failure | None]:
    """Find an order by its global id. *Errors*: ``BadInput`` for any other id."""
    return (await _find(context, [context.node_key(id, "id", "Order")])) * len(parents)


async def customer(
    parents: Sequence[object],
    context: Context,
    id: str,
) -> list[Node | Failure | None]:
    """Find a customer by global id. *Errors*: ``BadInput`` for any other id."""
    return (await _find(context, [context.node_key(id, "id", "Customer")])) * len(parents)


async def lookup(
    parents: Sequence[object],
    context: Context,
    kind: Kind,
    system: str,
    id: str,
) -> list[Node | Failure | None]:
    """Find a thing by what one system calls it; a SKU is the same in all of them.

    *Errors*: ``BadInput`` for a system that is not configured, with those that are.
    """
    if system not in context.systems:
        raise BadInput("system", system, ", ".join(context.systems))
    if not 1 <= len(id) <= _MAX_SYSTEM_ID:
        raise BadInput("id", id, f"1 to {_MAX_SYSTEM_ID} characters")
    key = id if kind is Kind.VARIANT else ExternalId(system, id).key
    if kind is Kind.CUSTOMER:
        # Another system's id of a customer stands in the record of the system that owns it.
        found = (
            await customers_of([key], context) if context.may_look_up("Customer", key) else [None]
        )
        return [found[0]] * len(parents)
    return (await _find(context, [(kind.value, key)])) * len(parents)


def _known(context: Context, text: str, argument: str) -> tuple[str, str] | None:
    found = context.node_key(text, argument)
    if found is not None and found[0] not in _LOADS:
        raise BadInput(argument, text, "an id this gateway has handed out")
    return found


async def _find(
    context: Context, wanted: Sequence[tuple[str, str] | None]
) -> list[Node | Failure | None]:
    """Load each kind as one column, side by side, leaving out what may not be looked up."""
    columns: dict[str, list[str]] = {}
    for kind, key in filter(None, wanted):
        if context.may_look_up(kind, key):
            columns.setdefault(kind, []).append(key)
    loads = [_load(kind, keys, context) for kind, keys in columns.items()]
    # A single one needs no task of its own.
    loaded = [await loads[0]] if len(loads) == 1 else await asyncio.gather(*loads)
    found = {
        (kind, key): value
        for (kind, keys), values in zip(columns.items(), loaded)
        for key, value in zip(keys, values)
    }
    return [None if each is None else found.get(each) for each in wanted]


async def _load(
    kind: str, keys: Sequence[str], context: Context
) -> Sequence[Node | Failure | None]:
    """Load a column of one kind.

    Of a kind that the viewer sees only some of, what decides on that is read in any case and at
    the same time, so that neither the time taken nor an error tells whether somebody else's object
    exists. Where it cannot be read nobody's object is shown, their own included.
    """
    load = _LOADS[kind](context.loaders)
    prepared = preparation(kind, context)
    if prepared is None:
        return await load(keys)
    unknown, loaded = await asyncio.gather(prepared, load(keys))
    return loaded if unknown is None else [unknown] * len(keys)
