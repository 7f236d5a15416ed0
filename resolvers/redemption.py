"""Coupons of limited number, kept for the carts that they are entered into."""

from datetime import timedelta

from domain.attempt import Changes
from domain.cart import Cart
from domain.code import CouponRefused
from domain.coupon import claims
from domain.fact import Facts
from domain.outcome import UserError
from domain.promotion import CouponState


async def hold_coupons(
    changes: Changes, before: Cart, after: Cart, facts: Facts
) -> UserError | None:
    """Keep a changed cart's coupons for it a while, and let go of those that were taken out.

    Of a code that is entered now and that others have taken up it is told; one that was entered
    before and was lost since shows in the cart itself.
    """
    entered = [each.code for each in after.coupons]
    known = {each.code for each in before.coupons}
    dropped = known.difference(entered)
    if dropped:
        await changes.coupon.release(after.key, [*dropped])
    wanted = [
        claim
        for claim in claims(entered, facts.promotions, after.key, after.holder)
        if claim.is_limited
    ]
    if not wanted:
        return None
    until = facts.moment + timedelta(seconds=facts.rules.coupon_hold)
    for claim in await changes.coupon.hold(wanted, until):
        if claim.code not in known:
            return CouponRefused(
                message="This code cannot be redeemed any more, or not by this customer.",
                path=("input", "codes"),
                code=claim.code,
                state=CouponState.USED_UP,
            )
    return None
