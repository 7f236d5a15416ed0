"""The server's HTTP protocol, with bounds on what it reads before a request is one."""

import asyncio
from collections.abc import Iterable
from typing import Any, ClassVar

import httptools
from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from transport.answer import encode
from transport.connection import Lingering, Outlet, Rest, Stall
from transport.exchange import PEER, SEAT
from transport.frame import BoundedSocket
from transport.load import Seat
from transport.problem import problem
from transport.refusal import Refusal
from transport.settings import Settings
from transport.state import gate_of, stopping_of, tell_to_stop
from transport.wire import Inlet, Wire

_TOO_MANY = b"HTTP/1.1 429 Too Many Requests\r\n"
_FRAMING = (b"content-length", b"transfer-encoding")
# What uvicorn reads of whom a proxy asks for, where it is trusted.
_FORWARDED = (b"x-forwarded-for", b"x-forwarded-proto")


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's httptools protocol, which by itself would wait for a head of any size, for ever.

    It also reads the bodies of clients that offer another protocol with their request, as Java's
    HTTP client does with ``Upgrade: h2c``; uvicorn answers those as if they had none. Hand it to
    ``uvicorn.Config(http=...)``.

    *Units*: ``max_head`` in bytes, ``head_time`` in seconds, from the connection or, on one that
    is kept alive, from the first byte, and for the rest of a body that was answered before it came;
    ``stall_time`` in seconds without a byte taken; ``part_time`` in which a server that stops still
    hears a connection that rests.
    """

    max_head: ClassVar[int] = 65_536
    head_time: ClassVar[float] = 10.0
    stall_time: ClassVar[float] = 30.0
    part_time: ClassVar[float] = 0.1

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._stall = Stall(self.stall_time)
        self._gate = gate_of(self.app_state)
        self._stopping = stopping_of(self.app_state)
        self._is_turned_away = False
        self._seat: Seat | None = None
        self._head = 0
        self._is_in_head = True
        self._is_resuming = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head, not for ever."""
        super().connection_made(transport)
        self._lingering = Lingering(self.flow.resume_reading)
        self._outlet = Outlet(transport, self._close)
        self._rest = Rest(self.timeout_keep_alive, self._close)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._unwait()
        self._stall.end()
        self._rest.stop()
        self._lingering.end()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait for the reader, not for ever."""
        super().pause_writing()
        self._stall.begin(self.transport)

    def resume_writing(self) -> None:
        """Go on."""
        self._stall.end()
        super().resume_writing()

    def retire(self) -> None:
        """Let the answer that is under way, or else the next one, be the last."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None:
            cycle.keep_alive = False

    def shutdown(self) -> None:
        """Let what is under way end, and tell streams to."""
        tell_to_stop(self.app_state)
        if self._rests():
            # A request may be on its way to a connection that seems to rest.
            self.loop.call_later(self.part_time, self._part)
        else:
            self.cycle.keep_alive = False

    def data_received(self, data: bytes) -> None:
        """Read on, until a head is whole or too large."""
        if self._lingering.has_begun:
            self._lingering.drop(len(data), self.transport)
            return
        self._rest.end()
        if self._is_in_head:
            self._head += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            if self._should_upgrade():
                self._rest.stop()
                self.handle_websocket_upgrade()
            else:
                self._stay(data[offer.args[0] :])
        except httptools.HttpParserError:
            self._refuse(Refusal(400, "BAD_REQUEST", "This is not a request in HTTP/1.1."))
        # Whatever came whole needs no watch.
        is_waited_for = self._is_turned_away or (self._is_in_head and self._head)
        if is_waited_for and self._timer is None and not self._lingering.has_begun:
            self._wait()
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
        if self._is_resuming:
            return
        # uvicorn's own, without another call: there are many headers to a request.
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Begin the request: from here on the body's own bounds hold."""
        if not self._is_resuming:
            self._is_in_head = False
            self._unwait()
            refusal = self._refusal()
            if refusal is None:
                super().on_headers_complete()
                if not (self.parser.should_upgrade() and self._should_upgrade()):
                    self._begin()
            else:
                self._is_turned_away = True
                date = b"".join(b"%b: %b\r\n" % each for each in self.server_state.default_headers)
                self.transport.write(_TOO_MANY + date + refusal)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        inlet, wire = Inlet(cycle), Wire(cycle)
        if isinstance(app, ProxyHeadersMiddleware):
            for name, _ in cycle.scope["headers"]:
                if name in _FORWARDED:
                    break
            else:
                # Nobody speaks for another, so that nobody's word has to be weighed.
                app = app.app

        async def answer(scope: Scope, _: Receive, __: Send) -> None:
            await app(scope, inlet, wire)

        super()._start_asgi_task(cycle, answer)  # type: ignore[arg-type]

    def _begin(self) -> None:
        self.cycle.transport = self._outlet  # type: ignore[assignment]
        if self._stopping.is_set():
            self.cycle.keep_alive = False
        if self._gate is not None:
            self._seat = self._gate.load.seat()
            scope: dict[str, Any] = self.scope  # type: ignore[assignment]
            scope[SEAT] = self._seat
            scope[PEER] = self.client[0] if self.client else None

    def on_body(self, body: bytes) -> None:
        """Take a part of the body; that of a request that is turned away is of no use."""
        if not self._is_turned_away:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Be ready for the next head."""
        if self.parser.should_upgrade() and not self._should_upgrade():
            return  # the body is still to come, see _stay
        self._is_in_head = True
        self._head = 0
        if self._is_turned_away:
            self._is_turned_away = False
            self._unwait()
            self.on_response_complete()
            if not self.parser.should_keep_alive():
                self._close()
            return
        super().on_message_complete()
        if self._seat is not None:
            # Only now: a body that drips in would hold a place for next to nothing.
            self._seat.take()

    def _refusal(self) -> bytes | None:
        """Ask the gate; answers come in order, and only as fast as they are read."""
        gate = self._gate
        if gate is None or self.parser.should_upgrade() or self.flow.write_paused:
            return None
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            return None
        peer = self.client[0] if self.client else None
        return gate.refusal(self.parser.get_method(), self.url, self.headers, peer)

    def _should_upgrade(self) -> bool:
        # A handshake has no body; what else names the protocol is a request like any other.
        return bool(self.parser.get_method() == b"GET" and super()._should_upgrade())

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
        cycle: RequestResponseCycle | None = self.cycle
        if self._is_turned_away or (cycle is not None and not self._is_in_head):
            self._close()
            return
        self._refuse(
            Refusal(
                408,
                "REQUEST_TIMEOUT",
                f"The request's headers did not arrive within {self.head_time:g} s.",
            )
        )

    def on_response_complete(self) -> None:
        """Wait for the next request, or for what is left of this one, but not for ever."""
        # uvicorn's own, without a timer for each rest, which is mostly a short one.
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self._rest.begin()
        if not self._is_in_head and self._timer is None:
            self._wait()

    def _rests(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _part(self) -> None:
        if self._rests() and not self._head:
            self._close()

    def _close(self) -> None:
        self._unwait()
        self._rest.stop()
        self._lingering.begin(self.transport)

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
        self._close()


def serving(settings: Settings) -> dict[str, Any]:
    """Give what ``uvicorn.Config`` needs to know of the door, beside the application itself."""
    return {
        "http": BoundedProtocol,
        "ws": BoundedSocket,
        "ws_max_size": settings.stream.max_message,
        "ws_per_message_deflate": False,
        "ws_ping_interval": float(settings.stream.beat),
        "ws_ping_timeout": float(settings.stream.beat),
        "timeout_keep_alive": int(settings.keep_alive),
        "server_header": False,
        "access_log": False,
    }


def retire(connections: Iterable[object], state: dict[str, Any]) -> None:
    """Tell streams and sockets to end, and let no connection outlive its present or next answer."""
    tell_to_stop(state)
    for each in connections:
        if isinstance(each, BoundedProtocol):
            each.retire()
