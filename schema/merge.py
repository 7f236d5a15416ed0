"""Merging carts, handing them on, and going on with them."""

from datetime import datetime

import strawberry

import domain.cart
import domain.handoff
import domain.merge
from domain.merge import MergeResult
from schema.cart import Cart
from schema.delivery import HELD
from schema.field import accepts, enumerates, plain, publishes
from schema.outcome import KEY, Notice, UserError

enumerates(
    MergeResult,
    "What became of a line that was merged.",
    ADDED="It is a line of its own in the other cart.",
    COMBINED="Its pieces were added to a line that was there, as many as there was room for.",
    LEFT="There was no room for it; it is where it was.",
)


@publishes(domain.merge.MergedLine)
class MergedLine:
    """What became of one line."""

    sku: str = plain("The variant's SKU.")
    result: MergeResult = plain("What became of it.")
    moved: int = plain("How many pieces came over.")
    left: int = plain("How many there was no room for; they are where they were.")
    line: str | None = plain("The key of the line that they came to; null where none did.")


@publishes(domain.merge.Merge)
class CartMerge:
    """A merge, and what became of each line; `cartMergeUndo` takes it back."""

    id: strawberry.ID = plain("What `cartMergeUndo` takes.")
    lines: list[MergedLine] = plain("What became of each line.")
    coupons: list[str] = plain("The coupon codes that came over.")
    merged_at: datetime = plain("When it was.")
    is_undone: bool = plain("Whether it was taken back.")


@accepts(domain.merge.CartMerge, name="CartMergeInput")
class CartMergeInput:
    """A cart to merge into another one: a guest's, or one of the same customer's."""

    idempotency_key: str = plain(KEY)
    cart: strawberry.ID = plain("The cart whose goods move.")
    secret: str | None = strawberry.field(default=None, description=HELD)
    into: strawberry.ID | None = strawberry.field(
        default=None,
        description="The cart that takes them; the customer's newest, or a new one, without.",
    )
    customer: strawberry.ID | None = strawberry.field(
        default=None, description="The customer whose cart takes them; for staff."
    )


@accepts(domain.merge.CartMergeUndo, name="CartMergeUndoInput")
class CartMergeUndoInput:
    """A merge to take back."""

    idempotency_key: str = plain(KEY)
    merge: strawberry.ID = plain("The merge.")


@accepts(domain.handoff.CartHandOff, name="CartHandOffInput")
class CartHandOffInput:
    """A cart to hand on."""

    idempotency_key: str = plain(KEY)
    cart: strawberry.ID = plain("The cart.")
    secret: str | None = strawberry.field(default=None, description=HELD)


@accepts(domain.handoff.CartClaim, name="CartClaimInput")
class CartClaimInput:
    """A code to take a cart over by."""

    idempotency_key: str = plain(KEY)
    code: str = plain("The code as it was read out; blanks, dashes and O for 0 make no difference.")
    secret: str | None = strawberry.field(
        default=None,
        description="For guests: 32 bytes drawn at random, as base64url, to hold the cart by from "
        "now on; who held it before still does.",
    )


@accepts(domain.cart.CartInput, name="CartResumeInput")
class CartResumeInput:
    """A cart to go on with."""

    idempotency_key: str = plain(KEY)
    cart: strawberry.ID = plain("The cart.")
    secret: str | None = strawberry.field(default=None, description=HELD)


@publishes(domain.merge.CartMergeOutcome)
class CartMergePayload:
    """What became of a merge."""

    cart: Cart | None = plain("The cart that took the goods, as it is now.")
    merge: CartMerge | None = plain("What became of each line; null where nothing moved.")
    user_errors: list[UserError] = plain("Why nothing changed; empty where it did.")
    notices: list[Notice] = plain("What to know about the change.")


@publishes(domain.handoff.CartHandOffOutcome)
class CartHandOffPayload:
    """The code that hands a cart on."""

    cart: Cart | None = plain("The cart.")
    code: str | None = plain(
        "What `cartClaim` takes, once; eight letters and digits to be read out or typed. A code "
        "given out before is good no more."
    )
    expires_at: datetime | None = plain("Until when it is good: some minutes.")
    user_errors: list[UserError] = plain("Why there is none; empty where there is.")
    notices: list[Notice] = plain("What to know about it.")


@publishes(domain.handoff.CartClaimOutcome)
class CartClaimPayload:
    """The cart that was taken over."""

    cart: Cart | None = plain("The cart to go on with.")
    merge: CartMerge | None = plain(
        "What became of each line, where a guest's cart went into one of the customer's."
    )
    user_errors: list[UserError] = plain("Why nothing changed; empty where it did.")
    notices: list[Notice] = plain("What to know about the change.")


@publishes(domain.handoff.CodeRefused)
class CodeRefused(UserError):
    """The code hands nothing on: it is none, too old, used, or not for this caller."""


@publishes(domain.handoff.TooManyTries)
class TooManyTries(UserError):
    """Codes were tried too often."""

    retry_after: int = plain("In how many seconds the next try can be made.")


USER_ERRORS: tuple[type, ...] = (CodeRefused, TooManyTries)
