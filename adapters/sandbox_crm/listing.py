"""The CRM's lists that grow, page by page: ledgers of accounts, conversations of contacts."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from msgspec import Struct

from adapters._query import Queries
from adapters._row import Rows, by_key, told
from adapters._upstream import Upstream
from adapters.sandbox_crm import message
from adapters.sandbox_crm.translation import MAX_BATCH, MAX_ID, Reader, own_ids
from domain.ask import Ask
from domain.errors import BadInput, Failure, SourceContract
from domain.interaction import Interaction, InteractionQuery
from domain.loyalty import LedgerQuery, LoyaltyEntry
from domain.page import Page, PageRequest
from domain.provenance import INTERACTION, LOYALTY, Lifetime, Provenance

Q = TypeVar("Q", LedgerQuery, InteractionQuery)
R = TypeVar("R")
V = TypeVar("V")

# How far a list has come, as the CRM counts it.
_Place = int | str | None


class Kind(Struct, Generic[R, V], frozen=True):
    """One of the lists: how it is asked for, and how its rows are read.

    *Shape*: ``R`` is the CRM's page of one owner's list, ``V`` what an item of it is translated
    into; ``parameter`` names the owners; an item stands with the cursor behind it. ``fields`` tells
    which of an item's fields are asked for; all of them where it is silent.
    """

    call: str
    path: str
    parameter: str
    decode: Any
    rows: Sequence[Rows]
    lifetime: Lifetime
    place: Callable[[PageRequest], _Place]
    owner: Callable[[R], str]
    items: Callable[[R], Sequence[Any]]
    has_next: Callable[[R], bool]
    cursor: Callable[[Any], str]
    fields: Callable[[Ask], Mapping[str, list[str]]]
    translate: Callable[[str, Any, Provenance, Collection[str] | None], V]


def ledger(reader: Reader) -> Kind[message.Ledger, LoyaltyEntry]:
    """Describe the ledgers of accounts; a cursor is the number of a row."""
    return Kind(
        call="ledger_by_account",
        path="loyalty/ledger/query",
        parameter="accountIds",
        decode=message.Data[message.Ledger],
        rows=message.LEDGER_ROWS,
        lifetime=LOYALTY,
        place=_row,
        owner=lambda row: row.account_id,
        items=lambda row: row.entries,
        has_next=lambda row: row.next is not None,
        cursor=lambda entry: str(entry.seq),
        fields=lambda _: {},
        translate=lambda owner, entry, provenance, _: reader.entry(owner, entry, provenance),
    )


def talks(reader: Reader) -> Kind[message.Talks, Interaction]:
    """Describe the conversations of contacts; a cursor is the id of one."""
    return Kind(
        call="interactions_by_customer",
        path="interactions/query",
        parameter="contactIds",
        decode=message.Data[message.Talks],
        rows=message.TALK_ROWS,
        lifetime=INTERACTION,
        place=_talk,
        owner=lambda row: row.contact_id,
        items=lambda row: row.interactions,
        has_next=lambda row: row.more,
        cursor=lambda talk: talk.id,
        fields=_talk_fields,
        translate=reader.interaction,
    )


class Lists:
    """Reads pages of lists, each of one owner."""

    def __init__(self, upstream: Upstream, queries: Queries) -> None:
        self._upstream = upstream
        self._queries = queries

    async def pages(
        self, kind: Kind[R, V], owners: Mapping[Q, str], ask: Ask
    ) -> dict[Q, Page[V] | Failure]:
        """Read a page for each query; those of one size share calls, each owner once in a call.

        *Shape*: ``owners`` by key; a cursor that is none costs its own page.
        """
        pages: dict[Q, Page[V] | Failure] = {}
        places: dict[Q, _Place] = {}
        for query in owners:
            try:
                places[query] = kind.place(query.page)
            except BadInput as failure:
                pages[query] = failure
            else:
                pages[query] = Page((), (), has_next=False)
        calls: list[tuple[int, dict[str, Q]]] = []
        for query in places:
            for local in own_ids([owners[query]], self._upstream.system):
                for first, asked in calls:
                    fits = first == query.page.first and len(asked) < MAX_BATCH
                    if fits and local not in asked:
                        asked[local] = query
                        break
                else:
                    calls.append((query.page.first, {local: query}))

        async def read(chunk: Sequence[int]) -> None:
            first, asked = calls[chunk[0]]
            before = {local: places[query] for local, query in asked.items()}
            found = await self._read(kind, first, before, ask)
            pages.update({asked[local]: page for local, page in found.items() if local in asked})

        await self._upstream.chunked(range(len(calls)), 1, read)
        return pages

    async def _read(
        self, kind: Kind[R, V], first: int, before: Mapping[str, _Place], ask: Ask
    ) -> dict[str, Page[V] | SourceContract]:
        given = {local: place for local, place in before.items() if place is not None}
        fields = kind.fields(ask)
        body = {kind.parameter: list(before), "limit": first, "before": given, **fields}
        asked = fields.get("fields")
        answer = await self._queries.read(kind.call, kind.path, body, kind.decode, ask, kind.rows)
        system = self._upstream.system
        provenance = Provenance(system, datetime.now(UTC), kind.lifetime)

        def page(row: R) -> Page[V]:
            items = told(
                system,
                kind.call,
                kind.items(row),
                lambda item: (kind.cursor(item),),
                lambda item: kind.translate(kind.owner(row), item, provenance, asked),
            )
            for keys, value in items:
                if not keys and isinstance(value, SourceContract):
                    raise value
            # The damaged ones tell their cursors, too.
            cursors = tuple(next(iter(keys)) for keys, _ in items)
            return Page(tuple(value for _, value in items), cursors, has_next=kind.has_next(row))

        return by_key(
            system, kind.call, answer.data, lambda row: (kind.owner(row),), page, list(before)
        )


def _talk_fields(ask: Ask) -> dict[str, list[str]]:
    """Name the fields of a conversation that somebody will read; nothing where that is all."""
    if ask.fields is None:
        return {}
    more = {message.TALK_FIELDS[each] for each in ask.fields & message.TALK_FIELDS.keys()}
    return {"fields": [*message.TALK, *sorted(more)]}


def _row(page: PageRequest) -> int | None:
    cursor = page.after
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 11):
        raise page.refused()
    return int(cursor)


def _talk(page: PageRequest) -> str | None:
    if page.after is not None and not 0 < len(page.after) <= MAX_ID:
        raise page.refused()
    return page.after
