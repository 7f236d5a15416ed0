"""Sales orders into orders."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from adapters._body import exact
from adapters.sandbox_erp import notation, sale
from domain.fulfillment import (
    FulfilledLine,
    Fulfillment,
    FulfillmentKind,
    FulfillmentState,
)
from domain.money import Money
from domain.order import Order, OrderLine, OrderState
from domain.provenance import Provenance
from domain.viewer import Channel

_CHANNELS = MappingProxyType(
    {
        "10": Channel.POS,
        "20": Channel.WEB,
        "30": Channel.APP,
        "40": Channel.AGENT,
        "50": Channel.MARKETPLACE,
    }
)
_KINDS = MappingProxyType({"ZVER": FulfillmentKind.SHIPMENT, "ZABH": FulfillmentKind.PICKUP})
_DELIVERED = MappingProxyType(
    {"A": FulfillmentState.OPEN, "B": FulfillmentState.READY, "C": FulfillmentState.DONE}
)
_STATES = MappingProxyType(
    {"A": OrderState.OPEN, "B": OrderState.PARTLY_FULFILLED, "C": OrderState.FULFILLED}
)


_MAX_NUMBER = 40


class Neighbours(NamedTuple):
    """The systems whose ids the ERP writes into its own documents.

    *Shape*: ``receipts`` numbers sales at tills, ``locations`` the sites.
    """

    receipts: str
    locations: str


def is_order_number(text: str) -> bool:
    """Tell whether a text can be a sales order's number."""
    return len(text) == 10 and text.isascii() and text.isdigit()


is_customer_number = is_order_number


def is_plausible(text: str) -> bool:
    """Tell whether a text can be a number that the ERP or a till gave."""
    return 0 < len(text) <= _MAX_NUMBER and text.isascii() and text.isprintable()


def order(
    document: sale.Document,
    currencies: Mapping[str, str],
    neighbours: Neighbours,
    provenance: Provenance,
) -> Order:
    """Translate a sales order.

    *Shape*: ``currencies`` by sales organisation.
    *Errors*: ``ValueError`` and ``LookupError`` for data that makes no sense, such as sums that do
    not add up or an organisation's order in another currency.
    """
    currency = document.waerk
    if currencies.get(document.vkorg, currency) != currency:
        raise ValueError("the order is in another currency than its sales organisation sells in")
    if not is_order_number(document.vbeln):
        raise ValueError("an order's number has ten digits")
    system = provenance.system
    lines = tuple(_line(item, currency) for item in document.vbap)
    total = Money.of(exact(document.netwr) + exact(document.mwsbk), currency)
    charges = sum((exact(row.netwr) + exact(row.mwsbp) for row in document.konv), Decimal(0))
    parts = Money.of(charges, currency).minor + sum(line.total.minor for line in lines)
    if parts != total.minor:
        raise ValueError("the total is not the sum of items and charges")
    channel = _CHANNELS.get(document.vtweg)
    receipt = document.bstnk if channel is Channel.POS and document.bstnk else None
    sites = {item.werks for item in document.vbap}
    cancelled = bool(document.vbap) and all(item.abgru for item in document.vbap)
    return Order(
        key=f"{system}:{document.vbeln}",
        number=document.vbeln,
        state=OrderState.CANCELLED if cancelled else _STATES[document.gbstk],
        placed_at=notation.moment(document.erdat, document.erzet),
        channel=channel,
        customer_key=None if document.xcpdk else f"{system}:{document.kunnr}",
        lines=lines,
        total=total,
        tax=Money.of(document.mwsbk, currency),
        location_key=f"{neighbours.locations}:{sites.pop()}" if len(sites) == 1 else None,
        receipt_key=f"{neighbours.receipts}:{receipt}" if receipt else None,
        fulfillments=tuple(_fulfillment(row, neighbours) for row in document.likp),
        provenance=provenance,
    )


def _fulfillment(delivery: sale.Delivery, neighbours: Neighbours) -> Fulfillment:
    kind = _KINDS[delivery.lfart]
    return Fulfillment(
        number=delivery.vbeln,
        kind=kind,
        state=_DELIVERED[delivery.wbstk],
        location_key=f"{neighbours.locations}:{delivery.werks}" if delivery.werks else None,
        lines=tuple(
            FulfilledLine(row.vgpos.lstrip("0"), _whole(exact(row.lfimg))) for row in delivery.lips
        ),
        opened_at=notation.moment(delivery.erdat, delivery.erzet),
        ready_at=notation.moment_or_none(delivery.kodat, delivery.kouhr),
        done_at=notation.moment_or_none(delivery.wadat_ist, delivery.wauhr),
        carrier=delivery.spdnr or None,
        tracking_number=delivery.traid or None,
    )


def _whole(quantity: Decimal) -> Decimal:
    return quantity.normalize() if quantity % 1 else quantity.to_integral_value()


def _line(item: sale.Item, currency: str) -> OrderLine:
    quantity = exact(item.kwmeng)
    if quantity <= 0:
        raise ValueError("an item is of no quantity")
    paid, listed = exact(item.netwr) + exact(item.mwsbp), exact(item.kzwi1)
    return OrderLine(
        position=item.posnr.lstrip("0"),
        sku=notation.short(item.matnr) if item.matnr else None,
        name=item.arktx or None,
        quantity=_whole(quantity),
        unit_price=Money.each(listed, quantity, currency),
        discount=Money.of(listed - paid, currency),
        total=Money.of(paid, currency),
    )
