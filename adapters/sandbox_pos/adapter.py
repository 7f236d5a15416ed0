"""The tills' side of the port: which of their back office's calls answers which question."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct

from adapters._query import Queries
from adapters._row import by_key, told
from adapters._upstream import Upstream
from adapters.sandbox_pos import receipt
from domain.ask import Ask
from domain.configuration import ConfigurationError, Problem
from domain.errors import BadInput, Failure, SourceContract
from domain.identity import external_id
from domain.order import Order, OrderQuery
from domain.page import Page, PageRequest
from domain.provenance import ORDER, Provenance
from domain.secret import Secret

_BASE = "/backoffice"
_MAX_BATCH = 100


class _Sales(NamedTuple):
    """What a card was shown for, each with its running number, and whether there is more."""

    found: Sequence[tuple[int, Order | Failure]]
    more: bool


_NOTHING = _Sales((), more=False)


class Adapter:
    """Reads receipts; one call for up to 100 of them, or for the sales of up to 100 cards."""

    class Options(Struct, frozen=True, forbid_unknown_fields=True):
        """Whose codes the tills use for shops."""

        locations: Annotated[
            str, Meta(description="The system whose location ids are the tills' codes of shops.")
        ] = "wms"
        currencies: Annotated[
            tuple[str, ...], Meta(description="The currencies that the tills take, as ISO 4217.")
        ] = ("PLN", "EUR", "CZK")

    def __init__(self, upstream: Upstream, secret: Secret | None, options: Options) -> None:
        if secret is None:
            key = f"systems.{upstream.system}.secret_env"
            raise ConfigurationError([Problem(key, "missing", "the variable with the tills' key")])
        self._upstream = upstream
        self._reader = receipt.Reader(options.locations, frozenset(options.currencies))
        headers = {"X-Till-Key": secret.reveal()}
        self._queries = Queries(upstream, _BASE, headers, receipt.explain)

    async def order_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Order | Failure]:
        """Read receipts by their numbers."""
        orders = await self._receipts("order_by_key", self._own(keys), ask)
        return {f"{self._upstream.system}:{number}": order for number, order in orders.items()}

    async def order_by_number(
        self, numbers: Sequence[str], ask: Ask
    ) -> Mapping[str, Order | Failure]:
        """Read receipts by the number that the till printed."""
        plausible = [number for number in numbers if receipt.is_number(number)]
        return await self._receipts("order_by_number", plausible, ask)

    async def orders_by_customer(
        self, queries: Sequence[OrderQuery], ask: Ask
    ) -> Mapping[OrderQuery, Page[Order] | Failure]:
        """Read a page of what each card was shown for; a cursor is a sale's running number.

        A customer with several cards has the sales of all of them in one list.
        """
        found: dict[OrderQuery, Page[Order] | Failure] = {}
        before: dict[OrderQuery, int | None] = {}
        for query in queries:
            try:
                before[query] = _place(query.page)
            except BadInput as failure:
                found[query] = failure
        wanted = {query: self._own(query.identities) for query in before}
        calls: list[tuple[int, dict[str, int | None]]] = []
        places: dict[tuple[OrderQuery, str], int] = {}
        for query, cards in wanted.items():
            for card in dict.fromkeys(cards):
                for number, (first, shown) in enumerate(calls):
                    fits = first == query.page.first and len(shown) < _MAX_BATCH
                    if fits and shown.setdefault(card, before[query]) == before[query]:
                        places[query, card] = number
                        break
                else:
                    places[query, card] = len(calls)
                    calls.append((query.page.first, {card: before[query]}))

        async def fetch(number: int) -> dict[str, _Sales | Failure]:
            return await self._by_card(*calls[number], ask)

        answers = await self._upstream.each(range(len(calls)), fetch)
        for query, cards in wanted.items():
            lists: list[_Sales] = []
            for card in dict.fromkeys(cards):
                answer = answers[places[query, card]]
                sales = answer if isinstance(answer, Failure) else answer.get(card, _NOTHING)
                if isinstance(sales, Failure):
                    found[query] = sales
                    break
                lists.append(sales)
            else:
                found[query] = _page(query.page.first, lists)
        return found

    async def _by_card(
        self, first: int, cards: Mapping[str, int | None], ask: Ask
    ) -> dict[str, _Sales | Failure]:
        call = "orders_by_customer"
        before = {card: place for card, place in cards.items() if place is not None}
        with_payments = _payments(ask)
        body = {"cards": list(cards), "top": first, "before": before, "pay": with_payments}
        answer = await self._queries.read(
            call, "cards", body, receipt.Cards, ask, receipt.CARD_ROWS
        )
        system, provenance = self._upstream.system, self._now()

        def sales(row: receipt.Card) -> _Sales:
            found: list[tuple[int, Order | Failure]] = []
            for places, order in told(
                system,
                call,
                row.receipts,
                lambda each: (str(each.seq),),
                lambda each: self._reader.order(each, provenance, with_payments=with_payments),
            ):
                if not places and isinstance(order, SourceContract):
                    raise order
                found += [(int(place), order) for place in places]
            return _Sales(found, row.more)

        return {**by_key(system, call, answer.cards, lambda row: (row.card,), sales, cards)}

    async def _receipts(
        self, call: str, numbers: Sequence[str], ask: Ask
    ) -> dict[str, Order | Failure]:
        async def fetch(chunk: Sequence[str]) -> Mapping[str, Order | Failure]:
            with_payments, rows = _payments(ask), receipt.RECEIPT_ROWS
            body = {"receipts": chunk, "pay": with_payments}
            answer = await self._queries.read(call, "receipts", body, receipt.Receipts, ask, rows)
            provenance = self._now()
            return by_key(
                self._upstream.system,
                call,
                answer.receipts,
                lambda each: (each.receipt,),
                lambda each: self._reader.order(each, provenance, with_payments=with_payments),
                chunk,
            )

        parts = await self._upstream.chunked(numbers, _MAX_BATCH, fetch)
        return {number: order for part in parts for number, order in part.items()}

    def _own(self, keys: Sequence[str]) -> list[str]:
        """The tills' numbers among the keys; keys of other systems are not theirs to see."""
        own = [
            found.id for found in map(external_id, keys) if found.system == self._upstream.system
        ]
        return [local for local in own if receipt.is_number(local)]

    def _now(self) -> Provenance:
        return Provenance(self._upstream.system, datetime.now(UTC), ORDER)


def _payments(ask: Ask) -> bool:
    """Tell whether somebody will read how a sale was paid."""
    return ask.fields is None or "payments" in ask.fields


def _page(first: int, lists: Sequence[_Sales]) -> Page[Order]:
    """Take the newest of several lists; running numbers are of all tills together."""
    sales = sorted((sale for each, _ in lists for sale in each), key=lambda sale: -sale[0])
    shown = sales[:first]
    return Page(
        tuple(order for _, order in shown),
        tuple(str(place) for place, _ in shown),
        has_next=bool(shown) and (len(sales) > first or any(more for _, more in lists)),
    )


def _place(page: PageRequest) -> int | None:
    cursor = page.after
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 12):
        raise page.refused()
    return int(cursor)
