"""What a sandbox system remembers of the requests it has had."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import msgspec
import orjson
from starlette.types import Scope

_REMEMBERED = 1_000
_KEPT_HEADERS = ("user-agent", "traceparent", "x-request-id", "accept-encoding", "content-type")


class Seen(msgspec.Struct):
    """One request as the system saw it; `keys` counts the entries of each list in its body."""

    number: int
    at: int
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any
    keys: dict[str, int]
    status: int | None = None
    outcome: str = "pending"
    ms: float = 0.0


class Journal:
    """The last thousand requests, and how many were there at once."""

    def __init__(self) -> None:
        self._requests: deque[Seen] = deque(maxlen=_REMEMBERED)
        self._total = 0
        self._in_flight = 0
        self._peak = 0

    @contextmanager
    def noted(self, scope: Scope, body: bytes | None) -> Iterator[Seen]:
        """Notes a request that is answered while the block runs; the block tells its outcome."""
        self._total += 1
        seen = self._seen(scope, body)
        self._requests.append(seen)
        self._in_flight += 1
        self._peak = max(self._peak, self._in_flight)
        started = time.perf_counter()
        try:
            yield seen
        finally:
            self._in_flight -= 1
            seen.ms = round((time.perf_counter() - started) * 1000, 3)

    def told(self) -> dict[str, Any]:
        """What is remembered."""
        return {
            "total": self._total,
            "in_flight": self._in_flight,
            "peak_in_flight": self._peak,
            "requests": list(self._requests),
        }

    def forget(self) -> dict[str, Any]:
        """Begins anew; what is under way still counts."""
        self._requests.clear()
        self._total = 0
        self._peak = self._in_flight
        return self.told()

    def _seen(self, scope: Scope, body: bytes | None) -> Seen:
        parsed: Any = None
        if body:
            with suppress(ValueError):
                parsed = orjson.loads(body)
        keys = {}
        if isinstance(parsed, dict):
            keys = {key: len(item) for key, item in parsed.items() if isinstance(item, list)}
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        return Seen(
            self._total,
            time.time_ns() // 1_000_000,
            scope["method"],
            scope["path"],
            scope["query_string"].decode("latin-1"),
            {name: headers[name] for name in _KEPT_HEADERS if name in headers},
            parsed,
            keys,
        )
