"""Sales orders into orders."""

from collections.abc import Mapping
from types import MappingProxyType

from adapters._body import exact
from adapters.sandbox_erp import message
from domain.money import Money
from domain.order import Order, OrderLine, OrderState
from domain.provenance import Provenance
from domain.viewer import Channel

_CHANNELS = MappingProxyType({"10": Channel.POS, "20": Channel.WEB, "30": Channel.APP})
_STATES = MappingProxyType(
    {"A": OrderState.OPEN, "B": OrderState.PARTLY_FULFILLED, "C": OrderState.FULFILLED}
)


def is_order_number(text: str) -> bool:
    """Tell whether a text can be a sales order's number."""
    return len(text) == 10 and text.isascii() and text.isdigit()


is_customer_number = is_order_number


def order(
    document: message.Document, currencies: Mapping[str, str], provenance: Provenance
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
    charged = sum((exact(row.netwr) + exact(row.mwsbp) for row in document.konv), start=0)
    parts = sum((line.total.decimal for line in lines), start=charged)
    if parts != total.decimal:
        raise ValueError("the total is not the sum of items and charges")
    cancelled = bool(document.vbap) and all(item.abgru for item in document.vbap)
    return Order(
        key=f"{system}:{document.vbeln}",
        number=document.vbeln,
        state=OrderState.CANCELLED if cancelled else _STATES[document.gbstk],
        placed_at=message.moment(document.erdat, document.erzet),
        channel=_CHANNELS.get(document.vtweg),
        customer_key=None if document.xcpdk else f"{system}:{document.kunnr}",
        lines=lines,
        total=total,
        tax=Money.of(document.mwsbk, currency),
        provenance=provenance,
    )


def _line(item: message.Item, currency: str) -> OrderLine:
    quantity = exact(item.kwmeng)
    if quantity <= 0:
        raise ValueError("an item is of no quantity")
    total = Money.of(exact(item.netwr) + exact(item.mwsbp), currency)
    return OrderLine(
        position=item.posnr.lstrip("0"),
        sku=message.short(item.matnr) if item.matnr else None,
        name=item.arktx or None,
        quantity=quantity.normalize() if quantity % 1 else quantity.to_integral_value(),
        unit_price=Money.each(exact(item.kzwi1), quantity, currency),
        discount=Money.of(item.kzwi1 - total.decimal, currency),
        total=total,
    )
