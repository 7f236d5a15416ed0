"""Requests to one address, over connections that are kept from one to the next.

aiohttp opens connections: it finds addresses, speaks TLS, and counts them. What its session and
its streams do in between for every kind of request (cookies, redirects, proxies, uploads, second
tries, bodies read bit by bit) none of ours wants, and it costs several times the rest of a call.
"""

import asyncio
import re
from collections import deque
from collections.abc import Mapping

import aiohttp
from yarl import URL

from adapters._body import Allowance, Intake
from adapters._connection import Answer, Attempt, Connection

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": "commerce-gateway",
}
# The caller bounds the whole call, so that no phase can escape the bound.
_UNBOUND = aiohttp.ClientTimeout(total=None, sock_connect=None)
# What would begin another line of a request's head, or end it.
_BREAK = re.compile(r"[\r\n\0]")
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

# How long a connection may lie idle: less than systems and what stands before them mostly allow.
_IDLE_SECONDS = 15.0


class Session:
    """Sends requests to one address, on at most so many connections, kept or not.

    *Shape*: ``address`` as ``base_url`` gives it.
    """

    def __init__(self, address: str, connections: int, *, keep: bool) -> None:
        self._connector = aiohttp.TCPConnector(limit=connections)
        self._keep = keep
        self._idle: deque[Connection] = deque()
        self._sweep: asyncio.TimerHandle | None = None
        # Never sent: it tells the connector where to.
        self._there = aiohttp.ClientRequest("GET", URL(address))
        self._path = URL(address).raw_path.rstrip("/")
        self._always = {"Host": self._there.headers["Host"], **_HEADERS}
        if not keep:
            self._always["Connection"] = "close"

    async def exchange(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        content: bytes | None,
        attempt: Attempt,
        limit: int,
        allowance: Allowance,
    ) -> Answer:
        """Send one request, once, and read its whole answer.

        *Shape*: ``target`` is what follows the address, checked by the caller; ``limit`` and
        ``allowance`` as ``Intake``.
        *Errors*: ``Lost``, ``BrokenBody``, and aiohttp's own; ``ValueError`` for a header that
        is more than one.
        """
        request = self._head(method, target, headers, content)
        connection = self._kept()
        attempt.reused = connection is not None
        if connection is None:
            opened = await self._connector.connect(self._there, [], _UNBOUND)
            connection = Connection(opened)
        try:
            attempt.sent = True
            intake = Intake(limit, allowance)
            answer = await connection.exchange(request, attempt, intake, has_body=method != "HEAD")
        except BaseException:
            connection.close()
            raise
        self._put_by(connection)
        return answer

    async def close(self) -> None:
        """Close all connections."""
        self._keep = False
        if self._sweep is not None:
            self._sweep.cancel()
        for connection in self._idle:
            connection.close()
        await self._connector.close()

    def _kept(self) -> Connection | None:
        """Take the connection that was used last; it is the least likely to be dead."""
        until = asyncio.get_running_loop().time() - _IDLE_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and connection.idle_since > until:
                return connection
            connection.close()
        return None

    def _put_by(self, connection: Connection) -> None:
        """Keep a connection for another request, if that may follow."""
        if not (self._keep and connection.is_kept and connection.is_open):
            connection.close()
            return
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._idle.append(connection)
        if self._sweep is None:
            self._sweep = loop.call_later(_IDLE_SECONDS, self._swept, loop)

    def _swept(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close what has been idle for too long, and come back as long as there is any."""
        now = loop.time()
        while self._idle and now - self._idle[0].idle_since >= _IDLE_SECONDS:
            self._idle.popleft().close()
        self._sweep = None
        if self._idle:
            left = self._idle[0].idle_since + _IDLE_SECONDS - now
            self._sweep = loop.call_later(left, self._swept, loop)

    def _head(
        self, method: str, target: str, headers: Mapping[str, str], content: bytes | None
    ) -> bytes:
        """Write a request, with its body."""
        lines = [f"{method} {self._path}{target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in {**self._always, **headers}.items()]
        if content is not None or method not in _BODILESS:
            lines.append(f"Content-Length: {len(content or b'')}")
        if any(map(_BREAK.search, lines)):
            raise ValueError("found a line break in a header; allowed: text of one line")
        return "\r\n".join((*lines, "\r\n")).encode() + (content or b"")
