"""aiohttp, set up for us: no redirect, cookie, proxy or second try that nobody asked for."""

from types import SimpleNamespace
from typing import Any

import aiohttp
from aiohttp.client_middlewares import ClientHandlerType

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": "commerce-gateway",
}


class Lost(Exception):  # noqa: N818 - says what became of the connection
    """A connection ended before an answer began; its cause is aiohttp's own exception."""


class Attempt:
    """How far one request has come: on a kept connection, sent, answered by a status line."""

    __slots__ = ("answered", "reused", "sent")

    def __init__(self) -> None:
        self.sent = self.reused = self.answered = False


def open_session(connections: int, *, keep: bool) -> aiohttp.ClientSession:
    """Open a session of at most this many connections, kept between requests or not.

    Requests carry their ``Attempt`` as ``trace_request_ctx``.
    """
    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(_on_reuse)
    trace.on_request_headers_sent.append(_on_send)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections, force_close=not keep),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=_HEADERS,
        # The caller bounds the whole call, so that no phase can escape the bound.
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        auto_decompress=False,
        trust_env=False,
        trace_configs=[trace],
        middlewares=[_once],
    )


async def _once(
    request: aiohttp.ClientRequest, handler: ClientHandlerType
) -> aiohttp.ClientResponse:
    # aiohttp repeats what HTTP calls idempotent by itself, uncounted, PUT and DELETE included.
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise Lost from error


async def _on_reuse(_session: aiohttp.ClientSession, context: SimpleNamespace, _: Any) -> None:
    context.trace_request_ctx.reused = True


async def _on_send(_session: aiohttp.ClientSession, context: SimpleNamespace, _: Any) -> None:
    context.trace_request_ctx.sent = True
