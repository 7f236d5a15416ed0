"""How orders leave the house: deliveries, and the parcels that carriers take on."""

from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

from sandbox.clock import TODAY
from sandbox.order import Order, Orders
from sandbox.seed import Draw

CARRIERS = ("KUR", "PNX", "ZIP")

_END = datetime.combine(TODAY, time(21), UTC)
_HUBS = ("Łódź", "Poznań", "Warszawa", "Wrocław", "Berlin", "Praha")


class Delivery(NamedTuple):
    """Some of an order's items on their way; kind is SHIP or PICKUP.

    *Shape*: `picked` and `issued` are None until it has come that far; state is A (begun),
    B (picked), C (handed over to the carrier or the customer).
    """

    number: str
    kind: str
    site: str
    items: tuple[int, ...]
    created: datetime
    picked: datetime | None
    issued: datetime | None
    carrier: str | None
    tracking: str | None

    @property
    def state(self) -> str:
        return "C" if self.issued else "B" if self.picked else "A"


class Scan(NamedTuple):
    """One thing that happened to a parcel."""

    code: str
    at: datetime
    place: str


def deliveries(order: Order) -> tuple[Delivery, ...]:
    """The order's deliveries; none for what was handed over at a till or called off."""
    if order.channel == "POS" or order.state == "CANCELLED":
        return ()
    draw = Draw("delivery", order.position)
    if order.state == "OPEN" and draw.chance(40):
        return ()  # nobody has begun yet
    pickup = not order.site.startswith("CDC") and draw.chance(60)
    every = tuple(range(len(order.items)))
    if order.state != "PARTIAL":
        parts: tuple[tuple[int, ...], ...] = (every,)
    else:
        parts = (every[:1], every[1:])
    return tuple(_delivery(order, part, items, pickup, draw) for part, items in enumerate(parts))


def _delivery(
    order: Order, part: int, items: tuple[int, ...], pickup: bool, draw: Draw
) -> Delivery:
    created = order.at + timedelta(minutes=draw.between(20, 300))
    picked = created + timedelta(minutes=draw.between(30, 1_200))
    issued = picked + timedelta(minutes=draw.between(60, 2_000))
    open_still = order.state == "OPEN" or (order.state == "PARTIAL" and part == 1)
    has_picked = picked < _END and (not open_still or draw.chance(50))
    tracking = None if pickup else f"{_carrier(order)}{order.position + 1:08d}{part}"
    return Delivery(
        number=f"{8_000_000_001 + order.position * 2 + part:010d}",
        kind="PICKUP" if pickup else "SHIP",
        site=order.site,
        items=items,
        created=created,
        picked=picked if has_picked else None,
        issued=None if open_still else min(issued, _END),
        carrier=None if pickup else _carrier(order),
        tracking=None if open_still else tracking,
    )


def _carrier(order: Order) -> str:
    return CARRIERS[order.position % len(CARRIERS)]


def parcel(tracking: str, orders: Orders) -> Delivery | None:
    """The delivery that travels under the number, or None."""
    digits = tracking[3:]
    if len(digits) != 9 or not digits.isascii() or not digits.isdigit():
        return None
    position = int(digits[:8]) - 1
    if not 0 <= position < orders.count:
        return None
    found = deliveries(orders.order(position))
    return next((each for each in found if each.tracking == tracking), None)


def scans(delivery: Delivery) -> tuple[Scan, ...]:
    """What happened to the parcel until the last day, oldest first."""
    if delivery.issued is None:
        return ()
    draw = Draw("parcel", int(delivery.number))
    at = delivery.issued + timedelta(minutes=draw.between(5, 90))
    found = [Scan("PUP", at, delivery.site)]
    at += timedelta(minutes=draw.between(300, 900))
    found.append(Scan("HUB", at, draw.pick(_HUBS)))
    at += timedelta(minutes=draw.between(400, 1_400))
    found.append(Scan("OFD", at, draw.pick(_HUBS)))
    if draw.chance(8):
        at += timedelta(minutes=draw.between(60, 500))
        found.append(Scan("NDL", at, "-"))
        at += timedelta(minutes=1_440)
        found.append(Scan("OFD", at, found[2].place))
    at += timedelta(minutes=draw.between(30, 420))
    found.append(Scan("DLV", at, "-"))
    return tuple(scan for scan in found if scan.at <= _END)
