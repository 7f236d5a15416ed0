"""Coupons of a cart, and prices that are accepted."""

import strawberry

import domain.cart
import domain.code
from domain.promotion import CouponState
from schema.delivery import HELD
from schema.field import accepts, plain, publishes
from schema.outcome import KEY, UserError


@accepts(domain.code.CartCoupons, name="CartCouponsInput")
class CartCouponsInput:
    """Coupon codes to enter into a cart, or to take out."""

    idempotency_key: str = plain(KEY)
    cart: strawberry.ID = plain("The cart.")
    secret: str | None = strawberry.field(default=None, description=HELD)
    codes: list[str] = plain("The codes, in any case of letters: 1 to 100 of up to 50 characters.")


@accepts(domain.cart.CartInput, name="CartPricesAcceptInput")
class CartPricesAcceptInput:
    """A cart whose prices of today are accepted."""

    idempotency_key: str = plain(KEY)
    cart: strawberry.ID = plain("The cart.")
    secret: str | None = strawberry.field(default=None, description=HELD)


@publishes(domain.code.CouponRefused)
class CouponRefused(UserError):
    """A code takes nothing off, whatever lies in the cart."""

    code: str = plain("The code, in capitals.")
    state: CouponState = plain("Why not.")


@publishes(domain.code.CouponLimitReached)
class CouponLimitReached(UserError):
    """The cart would hold more codes than it may."""

    limit: int = plain("How many that is.")


USER_ERRORS: tuple[type, ...] = (CouponRefused, CouponLimitReached)
