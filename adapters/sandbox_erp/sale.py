"""What the ERP's sales orders look like, in its own words."""

from decimal import Decimal

from msgspec import Struct

from adapters._body import Whole
from adapters._row import Rows


class Item(Struct, frozen=True, gc=False, rename=str.upper):
    """A position of a sales order."""

    posnr: str
    matnr: str
    arktx: str
    kwmeng: Decimal
    kzwi1: Decimal
    netwr: Decimal
    mwsbp: Decimal
    abgru: str
    werks: str


class Charge(Struct, frozen=True, gc=False, rename=str.upper):
    """What is charged beside the items."""

    netwr: Decimal
    mwsbp: Decimal


class DeliveredItem(Struct, frozen=True, gc=False, rename=str.upper):
    """How much of a position a delivery holds."""

    vgpos: str
    lfimg: Decimal


class Delivery(Struct, frozen=True, gc=False, rename=str.upper):
    """Some of an order's items on their way; times of zeros have not come yet."""

    vbeln: str
    lfart: str
    werks: str
    erdat: str
    erzet: str
    kodat: str
    kouhr: str
    wadat_ist: str
    wauhr: str
    wbstk: str
    spdnr: str
    traid: str
    lips: list[DeliveredItem]


class Document(Struct, frozen=True, gc=False, rename=str.upper):
    """A sales order."""

    vbeln: str
    vkorg: str
    vtweg: str
    kunnr: str
    xcpdk: str
    bstnk: str
    erdat: str
    erzet: str
    waerk: str
    netwr: Decimal
    mwsbk: Decimal
    gbstk: str
    vbap: list[Item]
    konv: list[Charge]
    likp: list[Delivery]


class Ordered(Struct, frozen=True, gc=False, rename=str.upper):
    """A page of one customer's sales orders, and how many there are in all."""

    kunnr: str
    anzahl: Whole
    vbak: list[Document]


ORDER_ROWS = Rows(("results",), ("VBELN", "BSTNK"))
"""A sales order is known by its number and, where a till sold it, by the receipt's."""
ORDERED_ROWS = Rows(("results",), ("KUNNR",), (Rows(("VBAK",)),))
