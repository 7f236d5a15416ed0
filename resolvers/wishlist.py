"""Wish lists: the customer's own, those of a customer whom staff serve, and one by its link."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from msgspec import Struct

from domain.attempt import Attempt, Changes, attempt
from domain.customer import Customer
from domain.errors import Failure, NotFound
from domain.identity import node_key
from domain.product import Variant
from domain.wishlist import (
    MAX_WISHLISTS,
    SharedWishlist,
    SharedWishlistLine,
    VariantUnknown,
    Wishlist,
    WishlistCreate,
    WishlistFull,
    WishlistLimitReached,
    WishlistLine,
    WishlistLinesAdd,
    WishlistLinesRemove,
    WishlistOutcome,
    WishlistShare,
    WishlistShareOutcome,
    check_additions,
    check_removals,
    new_wishlist,
    shared,
    with_lines,
    without_lines,
)
from execution.context import Context
from execution.permission import Rights, carry_out, permit
from resolvers.owner import customer, unknown_variants

_TYPE = "Wishlist"
_MAX_SECRET = 100

T = TypeVar("T", bound=WishlistOutcome)

_Input = WishlistLinesAdd | WishlistLinesRemove | WishlistShare


async def wishlists_of_customer(
    parents: Sequence[Customer], context: Context
) -> list[Sequence[Wishlist] | Failure]:
    """List each customer's wish lists, newest first."""
    found = await context.loaders.wishlists_by_customer.load([parent.key for parent in parents])
    return [() if each is None else each for each in found]


async def wishlist(
    parents: Sequence[object], context: Context, id: str
) -> list[Wishlist | Failure | None]:
    """Find a wish list by its global id. *Errors*: ``BadInput`` for any other id."""
    found = context.node_key(id, "id", _TYPE)
    if found is None or not context.may_look_up(*found):
        return [None] * len(parents)
    return [await context.loaders.wishlist_by_key.load_one(found[1])] * len(parents)


async def wishlist_by_link(
    parents: Sequence[object], context: Context, secret: str
) -> list[SharedWishlist | Failure | None]:
    """Find a wish list by the secret of its link."""
    if not 1 <= len(secret) <= _MAX_SECRET:
        return [None] * len(parents)
    return [await context.loaders.wishlist_by_link.load_one(secret)] * len(parents)


async def variant_of_line(
    parents: Sequence[WishlistLine | SharedWishlistLine], context: Context
) -> list[Variant | Failure | None]:
    """Find the variant of each line."""
    return await context.loaders.variant_by_sku.load([parent.sku for parent in parents])


async def create(
    parents: Sequence[object], context: Context, input: WishlistCreate
) -> list[WishlistOutcome]:
    """Begin a wish list. *Errors*: ``BadInput``; ``NotFound`` for somebody else's customer."""
    rights = await permit(context, "wishlistCreate")
    named = attempt(context.viewer, context.ask, "wishlistCreate", input)
    customer_key = await customer(context, rights, input.customer)
    wanted = new_wishlist(input.name, customer_key, context.now)

    async def work(changes: Changes) -> WishlistOutcome:
        if await changes.wishlist.count(customer_key) >= MAX_WISHLISTS:
            message = f"A customer has at most {MAX_WISHLISTS} wish lists."
            reached = WishlistLimitReached(message=message, path=("input",), limit=MAX_WISHLISTS)
            return WishlistOutcome(user_errors=(reached,))
        await changes.wishlist.create(wanted)
        return WishlistOutcome(wishlist=wanted)

    outcome = await carry_out(context, rights, named, WishlistOutcome, work)
    return [outcome] * len(parents)


async def lines_add(
    parents: Sequence[object], context: Context, input: WishlistLinesAdd
) -> list[WishlistOutcome]:
    """Add variants to a wish list. *Errors*: ``BadInput``; ``NotFound`` for no list of theirs."""
    change = await _permitted(context, "wishlistLinesAdd", input)
    refused = check_additions(input.lines)
    skus = [each.sku for each in input.lines] if refused is None else []
    unknown, notices = await unknown_variants(context, skus)
    if unknown:
        message = "No variant has these SKUs."
        refused = VariantUnknown(message=message, path=("input", "lines"), skus=unknown)

    async def edit(changes: Changes, found: Wishlist) -> WishlistOutcome:
        if refused is not None:
            return WishlistOutcome(user_errors=(refused,))
        changed = with_lines(found, input.lines, context.ask.channel, context.now)
        if isinstance(changed, WishlistFull):
            return WishlistOutcome(user_errors=(changed,))
        await changes.wishlist.save(changed)
        return WishlistOutcome(wishlist=changed, notices=notices)

    return [await change.once(WishlistOutcome, edit)] * len(parents)


async def lines_remove(
    parents: Sequence[object], context: Context, input: WishlistLinesRemove
) -> list[WishlistOutcome]:
    """Take variants off a wish list. *Errors*: as for adding."""
    change = await _permitted(context, "wishlistLinesRemove", input)
    check_removals(input.skus)

    async def edit(changes: Changes, found: Wishlist) -> WishlistOutcome:
        changed = without_lines(found, input.skus, context.now)
        if changed is not found:
            await changes.wishlist.save(changed)
        return WishlistOutcome(wishlist=changed)

    return [await change.once(WishlistOutcome, edit)] * len(parents)


async def share(
    parents: Sequence[object], context: Context, input: WishlistShare
) -> list[WishlistShareOutcome]:
    """Share a wish list by a new link. *Errors*: ``BadInput``, ``NotFound``."""
    change = await _permitted(context, "wishlistShare", input)

    async def edit(changes: Changes, found: Wishlist) -> WishlistShareOutcome:
        changed, secret = shared(found, context.now)
        await changes.wishlist.save(changed)
        await changes.wishlist.link(changed, secret)
        return WishlistShareOutcome(wishlist=changed, secret=secret)

    return [await change.once(WishlistShareOutcome, edit)] * len(parents)


class _Change(Struct, frozen=True):
    """A change of one wish list, by somebody who may make changes."""

    context: Context
    rights: Rights
    named: Attempt
    key: str

    async def once(self, kind: type[T], edit: Callable[[Changes, Wishlist], Awaitable[T]]) -> T:
        """Edit the list once. *Errors*: ``NotFound`` for one that is not theirs to change."""

        async def work(changes: Changes) -> T:
            found = await changes.wishlist.read(self.key)
            # What the viewer may not change is as good as none.
            if found is None or not self.rights.cover(found):
                raise NotFound("No wish list has this id, or it is not yours.")
            return await edit(changes, found)

        return await carry_out(self.context, self.rights, self.named, kind, work)


async def _permitted(context: Context, mutation: str, input: _Input) -> _Change:
    rights = await permit(context, mutation)
    named = attempt(context.viewer, context.ask, mutation, input)
    return _Change(context, rights, named, node_key(input.wishlist, "input.wishlist", _TYPE)[1])
