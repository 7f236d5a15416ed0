"""Sales into orders."""

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType

from msgspec import Struct

from adapters._body import exact
from adapters.tryton.rpc import Amount, Moment
from domain.fulfillment import (
    FulfilledLine,
    Fulfillment,
    FulfillmentKind,
    FulfillmentState,
)
from domain.money import Money, currency_digits
from domain.order import Order, OrderLine, OrderState
from domain.provenance import Provenance
from domain.viewer import Channel

_STATES = MappingProxyType(
    {
        "draft": OrderState.DRAFT,
        "quotation": OrderState.DRAFT,
        "done": OrderState.FULFILLED,
        "cancelled": OrderState.CANCELLED,
    }
)
_SHIPPED = MappingProxyType(
    {"partially shipped": OrderState.PARTLY_FULFILLED, "sent": OrderState.FULFILLED}
)
_READY = ("assigned", "picked", "packed")
_LINE = re.compile(r"sale\.line,([1-9][0-9]*)")

FIELDS = (
    *("number", "party", "state", "shipment_state", "create_date", "warehouse", "web_shop"),
    *("currency.code", "total_amount", "tax_amount"),
    *(
        f"lines.{name}"
        for name in (
            *("type", "quantity", "unit_price", "amount", "description"),
            *("product.code", "product.name", "taxes.type", "taxes.rate"),
        )
    ),
    *(f"shipments.{name}" for name in ("number", "state", "warehouse")),
    *(f"shipments.outgoing_moves.{name}" for name in ("origin", "quantity")),
)


class _Tax(Struct, frozen=True):
    type: str
    rate: Amount | None


class _Product(Struct, frozen=True):
    code: str | None
    name: str | None


class _Line(Struct, frozen=True, rename={"product": "product.", "taxes": "taxes."}):
    id: int
    type: str
    quantity: Decimal | None
    unit_price: Amount | None
    amount: Amount | None
    description: str | None
    product: _Product | None
    taxes: list[_Tax]


class _Move(Struct, frozen=True):
    origin: str | None
    quantity: Decimal


class _Shipment(Struct, frozen=True, rename={"moves": "outgoing_moves."}):
    id: int
    number: str | None
    state: str
    warehouse: int | None
    moves: list[_Move]


class _Currency(Struct, frozen=True):
    code: str


class Sale(
    Struct,
    frozen=True,
    rename={"currency": "currency.", "lines": "lines.", "shipments": "shipments."},
):
    """A sale as Tryton has it, with its lines and shipments."""

    id: int
    number: str | None
    party: int
    state: str
    shipment_state: str | None
    create_date: Moment
    warehouse: int | None
    web_shop: int | None
    currency: _Currency
    total_amount: Amount
    tax_amount: Amount
    lines: list[_Line]
    shipments: list[_Shipment]


def order(row: Sale, provenance: Provenance) -> Order:
    """Translate a sale.

    *Errors*: ``ValueError`` for data that makes no sense.
    """
    system = provenance.system
    currency = row.currency.code
    sold = [line for line in row.lines if line.type == "line"]
    positions = {line.id: str(place) for place, line in enumerate(sold, start=1)}
    return Order(
        key=f"{system}:{row.id}",
        number=row.number or str(row.id),
        state=_state(row),
        placed_at=row.create_date.value(),
        channel=Channel.WEB if row.web_shop is not None else None,
        customer_key=f"{system}:{row.party}",
        lines=tuple(_line(positions[line.id], line, currency) for line in sold),
        total=_money(row.total_amount.value(), currency),
        tax=_money(row.tax_amount.value(), currency),
        location_key=f"{system}:{row.warehouse}" if row.warehouse else None,
        fulfillments=tuple(
            _fulfillment(each, positions, system)
            for each in row.shipments
            if each.state != "cancelled"
        ),
        provenance=provenance,
    )


def _fulfillment(row: _Shipment, positions: Mapping[int, str], system: str) -> Fulfillment:
    state = FulfillmentState.DONE if row.state == "done" else FulfillmentState.OPEN
    if row.state in _READY:
        state = FulfillmentState.READY
    quantities: dict[str, Decimal] = {}
    for move in row.moves:
        # Only moves for a line of this very sale say how much of it is under way.
        line = _LINE.fullmatch(move.origin or "")
        position = positions.get(int(line[1])) if line else None
        if position is not None:
            moved = quantities.get(position, Decimal(0)) + exact(move.quantity)
            quantities[position] = moved
    return Fulfillment(
        number=row.number or str(row.id),
        kind=FulfillmentKind.SHIPMENT,
        state=state,
        location_key=f"{system}:{row.warehouse}" if row.warehouse else None,
        lines=tuple(FulfilledLine(place, _whole(n)) for place, n in quantities.items()),
    )


def _state(row: Sale) -> OrderState:
    known = _STATES.get(row.state)
    return known or _SHIPPED.get(row.shipment_state or "", OrderState.OPEN)


def _line(position: str, line: _Line, currency: str) -> OrderLine:
    """Translate a line; Tryton's amounts are without tax."""
    quantity = exact(line.quantity) if line.quantity is not None else Decimal(0)
    if quantity == 0 or line.amount is None:
        raise ValueError("a line is of no quantity, or without an amount")
    rate = Decimal(1)
    for tax in line.taxes:
        share = tax.rate.value() if tax.rate is not None else None
        if tax.type != "percentage" or share is None or not 0 <= share <= 1:
            raise ValueError("found a tax that is not a percentage from 0 to 100")
        rate += share
    product = line.product
    name = line.description or (product.name if product is not None else None)
    return OrderLine(
        position=position,
        sku=product.code if product is not None else None,
        name=name.splitlines()[0] if name else None,
        quantity=_whole(quantity),
        unit_price=_money(line.unit_price.value() * rate, currency) if line.unit_price else None,
        total=_money(line.amount.value() * rate, currency),
    )


def _money(amount: Decimal, currency: str) -> Money:
    """Round half up to the minor unit: unit prices have more digits than their currency."""
    unit = Decimal(1).scaleb(-currency_digits(currency))
    return Money.of(amount.quantize(unit, ROUND_HALF_UP), currency)


def _whole(quantity: Decimal) -> Decimal:
    return quantity.normalize() if quantity % 1 else quantity.to_integral_value()
