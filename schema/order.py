"""Orders."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

import domain.order
import resolvers.customer
import resolvers.order
from domain.policy import Category, Record
from schema.channel import Channel
from schema.field import batch, enumerates, plain, publishes
from schema.fulfillment import Fulfillment, Timeline
from schema.location import Location
from schema.money import Money
from schema.node import ExternalId, Node, external_ids
from schema.product import Variant
from schema.provenance import Provenance

if TYPE_CHECKING:
    from schema.customer import Customer

enumerates(
    domain.order.OrderState,
    "How far an order has come.",
    DRAFT="Begun, not placed.",
    OPEN="Placed; nothing has been handed over yet.",
    PARTLY_FULFILLED="Some of it has been handed over.",
    FULFILLED="All of it has been handed over.",
    CANCELLED="Called off.",
    RETURNED="All of it has come back.",
)


enumerates(
    domain.order.PaymentMethod,
    "What was paid with.",
    CARD="A payment card.",
    CASH="Cash.",
    TRANSFER="A transfer, also one by telephone.",
    VOUCHER="A voucher or gift card.",
    OTHER="Something else.",
)


@publishes(domain.order.Payment, part_of=Category.PAYMENT)
class Payment:
    """A part of an order's total that was paid in one way."""

    method: domain.order.PaymentMethod = plain("What was paid with.")
    amount: Money = plain("How much.")


@publishes(domain.order.OrderLine, part_of=Category.PURCHASE_HISTORY)
class OrderLine:
    """A position of an order, as it was sold."""

    position: str = plain("Its number within the order.")
    sku: str | None = plain("What was sold; null where it is not a variant.")
    name: str | None = plain("What it was called when it was sold.")
    quantity: Decimal = plain("How many pieces, or how much of what is sold by measure.")
    unit_price: Money | None = plain(
        "What one of it cost before the position's discount, tax included; null where that is no "
        "whole amount, as for a remnant of cloth."
    )
    discount: Money | None = plain(
        "What was taken off the position, tax included; null where its system does not say."
    )
    total: Money = plain("What the position cost after its discount, tax included.")

    @batch(resolvers.order.variant_of_line)
    def variant(self) -> Variant | None:
        """The variant as it is today; null where it is no longer known."""


@publishes(domain.order.Order, person=Record.ORDER)
class Order(Node):
    """A purchase."""

    number: str | None = plain("The number on the receipt.", category=Category.REFERENCE)
    state: domain.order.OrderState | None = plain(
        "How far it has come.", category=Category.PURCHASE_HISTORY
    )
    placed_at: datetime | None = plain("When it was placed.", category=Category.PURCHASE_HISTORY)
    channel: Channel | None = plain(
        "Where it was placed; null where that is not known.", category=Category.PURCHASE_HISTORY
    )
    lines: list[OrderLine] | None = plain("What was bought.", category=Category.PURCHASE_HISTORY)
    total: Money | None = plain("What it cost, tax included.", category=Category.PURCHASE_HISTORY)
    tax: Money | None = plain(
        "The tax contained in the total; null where its system does not say.",
        category=Category.PURCHASE_HISTORY,
    )
    receipt_number: str | None = plain(
        "The number that the till printed; null for what was not sold at a till.",
        category=Category.REFERENCE,
    )
    fulfillments: list[Fulfillment] | None = plain(
        "How its lines reach the customer; null where its system does not keep that.",
        category=Category.PURCHASE_HISTORY,
    )
    external_ids: list[ExternalId] | None = external_ids(Category.REFERENCE)
    provenance: Provenance | None = plain(
        "Where this comes from, and how old it is.", category=Category.PURCHASE_HISTORY
    )

    @batch(resolvers.order.payments_of_order, category=Category.PAYMENT, reads=["payments"])
    def payments(self) -> list[Payment] | None:
        """How it was paid; null where no system says."""

    @batch(resolvers.order.location_of, category=Category.PURCHASE_HISTORY)
    def location(self) -> Location | None:
        """Where it was sold, or is served from."""

    # That a sale was paid is an event of its timeline; how is not.
    @batch(
        resolvers.order.timeline_of_order,
        category=Category.PURCHASE_HISTORY,
        reads=["payments"],
    )
    def timeline(self) -> Timeline | None:
        """What happened to it, told by its own system, the till and the carriers."""

    @batch(resolvers.customer.customer_of_order, category=Category.IDENTIFIER)
    def customer(
        self,
    ) -> Annotated["Customer", strawberry.lazy("schema.customer")] | None:
        """Who placed it; null for a sale to nobody in particular."""
