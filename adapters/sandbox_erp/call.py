"""How the ERP is called: its paths, its key, its envelope."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from adapters._upstream import Upstream
from adapters.sandbox_erp import message
from domain.ask import Ask
from domain.identity import external_id
from domain.provenance import Lifetime, Provenance
from domain.secret import Secret

T = TypeVar("T")

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
        self, name: str, body: Mapping[str, Any], kind: type[T], ask: Ask, call: str
    ) -> T:
        """Ask with a body, and read what is in the envelope."""
        return await self._read("POST", name, kind, ask, call, json=body)

    async def get(
        self, name: str, query: Sequence[tuple[str, str]], kind: type[T], ask: Ask, call: str
    ) -> T:
        """Ask without a body, and read what is in the envelope."""
        return await self._read("GET", name, kind, ask, call, query=query)

    async def rows(
        self, name: str, body: Mapping[str, Any], kind: type[T], ask: Ask, call: str
    ) -> list[T]:
        """Ask with a body, and read the rows in the envelope."""
        results = await self.post(name, body, message.Results[kind], ask, call)  # type: ignore[valid-type]
        rows: list[T] = results.results
        return rows

    def own(self, keys: Sequence[str]) -> list[str]:
        """The ERP's numbers among the keys; keys of other systems are not the ERP's to see."""
        found = map(external_id, keys)
        return [each.id for each in found if each.system == self.upstream.system]

    def now(self, lifetime: Lifetime) -> Provenance:
        """Say of an answer that it came from here just now."""
        return Provenance(self.upstream.system, datetime.now(UTC), lifetime)

    async def _read(
        self, method: str, name: str, kind: type[T], ask: Ask, call: str, **more: Any
    ) -> T:
        answer = await self.upstream.read(
            method,
            f"{_BASE}/{name}",
            ask=ask,
            call=call,
            decode=message.Envelope[kind],  # type: ignore[valid-type]
            headers=self._headers,
            explain=message.explain,
            **more,
        )
        found: T = answer.d
        return found
