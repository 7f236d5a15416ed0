"""What was said between the retailer and its customers: calls, chats, mails and visits."""

from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

from sandbox.clock import TODAY
from sandbox.order import Orders
from sandbox.persona import CUSTOMER_INDEX
from sandbox.seed import Draw

_KINDS = ("call", "chat", "mail", "visit")
_TALKS = (
    ("order_status", "Where is my order?",
     "Asked when the parcel will come. Told them what the carrier says."),
    ("return", "Wants to send something back",
     "The size does not fit. Explained how to send it back, or to bring it to a shop."),
    ("invoice", "Needs an invoice", "Wants the company's name on the invoice. Sent by mail."),
    ("complaint", "A seam has come open",
     "A seam came open after two weeks. Offered a repair or the money; they will think."),
    ("advice", "Which size?", "Hesitates between two sizes. Advised the larger one."),
    ("loyalty", "Points are missing",
     "The points of the last purchase are not there yet. Told them that they come overnight."),
    ("address", "Has moved", "Has a new address. Asked them to change it in the account."),
)  # fmt: skip


class Interaction(NamedTuple):
    """One conversation with a contact; direction is in or out."""

    number: int
    contact: int
    kind: str
    direction: str
    at: datetime
    topic: str
    subject: str
    text: str
    agent: str
    order: str | None

    @property
    def id(self) -> str:
        return f"I-{self.contact:06d}-{self.number:03d}"


def interactions(contact: int, orders: Orders) -> tuple[Interaction, ...]:
    """All conversations with the contact, oldest first."""
    draw = Draw("interactions", contact)
    count = 5 if contact == CUSTOMER_INDEX else max(0, draw.below(9) - 3)
    bought = orders.of_contact(contact)
    rows = []
    for _ in range(count):
        days = draw.below(700)
        at = datetime.combine(TODAY - timedelta(days=days), time(8), UTC)
        at += timedelta(minutes=draw.below(600))
        about = draw.pick(bought) if bought and draw.chance(60) else None
        number = None
        if about is not None:
            order = orders.order(about)
            number, at = order.number, order.at + timedelta(hours=draw.between(1, 400))
        talk = draw.pick(_TALKS)
        direction = "out" if draw.chance(15) else "in"
        rows.append((at, draw.pick(_KINDS), direction, talk, draw.below(40), number))
    rows.sort(key=lambda row: row[0])
    return tuple(
        Interaction(place + 1, contact, kind, way, at, *talk, f"U{agent + 1:03d}", number)
        for place, (at, kind, way, talk, agent, number) in enumerate(rows)
    )
