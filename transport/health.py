"""Liveness and readiness, for whoever starts, stops and watches the gateway."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from starlette.types import Receive, Scope, Send

from transport.answer import send_bytes
from transport.exchange import exchange_of
from transport.problem import masked
from transport.settings import Settings

Readiness = Callable[[], Awaitable[Mapping[str, bool]]]
_TEXT = "text/plain; charset=utf-8"


async def live(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - ASGI
    """Answer as long as the process answers at all."""
    await send_bytes(send, 200, _TEXT, b"live\n", is_head=scope["method"] == "HEAD")


class Ready:
    """Tells whether traffic may come.

    *Shape*: one line per system, ``<name> up`` or ``<name> down``. A gateway without one of its
    systems still answers for the others, so 503 means that none is up, or that it stops.
    """

    def __init__(self, readiness: Readiness, settings: Settings, stopping: asyncio.Event) -> None:
        self._readiness = readiness
        self._stopping = stopping
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Ask about the systems and answer."""
        systems: Mapping[str, bool] = {}
        is_ready = False
        try:
            async with asyncio.timeout(self._settings.ready_time):
                systems = await self._readiness()
            is_ready = any(systems.values()) or not systems
        except TimeoutError:
            pass
        except Exception as bug:  # noqa: BLE001 - a broken probe is a gateway that is not ready
            masked(bug, exchange_of(scope).request_id)
        if self._stopping.is_set():
            is_ready = False
        lines = ["ready" if is_ready else "not ready"]
        lines += [f"{name} {'up' if systems[name] else 'down'}" for name in sorted(systems)]
        body = "".join(line + "\n" for line in lines).encode()
        status = 200 if is_ready else 503
        await send_bytes(send, status, _TEXT, body, is_head=scope["method"] == "HEAD")
