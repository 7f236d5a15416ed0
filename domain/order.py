"""Orders: what was bought, as the system that keeps the books has it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.ask import Ask
from domain.errors import Failure
from domain.fulfillment import Fulfillment
from domain.identity import ExternalId, external_id, node_id
from domain.money import Money
from domain.page import Page, PageRequest
from domain.provenance import Provenance
from domain.viewer import Channel


class OrderState(Enum):
    """How far an order has come."""

    DRAFT = "DRAFT"
    OPEN = "OPEN"
    PARTLY_FULFILLED = "PARTLY_FULFILLED"
    FULFILLED = "FULFILLED"
    CANCELLED = "CANCELLED"
    RETURNED = "RETURNED"


class OrderLine(Struct, frozen=True, gc=False, kw_only=True):
    """One position of an order, as it was sold.

    *Units*: ``quantity`` in pieces (a decimal: cloth is sold by the metre); all amounts
    gross. ``unit_price`` is before the line's ``discount``, and None where it is no whole minor
    unit; ``total`` is after it.
    """

    position: str
    sku: str | None
    name: str | None
    quantity: Decimal
    unit_price: Money | None = None
    discount: Money | None = None
    total: Money


class PaymentMethod(Enum):
    """What was paid with."""

    CARD = "CARD"
    CASH = "CASH"
    TRANSFER = "TRANSFER"
    VOUCHER = "VOUCHER"
    OTHER = "OTHER"


class Payment(Struct, frozen=True, gc=False):
    """A part of the total that was paid in one way."""

    method: PaymentMethod
    amount: Money


class Order(Struct, frozen=True, gc=False, kw_only=True):
    """A purchase.

    *Shape*: ``customer_key`` is the buyer in the order's own system; ``location_key`` where it was
    sold or is served from. ``receipt_key`` is the till's own record of a sale at a till, whichever
    system's word the order is: two orders with one receipt are one. ``fulfillments`` and
    ``payments`` are None where the order's system does not keep them.
    *Units*: ``total`` and ``tax`` in the order's currency; ``total`` is gross and contains ``tax``.
    """

    key: str
    number: str
    state: OrderState
    placed_at: datetime
    channel: Channel | None = None
    customer_key: str | None = None
    lines: tuple[OrderLine, ...] = ()
    total: Money
    tax: Money | None = None
    location_key: str | None = None
    receipt_key: str | None = None
    fulfillments: tuple[Fulfillment, ...] | None = None
    payments: tuple[Payment, ...] | None = None
    provenance: Provenance

    @property
    def id(self) -> str:
        """The global id."""
        return node_id("Order", self.key)

    @property
    def receipt_number(self) -> str | None:
        """What the till printed, for a sale at a till."""
        return external_id(self.receipt_key).id if self.receipt_key else None

    @property
    def sale(self) -> str:
        """What is the same for every system's word on the same purchase."""
        return self.receipt_key or self.key

    @property
    def external_ids(self) -> tuple[ExternalId, ...]:
        """What the systems that know it call it."""
        return tuple(external_id(key) for key in dict.fromkeys((self.key, self.sale)))

    @property
    def is_open(self) -> bool:
        """Whether something of it has still to be done."""
        return self.state in (OrderState.DRAFT, OrderState.OPEN, OrderState.PARTLY_FULFILLED)

    @property
    def subjects(self) -> frozenset[str]:
        """The person this is about; empty for a sale to nobody in particular."""
        return frozenset((self.customer_key,)) if self.customer_key else frozenset()


class OrderQuery(Struct, frozen=True, gc=False):
    """A page of one customer's orders, newest first.

    *Shape*: ``identities`` as ``Customer.identities``; a system looks for its own among them.
    """

    identities: tuple[str, ...]
    page: PageRequest

    def rank(self, order: Order) -> float:
        """Tell an order's place among those of several systems; the least comes first."""
        return -order.placed_at.timestamp()

    def identity(self, order: Order) -> str:
        """Tell what several systems' words on one purchase have in common."""
        return order.sale


@runtime_checkable
class OrderPort(Protocol):
    """The system that keeps orders."""

    async def order_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Order | Failure]:
        """Read orders with their lines; unknown keys are absent."""
        ...

    async def order_by_number(
        self, numbers: Sequence[str], ask: Ask
    ) -> Mapping[str, Order | Failure]:
        """Read orders by the number that people know, also a receipt's; unknown ones are absent."""
        ...

    async def orders_by_customer(
        self, queries: Sequence[OrderQuery], ask: Ask
    ) -> Mapping[OrderQuery, Page[Order] | Failure]:
        """Read one page for each customer, newest first.

        A customer whom the system does not know has an empty page; a query that fails has its
        failure in the place of it. *Errors*: ``BadInput`` for a cursor that is not its own.
        """
        ...
