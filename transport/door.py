"""What holds for every request: its id, the headers of every answer, one line in the log."""

import asyncio
import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from transport.answer import encode, send_bytes
from transport.exchange import Exchange, begin
from transport.problem import masked, problem
from transport.refusal import Refusal

_log = structlog.get_logger("transport")
SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_JSON = "application/json; charset=utf-8"
_STOPPING = Refusal(503, "STOPPING", "The gateway is stopping; this request was not finished.")
_POLICY = b"content-security-policy"
NO_CONTENT = (_POLICY, b"default-src 'none'; frame-ancestors 'none'")
_LINES = b"".join(b"%b: %b\r\n" % each for each in SECURITY)
_ALL_LINES = _LINES + b"%b: %b\r\n" % NO_CONTENT


class Door:
    """Plain ASGI around the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, and tell of it in one line when it is answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        exchange = begin(scope)
        outgoing = _Outgoing(exchange, send)
        try:
            await self._app(scope, receive, outgoing)
        except asyncio.CancelledError:
            # The server gave up waiting for this one while it stops; nobody else cancels it.
            headers = {"Retry-After": "1", "Connection": "close"}
            await outgoing.end(503, problem(_STOPPING), headers)
        except Exception as bug:  # noqa: BLE001 - the last door: masked and logged
            await outgoing.end(500, masked(bug, exchange.request_id), {})
        finally:
            if exchange.seat is not None:
                exchange.seat.leave()
            _log.info(
                "request",
                request_id=exchange.request_id,
                method=scope["method"][:20],
                route=exchange.route,
                status=outgoing.status,
                ms=round((time.monotonic() - started) * 1000, 1),
                bytes=outgoing.sent,
                operation=exchange.operation,
                role=exchange.role,
                codes=exchange.codes,
            )


class _Outgoing:
    """Takes the answer, adds what every answer has, and remembers what the log tells of it.

    *Shape*: ``write`` is the server's own, where it takes whole answers beside messages.
    """

    __slots__ = ("_exchange", "_send", "_write", "sent", "status")

    def __init__(self, exchange: Exchange, send: Send) -> None:
        self._exchange = exchange
        self._send = send
        self._write = getattr(send, "write", None)
        self.status = 0
        self.sent = 0

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        """Send a message."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), *SECURITY]
            if all(name != _POLICY for name, _ in headers):
                headers.append(NO_CONTENT)
            headers.append((b"x-request-id", self._exchange.request_id.encode()))
            message["headers"] = headers
        elif message["type"] == "http.response.body":
            self.sent += len(message.get("body", b""))
        await self._send(message)

    def write(self, status: int, lines: bytes, body: bytes) -> bool:
        """Write a whole answer, as ``Wire`` does; false where it has to be sent in messages."""
        if self._write is None:
            return False
        told = _LINES if _POLICY in lines else _ALL_LINES
        name = b"x-request-id: %b\r\n" % self._exchange.request_id.encode()
        if not self._write(status, lines + told + name, body):
            return False
        self.status, self.sent = status, len(body)
        return True

    async def end(self, status: int, error: dict[str, Any], headers: dict[str, str]) -> None:
        """Answer with an error in place of what has not begun."""
        self._exchange.note([error])
        if not self.status:
            await send_bytes(self, status, _JSON, encode({"errors": [error]}), headers)
