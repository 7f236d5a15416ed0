"""Coupons of a cart: codes that customers enter. What they take off is worked out on every read."""

from collections.abc import Callable, Mapping, Sequence

from domain.basket import MAX_COUPONS
from domain.cart import Cart, CartInput, Rules
from domain.entry import CartCoupon, Touch
from domain.errors import BadInput
from domain.limit import check_items
from domain.outcome import UserError
from domain.promotion import CouponState, coupon_code

_MAX_CODE = 50
# What no change of the cart can mend.
_HOPELESS = frozenset({CouponState.UNKNOWN, CouponState.EXPIRED, CouponState.USED_UP})


class CartCoupons(CartInput, frozen=True, kw_only=True, omit_defaults=True):
    """Codes to enter into a cart, or to take out."""

    codes: list[str]


class CouponRefused(UserError, frozen=True, kw_only=True):  # noqa: N818
    """A code takes nothing off, whatever lies in the cart."""

    code: str
    state: CouponState


class CouponLimitReached(UserError, frozen=True, kw_only=True):  # noqa: N818
    """The cart would hold more codes than it may."""

    limit: int


def check_codes(codes: Sequence[str]) -> tuple[str, ...]:
    """Read codes as all their spellings are kept. *Errors*: ``BadInput`` for their form."""
    check_items("input.codes", codes)
    for code in codes:
        if not (1 <= len(code.strip()) <= _MAX_CODE and code.isprintable()):
            raise BadInput("input.codes", code, f"codes of 1 to {_MAX_CODE} printable characters")
    return tuple(dict.fromkeys(map(coupon_code, codes)))


def with_coupons(
    cart: Cart,
    codes: Sequence[str],
    states: Callable[[Cart], Mapping[str, CouponState]],
    touched: Touch,
    rules: Rules,
) -> Cart | UserError:
    """Enter codes; one that is there already is there once."""
    there = {each.code for each in cart.coupons}
    new = tuple(CartCoupon(code, touched) for code in codes if code not in there)
    if not new:
        return cart
    if len(there) + len(new) > MAX_COUPONS:
        message = f"A cart takes at most {MAX_COUPONS} codes; take one out first."
        return CouponLimitReached(message=message, path=("input", "codes"), limit=MAX_COUPONS)
    changed = cart.by(touched, rules, coupons=(*cart.coupons, *new))
    found = states(changed)
    for each in new:
        state = found[each.code]
        if state in _HOPELESS:
            message = "This code takes nothing off, whatever lies in the cart."
            path = ("input", "codes")
            return CouponRefused(message=message, path=path, code=each.code, state=state)
    return changed


def without_coupons(cart: Cart, codes: Sequence[str], touched: Touch, rules: Rules) -> Cart:
    """Take codes out; what is not there is out already."""
    left = tuple(each for each in cart.coupons if each.code not in codes)
    return cart if len(left) == len(cart.coupons) else cart.by(touched, rules, coupons=left)
