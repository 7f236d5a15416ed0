"""Wish lists: what a customer means to buy one day, kept by the gateway itself."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from msgspec import Struct
from msgspec.structs import replace
from uuid_utils import uuid7

from domain.ask import Ask
from domain.errors import BadInput
from domain.identity import node_id
from domain.limit import MAX_QUANTITY, check_items, check_sku, out_of_range
from domain.outcome import Input, Outcome, UserError
from domain.viewer import Channel

MAX_WISHLISTS = 50
MAX_LINES = 200
_MAX_NAME = 100
_MAX_NOTE = 500


class WishlistLine(Struct, frozen=True, gc=False, kw_only=True):
    """One variant on a wish list. *Units*: ``quantity`` in pieces; ``added_at`` UTC."""

    sku: str
    quantity: int
    note: str | None = None
    channel: Channel
    added_at: datetime


class Wishlist(Struct, frozen=True, kw_only=True):
    """A customer's list. *Shape*: one line for each SKU, in the order they were first added."""

    key: str
    customer_key: str
    name: str
    lines: tuple[WishlistLine, ...] = ()
    version: int = 1
    is_shared: bool = False
    created_at: datetime
    updated_at: datetime

    @property
    def id(self) -> str:
        """The global id."""
        return node_id("Wishlist", self.key)

    @property
    def subjects(self) -> frozenset[str]:
        """The person this is about."""
        return frozenset((self.customer_key,))


class SharedWishlistLine(Struct, frozen=True, gc=False):
    """One variant, as those see it who have the link."""

    sku: str
    quantity: int


class SharedWishlist(Struct, frozen=True, kw_only=True):
    """A wish list as those see it who have the link: nothing in it says whose it is."""

    lines: tuple[SharedWishlistLine, ...]
    updated_at: datetime


class WishlistCreate(Input, frozen=True, kw_only=True, omit_defaults=True):
    """A new list; ``customer`` is a global id, for staff who make it for somebody."""

    name: str
    customer: str | None = None


class WishlistAddition(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A variant to put on a list."""

    sku: str
    quantity: int = 1
    note: str | None = None


class WishlistLinesAdd(Input, frozen=True, kw_only=True, omit_defaults=True):
    """Variants to put on a list; ``wishlist`` is a global id."""

    wishlist: str
    lines: list[WishlistAddition]


class WishlistLinesRemove(Input, frozen=True, kw_only=True, omit_defaults=True):
    """Variants to take off a list; ``wishlist`` is a global id."""

    wishlist: str
    skus: list[str]


class WishlistShare(Input, frozen=True, kw_only=True, omit_defaults=True):
    """A list to be shown by a link; ``wishlist`` is a global id."""

    wishlist: str


class WishlistOutcome(Outcome, frozen=True, kw_only=True):
    """What became of a list; None where nothing did."""

    wishlist: Wishlist | None = None

    @property
    def subject(self) -> str | None:
        """Whose list it is."""
        return self.wishlist.customer_key if self.wishlist else None


class WishlistShareOutcome(WishlistOutcome, frozen=True, kw_only=True):
    """The shared list, and the secret that shows it."""

    secret: str | None = None


class WishlistLimitReached(UserError, frozen=True, kw_only=True):  # noqa: N818
    """The customer has as many lists as one may have."""

    limit: int


class WishlistFull(UserError, frozen=True, kw_only=True):  # noqa: N818
    """The list would hold more variants, or more of one, than it may."""

    limit: int


class VariantUnknown(UserError, frozen=True, kw_only=True):  # noqa: N818
    """Some SKUs are no variant's."""

    skus: tuple[str, ...]


def new_wishlist(name: str, customer_key: str, now: datetime) -> Wishlist:
    """Begin an empty list. *Errors*: ``BadInput`` for a name of other than 1 to 100 characters."""
    name = name.strip()
    if not 1 <= len(name) <= _MAX_NAME:
        raise BadInput("input.name", name, f"1 to {_MAX_NAME} characters")
    return Wishlist(
        key=str(uuid7()), customer_key=customer_key, name=name, created_at=now, updated_at=now
    )


def check_additions(additions: Sequence[WishlistAddition]) -> UserError | None:
    """Check what is to be added. *Errors*: ``BadInput`` for its form."""
    _check_skus("input.lines", [each.sku for each in additions])
    for each in additions:
        if each.note is not None and len(each.note) > _MAX_NOTE:
            found = f"{len(each.note)} characters"
            raise BadInput("input.lines.note", found, f"at most {_MAX_NOTE} characters")
    return out_of_range(each.quantity for each in additions)


def check_removals(skus: Sequence[str]) -> None:
    """Check what is to be removed, for its form. *Errors*: ``BadInput``."""
    _check_skus("input.skus", skus)


def with_lines(
    wishlist: Wishlist, additions: Iterable[WishlistAddition], channel: Channel, now: datetime
) -> Wishlist | WishlistFull:
    """Add to a list: more of what is on it already, a new note where one is given."""
    lines = {line.sku: line for line in wishlist.lines}
    for each in additions:
        line = lines.get(each.sku) or WishlistLine(
            sku=each.sku, quantity=0, channel=channel, added_at=now
        )
        lines[each.sku] = replace(
            line,
            quantity=line.quantity + each.quantity,
            note=line.note if each.note is None else each.note.strip() or None,
        )
    if len(lines) > MAX_LINES:
        message = f"A wish list holds at most {MAX_LINES} variants; take some off first."
        return WishlistFull(message=message, path=("input", "lines"), limit=MAX_LINES)
    if any(line.quantity > MAX_QUANTITY for line in lines.values()):
        message = f"A wish list holds at most {MAX_QUANTITY} of one variant; ask for fewer."
        return WishlistFull(message=message, path=("input", "lines"), limit=MAX_QUANTITY)
    return _changed(wishlist, tuple(lines.values()), now)


def without_lines(wishlist: Wishlist, skus: Iterable[str], now: datetime) -> Wishlist:
    """Take variants off a list; what is not on it is off it already."""
    gone = frozenset(skus)
    left = tuple(line for line in wishlist.lines if line.sku not in gone)
    return wishlist if len(left) == len(wishlist.lines) else _changed(wishlist, left, now)


def shared(wishlist: Wishlist, now: datetime) -> tuple[Wishlist, str]:
    """Share a list under a new secret; a link given out before ends."""
    changed = replace(wishlist, is_shared=True, version=wishlist.version + 1, updated_at=now)
    return changed, secrets.token_urlsafe(24)


def _changed(wishlist: Wishlist, lines: tuple[WishlistLine, ...], now: datetime) -> Wishlist:
    return replace(wishlist, lines=lines, version=wishlist.version + 1, updated_at=now)


def _check_skus(argument: str, skus: Sequence[str]) -> None:
    check_items(argument, skus)
    for sku in skus:
        check_sku(argument, sku)


@runtime_checkable
class WishlistPort(Protocol):
    """The store that keeps wish lists. *Errors* of all calls: ``StoreUnavailable``."""

    async def wishlists_by_customer(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[Wishlist]]:
        """Read each customer's lists, newest first; a customer without any is absent."""
        ...

    async def wishlist_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Wishlist]:
        """Read lists by their own key; unknown keys are absent."""
        ...

    async def wishlist_by_link(
        self, secrets: Sequence[str], ask: Ask
    ) -> Mapping[str, SharedWishlist]:
        """Read lists by the secret of their link; unknown secrets are absent."""
        ...


class WishlistChanges(Protocol):
    """What one transaction may do to wish lists; what it reads stays as it is until it ends."""

    async def count(self, customer_key: str) -> int:
        """Count a customer's lists, keeping others from adding one meanwhile."""
        ...

    async def read(self, key: str) -> Wishlist | None:
        """Read a list, keeping others from changing it meanwhile."""
        ...

    async def create(self, wishlist: Wishlist) -> None:
        """Write a new list."""
        ...

    async def save(self, wishlist: Wishlist) -> None:
        """Write a list that was read in the same transaction."""
        ...

    async def link(self, wishlist: Wishlist, secret: str) -> None:
        """Let a secret show the list, instead of any before."""
        ...
