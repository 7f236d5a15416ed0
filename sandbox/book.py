"""The ERP's order book: sales orders by their numbers, by receipts and by customers."""

from collections.abc import Awaitable, Callable, Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sandbox.catalogue import Catalogue
from sandbox.contact import index_of
from sandbox.document import document
from sandbox.inquiry import keys_of, read, results, within
from sandbox.order import Order, Orders
from sandbox.vocabulary import BRANDS

MAX_TOP = 100


class _Documents(msgspec.Struct, forbid_unknown_fields=True):
    VBELN: list[str]


class _Customers(msgspec.Struct, forbid_unknown_fields=True):
    KUNNR: list[str]
    TOP: int = 10
    SKIP: dict[str, int] = {}


class _Numbers(msgspec.Struct, forbid_unknown_fields=True):
    NUMMER: list[str]


class _Counted(msgspec.Struct, forbid_unknown_fields=True):
    KUNNR: list[str]


class Book:
    """The orders in the books of one ERP, which may sell only some of the brands."""

    def __init__(
        self, orders: Orders, catalogue: Catalogue, contacts: int, brands: frozenset[str]
    ) -> None:
        self._orders = orders
        self._catalogue = catalogue
        self._contacts = contacts
        self._brands = brands

    @property
    def calls(self) -> Mapping[str, Callable[[Request], Awaitable[Response]]]:
        """What answers each of the calls."""
        return {
            "ORDERS_BY_VBELN": self._by_vbeln,
            "ORDERS_BY_NUMMER": self._by_number,
            "ORDERS_BY_KUNNR": self._by_kunnr,
            "ORDER_COUNT_BY_KUNNR": self._counts,
        }

    async def _by_vbeln(self, request: Request) -> Response:
        body = await read(request, _Documents)
        found = [self._orders.find(key) for key in keys_of(body.VBELN)]
        own = (order for order in found if order is not None and self._is_own(order))
        return results(document(order, self._catalogue) for order in own)

    async def _by_kunnr(self, request: Request) -> Response:
        body = await read(request, _Customers)
        within(body.TOP, "TOP", 1, MAX_TOP)
        for skip in body.SKIP.values():
            within(skip, "SKIP", 0, 10_000_000)
        rows = []
        for key, indices in self._of_customers(body.KUNNR):
            skip = body.SKIP.get(key, 0)
            newest = indices[::-1][skip : skip + body.TOP]
            documents = [document(self._orders.order(index), self._catalogue) for index in newest]
            rows.append({"KUNNR": key, "ANZAHL": len(indices), "VBAK": documents})
        return results(rows)

    async def _by_number(self, request: Request) -> Response:
        body = await read(request, _Numbers)
        found = [self._orders.find(key) or self._orders.sale(key) for key in keys_of(body.NUMMER)]
        booked = [each for each in found if each is not None and each.position < self._orders.count]
        own = (order for order in booked if self._is_own(order))
        return results(document(order, self._catalogue) for order in own)

    async def _counts(self, request: Request) -> Response:
        body = await read(request, _Counted)
        counted = self._of_customers(body.KUNNR)
        return results({"KUNNR": key, "ANZAHL": len(indices)} for key, indices in counted)

    def _of_customers(self, kunnrs: list[str]) -> list[tuple[str, list[int]]]:
        found = []
        for key in keys_of(kunnrs):
            contact = index_of(key, self._contacts)
            if contact is not None:
                every = self._orders.of_contact(contact)
                if not self._brands.issuperset(BRANDS):
                    every = [n for n in every if self._is_own(self._orders.order(n))]
                found.append((key, every))
        return found

    def _is_own(self, order: Order) -> bool:
        """Whether an order is kept here: its first article's brand tells."""
        return self._catalogue.style(order.items[0].style).brand in self._brands
