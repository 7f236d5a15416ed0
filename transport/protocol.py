"""The server's HTTP protocol, with bounds on what it reads before a request is one."""

import asyncio
from typing import Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from transport.answer import encode
from transport.problem import problem
from transport.refusal import Refusal

_FRAMING = (b"content-length", b"transfer-encoding")


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's httptools protocol, which by itself would wait for a head of any size, for ever.

    It also reads the bodies of clients that offer another protocol with their request, as Java's
    HTTP client does with ``Upgrade: h2c``; uvicorn answers those as if they had none. Hand it to
    ``uvicorn.Config(http=...)``.

    *Units*: ``max_head`` in bytes, ``head_time`` in seconds, from the connection or, on one that
    is kept alive, from the first byte.
    """

    max_head: ClassVar[int] = 65_536
    head_time: ClassVar[float] = 10.0

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._head = 0
        self._is_in_head = True
        self._is_resuming = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head, not for ever."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._unwait()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, until a head is whole or too large."""
        self._unset_keepalive_if_required()
        if self._is_in_head:
            self._head += len(data)
            if self._timer is None:
                self._wait()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
            else:
                self._stay(data[offer.args[0] :])
        except httptools.HttpParserError:
            self._refuse(Refusal(400, "BAD_REQUEST", "This is not a request in HTTP/1.1."))
        if self._is_in_head and self._head > self.max_head:
            self._refuse(
                Refusal(
                    431,
                    "HEADERS_TOO_LARGE",
                    f"The request's headers are larger than the {self.max_head} bytes allowed.",
                )
            )

    def on_message_begin(self) -> None:
        """Begin a head."""
        if not self._is_resuming:
            super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take the address."""
        if not self._is_resuming:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        if not self._is_resuming:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin the request: from here on the body's own bounds hold."""
        if not self._is_resuming:
            self._is_in_head = False
            self._unwait()
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Be ready for the next head."""
        if self.parser.should_upgrade() and not self._should_upgrade():
            return  # the body is still to come, see _stay
        self._is_in_head = True
        self._head = 0
        super().on_message_complete()

    def _stay(self, rest: bytes) -> None:
        """Decline an upgrade: read the request's body, which the parser has stopped before."""
        framing = b"".join(
            name + b": " + value + b"\r\n" for name, value in self.headers if name in _FRAMING
        )
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._is_resuming = True
        self.parser.feed_data(b"POST / HTTP/1.1\r\n" + framing + b"\r\n")
        self._is_resuming = False
        if rest:
            self.data_received(rest)

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self.head_time, self._end)

    def _unwait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        self._timer = None
        self._refuse(
            Refusal(
                408,
                "REQUEST_TIMEOUT",
                f"The request's headers did not arrive within {self.head_time:g} s.",
            )
        )

    def _refuse(self, refusal: Refusal) -> None:
        self._unwait()
        if self.transport.is_closing():
            return
        # uvicorn has no cycle before the first request, whatever its types say.
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            body = encode({"errors": [problem(refusal)]})
            head = (
                f"HTTP/1.1 {refusal.status} \r\n"
                "content-type: application/json; charset=utf-8\r\n"
                "cache-control: private, no-store\r\n"
                f"content-length: {len(body)}\r\n"
                "connection: close\r\n\r\n"
            )
            self.transport.write(head.encode("ascii") + body)
        self.transport.close()
