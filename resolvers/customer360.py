"""The customer as a screen for staff: sections, each with its access and provenance."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar

from domain.cart import Cart
from domain.consent import Consent
from domain.customer import Customer, CustomerFilter
from domain.errors import BadInput, Failure
from domain.interaction import Interaction
from domain.loyalty import LoyaltyAccount
from domain.match import IdentityLink
from domain.order import Order
from domain.page import Connection
from domain.partial import missing_of
from domain.policy import View
from domain.provenance import Provenance
from domain.section import Customer360, Section, SectionAccess
from execution.context import Context
from execution.standing import views
from resolvers.cart import carts_of_customer
from resolvers.customer import buyer_of, identities_of_customer, matching
from resolvers.interaction import interactions_of_customer
from resolvers.loyalty import loyalty_of_customer
from resolvers.order import orders_of_customer

T = TypeVar("T")


async def customer360(
    parents: Sequence[object],
    context: Context,
    id: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    order_number: str | None = None,
) -> list[Customer360 | Failure | None]:
    """Find one customer by exactly one of the arguments.

    *Errors*: ``BadInput`` for none or several.
    """
    given = {"id": id, "email": email, "phone": phone, "orderNumber": order_number}
    named = [name for name, value in given.items() if value is not None]
    if len(named) != 1:
        found = f"{len(named)} of them" if named else "none of them"
        raise BadInput("id, email, phone, orderNumber", found, "exactly one")
    named_by = context.node_key(id, "id", "Customer") if id is not None else ("Customer", "")
    if named_by is None:
        return [None] * len(parents)
    _, key = named_by
    if not all(context.may_look_up(kind, key) for kind in ("Customer", "Customer360")):
        return [None] * len(parents)
    customers: Sequence[Customer] | Failure
    if id is not None:
        customers = _listed(await context.loaders.customer_by_key.load_one(key))
    elif order_number is not None:
        customers = _listed(await buyer_of(order_number.strip(), context))
    else:
        customers = await matching(CustomerFilter(email=email, phone=phone), context)
    if isinstance(customers, Failure):
        return [customers] * len(parents)
    if missing_of(customers):
        context.go_on_incomplete()
    if not customers:
        return [None] * len(parents)
    # Of several, the one that most systems know is the likeliest to be meant.
    first, *others = sorted(customers, key=lambda each: (-len(each.identities), each.key))
    return [Customer360(first, tuple(others))] * len(parents)


async def profile(parents: Sequence[Customer360], context: Context) -> list[Section[Customer]]:
    """Show the profile."""
    return await _sections("ProfileSection", parents, context, _themselves)


async def identities(
    parents: Sequence[Customer360], context: Context
) -> list[Section[tuple[IdentityLink, ...]]]:
    """Show whose records are the customer's."""
    return await _sections("IdentitiesSection", parents, context, identities_of_customer)


async def consents(
    parents: Sequence[Customer360], context: Context
) -> list[Section[tuple[Consent, ...]]]:
    """Show what the customer has said to each purpose."""
    return await _sections("ConsentsSection", parents, context, _consents)


async def loyalty(
    parents: Sequence[Customer360], context: Context
) -> list[Section[LoyaltyAccount]]:
    """Show the membership."""
    return await _sections("LoyaltySection", parents, context, loyalty_of_customer)


async def orders(
    parents: Sequence[Customer360], context: Context, first: int = 10, after: str | None = None
) -> list[Section[Connection[Order]]]:
    """Show a page of the orders. *Errors*: ``BadInput``."""

    async def load(
        customers: Sequence[Customer], context: Context
    ) -> Sequence[Connection[Order] | Failure | None]:
        return await orders_of_customer(customers, context, first, after)

    return await _sections("OrdersSection", parents, context, load)


async def carts(parents: Sequence[Customer360], context: Context) -> list[Section[Sequence[Cart]]]:
    """Show the carts that are under way."""
    return await _sections("CartsSection", parents, context, carts_of_customer, is_ours=True)


async def interactions(
    parents: Sequence[Customer360], context: Context, first: int = 10, after: str | None = None
) -> list[Section[Connection[Interaction]]]:
    """Show a page of the conversations. *Errors*: ``BadInput``."""

    async def load(
        customers: Sequence[Customer], context: Context
    ) -> Sequence[Connection[Interaction] | Failure | None]:
        return await interactions_of_customer(customers, context, first, after)

    return await _sections("InteractionsSection", parents, context, load)


def content(parents: Sequence[Section[T]], context: Context) -> list[T | Failure | None]:  # noqa: ARG001
    """Hand out what each section holds, or why it holds nothing."""
    return [parent.value for parent in parents]


async def _sections(
    published: str,
    parents: Sequence[Customer360],
    context: Context,
    load: Callable[[Sequence[Customer], Context], Awaitable[Sequence[T | Failure | None]]],
    *,
    is_ours: bool = False,
) -> list[Section[T]]:
    """Load a section where the policy allows its content, and say so where it does not.

    What the gateway keeps itself comes from no system.
    """
    seen = await views(published, "content", "Customer360", parents, context)
    customers = [parent.customer for parent, view in zip(parents, seen) if view is not View.NONE]
    shown = iter(
        Section(
            access=SectionAccess.UNAVAILABLE
            if isinstance(value, Failure)
            else SectionAccess.ALLOWED,
            value=value,
            provenance=() if is_ours else _provenance(value, customer),
        )
        for value, customer in zip(await load(customers, context) if customers else (), customers)
    )
    denied: Section[T] = Section(access=SectionAccess.DENIED)
    return [denied if view is View.NONE else next(shown) for view in seen]


async def _themselves(parents: Sequence[Customer], context: Context) -> Sequence[Customer]:  # noqa: ARG001
    return parents


async def _consents(
    parents: Sequence[Customer],
    context: Context,  # noqa: ARG001
) -> list[tuple[Consent, ...]]:
    return [parent.consents for parent in parents]


def _provenance(value: Any, customer: Customer) -> tuple[Provenance, ...]:
    """Name the systems that a section's content came from, each by its oldest word."""
    if isinstance(value, Failure) or value is None:
        return ()
    items: Iterable[Any]
    if isinstance(value, Connection):
        items = value.nodes
    elif isinstance(value, tuple):
        # What stands on the customer's own record is that record's word.
        items = (customer,)
    else:
        items = (value,)
    oldest: dict[str, Provenance] = {}
    for item in items:
        if isinstance(item, Failure):
            continue
        found: Provenance = item.provenance
        known = oldest.get(found.system)
        if known is None or found.observed_at < known.observed_at:
            oldest[found.system] = found
    return tuple(oldest.values())


def _listed(customer: Customer | Failure | None) -> list[Customer] | Failure:
    if isinstance(customer, Failure):
        return customer
    return [] if customer is None else [customer]
