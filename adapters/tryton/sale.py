"""Orders out of Tryton's sales, with their lines and shipments."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType

from msgspec import Struct

from adapters._row import Rows, told
from adapters._upstream import exact
from adapters.tryton.record import ID, own_ids
from adapters.tryton.reference import References
from adapters.tryton.rpc import BY_ID, Amount, Moment, Reply, Rpc
from domain.ask import Ask
from domain.errors import BadInput, Failure
from domain.fulfillment import (
    FulfilledLine,
    Fulfillment,
    FulfillmentKind,
    FulfillmentState,
)
from domain.money import Money, currency_digits
from domain.order import Order, OrderLine, OrderQuery, OrderState
from domain.page import Page, PageRequest
from domain.provenance import ORDER, Provenance
from domain.viewer import Channel

_CHUNK = 100
_BY_NUMBER = (Rows(("result",), ("number",)),)
_MAX_NUMBER = 100
# Of all the customers of one batch together.
_MAX_SALES = 20_000
# Drafts and quotations are not the customer's orders yet.
_PLACED = ("confirmed", "processing", "done", "cancelled")
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

_FIELDS = (
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


class _Sale(
    Struct,
    frozen=True,
    rename={"currency": "currency.", "lines": "lines.", "shipments": "shipments."},
):
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


class _Head(Struct, frozen=True):
    id: int
    party: int


class Sales:
    """Reads sales; one call for up to 100."""

    def __init__(self, rpc: Rpc, references: References) -> None:
        self._rpc = rpc
        self._references = references
        self._system = rpc.upstream.system

    async def by_key(
        self, keys: Sequence[str], ask: Ask, call: str
    ) -> Mapping[str, Order | Failure]:
        """Read sales by their ids."""
        orders = await self._by_id(own_ids(keys, self._system), ask, call)
        return {f"{self._system}:{local}": order for local, order in orders.items()}

    async def by_number(
        self, numbers: Sequence[str], ask: Ask, call: str
    ) -> Mapping[str, Order | Failure]:
        """Read sales by the numbers that people know."""

        async def fetch(chunk: Sequence[str]) -> list[tuple[Collection[str], Order | Failure]]:
            return await self._read([["number", "in", chunk]], len(chunk), ask, call, _BY_NUMBER)

        plausible = [each for each in numbers if 0 < len(each) <= _MAX_NUMBER and each.isascii()]
        printable = [each for each in plausible if each.isprintable()]
        chunks = await self._rpc.upstream.chunked(printable, _CHUNK, fetch)
        found: dict[str, Order | Failure] = {}
        for chunk in chunks:
            for names, order in chunk:
                own = names if isinstance(order, Failure) else (order.number,)
                found |= dict.fromkeys(set(printable).intersection(own), order)
        return found

    async def by_customer(
        self, queries: Sequence[OrderQuery], ask: Ask, call: str
    ) -> Mapping[OrderQuery, Page[Order] | Failure]:
        """Read a page for each customer, newest first; a cursor is a sale's id.

        Tryton limits an answer as a whole, not for each customer: a single customer is one call,
        several are two, one for who has bought what and one for the sales that are shown.
        """
        found: dict[OrderQuery, Page[Order] | Failure] = {}
        after: dict[OrderQuery, int | None] = {}
        for query in queries:
            try:
                after[query] = _after(query.page)
                found[query] = Page((), (), has_next=False)
            except BadInput as failure:
                found[query] = failure
        parties = {query: own_ids(query.identities, self._system) for query in after}
        wanted = [query for query in after if parties[query]]
        if len(wanted) == 1:
            (query,) = wanted
            where = [["party", "in", parties[query]], ["state", "in", _PLACED]]
            if (last := after[query]) is not None:
                where.append(["id", "<", last])
            most = query.page.first + 1
            found[query] = _page(query, _local(await self._read(where, most, ask, call)), most)
        elif wanted:
            found |= await self._pages(wanted, parties, after, ask, call)
        return found

    async def _pages(
        self,
        queries: Sequence[OrderQuery],
        parties: Mapping[OrderQuery, Sequence[int]],
        after: Mapping[OrderQuery, int | None],
        ask: Ask,
        call: str,
    ) -> dict[OrderQuery, Page[Order]]:
        everybody = list({party for query in queries for party in parties[query]})
        heads = await self._rpc.search_read(
            "sale.sale",
            [["party", "in", everybody], ["state", "in", _PLACED]],
            ["party"],
            _MAX_SALES,
            Reply[list[_Head]],
            ask,
            call,
            company=(await self._references.get(ask, call)).company,
        )
        with self._rpc.upstream.contract(call):
            if len(heads) >= _MAX_SALES:
                raise ValueError(f"found more than {_MAX_SALES} sales of one batch of customers")
        by_party: dict[int, list[int]] = {}
        for head in heads:
            by_party.setdefault(head.party, []).append(head.id)
        shown: dict[OrderQuery, list[int]] = {}
        for query in queries:
            last = after[query]
            own = (each for party in parties[query] for each in by_party.get(party, ()))
            newest = sorted((each for each in own if last is None or each < last), reverse=True)
            shown[query] = newest[: query.page.first + 1]
        distinct = list(dict.fromkeys(each for ids in shown.values() for each in ids))
        orders = await self._by_id(distinct, ask, call)
        pages = {}
        for query, ids in shown.items():
            read = [(str(each), orders[str(each)]) for each in ids if str(each) in orders]
            pages[query] = _page(query, read, query.page.first + 1)
        return pages

    async def _by_id(self, ids: Sequence[int], ask: Ask, call: str) -> dict[str, Order | Failure]:
        async def fetch(chunk: Sequence[int]) -> dict[str, Order | Failure]:
            where = [["id", "in", chunk]]
            return dict(_local(await self._read(where, len(chunk), ask, call)))

        chunks = await self._rpc.upstream.chunked(ids, _CHUNK, fetch)
        return {local: order for chunk in chunks for local, order in chunk.items()}

    async def _read(
        self,
        where: Sequence[object],
        limit: int,
        ask: Ask,
        call: str,
        rows_by: Sequence[Rows] = BY_ID,
    ) -> list[tuple[Collection[str], Order | Failure]]:
        """Read sales, the newest first, each with what it tells of itself.

        *Errors*: ``SourceContract`` for a damaged one that tells nothing.
        """
        reference = await self._references.get(ask, call)
        params = [where, 0, limit, [["id", "DESC"]], _FIELDS, {"company": reference.company}]
        rows = await self._rpc.call(
            "model.sale.sale.search_read", params, Reply[list[_Sale]], ask, call, rows_by
        )
        provenance = Provenance(self._system, datetime.now(UTC), ORDER)
        found: list[tuple[Collection[str], Order | Failure]] = []
        for own, order in told(
            self._system,
            call,
            rows,
            lambda row: (str(row.id), row.number or ""),
            lambda row: self._order(row, provenance),
        ):
            if not own and isinstance(order, Failure):
                raise order
            found.append((own, order))
        return found

    def _order(self, row: _Sale, provenance: Provenance) -> Order:
        currency = row.currency.code
        sold = [line for line in row.lines if line.type == "line"]
        positions = {line.id: str(place) for place, line in enumerate(sold, start=1)}
        return Order(
            key=f"{self._system}:{row.id}",
            number=row.number or str(row.id),
            state=_state(row),
            placed_at=row.create_date.value(),
            channel=Channel.WEB if row.web_shop is not None else None,
            customer_key=f"{self._system}:{row.party}",
            lines=tuple(_line(positions[line.id], line, currency) for line in sold),
            total=_money(row.total_amount.value(), currency),
            tax=_money(row.tax_amount.value(), currency),
            location_key=f"{self._system}:{row.warehouse}" if row.warehouse else None,
            fulfillments=tuple(
                self._fulfillment(each, positions)
                for each in row.shipments
                if each.state != "cancelled"
            ),
            provenance=provenance,
        )

    def _fulfillment(self, row: _Shipment, positions: Mapping[int, str]) -> Fulfillment:
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
            location_key=f"{self._system}:{row.warehouse}" if row.warehouse else None,
            lines=tuple(FulfilledLine(place, _whole(n)) for place, n in quantities.items()),
        )


def _local(
    rows: Sequence[tuple[Collection[str], Order | Failure]],
) -> list[tuple[str, Order | Failure]]:
    """Tell of each sale its id alone."""
    return [(next(iter(own)), order) for own, order in rows]


def _page(
    query: OrderQuery, orders: Sequence[tuple[str, Order | Failure]], most: int
) -> Page[Order]:
    shown = orders[: query.page.first]
    return Page(
        tuple(order for _, order in shown),
        tuple(local for local, _ in shown),
        has_next=len(orders) >= most,
    )


def _after(page: PageRequest) -> int | None:
    if page.after is None:
        return None
    if not ID.fullmatch(page.after):
        raise page.refused()
    return int(page.after)


def _state(row: _Sale) -> OrderState:
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
