"""Customers: the viewer's own record, and customers found by what is known of them."""

from collections.abc import Collection, Sequence

from domain.customer import (
    MAX_MATCHES,
    Customer,
    CustomerFilter,
    Trait,
    TraitKind,
    name_traits,
)
from domain.errors import BadInput, Failure
from domain.match import IdentityLink, links, traits
from domain.order import Order
from domain.page import Connection, Page, connection
from domain.partial import Partial, missing_of
from domain.viewer import Viewer
from execution.context import Context, Notice

TRAITS = ("name", "email", "phone", "birth_date", "addresses", "other_emails", "other_phones")
"""What records of one person are recognised by; systems hand it out only when asked."""

_MAX_TEXT = 200
_SEARCHED = ("email", "phone", "order_number", "name", "birth_date", "postal_code")


async def customer_of_viewer(
    parents: Sequence[Viewer], context: Context
) -> list[Customer | Failure | None]:
    """Find the viewer's own record; null for those who are not customers."""
    key = context.viewer.customer
    if key is None:
        return [None] * len(parents)
    return [await context.loaders.customer_by_key.load_one(key)] * len(parents)


async def find_customers(
    parents: Sequence[object],
    context: Context,
    where: CustomerFilter,
    first: int = 20,
    after: str | None = None,
) -> list[Connection[Customer] | Failure | None]:
    """List the customers to whom all of a filter applies.

    *Errors*: ``BadInput`` for a filter that says nothing.
    """
    request = context.page(first, after, "customers", where)
    given = [name for name in _SEARCHED if getattr(where, name) is not None]
    if not {"email", "phone", "order_number", "name", "birth_date"}.intersection(given):
        raise BadInput("where", "nothing to look by", "email, phone, orderNumber, name, birthDate")
    if not context.may_look_up("Customer", ""):
        return [None] * len(parents)
    found = await matching(where, context)
    if isinstance(found, Failure):
        return [found] * len(parents)
    ordered = sorted(found, key=lambda customer: customer.key)
    rest = [each for each in ordered if request.after is None or each.key > request.after]
    shown = tuple(rest[: request.first])
    page = Page(
        shown,
        tuple(each.key for each in shown),
        has_next=len(rest) > len(shown),
        missing=missing_of(found),
    )
    return [connection(page, request)] * len(parents)


async def matching(where: CustomerFilter, context: Context) -> Sequence[Customer] | Failure:
    """Find the customers to whom all that is given applies.

    *Shape*: ``Partial`` where a system did not say of a criterion to whom it applies.
    """
    criteria: list[tuple[Trait, ...]] = []
    if where.email is not None:
        criteria.append((Trait(TraitKind.EMAIL, _said("where.email", where.email)),))
    if where.phone is not None:
        criteria.append((Trait(TraitKind.PHONE, _said("where.phone", where.phone)),))
    if where.birth_date is not None:
        criteria.append((Trait(TraitKind.BIRTH_DATE, where.birth_date.isoformat()),))
    if where.name is not None:
        name = _said("where.name", where.name)
        criteria.append(name_traits(name, where.postal_code))
    elif where.postal_code is not None:
        raise BadInput("where.postalCode", where.postal_code, "only together with a name")
    asked = [trait for each in criteria for trait in each]
    columns = dict(zip(asked, await context.loaders.customers_by_trait.load(asked)))
    found: dict[str, Customer] | None = None
    missing: dict[str, None] = {}
    for criterion in criteria:
        some: dict[str, Customer] = {}
        for trait in criterion:
            column = columns[trait]
            if isinstance(column, Failure):
                return column
            if column is not None and len(column) >= MAX_MATCHES:
                text = f"Only the first {MAX_MATCHES} customers of each criterion were looked at."
                context.notices.append(Notice("TRUNCATED", text))
            missing |= dict.fromkeys(missing_of(column or ()))
            some |= {customer.key: customer for customer in column or ()}
        found = some if found is None else {k: v for k, v in found.items() if k in some}
    if where.order_number is not None:
        buyer = await buyer_of(_said("where.orderNumber", where.order_number), context)
        if isinstance(buyer, Failure):
            return buyer
        own = {buyer.key: buyer} if buyer is not None else {}
        found = own if found is None else {k: v for k, v in found.items() if k in own}
    customers = list((found or {}).values())
    return Partial(customers, missing) if missing else customers


async def buyer_of(number: str, context: Context) -> Customer | Failure | None:
    """Find who placed the order with this number."""
    order = await context.loaders.order_by_number.load_one(number)
    if not isinstance(order, Order):
        return order
    if order.customer_key is None:
        return None
    return (await customers_of([order.customer_key], context))[0]


async def customers_of(keys: Sequence[str], context: Context) -> list[Customer | Failure | None]:
    """Find customers by keys of any system: their own, or what another system calls them."""
    found = dict(zip(keys, await context.loaders.customer_by_key.load(keys)))
    foreign = [key for key, customer in found.items() if customer is None]
    columns = await context.loaders.customers_by_trait.load(
        [Trait(TraitKind.EXTERNAL, key) for key in foreign]
    )
    for key, column in zip(foreign, columns):
        found[key] = column if isinstance(column, Failure) else _first(column)
    return [found[key] for key in keys]


async def customer_of_order(
    parents: Sequence[Order], context: Context
) -> list[Customer | Failure | None]:
    """Find who placed each order; null for a sale to nobody in particular."""
    keys = list({parent.customer_key for parent in parents if parent.customer_key is not None})
    found = dict(zip(keys, await customers_of(keys, context)))
    return [found[parent.customer_key] if parent.customer_key else None for parent in parents]


async def identities_of_customer(
    parents: Sequence[Customer], context: Context
) -> list[tuple[IdentityLink, ...] | Failure]:
    """Tell whose records are each customer's, or may be.

    Only staff are told of records that merely look alike: they may be somebody else's.
    """
    if not context.viewer.is_staff:
        return [links(parent, ()) for parent in parents]
    asked = [traits(parent) for parent in parents]
    distinct = list(dict.fromkeys(trait for each in asked for trait in each))
    columns = dict(zip(distinct, await context.loaders.customers_by_trait.load(distinct)))
    found: list[tuple[IdentityLink, ...] | Failure] = []
    for parent, own in zip(parents, asked):
        candidates: list[Customer] = []
        failure: Failure | None = None
        for trait in own:
            column = columns[trait]
            if isinstance(column, Failure):
                failure = column
            else:
                if missing_of(column or ()):
                    context.go_on_incomplete()
                candidates += column or ()
        found.append(failure if failure is not None else links(parent, candidates))
    return found


async def customer_of_link(
    parents: Sequence[IdentityLink], context: Context
) -> list[Customer | Failure | None]:
    """Find the customer that each record is, where it is one of its own."""
    keys = [parent.key for parent in parents if parent.is_customer]
    found = dict(zip(keys, await context.loaders.customer_by_key.load(keys)))
    return [found[parent.key] if parent.is_customer else None for parent in parents]


def _said(argument: str, text: str) -> str:
    text = text.strip()
    if not 1 <= len(text) <= _MAX_TEXT:
        raise BadInput(argument, text, f"1 to {_MAX_TEXT} characters")
    return text


def _first(column: Collection[Customer] | None) -> Customer | None:
    return next(iter(column), None) if column else None
