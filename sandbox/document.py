"""How the ERP writes sales orders."""

from datetime import datetime
from typing import Any

from sandbox.catalogue import Catalogue, sku
from sandbox.delivery import Delivery, deliveries
from sandbox.order import GUEST_KUNNR, Order
from sandbox.price import split_tax
from sandbox.sap import amount, day_text, long_number

_CHANNELS = {"POS": "10", "WEB": "20", "APP": "30", "AGENT": "40", "MARKETPLACE": "50"}
_TYPES = {"POS": "ZPOS", "WEB": "ZWEB", "APP": "ZWEB", "AGENT": "ZTEL", "MARKETPLACE": "ZMKT"}
_STATES = {"OPEN": ("A", "A"), "PARTIAL": ("B", "B"), "DONE": ("C", "C"), "CANCELLED": ("C", "A")}


def document(order: Order, catalogue: Catalogue) -> dict[str, Any]:
    """The order with its items and charges."""
    overall, delivered = _STATES[order.state]
    items = [_item(position, order, catalogue) for position in range(len(order.items))]
    guest = order.kunnr == GUEST_KUNNR
    return {
        "VBELN": order.number,
        "AUART": _TYPES[order.channel],
        "VKORG": order.organisation.code,
        "VTWEG": _CHANNELS[order.channel],
        "KUNNR": order.kunnr,
        "XCPDK": "X" if guest else "",
        "BSTNK": order.receipt or f"{order.channel}-{order.at:%Y}-{order.position + 1:06d}",
        "ERDAT": day_text(order.at.date()),
        "ERZET": f"{order.at:%H%M%S}",
        "WAERK": order.organisation.currency,
        "NETWR": amount(order.net),
        "MWSBK": amount(order.gross - order.net),
        "GBSTK": overall,
        "LFSTK": delivered,
        "VBAP": items,
        "KONV": [
            {
                "KSCHL": "HD00",
                "MWSKZ": charge.tax.code,
                "NETWR": amount(split_tax(charge.amount, charge.tax.rate)[0]),
                "MWSBP": amount(split_tax(charge.amount, charge.tax.rate)[1]),
            }
            for charge in order.charges
        ],
        "LIKP": [_delivery(each, order) for each in deliveries(order)],
    }


def _delivery(delivery: Delivery, order: Order) -> dict[str, Any]:
    return {
        "VBELN": delivery.number,
        "LFART": "ZABH" if delivery.kind == "PICKUP" else "ZVER",
        "WERKS": delivery.site,
        "ERDAT": day_text(delivery.created.date()),
        "ERZET": f"{delivery.created:%H%M%S}",
        **_stamp("KODAT", "KOUHR", delivery.picked),
        **_stamp("WADAT_IST", "WAUHR", delivery.issued),
        "WBSTK": delivery.state,
        "SPDNR": delivery.carrier or "",
        "TRAID": delivery.tracking or "",
        "LIPS": [
            {"VGPOS": f"{(place + 1) * 10:06d}", "LFIMG": f"{order.items[place].quantity}.000"}
            for place in delivery.items
        ],
    }


def _stamp(day: str, time: str, moment: datetime | None) -> dict[str, str]:
    if moment is None:
        return {day: "00000000", time: "000000"}
    return {day: day_text(moment.date()), time: f"{moment:%H%M%S}"}


def _item(position: int, order: Order, catalogue: Catalogue) -> dict[str, Any]:
    item = order.items[position]
    style = catalogue.style(item.style)
    net, tax = split_tax(item.gross, item.tax.rate)
    delivered = order.state == "DONE" or (order.state == "PARTIAL" and position == 0)
    return {
        "POSNR": f"{(position + 1) * 10:06d}",
        "MATNR": long_number(sku(item.style, item.variant)),
        "ARKTX": style.name.pl,
        "KWMENG": f"{item.quantity}.000",
        "VRKME": "ST",
        "KZWI1": amount(item.amount),
        "KZWI2": amount(-item.discount),
        "NETWR": amount(net),
        "MWSBP": amount(tax),
        "MWSKZ": item.tax.code,
        "WERKS": order.site,
        "ABGRU": "Z1" if item.rejected else "",
        "LFSTA": "C" if delivered else "A",
    }
