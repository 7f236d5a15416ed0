"""What holds for every request: its id, the headers of every answer, one line in the log."""

import asyncio
import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from transport.answer import encode, send_bytes
from transport.exchange import begin
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
                headers = [*message.get("headers", ()), *SECURITY]
                for name, _ in headers:
                    if name == _POLICY:
                        break
                else:
                    headers.append(NO_CONTENT)
                headers.append((b"x-request-id", exchange.request_id.encode()))
                message["headers"] = headers
            elif message["type"] == "http.response.body":
                sent += len(message.get("body", b""))
            await send(message)

        async def say(status_code: int, error: dict[str, Any], headers: dict[str, str]) -> None:
            exchange.note([error])
            if not status:
                body = encode({"errors": [error]})
                await send_bytes(send_on, status_code, _JSON, body, headers)

        try:
            await self._app(scope, receive, send_on)
        except asyncio.CancelledError:
            # The server gave up waiting for this one while it stops; nobody else cancels it.
            await say(503, problem(_STOPPING), {"Retry-After": "1", "Connection": "close"})
        except Exception as bug:  # noqa: BLE001 - the last door: masked and logged
            await say(500, masked(bug, exchange.request_id), {})
        finally:
            if exchange.seat is not None:
                exchange.seat.leave()
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
