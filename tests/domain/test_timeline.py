"""What happened to an order."""

from datetime import UTC, datetime, timedelta

from domain.fulfillment import Fulfillment, FulfillmentKind, FulfillmentState
from domain.loyalty import tier_progress
from domain.money import Money
from domain.order import Order, OrderState, Payment, PaymentMethod
from domain.provenance import ORDER, TRACKING, Provenance
from domain.shipment import Shipment, ShipmentEvent, ShipmentState
from domain.timeline import TimelineKind, timeline
from domain.viewer import Channel

START = datetime(2026, 11, 1, 9, tzinfo=UTC)
ERP, POS = Provenance("erp", START, ORDER), Provenance("pos", START, ORDER)
CARRIER = Provenance("carrier", START, TRACKING)


def hour(count: int) -> datetime:
    return START + timedelta(hours=count)


def order(
    *,
    key: str = "erp:1",
    state: OrderState = OrderState.FULFILLED,
    channel: Channel = Channel.WEB,
    receipt_key: str | None = None,
    fulfillments: tuple[Fulfillment, ...] = (),
    payments: tuple[Payment, ...] | None = None,
    provenance: Provenance = ERP,
) -> Order:
    return Order(
        key=key,
        number="1",
        state=state,
        placed_at=START,
        channel=channel,
        total=Money(100, "PLN"),
        receipt_key=receipt_key,
        fulfillments=fulfillments,
        payments=payments,
        provenance=provenance,
    )


PARCEL = Fulfillment(
    number="F1",
    kind=FulfillmentKind.SHIPMENT,
    state=FulfillmentState.DONE,
    opened_at=hour(1),
    ready_at=hour(2),
    done_at=hour(3),
    tracking_number="T1",
)
TRAVEL = Shipment(
    tracking_number="T1",
    events=(
        ShipmentEvent(ShipmentState.ANNOUNCED, hour(2)),
        ShipmentEvent(ShipmentState.HANDED_OVER, hour(3)),
        ShipmentEvent(ShipmentState.DELIVERED, hour(30), "Kraków"),
    ),
    provenance=CARRIER,
)


def test_a_parcel_is_followed_from_order_to_door() -> None:
    """ERP and carrier tell one story in the order of time, equal times as things can happen."""
    told = timeline(order(fulfillments=(PARCEL,)), None, [TRAVEL])
    assert [(each.kind.value, each.provenance.system) for each in told.entries] == [
        ("PLACED", "erp"),
        ("FULFILLMENT_OPENED", "erp"),
        ("FULFILLMENT_READY", "erp"),
        ("FULFILLMENT_DONE", "erp"),
        ("HANDED_OVER", "carrier"),
        ("DELIVERED", "carrier"),
    ]
    assert [each.fulfillment for each in told.entries][-2:] == ["F1", "F1"]
    assert told.complete


def test_a_sale_is_told_by_till_and_books() -> None:
    """The till says what was sold and paid, the ERP that it was booked; neither says it twice."""
    paid = (Payment(PaymentMethod.CASH, Money(100, "PLN")),)
    till = order(
        key="pos:R1", channel=Channel.POS, receipt_key="pos:R1", payments=paid, provenance=POS
    )
    booked = order(channel=Channel.POS, receipt_key="pos:R1")
    both = timeline(booked, till, [])
    assert [each.kind for each in both.entries] == [
        TimelineKind.SOLD,
        TimelineKind.PAID,
        TimelineKind.BOOKED,
    ]
    alone = timeline(till, None, [])
    assert [each.kind for each in alone.entries] == [TimelineKind.SOLD, TimelineKind.PAID]


def test_what_has_no_time_stands_last_and_what_is_missing_is_named() -> None:
    """A cancellation without a date ends the story; silent systems are named once."""
    told = timeline(order(state=OrderState.CANCELLED), None, [], ["pos", "carrier", "pos"])
    assert told.entries[-1].kind is TimelineKind.CANCELLED
    assert told.entries[-1].at is None
    assert (told.complete, told.missing) == (False, ("pos", "carrier"))


def test_progress_to_the_next_tier() -> None:
    """The share is of the way between two tiers, and never outside 0 to 1."""
    half = tier_progress(650, 300, "GOLD", 1_000)
    assert (half.missing, half.share) == (350, 0.5)
    assert tier_progress(100, 300, "GOLD", 1_000).share == 0
    assert tier_progress(1_200, 300, "GOLD", 1_000).missing == 0
