"""The load: a few kept connections, one request after the other on each, bounded in all ways."""

import asyncio
import re
import time
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

from msgspec import Struct

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_SECONDS = 60.0
_MAX_ANSWER = 64 * 1024 * 1024

Next = Callable[[], bytes]


class Load(Struct):
    """What a load did. *Units*: ``seconds`` in all; ``latencies`` in seconds, one a request."""

    seconds: float
    latencies: list[float]


class LoadError(Exception):
    """A contender answered otherwise than with a whole answer and status 200."""


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
    await _run(url, lambda: request, 1, 1, _SECONDS, answers.append, 0)
    return answers[0]


async def run(
    url: str, request: Next, *, connections: int, seconds: float, most: int, least_bytes: int
) -> Load:
    """Ask for so long, and at most so many times; then let what is under way end.

    *Errors*: ``LoadError`` for an answer that is shorter than ``least_bytes``, which is one with
    errors in the place of data.
    """
    return await _run(url, request, connections, most, seconds, None, least_bytes)


async def _run(
    url: str,
    request: Next,
    connections: int,
    most: int,
    seconds: float,
    see: Callable[[bytes], None] | None,
    least_bytes: int,
) -> Load:
    loop = asyncio.get_running_loop()
    place = urlsplit(url)
    state = _State(request, most, see, least_bytes)
    clients = []
    for _ in range(connections):
        _, client = await loop.create_connection(
            lambda: _Client(state), place.hostname or "", place.port or 80
        )
        clients.append(client)
    started = time.perf_counter()
    state.until = started + seconds
    for client in clients:
        client.send()
    try:
        async with asyncio.timeout(seconds + _SECONDS):
            await asyncio.gather(*(client.done for client in clients))
    except TimeoutError:
        raise LoadError(f"{url} did not answer within {_SECONDS:g} s") from None
    finally:
        for client in clients:
            client.close()
        await asyncio.wait([client.lost for client in clients], timeout=_SECONDS)
    return Load(time.perf_counter() - started, state.latencies)


class _State:
    """What the connections of one load share."""

    def __init__(
        self, request: Next, most: int, see: Callable[[bytes], None] | None, least_bytes: int
    ) -> None:
        self.request = request
        self.left = most
        self.see = see
        self.least_bytes = least_bytes
        self.until = 0.0
        self.latencies: list[float] = []


class _Client(asyncio.Protocol):
    def __init__(self, state: _State) -> None:
        self._state = state
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
        if len(held) - self._head < state.least_bytes:
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
