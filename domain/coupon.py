"""Redeeming coupons: as often as their promotion allows, and never once more."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.ask import Ask
from domain.promotion import Promotion, coupon_code


class Claim(Struct, frozen=True):
    """One wish to redeem a code.

    *Shape*: ``code`` as ``coupon_code`` writes it; ``taker`` is what redeems it, a cart's key or a
    checkout's, and has it once however often it asks; ``customer`` is whom it is about, as the cart
    says: a customer's key, or a guest's name. Limits are the promotion's, None where there is none.
    """

    code: str
    taker: str
    customer: str
    limit: int | None = None
    limit_per_customer: int | None = None

    @property
    def is_limited(self) -> bool:
        """Whether anybody has to count."""
        return self.limit is not None or self.limit_per_customer is not None


def claims(
    codes: Sequence[str], promotions: Sequence[Promotion], taker: str, customer: str
) -> list[Claim]:
    """Make a claim for each code that any promotion knows, in the order of the codes."""
    wanted = dict.fromkeys(coupon_code(code) for code in codes)
    coupons = {
        code: promotion.coupon
        for promotion in promotions
        if promotion.coupon is not None
        for code in wanted
        if code in promotion.coupon.codes
    }
    return [
        Claim(code, taker, customer, coupons[code].limit, coupons[code].per_customer)
        for code in wanted
        if code in coupons
    ]


@runtime_checkable
class CouponPort(Protocol):
    """What is known of redemptions, read without holding anything."""

    async def redeemable_by_claim(self, claims: Sequence[Claim], ask: Ask) -> Mapping[Claim, bool]:
        """Tell of each claim whether it could be held now, or is held already.

        What this says may be different a moment later: only ``CouponChanges.hold`` decides.
        """
        ...


class CouponChanges(Protocol):
    """Holds coupons within one transaction."""

    async def hold(self, claims: Sequence[Claim], until: datetime) -> Sequence[Claim]:
        """Hold codes for their takers until then, and tell which cannot be had any more.

        What is held counts against the limits. A code that its taker has already is held until
        ``until`` from now on.
        """
        ...

    async def release(self, taker: str, codes: Sequence[str] | None = None) -> None:
        """Let go of what a taker holds, of these codes or of all."""
        ...
