"""How the tills' back office writes receipts."""

from typing import Any
from zoneinfo import ZoneInfo

from sandbox.catalogue import Catalogue, sku
from sandbox.order import Order
from sandbox.place import ZONES
from sandbox.price import split_tax
from sandbox.seed import Draw

_LETTERS = {2300: "A", 800: "B", 1900: "D", 2100: "E", 1200: "F"}
_HOW = (("CARD", 68), ("CASH", 92), ("BLIK", 100))


def receipt(sale: Order, catalogue: Catalogue) -> dict[str, Any]:
    """The receipt of a sale: whole cents, thousandths of pieces, the shop's own time of day."""
    lines = [_line(place, sale, catalogue) for place in range(len(sale.items))]
    zone = ZONES[sale.organisation.country]
    return {
        "seq": sale.position + 1,
        "receipt": sale.receipt,
        "shop": sale.site,
        "till": sale.till,
        "cashier": f"K{1 + Draw('cashier', sale.position).below(60):03d}",
        "sold": f"{sale.at.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M:%S}",
        "zone": zone,
        "card": sale.card,
        "cur": sale.organisation.currency,
        "lines": lines,
        "vat": _vat(sale),
        "pay": _payments(sale),
        "total": sale.gross,
    }


def _line(place: int, sale: Order, catalogue: Catalogue) -> dict[str, Any]:
    item = sale.items[place]
    return {
        "no": place + 1,
        "plu": sku(item.style, item.variant),
        "text": catalogue.style(item.style).name.pl[:24],
        "qty": item.quantity * 1_000,
        "price": item.amount // item.quantity,
        "off": item.discount,
        "sum": item.gross,
        "vat": _LETTERS[item.tax.rate],
    }


def _vat(sale: Order) -> list[dict[str, Any]]:
    found: dict[int, int] = {}
    for item in sale.items:
        found[item.tax.rate] = found.get(item.tax.rate, 0) + split_tax(item.gross, item.tax.rate)[1]
    return [{"code": _LETTERS[rate], "rate": rate, "tax": tax} for rate, tax in found.items()]


def _payments(sale: Order) -> list[dict[str, Any]]:
    draw = Draw("payment", sale.position)
    if sale.gross > 20_000 and draw.chance(10):
        part = sale.gross // 4
        return [{"how": "VOUCHER", "sum": part}, {"how": "CARD", "sum": sale.gross - part}]
    share = draw.below(100)
    return [{"how": next(how for how, top in _HOW if share < top), "sum": sale.gross}]
