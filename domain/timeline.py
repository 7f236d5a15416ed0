"""What happened to an order, told by every system that saw a part of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum

from msgspec import Struct

from domain.order import Order, OrderState
from domain.provenance import Provenance
from domain.shipment import Shipment, ShipmentState
from domain.viewer import Channel


class TimelineKind(Enum):
    """The kinds of things that happen to orders."""

    PLACED = "PLACED"
    SOLD = "SOLD"
    PAID = "PAID"
    BOOKED = "BOOKED"
    FULFILLMENT_OPENED = "FULFILLMENT_OPENED"
    FULFILLMENT_READY = "FULFILLMENT_READY"
    FULFILLMENT_DONE = "FULFILLMENT_DONE"
    HANDED_OVER = "HANDED_OVER"
    IN_TRANSIT = "IN_TRANSIT"
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    FAILED_ATTEMPT = "FAILED_ATTEMPT"
    DELIVERED = "DELIVERED"
    SENT_BACK = "SENT_BACK"
    CANCELLED = "CANCELLED"


class TimelineEntry(Struct, frozen=True, gc=False, kw_only=True):
    """One thing that happened.

    *Shape*: ``at`` is None where the system knows that it happened, not when; ``fulfillment`` is
    the number of the fulfilment it belongs to, ``place`` where, in the system's own words.
    """

    kind: TimelineKind
    at: datetime | None
    fulfillment: str | None = None
    place: str | None = None
    location_key: str | None = None
    provenance: Provenance


class Timeline(Struct, frozen=True):
    """What happened to an order, in the order of time; entries without a time stand last.

    *Shape*: ``missing`` names the systems that would have more to tell and did not answer.
    """

    entries: tuple[TimelineEntry, ...]
    missing: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every system that could tell of it has."""
        return not self.missing


# Equal instants are told in the order in which things can happen.
_SEQUENCE = {kind: place for place, kind in enumerate(TimelineKind)}
_SHIPPED = {
    ShipmentState.HANDED_OVER: TimelineKind.HANDED_OVER,
    ShipmentState.IN_TRANSIT: TimelineKind.IN_TRANSIT,
    ShipmentState.OUT_FOR_DELIVERY: TimelineKind.OUT_FOR_DELIVERY,
    ShipmentState.FAILED_ATTEMPT: TimelineKind.FAILED_ATTEMPT,
    ShipmentState.DELIVERED: TimelineKind.DELIVERED,
    ShipmentState.RETURNED: TimelineKind.SENT_BACK,
}


def timeline(
    order: Order,
    receipt: Order | None,
    shipments: Sequence[Shipment],
    missing: Iterable[str] = (),
) -> Timeline:
    """Merge what the order's own system, the till and the carriers tell of it.

    *Shape*: ``receipt`` is the till's own record of the same sale, where there is one.
    """
    entries = [*_of_order(order), *(_of_receipt(receipt) if receipt is not None else ())]
    parcels = {
        each.tracking_number: each.number
        for each in order.fulfillments or ()
        if each.tracking_number is not None
    }
    for shipment in shipments:
        entries += _of_shipment(shipment, parcels.get(shipment.tracking_number))
    entries.sort(key=_place)
    return Timeline(tuple(entries), tuple(dict.fromkeys(missing)))


def _place(entry: TimelineEntry) -> tuple[bool, float, int]:
    at = entry.at.timestamp() if entry.at is not None else 0.0
    return entry.at is None, at, _SEQUENCE[entry.kind]


def _of_order(order: Order) -> Iterable[TimelineEntry]:
    is_receipt = order.receipt_key == order.key
    if is_receipt:
        yield from _of_receipt(order)
        return
    kind = TimelineKind.BOOKED if order.channel is Channel.POS else TimelineKind.PLACED
    yield TimelineEntry(
        kind=kind,
        at=order.placed_at,
        location_key=order.location_key if kind is TimelineKind.BOOKED else None,
        provenance=order.provenance,
    )
    for each in order.fulfillments or ():
        for step, at in (
            (TimelineKind.FULFILLMENT_OPENED, each.opened_at),
            (TimelineKind.FULFILLMENT_READY, each.ready_at),
            (TimelineKind.FULFILLMENT_DONE, each.done_at),
        ):
            if at is not None:
                yield TimelineEntry(
                    kind=step,
                    at=at,
                    fulfillment=each.number,
                    location_key=each.location_key,
                    provenance=order.provenance,
                )
    if order.state is OrderState.CANCELLED:
        yield TimelineEntry(kind=TimelineKind.CANCELLED, at=None, provenance=order.provenance)


def _of_receipt(receipt: Order) -> Iterable[TimelineEntry]:
    kinds = [TimelineKind.SOLD, *([TimelineKind.PAID] if receipt.payments else [])]
    for kind in kinds:
        yield TimelineEntry(
            kind=kind,
            at=receipt.placed_at,
            location_key=receipt.location_key,
            provenance=receipt.provenance,
        )


def _of_shipment(shipment: Shipment, fulfillment: str | None) -> Iterable[TimelineEntry]:
    for event in shipment.events:
        if event.state in _SHIPPED:
            yield TimelineEntry(
                kind=_SHIPPED[event.state],
                at=event.at,
                fulfillment=fulfillment,
                place=event.place,
                provenance=shipment.provenance,
            )
