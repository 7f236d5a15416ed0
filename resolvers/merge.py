"""Merging carts, as when a guest signs in, and taking that back."""

import asyncio
from collections.abc import Sequence

from domain.appraisal import noted
from domain.attempt import Changes, attempt
from domain.cart import MAX_CARTS, Cart, CartState, new_cart
from domain.entry import Touch
from domain.errors import BadInput, Failure, NotFound
from domain.fact import Facts
from domain.identity import node_key
from domain.line import full
from domain.merge import CartMerge, CartMergeOutcome, CartMergeUndo, merged, unmerged
from domain.outcome import UserError
from execution.context import Context
from execution.permission import Rights, permit
from resolvers.appraisal import facts_of
from resolvers.cart import (
    TYPE,
    cart_key,
    limit_reached,
    once,
    refusal,
    taken,
    touched_by,
)
from resolvers.owner import customer
from resolvers.redemption import hold_coupons


async def merge(
    parents: Sequence[object], context: Context, input: CartMerge
) -> list[CartMergeOutcome]:
    """Merge a cart into another one. *Errors*: ``BadInput``; ``NotFound`` for no cart of theirs."""
    rights = await permit(context, "cartMerge")
    named = attempt(context.viewer, context.ask, "cartMerge", input, input.secret)
    key, touched = cart_key(input.cart), touched_by(context)
    into = None if input.into is None else node_key(input.into, "input.into", TYPE)[1]
    holder = None if into else await customer(context, rights, input.customer)
    if into == key:
        raise BadInput("input.into", input.into, "another cart than the one to merge")
    facts = await facts_for_merge(context, rights, input.secret, holder, into)

    async def work(changes: Changes) -> CartMergeOutcome:
        source = await taken(rights, changes, key, input.secret)
        return await merge_within(context, rights, changes, source, holder, into, facts, touched)

    return [await once(context, rights, named, CartMergeOutcome, work, input.secret)] * len(parents)


async def undo(
    parents: Sequence[object], context: Context, input: CartMergeUndo
) -> list[CartMergeOutcome]:
    """Take a merge back. *Errors*: ``BadInput``; ``NotFound`` for no merge of theirs."""
    rights = await permit(context, "cartMergeUndo")
    named = attempt(context.viewer, context.ask, "cartMergeUndo", input)
    _, key = node_key(input.merge, "input.merge", "CartMerge")
    touched = touched_by(context)

    async def work(changes: Changes) -> CartMergeOutcome:
        found = await changes.merge.read(key)
        if found is None:
            raise NotFound("No merge has this id, or it is not yours.")
        # In the order in which everybody takes the two.
        source, _ = await changes.cart.read(found.source.key)
        target = await taken(rights, changes, found.target_key, None)
        found = await changes.merge.read(key)
        if source is None or found is None:
            raise NotFound("No merge has this id, or it is not yours.")
        if found.is_undone:
            return CartMergeOutcome(cart=target, merge=found)
        refused = refusal(context, target)
        if refused is not None:
            return CartMergeOutcome(cart=target, user_errors=(refused,))
        restored, changed, undone = unmerged(found, source, target, touched, context.rules)
        refused = full(restored)
        # A cart that was merged away is one more again.
        if refused is None and source.state is CartState.MERGED and not source.is_guest:
            refused = await _crowded(changes, source.holder)
        if refused is not None:
            return CartMergeOutcome(cart=target, user_errors=(refused,))
        await changes.coupon.release(changed.key, found.coupons)
        await changes.cart.save(restored)
        await changes.cart.save(changed)
        await changes.merge.save(undone)
        return CartMergeOutcome(cart=changed, merge=undone)

    return [await once(context, rights, named, CartMergeOutcome, work, None)] * len(parents)


async def merge_within(
    context: Context,
    rights: Rights,
    changes: Changes,
    source: Cart,
    holder: str | None,
    into: str | None,
    facts: Facts,
    touched: Touch,
) -> CartMergeOutcome:
    """Merge a cart that was taken into one of a customer's; what was merged already stays so."""
    if source.state is CartState.MERGED:
        last = await changes.merge.last_of(source)
        if last is not None and (holder == last.holder or into == last.target_key):
            target = await taken(rights, changes, last.target_key, None)
            return CartMergeOutcome(cart=target, merge=last)
    refused = refusal(context, source)
    if refused is not None:
        return CartMergeOutcome(cart=source, user_errors=(refused,))
    chosen = await _target(context, rights, changes, holder, into, touched)
    if isinstance(chosen, UserError):
        return CartMergeOutcome(cart=source, user_errors=(chosen,))
    target = chosen
    if target.key == source.key:
        return CartMergeOutcome(cart=source)
    if not source.is_guest and source.holder != target.holder:
        raise BadInput("input.cart", "another customer's cart", "a guest's, or the same customer's")
    refused = refusal(context, target)
    if refused is not None:
        return CartMergeOutcome(cart=target, user_errors=(refused,))
    emptied, changed, report = merged(source, target, touched, context.rules)
    # What the merged cart kept goes with its coupons; that one is lost keeps nobody from merging.
    await changes.coupon.release(source.key)
    await hold_coupons(changes, changed, changed, facts)
    changed = noted(changed, target, facts)
    await changes.cart.save(emptied)
    await changes.cart.save(changed)
    await changes.merge.save(report)
    return CartMergeOutcome(cart=changed, merge=report)


async def facts_for_merge(
    context: Context, rights: Rights, secret: str | None, holder: str | None, into: str | None
) -> Facts:
    """Look up what the goods of both carts cost, as far as they are the viewer's to change."""
    loaders = context.loaders
    held, owned, named = await asyncio.gather(
        loaders.cart_by_secret.load([secret] if secret else []),
        loaders.carts_by_customer.load([holder] if holder else []),
        loaders.cart_by_key.load([into] if into else []),
    )
    found = [each for each in held if isinstance(each, Cart)]
    for some in owned:
        found += [] if some is None or isinstance(some, Failure) else some[:1]
    found += [each for each in named if isinstance(each, Cart) and rights.cover(each)]
    nothing = Facts(goods={}, rules=context.rules, moment=context.now)
    if not found:
        return nothing
    also = [entry.sku for cart in found for entry in cart.entries]
    codes = [each.code for cart in found for each in cart.coupons]
    ((_, facts),) = await facts_of(found[-1:], context, also=also, codes=codes)
    return facts


async def _target(
    context: Context,
    rights: Rights,
    changes: Changes,
    holder: str | None,
    into: str | None,
    touched: Touch,
) -> Cart | UserError:
    """Take the cart to merge into: the one that is named, the newest, or a new one."""
    if into is not None:
        return await taken(rights, changes, into, None)
    assert holder is not None, "without a cart a customer is named"
    market, currency = context.ask.market, context.ask.currency
    newest = await changes.cart.newest(holder, market, currency)
    if newest is not None:
        return await taken(rights, changes, newest, None)
    if (reached := await _crowded(changes, holder)) is not None:
        return reached
    made = new_cart(holder, market, currency, touched, context.rules)
    await changes.cart.create(made)
    return made


async def _crowded(changes: Changes, holder: str) -> UserError | None:
    return limit_reached() if await changes.cart.count(holder) >= MAX_CARTS else None
