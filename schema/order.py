"""Orders."""

from datetime import datetime
from decimal import Decimal

import domain.order
import resolvers.order
from domain.policy import Category
from schema.channel import Channel
from schema.field import batch, enumerates, plain, publishes
from schema.money import Money
from schema.node import ExternalId, Node, external_ids
from schema.product import Variant
from schema.provenance import Provenance

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


@publishes(domain.order.OrderLine)
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


@publishes(domain.order.Order, person=True)
class Order(Node):
    """A purchase."""

    number: str | None = plain("The number on the receipt.", category=Category.PURCHASE_HISTORY)
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
    external_ids: list[ExternalId] | None = external_ids()
    provenance: Provenance | None = plain(
        "Where this comes from, and how old it is.", category=Category.PURCHASE_HISTORY
    )
