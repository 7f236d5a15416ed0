"""What holds for every request: its id, the headers of every answer, one line in the log."""

import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from transport.answer import encode, send_bytes
from transport.exchange import begin
from transport.problem import masked

_log = structlog.get_logger("transport")
_SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_POLICY = b"content-security-policy"
_NO_CONTENT = (_POLICY, b"default-src 'none'; frame-ancestors 'none'")


class Door:
    """Plain ASGI around the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, and tell of it in one line when it is answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = begin(scope)
        started = time.monotonic()
        status = sent = 0

        async def send_on(message: MutableMapping[str, Any]) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ()), *_SECURITY]
                if all(name != _POLICY for name, _ in headers):
                    headers.append(_NO_CONTENT)
                headers.append((b"x-request-id", exchange.request_id.encode()))
                message["headers"] = headers
            elif message["type"] == "http.response.body":
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except Exception as bug:  # noqa: BLE001 - the last door: masked and logged
            error = masked(bug, exchange.request_id)
            exchange.note([error])
            if not status:
                body = encode({"errors": [error]})
                await send_bytes(send_on, 500, "application/json; charset=utf-8", body)
        finally:
            _log.info(
                "request",
                request_id=exchange.request_id,
                method=scope["method"][:20],
                route=exchange.route,
                status=status,
                ms=round((time.monotonic() - started) * 1000, 1),
                bytes=sent,
                operation=exchange.operation,
                role=exchange.role,
                codes=exchange.codes,
            )
