"""Fulfilments: how orders reach customers, parcel by parcel."""

from datetime import datetime
from decimal import Decimal

import domain.fulfillment
import domain.shipment
import domain.timeline
import resolvers.order
from domain.policy import Category
from schema.field import batch, enumerates, plain, publishes
from schema.location import Location
from schema.provenance import Provenance

enumerates(
    domain.fulfillment.FulfillmentKind,
    "How goods change hands.",
    SHIPMENT="They are sent.",
    PICKUP="They are collected.",
    HANDOVER="They were handed over at a till.",
)
enumerates(
    domain.fulfillment.FulfillmentState,
    "How far a fulfilment has come.",
    OPEN="Begun, not ready.",
    READY="Ready to be collected, or for the carrier.",
    DONE="With the carrier, or with the customer.",
)
enumerates(
    domain.shipment.ShipmentState,
    "Where a parcel is on its way.",
    ANNOUNCED="Announced to the carrier, not seen by it yet.",
    HANDED_OVER="With the carrier.",
    IN_TRANSIT="Between the carrier's depots.",
    OUT_FOR_DELIVERY="On the last stretch.",
    FAILED_ATTEMPT="Nobody could take it; the carrier will try again.",
    DELIVERED="With the customer.",
    RETURNED="On its way back to the retailer.",
)
enumerates(
    domain.timeline.TimelineKind,
    "The kinds of things that happen to orders.",
    PLACED="The order was placed.",
    SOLD="The goods were sold at a till.",
    PAID="It was paid for.",
    BOOKED="A sale at a till was entered in the books.",
    FULFILLMENT_OPENED="Somebody began to gather the goods.",
    FULFILLMENT_READY="The goods are gathered.",
    FULFILLMENT_DONE="The goods have left our hands.",
    HANDED_OVER="The carrier has taken the parcel on.",
    IN_TRANSIT="The parcel was seen in a depot.",
    OUT_FOR_DELIVERY="The parcel is on the last stretch.",
    FAILED_ATTEMPT="The parcel could not be delivered.",
    DELIVERED="The parcel was delivered.",
    SENT_BACK="The parcel is on its way back.",
    CANCELLED="The order was called off.",
)


@publishes(domain.fulfillment.FulfilledLine, part_of=Category.PURCHASE_HISTORY)
class FulfilledLine:
    """How much of one line of the order is in a fulfilment."""

    position: str = plain("The line's number within the order.")
    quantity: Decimal = plain("How many pieces, or how much of what is sold by measure.")


@publishes(domain.shipment.ShipmentEvent, part_of=Category.PURCHASE_HISTORY)
class ShipmentEvent:
    """A thing that the carrier saw happen."""

    state: domain.shipment.ShipmentState = plain("What it was.")
    at: datetime = plain("When.")
    place: str | None = plain("Where, in the carrier's words.")


@publishes(domain.shipment.Shipment, part_of=Category.PURCHASE_HISTORY)
class Shipment:
    """A parcel, as the carrier tells of it."""

    tracking_number: str | None = plain("The carrier's number for it.", category=Category.REFERENCE)
    carrier: str | None = plain("Who carries it.")
    state: domain.shipment.ShipmentState = plain("Where it is on its way.")
    events: list[ShipmentEvent] = plain("What happened to it, oldest first.")
    provenance: Provenance = plain("Where this comes from, and how old it is.")


@publishes(domain.fulfillment.Fulfillment, part_of=Category.PURCHASE_HISTORY)
class Fulfillment:
    """Some of an order's lines on one way to the customer."""

    number: str | None = plain("Its number in its system.", category=Category.REFERENCE)
    kind: domain.fulfillment.FulfillmentKind = plain("How the goods change hands.")
    state: domain.fulfillment.FulfillmentState = plain("How far it has come.")
    lines: list[FulfilledLine] = plain("What is in it.")
    opened_at: datetime | None = plain("When it was begun.")
    ready_at: datetime | None = plain("When it was ready.")
    done_at: datetime | None = plain("When the goods left our hands.")
    tracking_number: str | None = plain(
        "The carrier's number, where it is a parcel.", category=Category.REFERENCE
    )

    @batch(resolvers.order.location_of)
    def location(self) -> Location | None:
        """Where it leaves from, or is collected."""

    @batch(resolvers.order.shipment_of_fulfillment)
    def shipment(self) -> Shipment | None:
        """The parcel; null where it is none, or where the carrier does not know it yet."""


@publishes(domain.timeline.TimelineEntry, part_of=Category.PURCHASE_HISTORY)
class TimelineEntry:
    """A thing that happened to an order."""

    kind: domain.timeline.TimelineKind = plain("What happened.")
    at: datetime | None = plain("When; null where its system only knows that it did.")
    fulfillment: str | None = plain(
        "The number of the fulfilment that it belongs to.", category=Category.REFERENCE
    )
    place: str | None = plain("Where, in the words of who saw it.")
    provenance: Provenance = plain("Who says so, and how old that word is.")

    @batch(resolvers.order.location_of)
    def location(self) -> Location | None:
        """Which of our locations it happened at; null where it was at none."""


@publishes(domain.timeline.Timeline, part_of=Category.PURCHASE_HISTORY)
class Timeline:
    """What happened to an order, told by every system that saw a part of it."""

    entries: list[TimelineEntry] = plain("In the order of time; those without one last.")
    complete: bool = plain("Whether every system that could tell of it has.")
    missing: list[str] | None = plain(
        "The systems that did not answer; for staff.", category=Category.OPERATIONAL
    )
