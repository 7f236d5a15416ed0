"""Coupons as they were entered, and what became of each."""

from collections.abc import Collection, Sequence

from domain.basket import PricingRequest
from domain.promotion import (
    AppliedCoupon,
    AppliedPromotion,
    CouponState,
    MissedPromotion,
    MissReason,
    Promotion,
)


def code_for(promotion: Promotion, codes: Sequence[str], request: PricingRequest) -> str | None:
    """Find the code that the customer has entered for a promotion and can still redeem."""
    if promotion.coupon is None:
        return None
    return next(
        (c for c in codes if c in promotion.coupon.codes and c not in request.used_up), None
    )


def coupons(
    codes: Sequence[str],
    promotions: Sequence[Promotion],
    request: PricingRequest,
    applied: Sequence[AppliedPromotion],
    missed: Sequence[MissedPromotion],
) -> tuple[AppliedCoupon, ...]:
    """Tell what became of each code.

    *Shape*: ``applied`` and ``missed`` as the engine has come to them; in the order of ``codes``.
    """
    by_code = {
        code: promotion
        for promotion in sorted(promotions, key=lambda each: each.key)
        if promotion.coupon is not None
        for code in codes
        if code in promotion.coupon.codes
    }
    redeemed = {each.coupon for each in applied}
    lost = {each.promotion.key for each in missed if each.reason is MissReason.NOT_COMBINABLE}
    lost |= {each.promotion.key for each in applied}
    return tuple(
        AppliedCoupon(
            code, _state(code, by_code.get(code), request, redeemed, lost), by_code.get(code)
        )
        for code in codes
    )


def _state(
    code: str,
    promotion: Promotion | None,
    request: PricingRequest,
    redeemed: Collection[str | None],
    lost: Collection[str],
) -> CouponState:
    if promotion is None:
        return CouponState.UNKNOWN
    if code in redeemed:
        return CouponState.APPLIED
    if not promotion.is_for(request.channel, request.market, request.currency):
        return CouponState.CONDITIONS_UNMET
    period = promotion.period(request.market)
    if period.ends_at is not None and period.ends_at <= request.moment:
        return CouponState.EXPIRED
    if not promotion.is_in_force(request.market, request.moment):
        return CouponState.NOT_YET_VALID
    if code in request.used_up:
        return CouponState.USED_UP
    if promotion.key in lost:
        return CouponState.NOT_COMBINABLE
    return CouponState.CONDITIONS_UNMET
