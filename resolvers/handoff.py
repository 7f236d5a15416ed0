"""Handing carts on by a code, taking them over, and going on with them."""

from collections.abc import Sequence

from domain.attempt import Changes, attempt
from domain.bucket import Grant
from domain.cart import Cart, CartInput, CartOutcome, SecretTaken
from domain.entry import Touch
from domain.fact import Facts
from domain.guest import check_secret
from domain.handoff import (
    GUESTS_TRIES,
    PLACE_TRIES,
    TRIES,
    CartClaim,
    CartClaimOutcome,
    CartHandOff,
    CartHandOffOutcome,
    CodeRefused,
    TooManyTries,
    code_expiry,
    new_code,
    read_code,
)
from execution.context import Context
from execution.permission import permit
from resolvers.cart import cart_key, change, once, prove, refusal, taken, touched_by
from resolvers.merge import facts_for_merge, merge_within


async def hand_off(
    parents: Sequence[object], context: Context, input: CartHandOff
) -> list[CartHandOffOutcome]:
    """Make a code that hands a cart on. *Errors*: ``NotFound`` for no cart of theirs."""
    rights = await permit(context, "cartHandOff")
    named = attempt(context.viewer, context.ask, "cartHandOff", input, input.secret)
    key, code = cart_key(input.cart), new_code()
    until = code_expiry(context.now, context.rules)

    async def work(changes: Changes) -> CartHandOffOutcome:
        found = await taken(rights, changes, key, input.secret)
        refused = refusal(context, found)
        if refused is not None:
            return CartHandOffOutcome(cart=found, user_errors=(refused,))
        await changes.handoff.offer(found, code, until)
        return CartHandOffOutcome(cart=found, code=code, expires_at=until)

    return [await once(context, rights, named, CartHandOffOutcome, work, input.secret)] * len(
        parents
    )


async def claim(
    parents: Sequence[object], context: Context, input: CartClaim
) -> list[CartClaimOutcome]:
    """Take a cart over by its code. *Errors*: ``BadInput`` for what is no code."""
    rights = await permit(context, "cartClaim")
    named = attempt(context.viewer, context.ask, "cartClaim", input, input.secret)
    if context.viewer.subject is None and input.secret is not None:
        check_secret(input.secret)
    code, touched = read_code(input.code), touched_by(context)
    own, is_staff = context.viewer.customer, context.viewer.is_staff
    facts = await facts_for_merge(context, rights, None, own, None)

    async def work(changes: Changes) -> CartClaimOutcome:
        # A second try of what was done does not come here: only what is new is counted.
        grant = await _tries(context)
        if not grant.is_granted:
            return CartClaimOutcome(user_errors=(_too_many(grant),))
        key = await changes.handoff.use(code, context.now)
        found, _ = (None, False) if key is None else await changes.cart.read(key)
        if found is None:
            return CartClaimOutcome(user_errors=(_refused(),))
        refused = refusal(context, found)
        if refused is not None:
            return CartClaimOutcome(user_errors=(refused,))
        if rights.cover(found) or (found.is_guest and is_staff):
            resumed = found.by(touched, context.rules)
            await changes.cart.save(resumed)
            return CartClaimOutcome(cart=resumed)
        if not found.is_guest:
            # A customer's cart goes to the customer and to staff: a code proves neither.
            return CartClaimOutcome(user_errors=(_refused(),))
        if own is not None:
            done = await merge_within(context, rights, changes, found, own, None, facts, touched)
            return CartClaimOutcome(cart=done.cart, merge=done.merge, user_errors=done.user_errors)
        assert input.secret is not None, "a guest is told by their secret"
        if not await changes.cart.hold(found, input.secret):
            message = "This secret holds another cart already; draw a new one at random."
            taken_already = SecretTaken(message=message, path=("input", "secret"))
            return CartClaimOutcome(user_errors=(taken_already,))
        resumed = found.by(touched, context.rules)
        await changes.cart.save(resumed)
        return CartClaimOutcome(cart=resumed)

    outcome = await once(context, rights, named, CartClaimOutcome, work, input.secret)
    if is_staff and outcome.cart is not None:
        # The guest read the code out to them.
        prove(context, outcome.cart)
    return [outcome] * len(parents)


async def resume(
    parents: Sequence[object], context: Context, input: CartInput
) -> list[CartOutcome]:
    """Go on with a cart: it is the customer's last one again, and kept for its full time."""

    def edit(cart: Cart, touched: Touch, _: Facts) -> Cart:
        return cart.by(touched, context.rules)

    return [await change(context, "cartResume", input, edit)] * len(parents)


async def _tries(context: Context) -> Grant:
    subject = context.viewer.subject
    if subject is not None:
        return await context.buckets.take(f"cart claim {subject}", 1, TRIES)
    if context.origin is not None:
        by_place = await context.buckets.take(f"cart claim from {context.origin}", 1, PLACE_TRIES)
        if not by_place.is_granted:
            return by_place
    return await context.buckets.take("cart claim of guests", 1, GUESTS_TRIES)


def _too_many(grant: Grant) -> TooManyTries:
    seconds = 1 + int(grant.retry_after or 0)
    message = f"Codes were tried too often; try again in {seconds} seconds."
    return TooManyTries(message=message, path=("input", "code"), retry_after=seconds)


def _refused() -> CodeRefused:
    message = "This code is none, too old, or used; ask for a new one."
    return CodeRefused(message=message, path=("input", "code"))
