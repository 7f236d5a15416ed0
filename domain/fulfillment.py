"""Fulfilments: how the lines of an order reach the customer."""

from datetime import datetime
from decimal import Decimal
from enum import Enum

from msgspec import Struct


class FulfillmentKind(Enum):
    """How goods change hands."""

    SHIPMENT = "SHIPMENT"
    PICKUP = "PICKUP"
    HANDOVER = "HANDOVER"


class FulfillmentState(Enum):
    """How far it has come; ``DONE`` when the goods have left our hands."""

    OPEN = "OPEN"
    READY = "READY"
    DONE = "DONE"


class FulfilledLine(Struct, frozen=True, gc=False):
    """How much of one line of the order is in it. *Units*: as ``OrderLine.quantity``."""

    position: str
    quantity: Decimal


class Fulfillment(Struct, frozen=True, gc=False, kw_only=True):
    """Some of an order's lines on one way to the customer.

    *Shape*: ``location_key`` is where it leaves from, or is collected; ``ready_at`` and
    ``done_at`` are None until then; ``tracking_number`` is the carrier's.
    """

    number: str
    kind: FulfillmentKind
    state: FulfillmentState
    location_key: str | None = None
    lines: tuple[FulfilledLine, ...] = ()
    opened_at: datetime | None = None
    ready_at: datetime | None = None
    done_at: datetime | None = None
    carrier: str | None = None
    tracking_number: str | None = None
