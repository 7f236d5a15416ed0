"""Carts: read by whose they are, begun and changed."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from domain.appraisal import noted
from domain.attempt import Attempt, Changes, Work, attempt
from domain.cart import (
    MAX_CARTS,
    Cart,
    CartClosed,
    CartCreate,
    CartFilter,
    CartInput,
    CartLimitReached,
    CartLine,
    CartOutcome,
    CartQuery,
    CartState,
    CurrencyMismatch,
    SecretTaken,
    new_cart,
)
from domain.customer import Customer
from domain.entry import Touch, touch
from domain.errors import BadInput, Failure, NotFound
from domain.fact import Facts
from domain.guest import check_secret
from domain.identity import node_key
from domain.outcome import Notice, UserError
from domain.page import Connection, connection
from domain.policy import View
from domain.product import Variant
from domain.viewer import Viewer
from execution.context import Context
from execution.permission import Rights, carry_out, permit
from execution.standing import case_keys, views
from resolvers.appraisal import facts_of
from resolvers.customer import customers_of
from resolvers.owner import customer
from resolvers.redemption import hold_coupons

TYPE = "Cart"
_MAX_SECRET = 128
_ANY = CartFilter()

T = TypeVar("T", bound=CartOutcome)

Edit = Callable[[Cart, Touch, Facts], Cart | UserError]


async def cart(
    parents: Sequence[object],
    context: Context,
    id: str | None = None,
    secret: str | None = None,
) -> list[Cart | Failure | None]:
    """Find a cart by its global id, a guest's by its secret. *Errors*: ``BadInput``."""
    if id is None and secret is None:
        raise BadInput("id", None, "the id of a cart, or the secret of a guest's")
    named = None if id is None else context.node_key(id, "id", TYPE)
    if id is not None and named is None:
        return [None] * len(parents)
    key = None if named is None else named[1]
    if secret is not None:
        found = (
            await context.loaders.cart_by_secret.load_one(secret)
            if 1 <= len(secret) <= _MAX_SECRET and context.may_look_up(TYPE, "")
            else None
        )
        if isinstance(found, Cart):
            found = prove(context, found) if key in (None, found.key) else None
        return [found] * len(parents)
    assert key is not None
    if not context.may_look_up(TYPE, key):
        return [None] * len(parents)
    return [await context.loaders.cart_by_key.load_one(key)] * len(parents)


async def cart_of_viewer(
    parents: Sequence[Viewer], context: Context
) -> list[Cart | Failure | None]:
    """Find the cart that the viewer changed last; null for those who are not customers."""
    own = context.viewer.customer
    if own is None:
        return [None] * len(parents)
    found = await context.loaders.carts_by_customer.load_one(own)
    if isinstance(found, Failure):
        return [found] * len(parents)
    return [found[0] if found else None] * len(parents)


async def carts_of_customer(
    parents: Sequence[Customer], context: Context
) -> list[Sequence[Cart] | Failure]:
    """List each customer's active carts, the last changed first."""
    found = await context.loaders.carts_by_customer.load([parent.key for parent in parents])
    return [() if each is None else each for each in found]


async def carts(
    parents: Sequence[object],
    context: Context,
    where: CartFilter | None = None,
    first: int = 20,
    after: str | None = None,
) -> list[Connection[Cart] | Failure | None]:
    """List active carts with goods in them, the last changed first, as far as the viewer sees them.

    *Errors*: ``BadInput``.
    """
    where, currency = where or _ANY, context.ask.currency
    request = context.page(first, after, "carts", where, currency)
    if where.min_value is not None and where.min_value < 0:
        raise BadInput("where.minValue", where.min_value, "0 or more")
    holders = None
    if not context.policy.decide_type(TYPE, context.policy_class).is_full:
        # Whoever sees some carts only learns nothing of how many others there are.
        holders = await _shown(context)
        if not holders:
            return [None] * len(parents)
    query = CartQuery(request, where, currency, holders)
    page = await context.loaders.carts_by_query.load_one(query)
    if page is None or isinstance(page, Failure):
        return [page] * len(parents)
    return [connection(page, request)] * len(parents)


async def customer_of_cart(
    parents: Sequence[Cart], context: Context
) -> list[Customer | Failure | None]:
    """Find whose each cart is; null for a guest's."""
    keys = list({parent.customer_key for parent in parents if parent.customer_key is not None})
    found = dict(zip(keys, await customers_of(keys, context)))
    return [found[parent.customer_key] if parent.customer_key else None for parent in parents]


async def variant_of_line(
    parents: Sequence[CartLine], context: Context
) -> list[Variant | Failure | None]:
    """Find the variant of each line."""
    return await context.loaders.variant_by_sku.load([parent.sku for parent in parents])


async def create(
    parents: Sequence[object], context: Context, input: CartCreate
) -> list[CartOutcome]:
    """Begin a cart. *Errors*: ``BadInput``; ``NotFound`` for somebody else's customer."""
    # A guest is told by the secret they drew: another guest with the same key is another caller.
    rights = await permit(context, "cartCreate")
    named = attempt(context.viewer, context.ask, "cartCreate", input, input.secret)
    holder = await _holder(context, rights, input)
    touched = touched_by(context)
    wanted = new_cart(holder, context.ask.market, context.ask.currency, touched, context.rules)

    async def work(changes: Changes) -> CartOutcome:
        if holder is not None and await changes.cart.count(holder) >= MAX_CARTS:
            return CartOutcome(user_errors=(limit_reached(),))
        await changes.cart.create(wanted)
        if input.secret is not None and not await changes.cart.hold(wanted, input.secret):
            message = "This secret holds another cart already; draw a new one at random."
            error = SecretTaken(message=message, path=("input", "secret"))
            return CartOutcome(user_errors=(error,))
        return CartOutcome(cart=wanted)

    return [await once(context, rights, named, CartOutcome, work, input.secret)] * len(parents)


async def change(
    context: Context,
    mutation: str,
    input: CartInput,
    edit: Edit,
    notices: tuple[Notice, ...] = (),
    also: Sequence[str] = (),
    codes: Sequence[str] = (),
) -> CartOutcome:
    """Change a cart by an edit that is told who makes it; an outcome holds the cart in any case.

    *Shape*: ``also`` and ``codes`` are SKUs and coupon codes that the edit may add.
    *Errors*: ``BadInput``; ``NotFound`` for a cart that is not the viewer's to change.
    """
    rights = await permit(context, mutation)
    named = attempt(context.viewer, context.ask, mutation, input, input.secret)
    key, touched = cart_key(input.cart), touched_by(context)
    facts = await _facts(context, rights, key, input.secret, also, codes)

    async def work(changes: Changes) -> CartOutcome:
        found = await taken(rights, changes, key, input.secret)
        changed = refusal(context, found) or edit(found, touched, facts)
        if isinstance(changed, UserError):
            return CartOutcome(cart=found, user_errors=(changed,))
        if changed is not found:
            lost = await hold_coupons(changes, found, changed, facts)
            if lost is not None:
                return CartOutcome(cart=found, user_errors=(lost,))
            changed = noted(changed, found, facts)
            await changes.cart.save(changed)
        return CartOutcome(cart=changed, notices=notices)

    return await once(context, rights, named, CartOutcome, work, input.secret)


async def once(
    context: Context,
    rights: Rights,
    named: Attempt,
    kind: type[T],
    work: Work[T],
    secret: str | None,
) -> T:
    """Carry out a mutation once; who proved a guest's cart theirs may see what became of it."""
    outcome = await carry_out(context, rights, named, kind, work)
    if secret is not None and outcome.cart is not None:
        prove(context, outcome.cart)
    return outcome


async def taken(rights: Rights, changes: Changes, key: str, secret: str | None) -> Cart:
    """Take a cart that the viewer may change; any other is as good as none."""
    found, is_held = await changes.cart.read(key, secret)
    if found is None or not (is_held or rights.cover(found)):
        raise NotFound("No cart has this id, or it is not yours.")
    return found


def refusal(context: Context, found: Cart) -> UserError | None:
    """Tell why a cart takes no change from this operation; None where it does."""
    if found.state is not CartState.ACTIVE:
        message = "This cart was merged into another one, which takes its changes."
        return CartClosed(message=message, path=("input", "cart"), state=found.state)
    if (context.ask.market, context.ask.currency) != (found.market, found.currency):
        message = (
            f"The cart is of market {found.market} in {found.currency}, and the request of "
            f"{context.ask.market} in {context.ask.currency}; send the cart's own in its headers."
        )
        return CurrencyMismatch(
            message=message, path=("input", "cart"), market=found.market, currency=found.currency
        )
    return None


def cart_key(id: str) -> str:
    """Read the id of a cart that is to be changed. *Errors*: ``BadInput``."""
    return node_key(id, "input.cart", TYPE)[1]


def touched_by(context: Context) -> Touch:
    """Note who makes this operation's changes."""
    return touch(context.viewer, context.ask.channel, context.now)


def prove(context: Context, found: Cart) -> Cart:
    """Note that this operation has shown the secret of a guest's cart."""
    if found.is_guest:
        context.proven.add(found.holder)
    return found


def limit_reached() -> CartLimitReached:
    """Say that a customer has as many carts as one may have."""
    message = f"A customer has at most {MAX_CARTS} carts; go on with one of them."
    return CartLimitReached(message=message, path=("input",), limit=MAX_CARTS)


async def _shown(context: Context) -> frozenset[str]:
    """Tell of which customers the viewer sees the carts by the cases that they have open."""
    if not context.viewer.is_staff:
        return frozenset()
    keys = list(await case_keys(context))
    found = await context.loaders.customer_by_key.load(keys)
    people = [each for each in found if isinstance(each, Customer)]
    seen = await views("Customer", "carts", "Customer", people, context)
    return frozenset(each.key for each, view in zip(people, seen) if view is View.FULL)


async def _facts(
    context: Context,
    rights: Rights,
    key: str,
    secret: str | None,
    also: Sequence[str],
    codes: Sequence[str],
) -> Facts:
    """Look up, before anything is locked, what a cart and new goods in it cost now.

    Of a cart that is not the viewer's nothing is looked up, so that it takes as long as none.
    """
    if secret is not None:
        found = await context.loaders.cart_by_secret.load_one(secret)
    else:
        found = await context.loaders.cart_by_key.load_one(key)
    if isinstance(found, Failure):
        raise found
    is_theirs = (
        found is not None and found.key == key and (secret is not None or rights.cover(found))
    )
    if found is None or not is_theirs:
        return Facts(goods={}, rules=context.rules, moment=context.now)
    ((_, facts),) = await facts_of([found], context, also=also, codes=codes)
    return facts


async def _holder(context: Context, rights: Rights, input: CartCreate) -> str | None:
    """Tell whose a new cart is; None for a guest's."""
    if input.secret is None:
        return await customer(context, rights, input.customer)
    if context.viewer.customer is not None or input.customer is not None:
        raise BadInput("input.secret", "a secret", "none for a customer's cart, only for a guest's")
    check_secret(input.secret)
    return None
