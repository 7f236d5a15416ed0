"""How bodies are taken and answers written: whole ones at once, all else as uvicorn does it."""

from collections.abc import MutableMapping
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

Message = MutableMapping[str, Any]


class Inlet:
    """Gives the body of one request, as the ``receive`` of its application."""

    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle: Any = cycle

    async def __call__(self) -> Message:
        """Receive a message."""
        message: Message = await self._cycle.receive()
        return message

    def whole(self) -> bytes | None:
        """Take the whole body where all of it is here; None where it has to be received."""
        cycle = self._cycle
        if (
            cycle.more_body
            or cycle.disconnected
            or cycle.response_complete
            or cycle.waiting_for_100_continue
        ):
            return None
        body, cycle.body = bytes(cycle.body), bytearray()
        cycle.message_event.clear()
        cycle.flow.resume_reading()
        return body


class Wire:
    """Takes the answer to one request, as the ``send`` of its application.

    uvicorn looks through each header of an answer and writes its head before it knows the body,
    which costs as much as the rest of what it does.

    *Shape*: the head waits for the first part of the body. Whole means one part, of the length
    that the head tells.
    """

    __slots__ = ("_cycle", "_start")

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle: Any = cycle
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        """Send a message."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            if not message.get("more_body") and self._send(start, message.get("body", b"")):
                return
            await self._cycle.send(start)
        await self._cycle.send(message)

    def write(self, status: int, lines: bytes, body: bytes) -> bool:
        """Write a whole answer; false where it has to be sent in messages.

        *Shape*: ``lines`` are those of its headers, each with its end: the body's length is among
        them, and no value holds the end of a line.
        """
        cycle = self._cycle
        if (
            cycle.response_started
            or cycle.disconnected
            or cycle.flow.write_paused
            or not cycle.keep_alive
            or cycle.scope["method"] == "HEAD"
        ):
            return False
        told = b"".join([b"%b: %b\r\n" % each for each in cycle.default_headers])
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.transport.writelines((STATUS_LINE[status] + told + lines + b"\r\n", body))
        cycle.message_event.set()
        cycle.on_response()
        return True

    def _send(self, start: Message, body: bytes) -> bool:
        """Write a whole answer that came in messages; false leaves it to uvicorn."""
        lines: list[bytes] = []
        length: bytes | None = None
        for name, value in start.get("headers", ()):
            if name == b"content-length":
                length = value
            elif name == b"connection":
                return False
            lines.append(b"%b: %b\r\n" % (name, value))
        if length != b"%d" % len(body):
            return False
        told = b"".join(lines)
        # One more would be a header that somebody has put into another.
        if told.count(b"\n") != len(lines) or told.count(b"\r") != len(lines):
            return False
        return self.write(start["status"], told, body)
