"""Carts: what somebody is about to buy, one cart for every channel, kept by the gateway itself.

A cart is one thing: it is read whole and written whole, and its version grows with every change.
An *entry* is what is kept of a line; a *line* is the entry in its cart, with all that follows from
both.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol, runtime_checkable

from msgspec import Struct
from msgspec.structs import replace
from uuid_utils import uuid7

from domain.ask import Ask
from domain.carriage import Carbon, Method
from domain.deadline import Duration
from domain.entry import CartCoupon, DeliveryChoice, Entry, Touch
from domain.errors import Failure
from domain.identity import node_id
from domain.outcome import GUEST, Input, Outcome, UserError
from domain.page import Page, PageRequest

MAX_CARTS = 20
_GUEST = f"{GUEST}cart "


class Rules(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long carts are kept after their last change, and how their goods can come."""

    guest_expiry: Duration = Duration(30 * 86_400)
    customer_expiry: Duration = Duration(90 * 86_400)
    code_expiry: Duration = Duration(600)
    coupon_hold: Duration = Duration(1_800)
    carbon: Carbon = Carbon()
    delivery: dict[str, Method] = {}


RULES = Rules()


class CartState(Enum):
    """Whether a cart can be changed."""

    ACTIVE = "ACTIVE"
    MERGED = "MERGED"


class Cart(Struct, frozen=True, kw_only=True):
    """Somebody's cart.

    *Shape*: ``holder`` is whom it is about: a customer's key, or for guests a name of its own.
    ``market`` and ``currency`` are those that it was begun in, and stay. ``usual`` is the choice
    that new lines take; ``promotions`` those that acted when it was last changed, by key.
    """

    key: str
    holder: str
    state: CartState = CartState.ACTIVE
    market: str
    currency: str
    version: int = 1
    entries: tuple[Entry, ...] = ()
    choices: tuple[DeliveryChoice, ...] = ()
    usual: str | None = None
    coupons: tuple[CartCoupon, ...] = ()
    promotions: tuple[str, ...] = ()
    begun: Touch
    changed: Touch
    expires_at: datetime

    @property
    def id(self) -> str:
        """The global id."""
        return node_id("Cart", self.key)

    @property
    def subjects(self) -> frozenset[str]:
        """The person this is about."""
        return frozenset((self.holder,))

    @property
    def is_guest(self) -> bool:
        """Whether it belongs to whoever holds its secret."""
        return self.holder.startswith(_GUEST)

    @property
    def customer_key(self) -> str | None:
        """Whose it is; None for a guest's."""
        return None if self.is_guest else self.holder

    @property
    def lines(self) -> "tuple[CartLine, ...]":
        """What lies in it, in the order it was put there."""
        return tuple(CartLine(self, entry) for entry in self.entries)

    @property
    def quantity(self) -> int:
        """How many pieces lie in it."""
        return sum(entry.quantity for entry in self.entries)

    @property
    def value(self) -> int:
        """What the goods came to when they were last seen. *Units*: minor units of ``currency``."""
        return sum(
            entry.seen.price.gross.minor * entry.quantity
            for entry in self.entries
            if entry.seen is not None
        )

    def by(self, touched: Touch, rules: Rules, **changes: object) -> "Cart":
        """Change it: one version on, and kept for its full time again."""
        expiry = rules.guest_expiry if self.is_guest else rules.customer_expiry
        return replace(
            self,
            version=self.version + 1,
            changed=touched,
            expires_at=touched.at + timedelta(seconds=expiry),
            **changes,
        )


class CartLine(Struct, frozen=True):
    """A line in its cart."""

    cart: Cart
    entry: Entry

    @property
    def key(self) -> str:
        """What names the line within its cart."""
        return self.entry.key

    @property
    def sku(self) -> str:
        """The variant's SKU."""
        return self.entry.sku

    @property
    def quantity(self) -> int:
        """How many pieces."""
        return self.entry.quantity

    @property
    def added(self) -> Touch:
        """Who put it there first."""
        return self.entry.added

    @property
    def changed(self) -> Touch:
        """Who changed it last."""
        return self.entry.changed


class CartFilter(Struct, frozen=True, kw_only=True):
    """Which carts are looked for.

    *Shape*: those last changed from ``changed_since`` up to and without ``changed_before``, of at
    least so much ``min_value`` in the operation's currency. *Units*: minor units.
    """

    changed_before: datetime | None = None
    changed_since: datetime | None = None
    min_value: int | None = None
    is_guest: bool | None = None


class CartQuery(Struct, frozen=True):
    """A page of carts in one currency, the last changed first.

    *Shape*: ``holders`` are the customers of whom alone carts are listed; None for everybody.
    """

    page: PageRequest
    where: CartFilter
    currency: str
    holders: frozenset[str] | None = None


class CartInput(Input, frozen=True, kw_only=True, omit_defaults=True):
    """A cart to change: a global id, and for guests the secret that proves it theirs."""

    cart: str
    secret: str | None = None


class CartCreate(Input, frozen=True, kw_only=True, omit_defaults=True):
    """A new cart; ``customer`` is a global id, for staff; ``secret`` a guest's."""

    customer: str | None = None
    secret: str | None = None


class CartOutcome(Outcome, frozen=True, kw_only=True):
    """The cart as it is now; with user errors, as it was left."""

    cart: Cart | None = None

    @property
    def subject(self) -> str | None:
        """Whom the cart is about."""
        return self.cart.holder if self.cart else None


class CartLimitReached(UserError, frozen=True, kw_only=True):  # noqa: N818
    """The customer has as many carts as one may have."""

    limit: int


class SecretTaken(UserError, frozen=True, kw_only=True):  # noqa: N818
    """Another cart is held by this secret already."""


class VersionConflict(UserError, frozen=True, kw_only=True):  # noqa: N818
    """What was to be changed has been changed since the version that the caller knew."""

    expected_version: int
    version: int
    lines: tuple[str, ...] = ()


class CurrencyMismatch(UserError, frozen=True, kw_only=True):  # noqa: N818
    """The cart is of another market or currency than the operation."""

    market: str
    currency: str


class CartClosed(UserError, frozen=True, kw_only=True):  # noqa: N818
    """The cart takes no changes any more."""

    state: CartState


def new_cart(holder: str | None, market: str, currency: str, touched: Touch, rules: Rules) -> Cart:
    """Begin an empty cart, for a customer or, without a ``holder``, for a guest."""
    key = str(uuid7())
    expiry = rules.guest_expiry if holder is None else rules.customer_expiry
    return Cart(
        key=key,
        holder=holder or _GUEST + key,
        market=market,
        currency=currency,
        begun=touched,
        changed=touched,
        expires_at=touched.at + timedelta(seconds=expiry),
    )


@runtime_checkable
class CartPort(Protocol):
    """The store that keeps carts. *Errors* of all calls: ``StoreUnavailable``."""

    async def carts_by_customer(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[Cart]]:
        """Read each customer's active carts, the last changed first; without any: absent."""
        ...

    async def cart_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Cart]:
        """Read carts by their own key; unknown and expired ones are absent."""
        ...

    async def carts_by_query(
        self, queries: Sequence[CartQuery], ask: Ask
    ) -> Mapping[CartQuery, Page[Cart] | Failure]:
        """Read one page of active carts with goods in them for each query, longest idle last.

        ``BadInput`` is the value of a query whose cursor is not the list's own.
        """
        ...

    async def cart_by_secret(self, secrets: Sequence[str], ask: Ask) -> Mapping[str, Cart]:
        """Read guests' carts by a secret that holds them; unknown secrets are absent."""
        ...


class CartChanges(Protocol):
    """What one transaction may do to carts; what it reads stays as it is until it ends."""

    async def count(self, customer_key: str) -> int:
        """Count a customer's active carts, keeping others from adding one meanwhile."""
        ...

    async def read(self, key: str, secret: str | None = None) -> tuple[Cart | None, bool]:
        """Read a cart, keeping others from changing it, and tell whether ``secret`` holds it."""
        ...

    async def create(self, cart: Cart) -> None:
        """Write a new cart."""
        ...

    async def hold(self, cart: Cart, secret: str) -> bool:
        """Let a secret hold a cart; False where it holds another one already."""
        ...

    async def save(self, cart: Cart) -> None:
        """Write a cart that was read in the same transaction."""
        ...

    async def newest(self, customer_key: str, market: str, currency: str) -> str | None:
        """Tell the key of the active cart that a customer changed last in a market and currency."""
        ...
