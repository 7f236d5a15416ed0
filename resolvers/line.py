"""Lines of a cart: put in, counted anew, taken out; and the prices they are accepted at."""

from collections.abc import Sequence

from domain.appraisal import accepted
from domain.cart import Cart, CartInput, CartOutcome
from domain.entry import Touch
from domain.fact import Facts
from domain.line import (
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
from domain.outcome import UserError
from domain.wishlist import VariantUnknown
from execution.context import Context
from resolvers.cart import change
from resolvers.owner import unknown_variants


async def add(
    parents: Sequence[object], context: Context, input: CartLinesAdd
) -> list[CartOutcome]:
    """Put goods into a cart. *Errors*: ``BadInput``; ``NotFound`` for no cart of theirs."""
    refused = check_additions(input.lines)
    skus = list(dict.fromkeys(each.sku for each in input.lines)) if refused is None else []
    unknown, notices = await unknown_variants(context, skus)
    if unknown:
        message = "No variant has these SKUs."
        refused = VariantUnknown(message=message, path=("input", "lines"), skus=unknown)

    def edit(cart: Cart, touched: Touch, _: Facts) -> Cart | UserError:
        return refused or with_lines(cart, input.lines, touched, context.rules)

    outcome = await change(context, "cartLinesAdd", input, edit, notices, also=skus)
    return [outcome] * len(parents)


async def update(
    parents: Sequence[object], context: Context, input: CartLinesUpdate
) -> list[CartOutcome]:
    """Set quantities. *Errors*: as for adding."""
    refused = check_quantities(input.lines)

    def edit(cart: Cart, touched: Touch, _: Facts) -> Cart | UserError:
        return refused or with_quantities(
            cart, input.lines, input.expected_version, touched, context.rules
        )

    return [await change(context, "cartLinesUpdate", input, edit)] * len(parents)


async def remove(
    parents: Sequence[object], context: Context, input: CartLinesRemove
) -> list[CartOutcome]:
    """Take lines out. *Errors*: as for adding."""
    check_keys("input.lines", input.lines)

    def edit(cart: Cart, touched: Touch, _: Facts) -> Cart | UserError:
        return without_lines(cart, input.lines, input.expected_version, touched, context.rules)

    return [await change(context, "cartLinesRemove", input, edit)] * len(parents)


async def prices_accept(
    parents: Sequence[object], context: Context, input: CartInput
) -> list[CartOutcome]:
    """Take today's prices for those that were seen. *Errors*: as for adding."""

    def edit(cart: Cart, touched: Touch, facts: Facts) -> Cart | UserError:
        return accepted(cart, facts).by(touched, context.rules)

    return [await change(context, "cartPricesAccept", input, edit)] * len(parents)
