"""Coupons of a cart: entered and taken out."""

from collections.abc import Mapping, Sequence

from domain.appraisal import coupon_states
from domain.cart import Cart, CartOutcome
from domain.code import CartCoupons, check_codes, with_coupons, without_coupons
from domain.entry import Touch
from domain.fact import Facts
from domain.outcome import UserError
from domain.promotion import CouponState
from execution.context import Context
from resolvers.cart import change


async def add(parents: Sequence[object], context: Context, input: CartCoupons) -> list[CartOutcome]:
    """Enter codes into a cart. *Errors*: ``BadInput``; ``NotFound`` for no cart of theirs."""
    codes = check_codes(input.codes)

    def edit(cart: Cart, touched: Touch, facts: Facts) -> Cart | UserError:
        def states(changed: Cart) -> Mapping[str, CouponState]:
            return coupon_states(changed, facts)

        return with_coupons(cart, codes, states, touched, context.rules)

    return [await change(context, "cartCouponsAdd", input, edit, codes=codes)] * len(parents)


async def remove(
    parents: Sequence[object], context: Context, input: CartCoupons
) -> list[CartOutcome]:
    """Take codes out of a cart. *Errors*: as for entering."""
    codes = check_codes(input.codes)

    def edit(cart: Cart, touched: Touch, _: Facts) -> Cart:
        return without_coupons(cart, codes, touched, context.rules)

    return [await change(context, "cartCouponsRemove", input, edit)] * len(parents)
