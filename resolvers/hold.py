"""Goods of carts: held as checkout begins, all of a cart or none of it."""

from collections.abc import Sequence

from domain.attempt import Changes, attempt
from domain.cart import Cart, VersionConflict
from domain.errors import Failure, NotFound
from domain.hold import Shortage
from domain.holding import new_reservation, over_limit, released
from domain.outcome import UserError
from domain.reservation import (
    CartReserve,
    NothingToReserve,
    Reservation,
    ReservationOutcome,
)
from domain.sourcing import sourced
from execution.context import Context
from execution.permission import Rights, carry_out, permit
from resolvers.appraisal import facts_of
from resolvers.cart import cart_key, prove, refusal, taken
from resolvers.need import hold, needs_of
from resolvers.stock import tell_stock


async def reservations_of_cart(
    parents: Sequence[Cart], context: Context
) -> list[Sequence[Reservation] | Failure]:
    """List what is held of each cart."""
    found = await context.loaders.reservations_by_cart.load([parent.key for parent in parents])
    return [() if each is None else each for each in found]


async def cart_reserve(
    parents: Sequence[object], context: Context, input: CartReserve
) -> list[ReservationOutcome]:
    """Hold everything that lies in a cart, instead of what was held of it before.

    *Errors*: ``BadInput``; ``NotFound`` for a cart that is not the viewer's.
    """
    rights = await permit(context, "cartReserve")
    named = attempt(context.viewer, context.ask, "cartReserve", input, input.secret)
    cart = await _cart(context, rights, cart_key(input.cart), input.secret)
    ((_, facts),) = await facts_of([cart], context, stock=True)
    levels = {sku: goods.levels for sku, goods in facts.goods.items()}
    lines = sourced(cart, levels, facts.places)
    if isinstance(lines, Failure):
        raise lines
    short = tuple(each for each in lines if isinstance(each, Shortage))
    wished = [each for each in lines if not isinstance(each, Shortage)]
    needs, seen = await needs_of(context, wished)
    wanted = new_reservation(
        cart.holder, wished, context.ask.channel, context.now, context.holding, cart.key
    )

    async def work(changes: Changes) -> ReservationOutcome:
        found = await taken(rights, changes, cart.key, input.secret)
        if (error := refusal(context, found) or _changed(cart, found)) is not None:
            return ReservationOutcome(user_errors=(error,))
        if short:
            return ReservationOutcome(user_errors=short)
        running = await changes.reservation.running(found.holder)
        others = [each for each in running if each.cart_key != found.key]
        if (reached := over_limit(others, wanted, context.holding)) is not None:
            return ReservationOutcome(user_errors=(reached,))
        for before in running:
            if before.cart_key == found.key:
                await changes.reservation.save(released(before, context.now))
        return await hold(context, changes, wanted, needs, seen)

    outcome = await carry_out(context, rights, named, ReservationOutcome, work)
    if outcome.reservation is not None:
        await tell_stock(context, (line.sku for line in (*wished, *needs)))
    return [outcome] * len(parents)


async def _cart(context: Context, rights: Rights, key: str, secret: str | None) -> Cart:
    """Find the cart before anything is locked. *Errors*: ``NotFound`` for one not theirs."""
    if secret is not None:
        found = await context.loaders.cart_by_secret.load_one(secret)
    else:
        found = await context.loaders.cart_by_key.load_one(key)
    if isinstance(found, Failure):
        raise found
    if found is not None and found.key == key:
        if secret is not None:
            return prove(context, found)
        if rights.cover(found):
            return found
    raise NotFound("No cart has this id, or it is not yours.")


def _changed(before: Cart, now: Cart) -> UserError | None:
    """Tell why the goods that were looked up are not those to hold."""
    if now.version != before.version:
        return VersionConflict(
            message="The cart was changed meanwhile; look at it, and reserve it as it is now.",
            path=("input", "cart"),
            expected_version=before.version,
            version=now.version,
        )
    if not now.entries:
        message = "There is nothing in the cart."
        return NothingToReserve(message=message, path=("input", "cart"))
    return None
