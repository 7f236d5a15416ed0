"""Lines of a cart: put in, counted anew, taken out."""

from collections.abc import Mapping, Sequence

from domain.cart import Cart, CartOutcome
from domain.entry import SeenPrice, Touch
from domain.errors import Failure
from domain.line import (
    CartAddition,
    CartLinesAdd,
    CartLinesRemove,
    CartLinesUpdate,
    check_additions,
    check_keys,
    check_quantities,
    with_lines,
    with_quantities,
    without_lines,
)
from domain.offer import Offer
from domain.outcome import Notice, UserError
from domain.wishlist import VariantUnknown
from execution.context import Context
from resolvers.cart import change
from resolvers.owner import unknown_variants


async def add(
    parents: Sequence[object], context: Context, input: CartLinesAdd
) -> list[CartOutcome]:
    """Put goods into a cart. *Errors*: ``BadInput``; ``NotFound`` for no cart of theirs."""
    refused = check_additions(input.lines)
    unknown: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    seen: Mapping[str, SeenPrice] = {}
    if refused is None:
        unknown, seen, notices = await _looked_up(context, input.lines)
    if unknown:
        message = "No variant has these SKUs."
        refused = VariantUnknown(message=message, path=("input", "lines"), skus=unknown)

    def edit(cart: Cart, touched: Touch) -> Cart | UserError:
        return refused or with_lines(cart, input.lines, seen, touched, context.rules)

    return [await change(context, "cartLinesAdd", input, edit, notices)] * len(parents)


async def update(
    parents: Sequence[object], context: Context, input: CartLinesUpdate
) -> list[CartOutcome]:
    """Set quantities. *Errors*: as for adding."""
    refused = check_quantities(input.lines)

    def edit(cart: Cart, touched: Touch) -> Cart | UserError:
        return refused or with_quantities(
            cart, input.lines, input.expected_version, touched, context.rules
        )

    return [await change(context, "cartLinesUpdate", input, edit)] * len(parents)


async def remove(
    parents: Sequence[object], context: Context, input: CartLinesRemove
) -> list[CartOutcome]:
    """Take lines out. *Errors*: as for adding."""
    check_keys("input.lines", input.lines)

    def edit(cart: Cart, touched: Touch) -> Cart | UserError:
        return without_lines(cart, input.lines, input.expected_version, touched, context.rules)

    return [await change(context, "cartLinesRemove", input, edit)] * len(parents)


async def _looked_up(
    context: Context, lines: Sequence[CartAddition]
) -> tuple[tuple[str, ...], Mapping[str, SeenPrice], tuple[Notice, ...]]:
    """Tell which SKUs are unknown, and what a piece of the others costs now."""
    skus = list(dict.fromkeys(each.sku for each in lines))
    unknown, notices = await unknown_variants(context, skus)
    seen: dict[str, SeenPrice] = {}
    is_away = False
    for sku, offer in zip(skus, await context.loaders.offer_by_sku.load(skus)):
        if isinstance(offer, Offer):
            seen[sku] = SeenPrice(offer.price, offer.version)
        is_away = is_away or isinstance(offer, Failure)
    if is_away:
        message = "The prices could not be looked up at the moment; they are when the cart is read."
        notices += (Notice("PRICES_UNCHECKED", message),)
    return unknown, seen, notices
