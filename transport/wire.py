"""How answers are written: a whole one at once, anything else as uvicorn does it."""

from collections.abc import MutableMapping
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

Message = MutableMapping[str, Any]


class Wire:
    """Stands around the application for one request, and writes what it answers.

    uvicorn looks through each header of an answer and writes its head before it knows the body,
    which costs as much as the rest of what it does.

    *Shape*: the head waits for the first part of the body. Whole means one part, of the length
    that the head tells.
    """

    __slots__ = ("_app", "_cycle", "_start")

    def __init__(self, app: Any, cycle: RequestResponseCycle) -> None:
        self._app: ASGIApp = app
        self._cycle: Any = cycle
        self._start: Message | None = None

    async def __call__(self, scope: Scope, receive: Receive, _: Send) -> None:
        """Answer the request."""
        await self._app(scope, receive, self._send)

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            if not message.get("more_body") and self._write(start, message.get("body", b"")):
                return
            await self._cycle.send(start)
        await self._cycle.send(message)

    def _write(self, start: Message, body: bytes) -> bool:
        """Write a whole answer; false leaves it to uvicorn."""
        cycle = self._cycle
        if cycle.response_started or cycle.disconnected or cycle.flow.write_paused:
            return False
        length: bytes | None = None
        lines = [STATUS_LINE[start["status"]]]
        for name, value in (*cycle.default_headers, *start.get("headers", ())):
            if name == b"content-length":
                length = value
            elif name == b"connection":
                return False
            lines += (name, b": ", value, b"\r\n")
        if length != b"%d" % len(body) or cycle.scope["method"] == "HEAD" or not cycle.keep_alive:
            return False
        head = b"".join(lines)
        # One more would be a header that somebody has put into another.
        if head.count(b"\n") != len(lines) // 4 + 1 or head.count(b"\r") != head.count(b"\n"):
            return False
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.transport.writelines((head, b"\r\n", body))
        cycle.message_event.set()
        cycle.on_response()
        return True
