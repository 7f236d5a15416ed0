"""Wish lists."""

from datetime import datetime

import strawberry

import domain.wishlist
import resolvers.wishlist
from domain.policy import Category, Record
from schema.channel import Channel
from schema.field import accepts, batch, plain, publishes
from schema.node import Node
from schema.outcome import KEY, Notice, UserError
from schema.product import Variant


@publishes(domain.wishlist.WishlistLine, part_of=Category.PURCHASE_HISTORY)
class WishlistLine:
    """A variant on a wish list."""

    sku: str = plain("The variant's SKU.")
    quantity: int = plain("How many pieces are wished for.")
    note: str | None = plain("What the customer noted about it.", category=Category.FREE_TEXT)
    channel: Channel = plain("Where it was added.")
    added_at: datetime = plain("When it was added first.")

    @batch(resolvers.wishlist.variant_of_line)
    def variant(self) -> Variant | None:
        """The variant as it is today; null where it is no longer known."""


@publishes(domain.wishlist.Wishlist, person=Record.WISHLIST)
class Wishlist(Node):
    """What a customer means to buy one day, the same list in every channel."""

    name: str | None = plain("What the customer calls it.", category=Category.FREE_TEXT)
    lines: list[WishlistLine] | None = plain(
        "What is on it, at most 200 variants.", category=Category.PURCHASE_HISTORY
    )
    version: int | None = plain("Grows with every change.", category=Category.PURCHASE_HISTORY)
    is_shared: bool | None = plain("Whether a link shows it.", category=Category.PURCHASE_HISTORY)
    created_at: datetime | None = plain("When it was begun.", category=Category.PURCHASE_HISTORY)
    updated_at: datetime | None = plain(
        "When it was last changed.", category=Category.PURCHASE_HISTORY
    )


@publishes(domain.wishlist.SharedWishlistLine)
class SharedWishlistLine:
    """A variant on a shared wish list."""

    sku: str = plain("The variant's SKU.")
    quantity: int = plain("How many pieces are wished for.")

    @batch(resolvers.wishlist.variant_of_line)
    def variant(self) -> Variant | None:
        """The variant as it is today; null where it is no longer known."""


@publishes(domain.wishlist.SharedWishlist)
class SharedWishlist:
    """A wish list as its link shows it: what is wished for, and nothing of whose it is."""

    lines: list[SharedWishlistLine] = plain("What is on it.")
    updated_at: datetime = plain("When it was last changed.")


@accepts(domain.wishlist.WishlistCreate, name="WishlistCreateInput")
class WishlistCreateInput:
    """A wish list to begin."""

    idempotency_key: str = plain(KEY)
    name: str = plain("What to call it: 1 to 100 characters.")
    customer: strawberry.ID | None = strawberry.field(
        default=None, description="The customer it is for; for staff. The caller's own without."
    )


@accepts(domain.wishlist.WishlistAddition, name="WishlistLineInput")
class WishlistLineInput:
    """A variant to put on a wish list."""

    sku: str = plain("The variant's SKU.")
    quantity: int = strawberry.field(default=1, description="How many pieces more: 1 to 999.")
    note: str | None = strawberry.field(
        default=None,
        description="A note of at most 500 characters; the one that is there stays without.",
    )


@accepts(domain.wishlist.WishlistLinesAdd, name="WishlistLinesAddInput")
class WishlistLinesAddInput:
    """Variants to put on a wish list."""

    idempotency_key: str = plain(KEY)
    wishlist: strawberry.ID = plain("The wish list.")
    lines: list[WishlistLineInput] = plain("What to add: 1 to 100 variants.")


@accepts(domain.wishlist.WishlistLinesRemove, name="WishlistLinesRemoveInput")
class WishlistLinesRemoveInput:
    """Variants to take off a wish list."""

    idempotency_key: str = plain(KEY)
    wishlist: strawberry.ID = plain("The wish list.")
    skus: list[str] = plain("Their SKUs: 1 to 100; what is not on the list is off it already.")


@accepts(domain.wishlist.WishlistShare, name="WishlistShareInput")
class WishlistShareInput:
    """A wish list to show by a link."""

    idempotency_key: str = plain(KEY)
    wishlist: strawberry.ID = plain("The wish list.")


@publishes(domain.wishlist.WishlistOutcome)
class WishlistPayload:
    """What became of a wish list."""

    wishlist: Wishlist | None = plain("The list after the change; null where nothing changed.")
    user_errors: list[UserError] = plain("Why nothing changed; empty where it did.")
    notices: list[Notice] = plain("What to know about the change.")


@publishes(domain.wishlist.WishlistShareOutcome)
class WishlistSharePayload:
    """The link to a wish list."""

    wishlist: Wishlist | None = plain("The list after the change; null where nothing changed.")
    secret: str | None = plain(
        "What `wishlistByLink` takes, for whoever may see the list; a secret given out before "
        "shows it no more."
    )
    user_errors: list[UserError] = plain("Why nothing changed; empty where it did.")
    notices: list[Notice] = plain("What to know about the change.")


@publishes(domain.wishlist.WishlistLimitReached, made_by=["wishlistCreate"])
class WishlistLimitReached(UserError):
    """The customer has as many wish lists as one may have."""

    limit: int = plain("How many that is.")


@publishes(domain.wishlist.WishlistFull, made_by=["wishlistLinesAdd"])
class WishlistFull(UserError):
    """The list would hold more than it may."""

    limit: int = plain("How many variants it may hold, or how many of one.")


@publishes(domain.wishlist.VariantUnknown)
class VariantUnknown(UserError):
    """Some SKUs are no variant's."""

    skus: list[str] = plain("Which ones.")


USER_ERRORS: tuple[type, ...] = (WishlistLimitReached, WishlistFull, VariantUnknown)
