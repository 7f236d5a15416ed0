"""Sales orders: by their numbers, and a customer's page by page."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from adapters.sandbox_erp import document, sale
from adapters.sandbox_erp.call import MAX_KEYS, Erp
from domain.ask import Ask
from domain.errors import BadInput, Failure, SourceContract
from domain.order import Order, OrderQuery
from domain.page import Page, PageRequest
from domain.provenance import ORDER

# Orders by customer number, and how many there are in all.
_Ordered = dict[str, tuple[list[Order | SourceContract], int] | Failure]
# A page size, and the how-manieth call with it.
_Round = tuple[int, int]

_MAX_SKIP = 10_000_000
_NEWEST = datetime.max.replace(tzinfo=UTC)


class Orders:
    """Reads sales orders; one call for up to 200 of them, or for up to 200 customers."""

    def __init__(
        self, erp: Erp, currencies: Mapping[str, str], neighbours: document.Neighbours
    ) -> None:
        self._erp = erp
        self._currencies = currencies
        self._neighbours = neighbours

    async def order_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Order | Failure]:
        """Read sales orders by their numbers."""
        call = "order_by_key"

        async def fetch(numbers: Sequence[str]) -> dict[str, Order | Failure]:
            body, kind = {"VBELN": numbers}, sale.Document
            rows = await self._erp.rows("ORDERS_BY_VBELN", body, kind, ask, call, sale.ORDER_ROWS)
            asked = {number: f"{self._erp.upstream.system}:{number}" for number in numbers}
            return self._erp.by_key(rows, lambda row: (row.vbeln,), self._order(), asked, call)

        numbers = [local for local in self._erp.own(keys) if document.is_order_number(local)]
        parts = await self._erp.upstream.chunked(numbers, MAX_KEYS, fetch)
        return {key: order for part in parts for key, order in part.items()}

    async def order_by_number(
        self, numbers: Sequence[str], ask: Ask
    ) -> Mapping[str, Order | Failure]:
        """Read sales orders by their numbers, and booked sales by those of their receipts."""
        call = "order_by_number"

        async def fetch(chunk: Sequence[str]) -> dict[str, Order | Failure]:
            body, kind = {"NUMMER": chunk}, sale.Document
            rows = await self._erp.rows("ORDERS_BY_NUMMER", body, kind, ask, call, sale.ORDER_ROWS)
            asked = {number: number for number in chunk}
            found = self._erp.by_key(
                rows, lambda row: (row.vbeln, row.bstnk), self._order(), asked, call
            )
            # What others call an order by is no number of it.
            return {
                number: order
                for number, order in found.items()
                if isinstance(order, Failure) or number in (order.number, order.receipt_number)
            }

        plausible = [number for number in numbers if document.is_plausible(number)]
        parts = await self._erp.upstream.chunked(plausible, MAX_KEYS, fetch)
        return {number: order for part in parts for number, order in part.items()}

    async def orders_by_customer(
        self, queries: Sequence[OrderQuery], ask: Ask
    ) -> Mapping[OrderQuery, Page[Order] | Failure]:
        """Read a page for each customer; equal page sizes share a call.

        A customer may have several numbers in the ERP: a cursor is how far the page has come in
        the orders of each of them.
        """
        found: dict[OrderQuery, Page[Order] | Failure] = {}
        wanted: dict[OrderQuery, dict[str, int]] = {}
        for query in queries:
            try:
                wanted[query] = self._wanted(query)
            except BadInput as failure:
                found[query] = failure
        # Two pages of one customer cannot share a call: it takes one offset for each number.
        rounds: dict[_Round, dict[str, int]] = {}
        places: dict[tuple[OrderQuery, str], _Round] = {}
        for query, offsets in wanted.items():
            for number, offset in offsets.items():
                turn = 0
                while (
                    rounds.setdefault((query.page.first, turn), {}).setdefault(number, offset)
                    != offset
                ):
                    turn += 1
                places[query, number] = (query.page.first, turn)

        async def fetch(each: _Round) -> _Ordered:
            return await self._ordered(each[0], rounds[each], ask)

        answers = await self._erp.upstream.each(list(rounds), fetch)
        for query, offsets in wanted.items():
            parts: list[tuple[Sequence[Order | Failure], int]] = []
            for number in offsets:
                answer = answers[places[query, number]]
                part = answer if isinstance(answer, Failure) else answer.get(number, ([], 0))
                if isinstance(part, Failure):
                    found[query] = part
                    break
                parts.append(part)
            else:
                found[query] = _merge(query.page.first, offsets, parts)
        return found

    def _wanted(self, query: OrderQuery) -> dict[str, int]:
        """The customer's numbers here, and how many orders of each come before the page."""
        numbers = [n for n in self._erp.own(query.identities) if document.is_customer_number(n)]
        distinct = list(dict.fromkeys(numbers))
        return dict(zip(distinct, _offsets(query.page, len(distinct))))

    async def _ordered(self, first: int, offsets: Mapping[str, int], ask: Ask) -> _Ordered:
        call = "orders_by_customer"

        async def fetch(numbers: Sequence[str]) -> _Ordered:
            skips = {number: offsets[number] for number in numbers if offsets[number]}
            body = {"KUNNR": numbers, "TOP": first, "SKIP": skips}
            kind, places = sale.Ordered, sale.ORDERED_ROWS
            rows = await self._erp.rows("ORDERS_BY_KUNNR", body, kind, ask, call, places)
            read = self._order()

            def ordered(row: sale.Ordered) -> tuple[list[Order | SourceContract], int]:
                if row.anzahl < 0 or len(row.vbak) > first:
                    raise ValueError("found more orders than were asked for, or less than none")
                return self._erp.told(row.vbak, lambda _: (), read, call), row.anzahl

            asked = {number: number for number in numbers}
            return self._erp.by_key(rows, lambda row: (row.kunnr,), ordered, asked, call)

        parts = await self._erp.upstream.chunked(list(offsets), MAX_KEYS, fetch)
        return {number: found for part in parts for number, found in part.items()}

    def _order(self) -> Callable[[sale.Document], Order]:
        provenance = self._erp.now(ORDER)
        return lambda row: document.order(row, self._currencies, self._neighbours, provenance)


def _offsets(page: PageRequest, count: int) -> list[int]:
    """How far a cursor has come in each of so many lists. *Errors*: ``BadInput``."""
    if page.after is None:
        return [0] * count
    parts = page.after.split(".")
    proper = all(part.isascii() and part.isdigit() and len(part) < 9 for part in parts)
    if not proper or len(parts) != count or any(int(part) > _MAX_SKIP for part in parts):
        raise page.refused()
    return [int(part) for part in parts]


def _merge(
    first: int,
    offsets: Mapping[str, int],
    lists: Sequence[tuple[Sequence[Order | Failure], int]],
) -> Page[Order]:
    """Take the newest of several lists that are each ordered newest first."""
    reached = list(offsets.values())
    heads = [0] * len(lists)
    items: list[Order | Failure] = []
    cursors: list[str] = []
    while len(items) < first:
        left = [n for n, (orders, _) in enumerate(lists) if heads[n] < len(orders)]
        if not left:
            break
        newest = max(left, key=lambda n: _placed(lists[n][0][heads[n]]))
        items.append(lists[newest][0][heads[newest]])
        heads[newest] += 1
        reached[newest] += 1
        cursors.append(".".join(map(str, reached)))
    total = sum(count for _, count in lists)
    return Page(tuple(items), tuple(cursors), bool(items) and sum(reached) < total, total)


def _placed(order: Order | Failure) -> datetime:
    # A damaged one does not say when it was placed: it stands where it was met.
    return _NEWEST if isinstance(order, Failure) else order.placed_at
