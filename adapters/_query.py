"""What a system is asked with a body in JSON: its address, its key and its errors, said once."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from adapters._outcome import Explain
from adapters._row import Rows
from adapters._upstream import Upstream
from domain.ask import Ask

T = TypeVar("T")


class Queries:
    """Asks one system, by POST, for what may be asked twice.

    *Shape*: paths follow ``base``; every call bears ``headers``; ``explain`` as ``Upstream.read``.
    """

    def __init__(
        self, upstream: Upstream, base: str, headers: Mapping[str, str], explain: Explain
    ) -> None:
        self._upstream = upstream
        self._base = base
        self._headers = headers
        self._explain = explain

    async def read(
        self,
        call: str,
        path: str,
        body: Mapping[str, Any],
        kind: type[T],
        ask: Ask,
        rows: Sequence[Rows] = (),
    ) -> T:
        """Ask, and decode the answer strictly. *Errors*: those of ``Upstream.read``."""
        return await self._upstream.read(
            "POST",
            f"{self._base}/{path}",
            ask=ask,
            call=call,
            decode=kind,
            rows=rows,
            json=body,
            headers=self._headers,
            explain=self._explain,
        )
