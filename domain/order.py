"""Orders: what was bought, as the system that keeps the books has it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.ask import Ask
from domain.errors import Failure
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


class Order(Struct, frozen=True, gc=False, kw_only=True):
    """A purchase. *Shape*: ``customer_key`` is the buyer in the order's own system.

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
    provenance: Provenance

    @property
    def id(self) -> str:
        """The global id."""
        return node_id("Order", self.key)

    @property
    def external_ids(self) -> tuple[ExternalId, ...]:
        """What the owning system calls it."""
        return (external_id(self.key),)

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


@runtime_checkable
class OrderPort(Protocol):
    """The system that keeps orders."""

    async def order_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Order]:
        """Read orders with their lines; unknown keys are absent."""
        ...

    async def orders_by_customer(
        self, queries: Sequence[OrderQuery], ask: Ask
    ) -> Mapping[OrderQuery, Page[Order] | Failure]:
        """Read one page for each customer, newest first.

        A customer whom the system does not know has an empty page; a query that fails has its
        failure in the place of it. *Errors*: ``BadInput`` for a cursor that is not its own.
        """
        ...
