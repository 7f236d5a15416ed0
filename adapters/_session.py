"""aiohttp, set up for us: no redirect, cookie, proxy or second try that nobody asked for."""

from weakref import WeakSet

import aiohttp
from aiohttp.client_middlewares import ClientHandlerType
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": "commerce-gateway",
}

# Connections that have carried a request before; they leave with the last who holds them.
_used: WeakSet[ResponseHandler] = WeakSet()


class Lost(Exception):  # noqa: N818 - says what became of the connection
    """A connection ended before an answer began; its cause is aiohttp's own exception."""


class _Request(aiohttp.ClientRequest):
    """A request that knows whether it was begun to be sent, and on a kept connection or not.

    aiohttp's traces would tell as well, for a fifth of the whole call's cost.
    """

    sent = False
    reused = False

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Send it."""
        self.sent = True
        return await super().send(conn)


class _Connector(aiohttp.TCPConnector):
    """A pool that never hands out a connection on which something unasked has arrived.

    aiohttp would take it for the answer to the next request: perhaps somebody else's data.
    """

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        """Take a connection from the pool, or make one."""
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            reused = protocol in _used
            if reused and protocol is not None and protocol.should_close:
                connection.close()
                continue
            if protocol is not None:
                _used.add(protocol)
            if isinstance(req, _Request):
                req.reused = reused
            return connection


class Attempt:
    """How far one request has come; goes along with it as aiohttp's middleware."""

    __slots__ = ("_request", "answered")

    def __init__(self) -> None:
        self.answered = False
        self._request: _Request | None = None

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Send the request once: aiohttp would repeat PUT and DELETE by itself, uncounted."""
        assert isinstance(request, _Request)
        self._request = request
        try:
            response = await handler(request)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            raise Lost from error
        self.answered = True
        return response

    @property
    def sent(self) -> bool:
        """Whether any of it may have reached the system."""
        return self._request is not None and self._request.sent

    @property
    def reused(self) -> bool:
        """Whether it went out on a connection that was kept from an earlier request."""
        return self._request is not None and self._request.reused


def open_session(connections: int, *, keep: bool) -> aiohttp.ClientSession:
    """Open a session of at most this many connections, kept between requests or not.

    Each request takes its ``Attempt`` as its only middleware.
    """
    return aiohttp.ClientSession(
        connector=_Connector(limit=connections, force_close=not keep),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=_HEADERS,
        # The caller bounds the whole call, so that no phase can escape the bound.
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        auto_decompress=False,
        trust_env=False,
        request_class=_Request,
    )
