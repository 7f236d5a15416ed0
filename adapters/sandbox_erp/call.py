"""How the ERP is called: its paths, its key, its envelope."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from msgspec import structs

from adapters._row import Rows, by_key, told
from adapters._upstream import Upstream
from adapters.sandbox_erp import message
from domain.ask import Ask
from domain.errors import Failure, SourceContract
from domain.identity import external_id
from domain.provenance import Lifetime, Provenance
from domain.secret import Secret

T = TypeVar("T")
V = TypeVar("V")

MAX_KEYS = 200
"""Keys of a batch."""
MAX_PRICES = 1_000
"""Variants whose prices are asked for at once."""

_BASE = "/sap/zretail"


class Erp:
    """Calls the ERP and reads its envelopes."""

    def __init__(self, upstream: Upstream, secret: Secret) -> None:
        self.upstream = upstream
        self._headers = {"APIKey": secret.reveal()}

    async def post(
        self,
        name: str,
        body: Mapping[str, Any],
        kind: type[T],
        ask: Ask,
        call: str,
        rows: Sequence[Rows] = (),
    ) -> T:
        """Ask with a body, and read what is in the envelope."""
        return await self._read("POST", name, kind, ask, call, rows, json=body)

    async def get(
        self,
        name: str,
        query: Sequence[tuple[str, str]],
        kind: type[T],
        ask: Ask,
        call: str,
        rows: Sequence[Rows] = (),
    ) -> T:
        """Ask without a body, and read what is in the envelope."""
        return await self._read("GET", name, kind, ask, call, rows, query=query)

    async def rows(
        self,
        name: str,
        body: Mapping[str, Any],
        kind: type[T],
        ask: Ask,
        call: str,
        rows: Rows,
    ) -> list[T]:
        """Ask with a body, and read the rows in the envelope."""
        results = await self.post(name, body, message.Results[kind], ask, call, (rows,))  # type: ignore[valid-type]
        found: list[T] = results.results
        return found

    def told(
        self,
        rows: Sequence[T],
        whose: Callable[[T], Collection[str]],
        translate: Callable[[T], V],
        call: str,
    ) -> list[V | SourceContract]:
        """Translate each row in its place; one that makes no sense is its failure."""
        found = told(self.upstream.system, call, rows, whose, translate)
        return [value for _, value in found]

    def by_key(
        self,
        rows: Sequence[T],
        whose: Callable[[T], Collection[str]],
        translate: Callable[[T], V],
        asked: Mapping[str, str],
        call: str,
    ) -> dict[str, V | Failure]:
        """Translate rows; ``asked`` leads from the ERP's numbers to what the caller calls them."""
        found = by_key(self.upstream.system, call, rows, whose, translate, asked.keys())
        return {asked[number]: value for number, value in found.items()}

    def own(self, keys: Sequence[str]) -> list[str]:
        """The ERP's numbers among the keys; keys of other systems are not the ERP's to see."""
        found = map(external_id, keys)
        return [each.id for each in found if each.system == self.upstream.system]

    def now(self, lifetime: Lifetime) -> Provenance:
        """Say of an answer that it came from here just now."""
        return Provenance(self.upstream.system, datetime.now(UTC), lifetime)

    async def _read(
        self,
        method: str,
        name: str,
        kind: type[T],
        ask: Ask,
        call: str,
        rows: Sequence[Rows],
        **more: Any,
    ) -> T:
        answer = await self.upstream.read(
            method,
            f"{_BASE}/{name}",
            ask=ask,
            call=call,
            decode=message.Envelope[kind],  # type: ignore[valid-type]
            headers=self._headers,
            explain=message.explain,
            rows=[structs.replace(each, at=("d", *each.at)) for each in rows],
            **more,
        )
        found: T = answer.d
        return found
