"""The load: a few kept connections, one request after the other on each, bounded in all ways."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast
from urllib.parse import urlsplit

from msgspec import Struct

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_ERRORS = b'"errors":'
_SECONDS = 60.0
_MAX_ANSWER = 64 * 1024 * 1024

Next = Callable[[], bytes]


class Load(Struct):
    """What a load did. *Units*: ``seconds`` in all; ``latencies`` in seconds, one a request."""

    seconds: float
    latencies: list[float]


class LoadError(Exception):
    """A contender answered otherwise than with status 200 and a whole answer without errors."""


def requests(url: str, bodies: Next, token: str | None) -> Next:
    """Make whole HTTP requests of bodies."""
    place = urlsplit(url)
    lines = [
        f"POST {place.path or '/'} HTTP/1.1",
        f"Host: {place.netloc}",
        "Accept: application/json",
        "Content-Type: application/json",
    ]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    head = "\r\n".join(lines).encode()

    def request() -> bytes:
        body = bodies()
        return b"%b\r\nContent-Length: %d\r\n\r\n%b" % (head, len(body), body)

    return request


async def ask(url: str, request: bytes) -> bytes:
    """Send one request and read the body of its answer. *Errors*: ``LoadError``."""
    answers: list[bytes] = []
    async with connected(url, 1) as connections:
        await connections.run(lambda: request, seconds=_SECONDS, most=1, see=answers.append)
    return answers[0]


async def run(
    url: str, request: Next, *, connections: int, seconds: float, most: int, least_bytes: int
) -> Load:
    """Ask on connections of its own, as ``Connections.run`` does."""
    async with connected(url, connections) as opened:
        return await opened.run(request, seconds=seconds, most=most, least_bytes=least_bytes)


@asynccontextmanager
async def connected(url: str, connections: int) -> AsyncIterator["Connections"]:
    """Open connections, and close them at the end."""
    loop = asyncio.get_running_loop()
    place = urlsplit(url)
    clients: list[_Client] = []
    try:
        for _ in range(connections):
            async with asyncio.timeout(_SECONDS):
                _, client = await loop.create_connection(
                    _Client, place.hostname or "", place.port or 80
                )
            clients.append(client)
        yield Connections(url, clients)
    finally:
        for client in clients:
            client.close()
        if clients:
            await asyncio.wait([client.lost for client in clients], timeout=_SECONDS)


class Connections:
    """Open connections to a contender, for one load after another."""

    def __init__(self, url: str, clients: list["_Client"]) -> None:
        self._url = url
        self._clients = clients

    async def run(
        self,
        request: Next,
        *,
        seconds: float,
        most: int,
        least_bytes: int = 0,
        see: Callable[[bytes], None] | None = None,
    ) -> Load:
        """Ask for so long, and at most so many times; then let what is under way end.

        *Shape*: ``see`` is given each answer's body, and judges it. *Errors*: ``LoadError`` for an
        answer with errors, or shorter than ``least_bytes``, which is one without its data.
        """
        started = time.perf_counter()
        state = _State(request, most, see, least_bytes, started + seconds)
        under_way = [client.start(state) for client in self._clients]
        try:
            async with asyncio.timeout(seconds + _SECONDS):
                await asyncio.gather(*under_way)
        except TimeoutError:
            raise LoadError(f"{self._url} did not answer within {_SECONDS:g} s") from None
        return Load(time.perf_counter() - started, state.latencies)


class _State:
    """What the connections of one load share."""

    def __init__(
        self,
        request: Next,
        most: int,
        see: Callable[[bytes], None] | None,
        least_bytes: int,
        until: float,
    ) -> None:
        self.request = request
        self.left = most
        self.see = see
        self.least_bytes = least_bytes
        self.until = until
        self.latencies: list[float] = []


class _Client(asyncio.Protocol):
    _state: _State

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._missing = 0
        self._head = 0
        self._sent = 0.0
        self._chunked = False
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(LoadError(f"the connection was closed ({error})"))
        self.lost.set_result(None)

    def start(self, state: _State) -> asyncio.Future[None]:
        """Ask until the load's time is over; what is given is done then."""
        if self.lost.done():
            raise LoadError("the connection was closed between two loads")
        self._state = state
        self.done = asyncio.get_running_loop().create_future()
        self.send()
        return self.done

    def send(self) -> None:
        state = self._state
        now = time.perf_counter()
        if state.left <= 0 or now >= state.until:
            if not self.done.done():
                self.done.set_result(None)
            return
        state.left -= 1
        self._sent = now
        self._transport.write(state.request())

    def close(self) -> None:
        self.done.cancel()
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._parts.append(data)
        if self._missing > len(data):
            self._missing -= len(data)
            return
        held = b"".join(self._parts) if len(self._parts) > 1 else data
        if not self._head:
            end = held.find(b"\r\n\r\n")
            if end < 0:
                return
            if not held.startswith(b"HTTP/1.1 200"):
                self._fail(f"answered {held[:600]!r}")
                return
            self._head = end + 4
            length = _LENGTH.search(held, 0, end + 2)
            self._chunked = length is None and _CHUNKED.search(held, 0, end + 2) is not None
            if length is None and not self._chunked:
                self._fail("an answer has no length")
                return
            self._missing = self._head + int(length[1]) - len(held) if length else 0
        elif not self._chunked:
            self._missing -= len(data)
        if self._chunked and not held.endswith(b"\r\n0\r\n\r\n"):
            self._parts = [held]
            if len(held) > _MAX_ANSWER:
                self._fail("an answer does not end")
            return
        if self._missing > 0:
            self._parts = [held]
            return
        self._answered(held)

    def _answered(self, held: bytes) -> None:
        state = self._state
        state.latencies.append(time.perf_counter() - self._sent)
        if len(held) - self._head < state.least_bytes or (state.see is None and _ERRORS in held):
            self._fail(f"answered {held[self._head :][:600]!r}")
            return
        if state.see is not None:
            body = held[self._head :]
            state.see(_joined(body) if self._chunked else body)
        self._parts, self._head, self._missing, self._chunked = [], 0, 0, False
        self.send()

    def _fail(self, reason: str) -> None:
        if not self.done.done():
            self.done.set_exception(LoadError(reason))


def _joined(body: bytes) -> bytes:
    """Take the chunks of a body apart, and put it together."""
    parts: list[bytes] = []
    while True:
        size, _, body = body.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        if not length:
            return b"".join(parts)
        parts.append(body[:length])
        body = body[length + 2 :]
