"""Orders out of Tryton's sales: by id, by number, and a customer's page by page."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from adapters._row import Rows, told
from adapters.tryton import document
from adapters.tryton.record import ID, own_ids
from adapters.tryton.reference import References
from adapters.tryton.rpc import BY_ID, Reply, Rpc
from domain.ask import Ask
from domain.errors import BadInput, Failure
from domain.order import Order, OrderQuery
from domain.page import Page, PageRequest
from domain.provenance import ORDER, Provenance

_CHUNK = 100
_BY_NUMBER = (Rows(("result",), ("number",)),)
_MAX_NUMBER = 100
# Of all the customers of one batch together.
_MAX_SALES = 20_000
# Drafts and quotations are not the customer's orders yet.
_PLACED = ("confirmed", "processing", "done", "cancelled")


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
        params = [
            where,
            0,
            limit,
            [["id", "DESC"]],
            document.FIELDS,
            {"company": reference.company},
        ]
        rows = await self._rpc.call(
            "model.sale.sale.search_read", params, Reply[list[document.Sale]], ask, call, rows_by
        )
        provenance = Provenance(self._system, datetime.now(UTC), ORDER)
        found: list[tuple[Collection[str], Order | Failure]] = []
        for own, order in told(
            self._system,
            call,
            rows,
            lambda row: (str(row.id), row.number or ""),
            lambda row: document.order(row, provenance),
        ):
            if not own and isinstance(order, Failure):
                raise order
            found.append((own, order))
        return found


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
