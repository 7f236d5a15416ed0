"""How answers are written."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from transport.answer import send_bytes
from transport.protocol import BoundedProtocol

pytestmark = pytest.mark.anyio
BODY = b"a whole answer"
LENGTH = (b"content-length", b"%d" % len(BODY))
PLAIN = (b"content-type", b"text/plain")
# An answer: its status, its headers, the parts of its body.
Given = tuple[int, Sequence[tuple[bytes, bytes]], Sequence[bytes]]


def _app(given: Given) -> ASGIApp:
    status, headers, parts = given

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        await receive()
        await send({"type": "http.response.start", "status": status, "headers": [*headers]})
        for index, part in enumerate(parts):
            more = index < len(parts) - 1
            await send({"type": "http.response.body", "body": part, "more_body": more})

    return app


@asynccontextmanager
async def _served(app: ASGIApp, protocol: type[asyncio.Protocol]) -> AsyncIterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app, http=protocol, lifespan="off", log_level="critical", date_header=False
        )
        server = uvicorn.Server(config)
        task = asyncio.ensure_future(server.serve([listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await asyncio.wait_for(task, 10)


async def _told(given: Given, protocol: type[asyncio.Protocol], *requests: bytes) -> bytes:
    return await _read(_app(given), protocol, *requests)


async def _read(app: ASGIApp, protocol: type[asyncio.Protocol], *requests: bytes) -> bytes:
    """Send requests on one connection, and read all that comes back."""
    async with _served(app, protocol) as port, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"".join(requests))
        writer.write_eof()
        try:
            return await reader.read()
        finally:
            writer.close()


@pytest.mark.parametrize(
    "given",
    [
        (200, [PLAIN, LENGTH], [BODY]),
        (404, [LENGTH, PLAIN, (b"x-empty", b"")], [BODY]),
        (200, [(b"content-length", b"0")], [b""]),
        (204, [], [b""]),
        (200, [PLAIN], [BODY]),
        (200, [PLAIN, LENGTH], [BODY[:4], BODY[4:]]),
        (200, [LENGTH, (b"connection", b"close")], [BODY]),
        (200, [(b"transfer-encoding", b"chunked")], [BODY, b""]),
    ],
)
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
async def test_answers_are_written_as_uvicorn_writes_them(
    given: Given, method: bytes, version: bytes
) -> None:
    """What is written at once is, byte for byte, what uvicorn would have written."""
    ask = method + b" / HTTP/" + version + b"\r\nHost: x\r\n\r\n"
    last = ask.replace(b"Host: x", b"Host: x\r\nConnection: close")
    if given[0] == 204:
        ask = b""
    ours = await _told(given, BoundedProtocol, ask, last)
    assert ours == await _told(given, HttpToolsProtocol, ask, last)
    assert ours.startswith(b"HTTP/1.1 %d " % given[0])


@pytest.mark.parametrize(
    "header", [(b"x-told", b"a\r\nx-more: b"), (b"x-told", b"a\nb"), (b"x\rb", b"a")]
)
async def test_no_header_holds_another(header: tuple[bytes, bytes]) -> None:
    """A header with a line break in it is not written, whoever put it there."""
    ask = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    assert await _told((200, [LENGTH, header], [BODY]), BoundedProtocol, ask) == b""


@pytest.mark.parametrize(
    "headers", [{}, {"X-Told": "a", "Cache-Control": "no-cache"}, {"Connection": "close"}]
)
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
async def test_whole_answers_are_written_as_uvicorn_writes_them(
    headers: dict[str, str], method: bytes
) -> None:
    """An answer that is handed over whole is what its messages would have been, byte for byte."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        is_head = scope["method"] == "HEAD"
        await send_bytes(send, 200, "text/plain", BODY, headers, is_head=is_head)

    ask = method + b" / HTTP/1.1\r\nHost: x\r\n\r\n"
    last = ask.replace(b"Host: x", b"Host: x\r\nConnection: close")
    ours = await _read(app, BoundedProtocol, ask, last)
    assert ours == await _read(app, HttpToolsProtocol, ask, last)
    assert ours.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_no_header_of_a_whole_answer_holds_another() -> None:
    """Nor is one with a line break in it written where the answer is handed over whole."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send_bytes(send, 200, "text/plain", BODY, {"X-Told": "a\r\nx-more: b"})

    assert b"x-more" not in await _read(app, BoundedProtocol, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")


ASK = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n%b\r\n"


@pytest.mark.parametrize(
    ("header", "told"),
    [(b"", b"taken body, nothing left"), (b"Expect: 100-continue\r\n", b"received body")],
)
async def test_a_body_is_taken_once(header: bytes, told: bytes) -> None:
    """A body that is here is taken whole and not given again; who asks first is answered first."""

    async def app(scope: Scope, receive: Any, send: Send) -> None:
        body = receive.whole()
        if body is None:
            found = b"received " + (await receive())["body"]
        else:
            more = asyncio.ensure_future(receive())
            await asyncio.wait((more,), timeout=0.05)
            found = b"taken %b, %b left" % (body, b"more" if more.done() else b"nothing")
            more.cancel()
        await send_bytes(send, 200, "text/plain", found)

    async with _served(app, BoundedProtocol) as port, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(ASK % header + b"body")
        answer = await reader.read()
        writer.close()
    assert answer.endswith(b"\r\n\r\n" + told)
    assert answer.startswith(b"HTTP/1.1 100 Continue") is bool(header)


async def test_a_body_that_is_not_here_is_waited_for() -> None:
    """Half a body is not taken for one."""
    has_looked = asyncio.Event()

    async def app(scope: Scope, receive: Any, send: Send) -> None:
        assert receive.whole() is None
        has_looked.set()
        body = (await receive())["body"] + (await receive())["body"]
        await send_bytes(send, 200, "text/plain", body)

    async with _served(app, BoundedProtocol) as port, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(ASK % b"" + b"bo")
        await has_looked.wait()
        await asyncio.sleep(0)
        writer.write(b"dy")
        assert (await reader.read()).endswith(b"\r\n\r\nbody")
        writer.close()


@pytest.mark.parametrize("length", [b"3", b"300", b"many"])
async def test_a_length_that_is_wrong_is_not_told(length: bytes) -> None:
    """An answer that is longer or shorter than it says never passes for a whole one."""
    ask = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    told = await _told((200, [(b"content-length", length)], [BODY]), BoundedProtocol, ask, ask)
    assert told.count(b"HTTP/1.1 200 ") <= 1
    assert told.count(BODY) == 0 or length == b"300"
