"""Where every change begins. Changes of one document are made one after the other."""

from typing import Annotated

import resolvers.assist
import resolvers.cart
import resolvers.code
import resolvers.delivery
import resolvers.handoff
import resolvers.hold
import resolvers.line
import resolvers.merge
import resolvers.reservation
import resolvers.wishlist
import schema.assist
import schema.cart
import schema.code
import schema.delivery
import schema.line
import schema.merge
import schema.outcome
import schema.reservation
import schema.wishlist
from schema.assist import AssistEndInput, AssistPayload, AssistStartInput
from schema.cart import CartCreateInput, CartPayload
from schema.code import CartCouponsInput, CartPricesAcceptInput
from schema.delivery import CartDeliverySelectInput
from schema.field import argument, batch, publishes
from schema.line import CartLinesAddInput, CartLinesRemoveInput, CartLinesUpdateInput
from schema.merge import (
    CartClaimInput,
    CartClaimPayload,
    CartHandOffInput,
    CartHandOffPayload,
    CartMergeInput,
    CartMergePayload,
    CartMergeUndoInput,
    CartResumeInput,
)
from schema.reservation import (
    CartReserveInput,
    ReservationCreateInput,
    ReservationExtendInput,
    ReservationPayload,
    ReservationReleaseInput,
)
from schema.wishlist import (
    WishlistCreateInput,
    WishlistLinesAddInput,
    WishlistLinesRemoveInput,
    WishlistPayload,
    WishlistShareInput,
    WishlistSharePayload,
)

# Reached through UserError alone, so that the schema has to be told of them.
USER_ERRORS: tuple[type, ...] = (
    schema.outcome.IdempotencyMismatch,
    *schema.reservation.USER_ERRORS,
    *schema.wishlist.USER_ERRORS,
    *schema.assist.USER_ERRORS,
    *schema.cart.USER_ERRORS,
    *schema.code.USER_ERRORS,
    *schema.delivery.USER_ERRORS,
    *schema.line.USER_ERRORS,
    *schema.merge.USER_ERRORS,
)


@publishes(type(None))
class Mutation:
    """Everything that can be changed, each change once for its `idempotencyKey`."""

    @batch(resolvers.wishlist.create, cost=10)
    def wishlist_create(
        self, input: Annotated[WishlistCreateInput, argument("The list to begin.")]
    ) -> WishlistPayload | None:
        """Begin a wish list."""

    @batch(resolvers.wishlist.lines_add, cost=10)
    def wishlist_lines_add(
        self, input: Annotated[WishlistLinesAddInput, argument("What to add to which list.")]
    ) -> WishlistPayload | None:
        """Add variants to a wish list; more of what is on it already."""

    @batch(resolvers.wishlist.lines_remove, cost=10)
    def wishlist_lines_remove(
        self,
        input: Annotated[WishlistLinesRemoveInput, argument("What to take off which list.")],
    ) -> WishlistPayload | None:
        """Take variants off a wish list."""

    @batch(resolvers.wishlist.share, cost=10)
    def wishlist_share(
        self, input: Annotated[WishlistShareInput, argument("The list to share.")]
    ) -> WishlistSharePayload | None:
        """Share a wish list by a new link."""

    @batch(resolvers.reservation.create, cost=20)
    def reservation_create(
        self, input: Annotated[ReservationCreateInput, argument("What to hold, and where.")]
    ) -> ReservationPayload | None:
        """Hold goods for collecting them: all that is asked for, or nothing of it."""

    @batch(resolvers.hold.cart_reserve, cost=20)
    def cart_reserve(
        self, input: Annotated[CartReserveInput, argument("Whose goods to hold.")]
    ) -> ReservationPayload | None:
        """Hold everything in a cart as checkout begins, instead of what was held of it before."""

    @batch(resolvers.reservation.extend, cost=10)
    def reservation_extend(
        self, input: Annotated[ReservationExtendInput, argument("What to hold for longer.")]
    ) -> ReservationPayload | None:
        """Hold reserved goods for the whole time again, up to a limit."""

    @batch(resolvers.reservation.release, cost=10)
    def reservation_release(
        self, input: Annotated[ReservationReleaseInput, argument("What to let go.")]
    ) -> ReservationPayload | None:
        """Let reserved goods go; what does not run any more has done so already."""

    @batch(resolvers.assist.start, cost=10)
    def assist_start(
        self, input: Annotated[AssistStartInput, argument("Whom to open, and why.")]
    ) -> AssistPayload | None:
        """Open a customer to the calling agent; an open case of the same purpose ends with it."""

    @batch(resolvers.assist.end, cost=10)
    def assist_end(
        self, input: Annotated[AssistEndInput, argument("Which case to end.")]
    ) -> AssistPayload | None:
        """End a case; what rested on it is masked from then on."""

    @batch(resolvers.cart.create, cost=10)
    def cart_create(
        self, input: Annotated[CartCreateInput, argument("The cart to begin.")]
    ) -> CartPayload | None:
        """Begin a cart: the caller's own, a guest's, or for staff a customer's."""

    @batch(resolvers.line.add, cost=10)
    def cart_lines_add(
        self, input: Annotated[CartLinesAddInput, argument("What to put into which cart.")]
    ) -> CartPayload | None:
        """Put goods into a cart, on top of whatever others put there meanwhile."""

    @batch(resolvers.line.update, cost=10)
    def cart_lines_update(
        self, input: Annotated[CartLinesUpdateInput, argument("Which quantities to set.")]
    ) -> CartPayload | None:
        """Set how many pieces lines have."""

    @batch(resolvers.line.remove, cost=10)
    def cart_lines_remove(
        self, input: Annotated[CartLinesRemoveInput, argument("What to take out of which cart.")]
    ) -> CartPayload | None:
        """Take lines out of a cart."""

    @batch(resolvers.line.prices_accept, cost=10)
    def cart_prices_accept(
        self, input: Annotated[CartPricesAcceptInput, argument("The cart.")]
    ) -> CartPayload | None:
        """Accept the prices and promotions of today: what has changed is told no more."""

    @batch(resolvers.delivery.select, cost=10)
    def cart_delivery_select(
        self, input: Annotated[CartDeliverySelectInput, argument("Which lines come how.")]
    ) -> CartPayload | None:
        """Choose how lines of a cart come."""

    @batch(resolvers.code.add, cost=10)
    def cart_coupons_add(
        self, input: Annotated[CartCouponsInput, argument("Which codes to enter.")]
    ) -> CartPayload | None:
        """Enter coupon codes; a code that is there already is there once."""

    @batch(resolvers.code.remove, cost=10)
    def cart_coupons_remove(
        self, input: Annotated[CartCouponsInput, argument("Which codes to take out.")]
    ) -> CartPayload | None:
        """Take coupon codes out of a cart."""

    @batch(resolvers.merge.merge, cost=10)
    def cart_merge(
        self, input: Annotated[CartMergeInput, argument("Which cart goes into which.")]
    ) -> CartMergePayload | None:
        """Merge a cart into another one, as after signing in; merging again changes nothing."""

    @batch(resolvers.merge.undo, cost=10)
    def cart_merge_undo(
        self, input: Annotated[CartMergeUndoInput, argument("Which merge.")]
    ) -> CartMergePayload | None:
        """Take a merge back: what came over goes, and the other cart is what it was."""

    @batch(resolvers.handoff.hand_off, cost=10)
    def cart_hand_off(
        self, input: Annotated[CartHandOffInput, argument("Which cart.")]
    ) -> CartHandOffPayload | None:
        """Make a code that hands a cart on to another channel or device."""

    @batch(resolvers.handoff.claim, cost=10)
    def cart_claim(
        self, input: Annotated[CartClaimInput, argument("The code.")]
    ) -> CartClaimPayload | None:
        """Take a cart over by its code; a customer's goes to that customer and to staff only."""

    @batch(resolvers.handoff.resume, cost=10)
    def cart_resume(
        self, input: Annotated[CartResumeInput, argument("Which cart.")]
    ) -> CartPayload | None:
        """Go on with a cart in this channel: it is the last one again, and kept for longer."""
