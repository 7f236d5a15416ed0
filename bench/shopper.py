"""Shoppers who come all at once, over a proxy's kept connections."""

import asyncio
import re
import time
from collections import Counter, deque
from typing import cast
from urllib.parse import urlsplit

from bench.workload import BY_NAME

# How often a shopper in a crowd asks for what: the page everybody came for, and the way there.
_MIX = {"detail": 7, "listing": 2, "hello": 1}
_ADDRESSES = 2_000
_TICK = 0.002
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_END_SECONDS = 10.0
_BUSY_CONNECTIONS = 12


class _Connection(asyncio.Protocol):
    """A kept connection with at most one request on its way."""

    def __init__(self, crowd: "Crowd") -> None:
        self._crowd = crowd
        self._held = b""
        self._missing = 0
        self._status = b""
        self.sent = 0.0
        self.is_waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, _: Exception | None) -> None:
        self._crowd.lost(self)

    def send(self, request: bytes) -> None:
        self.sent, self.is_waiting = time.perf_counter(), True
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
        else:
            self._held = data = self._held + data
            end = data.find(b"\r\n\r\n")
            if end < 0:
                return
            found = _LENGTH.search(data, 0, end + 2)
            self._status = data[9:12]
            self._missing = end + 4 + int(found[1] if found else 0) - len(data)
            self._held = b""
        if self._missing <= 0:
            self._missing, self.is_waiting = 0, False
            self._crowd.answered(self, self._status)


class Crowd:
    """Many shoppers, each behind an address of its own, over a proxy's kept connections."""

    def __init__(self, url: str, connections: int, token: str | None) -> None:
        self._url = url
        self._connections = connections
        self._requests = _requests(url, token)
        self._turn = 0
        self._idle: deque[_Connection] = deque()
        self._all: list[_Connection] = []
        self._is_closed_loop = False
        self._is_over = False
        self.sent = self.unsent = 0
        self.failed: Counter[str] = Counter()
        self.served: list[float] = []
        self.refused: list[float] = []

    async def open(self) -> None:
        """Have all connections open and at rest; those that rested too long were closed."""
        place, loop = urlsplit(self._url), asyncio.get_running_loop()
        self._all = [each for each in self._all if not each.transport.is_closing()]
        while len(self._all) < self._connections:
            _, each = await loop.create_connection(
                lambda: _Connection(self), place.hostname or "", place.port or 80
            )
            self._all.append(each)
        self._idle = deque(self._all)

    def close(self) -> None:
        """Close all connections."""
        self._is_over = True
        for each in self._all:
            each.transport.close()

    def lost(self, connection: _Connection) -> None:
        """Note a connection that has ended."""
        # One that rests may be closed at any time, as a proxy knows.
        if connection.is_waiting and not self._is_over:
            self.failed["connection closed"] += 1
        connection.is_waiting = False

    def answered(self, connection: _Connection, status: bytes) -> None:
        """Note an answer, and go on as the round does."""
        took = time.perf_counter() - connection.sent
        if status == b"200":
            self.served.append(took)
        elif status == b"429":
            self.refused.append(took)
        else:
            self.failed[f"status {status.decode('latin-1')}"] += 1
        if self._is_closed_loop:
            self._send(connection)
        else:
            self._idle.append(connection)

    def _send(self, connection: _Connection) -> None:
        self._turn = (self._turn + 1) % len(self._requests)
        self.sent += 1
        connection.send(self._requests[self._turn])

    def forget(self) -> None:
        """Begin to count anew."""
        self.sent = self.unsent = 0
        self.failed, self.served, self.refused = Counter(), [], []

    async def saturate(self, seconds: float) -> None:
        """Keep a few connections busy, one request after the other."""
        self._is_closed_loop = True
        for _ in range(_BUSY_CONNECTIONS):
            self._send(self._idle.pop())
        await asyncio.sleep(seconds)
        self._is_closed_loop = False

    async def press(self, rate: float, seconds: float) -> None:
        """Send so many requests a second, whatever comes back."""
        started, done = time.perf_counter(), 0
        while (passed := time.perf_counter() - started) < seconds:
            due = int(rate * passed) - done
            done += due
            for _ in range(due):
                # The one that rested longest: none rests until the gateway closes it.
                while self._idle and self._idle[0].transport.is_closing():
                    self._idle.popleft()
                if self._idle:
                    self._send(self._idle.popleft())
                else:
                    self.unsent += 1
            await asyncio.sleep(_TICK)

    async def rest(self) -> None:
        """Wait until nothing is on its way."""
        async with asyncio.timeout(_END_SECONDS):
            while any(each.is_waiting for each in self._all):  # noqa: ASYNC110 - a bench's
                await asyncio.sleep(_TICK)


def _requests(url: str, token: str | None) -> list[bytes]:
    """Whole requests in turn, mixed evenly."""
    place = urlsplit(url)
    bodies = {name: BY_NAME[name].bodies() for name in _MIX}
    order = sorted(
        ((turn + 0.5) / share, name) for name, share in _MIX.items() for turn in range(share)
    )
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    made = []
    for number in range(_ADDRESSES):
        name = order[number % len(order)][1]
        body = bodies[name][number // len(order) % len(bodies[name])]
        head = (
            f"POST {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\n"
            "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
            "Accept: application/graphql-response+json, application/json;q=0.9\r\n"
            "Accept-Language: pl,en;q=0.8\r\nAccept-Encoding: gzip, deflate, br\r\n"
            f"X-Forwarded-For: 10.{number >> 8}.{number & 255}.7\r\n{authorization}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made
