"""What the tills' back office says, and receipts into orders."""

from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from adapters._body import Whole
from adapters._outcome import Rejected
from adapters._row import Rows
from domain.fulfillment import (
    FulfilledLine,
    Fulfillment,
    FulfillmentKind,
    FulfillmentState,
)
from domain.money import Money, currency_digits
from domain.order import Order, OrderLine, OrderState, Payment, PaymentMethod
from domain.provenance import Provenance
from domain.viewer import Channel

# Longer than any receipt's or card's number: what a caller sends beyond it is nobody's.
_MAX_NUMBER = 40
_MAX_AMOUNT = 10**12
_PAID = MappingProxyType(
    {
        "CARD": PaymentMethod.CARD,
        "CASH": PaymentMethod.CASH,
        "BLIK": PaymentMethod.TRANSFER,
        "VOUCHER": PaymentMethod.VOUCHER,
    }
)


class Line(Struct, frozen=True):
    """A position of a receipt; amounts in hundredths, ``qty`` in thousandths."""

    no: Whole
    plu: str
    text: str
    qty: Whole
    price: int
    sum: int


class Tax(Struct, frozen=True):
    """The tax of one rate."""

    tax: int


class Paid(Struct, frozen=True):
    """A part of the total, and how it was paid."""

    how: str
    sum: int


class Receipt(Struct, frozen=True):
    """What a till printed."""

    seq: Annotated[int, Meta(ge=0, lt=10**11)]
    receipt: str
    shop: str
    sold: datetime
    zone: str
    card: str | None
    cur: str
    lines: list[Line]
    vat: list[Tax]
    total: int
    pay: list[Paid] | UnsetType = UNSET


class Receipts(Struct, frozen=True):
    """Receipts."""

    receipts: list[Receipt]


class Card(Struct, frozen=True):
    """The receipts that one card was shown for, newest first."""

    card: str
    receipts: list[Receipt]
    more: bool


class Cards(Struct, frozen=True):
    """Cards."""

    cards: list[Card]


RECEIPT_ROWS = (Rows(("receipts",), ("receipt",)),)
CARD_ROWS = (Rows(("cards",), ("card",), (Rows(("receipts",), ("seq",), numbered=True),)),)


class _Told(Struct, frozen=True):
    no: int


class _Fault(Struct, frozen=True):
    fault: _Told


def is_number(text: str) -> bool:
    """Tell whether a text can be the number of a receipt, a card or a shop."""
    return 0 < len(text) <= _MAX_NUMBER and text.isprintable() and ":" not in text


class Reader:
    """Translates receipts of tills that take some currencies and stand in some system's places.

    *Errors*: ``ValueError`` and ``LookupError`` for data that makes no sense.
    """

    def __init__(self, locations: str, currencies: frozenset[str]) -> None:
        self._locations = locations
        self._currencies = currencies

    def order(self, receipt: Receipt, provenance: Provenance, *, with_payments: bool) -> Order:
        """A sale at a till, of which the payments were asked for or not."""
        if with_payments and receipt.pay is UNSET:
            raise ValueError("the payments were asked for, and are not there")
        if not is_number(receipt.receipt) or not is_number(receipt.shop):
            raise ValueError("a receipt's or shop's number is empty or too long")
        if receipt.cur not in self._currencies:
            raise ValueError("the receipt is in another currency than the tills take")
        if sum(line.sum for line in receipt.lines) != receipt.total:
            raise ValueError("the total is not the sum of the lines")
        if receipt.sold.tzinfo is not None:
            raise ValueError("a time of sale is the shop's own, without an offset")
        key = f"{provenance.system}:{receipt.receipt}"
        sold = receipt.sold.replace(tzinfo=ZoneInfo(receipt.zone)).astimezone(UTC)
        location = f"{self._locations}:{receipt.shop}"
        lines = tuple(_line(line, receipt.cur) for line in receipt.lines)
        return Order(
            key=key,
            number=receipt.receipt,
            state=OrderState.FULFILLED,
            placed_at=sold,
            channel=Channel.POS,
            customer_key=f"{provenance.system}:{receipt.card}" if receipt.card else None,
            lines=lines,
            total=_money(receipt.total, receipt.cur),
            tax=_money(sum(row.tax for row in receipt.vat), receipt.cur),
            location_key=location,
            receipt_key=key,
            fulfillments=(
                Fulfillment(
                    number=receipt.receipt,
                    kind=FulfillmentKind.HANDOVER,
                    state=FulfillmentState.DONE,
                    location_key=location,
                    lines=tuple(FulfilledLine(line.position, line.quantity) for line in lines),
                    done_at=sold,
                ),
            ),
            payments=None
            if isinstance(receipt.pay, UnsetType)
            else tuple(
                Payment(_PAID.get(paid.how, PaymentMethod.OTHER), _money(paid.sum, receipt.cur))
                for paid in receipt.pay
            ),
            provenance=provenance,
        )


def _line(line: Line, currency: str) -> OrderLine:
    if line.qty <= 0:
        raise ValueError("a line is of no quantity")
    quantity = Decimal(line.qty) / 1000
    return OrderLine(
        position=str(line.no),
        sku=line.plu or None,
        name=line.text or None,
        quantity=quantity.normalize() if quantity % 1 else quantity.to_integral_value(),
        unit_price=_money(line.price, currency),
        total=_money(line.sum, currency),
    )


def _money(minor: int, currency: str) -> Money:
    if not -_MAX_AMOUNT < minor < _MAX_AMOUNT or currency_digits(currency) != 2:
        raise ValueError("an amount is not in hundredths, or beyond any range")
    return Money(minor, currency)


def explain(answer: Rejected) -> str:
    """Read the back office's form of an error into a word."""
    # The text may repeat what was sent, which may be somebody's.
    return f"fault {msgspec.json.decode(answer.body, type=_Fault).fault.no}"
