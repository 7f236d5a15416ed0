"""aiohttp's connections, written to and read from directly.

Its connector makes, keeps and checks connections, its parser reads what comes; what its session
does in between for every kind of request (cookies, redirects, proxies, uploads, second tries)
none of ours wants, and it costs as much as all the rest of a call.
"""

import re
from collections.abc import Mapping
from weakref import WeakSet

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http import HttpProcessingError, RawResponseMessage
from aiohttp.streams import StreamReader
from yarl import URL

from adapters._body import Allowance, BrokenBody, read_body

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

# Connections that have carried a request before; they leave with the last who holds them.
_used: WeakSet[ResponseHandler] = WeakSet()


class Lost(Exception):  # noqa: N818 - says what became of the connection
    """A connection ended before an answer began; its cause is aiohttp's own exception."""


class Attempt:
    """How far one request has come.

    *Shape*: ``sent`` tells whether any of it may have reached the system, ``reused`` whether it
    went out on a connection that was kept from an earlier request, ``answered`` whether the head
    of an answer has come.
    """

    __slots__ = ("answered", "reused", "sent")

    def __init__(self) -> None:
        self.sent = self.reused = self.answered = False


class Session:
    """Sends requests to one address, on at most so many connections, kept or not.

    *Shape*: ``address`` as ``base_url`` gives it.
    """

    def __init__(self, address: str, connections: int, *, keep: bool) -> None:
        self._connector = aiohttp.TCPConnector(limit=connections, force_close=not keep)
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
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send one request, once, and read its whole answer: status, headers, body.

        *Shape*: ``target`` is what follows the address, checked by the caller; ``limit`` and
        ``allowance`` as ``read_body``.
        *Errors*: ``Lost``, ``BrokenBody``, and aiohttp's own; ``ValueError`` for a header that
        is more than one.
        """
        request = self._head(method, target, headers, content)
        connection = await self._connect(attempt)
        try:
            protocol = connection.protocol
            assert protocol is not None, "a connection that was just made or taken"
            attempt.sent = True
            head, stream = await _answer(protocol, request, has_body=method != "HEAD")
            attempt.answered = True
            body = await read_body(head.headers, stream, limit, allowance)
        except BaseException:
            connection.close()
            raise
        connection.release()
        return head.code, head.headers, body

    async def close(self) -> None:
        """Close all connections."""
        await self._connector.close()

    async def _connect(self, attempt: Attempt) -> Connection:
        """Take a connection from the pool, or make one.

        Never one on which something unasked has arrived: it would be taken for the answer to the
        next request, and may be somebody else's data.
        """
        while True:
            connection = await self._connector.connect(self._there, [], _UNBOUND)
            protocol = connection.protocol
            assert protocol is not None, "a connection that was just made or taken"
            attempt.reused = protocol in _used
            if attempt.reused and protocol.should_close:
                connection.close()
                continue
            if not attempt.reused:
                _used.add(protocol)
            return connection

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


async def _answer(
    protocol: ResponseHandler, request: bytes, *, has_body: bool
) -> tuple[RawResponseMessage, StreamReader]:
    """Send a request and wait for the head of its answer. *Errors*: ``Lost``, ``BrokenBody``."""
    protocol.set_response_params(
        skip_payload=not has_body, read_until_eof=True, auto_decompress=False
    )
    try:
        if protocol.transport is None or protocol.transport.is_closing():
            raise aiohttp.ServerDisconnectedError
        protocol.transport.write(request)
        while True:
            head, stream = await protocol.read()
            # Word in between (RFC 9110, section 15.2); after 101 comes another protocol.
            if not 100 <= head.code < 200 or head.code == 101:
                return head, stream
    except HttpProcessingError as error:
        raise BrokenBody("the answer is not HTTP") from error
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise Lost from error
