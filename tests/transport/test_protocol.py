"""What comes before a request: heads that are too large, too slow, or none."""

import asyncio
import json
from functools import partial
from typing import Any

import pytest

from tests.transport.gateway import Gateway, connected, running
from transport.connection import Rest
from transport.protocol import BoundedProtocol
from transport.settings import Settings

pytestmark = pytest.mark.anyio
GOOD = (
    b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b'Content-Length: 19\r\n\r\n{"query":"{hello}"}'
)


class Impatient(BoundedProtocol):
    head_time = 0.2


class Restless(BoundedProtocol):
    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.timeout_keep_alive = 0.2  # type: ignore[assignment]


async def _error(reader: asyncio.StreamReader) -> tuple[int, str]:
    """Read an answer to the end of its connection."""
    async with asyncio.timeout(10):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["errors"][0]["extensions"]["code"]


@pytest.mark.parametrize(
    "sent", [b"", b"POST /graph", b"POST /graphql HTTP/1.1\r\nHost: x\r\nX: a"]
)
@pytest.mark.parametrize("before", [b"", GOOD])
async def test_a_slow_head_is_ended(sent: bytes, before: bytes) -> None:
    """A connection that does not come to its request is closed, on the first one and on later."""
    async with running(Settings(), Impatient) as gateway, connected(gateway) as (reader, writer):
        if before:
            writer.write(before)
            assert b"Hello" in await reader.readuntil(b"}}}")
            sent = sent or b"P"
        writer.write(sent)
        assert await _error(reader) == (408, "REQUEST_TIMEOUT")


@pytest.mark.parametrize("line", [b"X-Many: a\r\n", b"X" * 1_000 + b": " + b"a" * 60_000 + b"\r\n"])
async def test_a_large_head_is_refused(gateway: Gateway, line: bytes) -> None:
    """Headers have a size, whether they are many or long."""
    async with connected(gateway) as (reader, writer):
        writer.write(b"POST /graphql HTTP/1.1\r\nHost: x\r\n" + line * (80_000 // len(line) + 1))
        assert await _error(reader) == (431, "HEADERS_TOO_LARGE")


@pytest.mark.parametrize(
    "sent",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"GET \xff HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_refused(gateway: Gateway, sent: bytes) -> None:
    """Even there the answer is a GraphQL error."""
    async with connected(gateway) as (reader, writer):
        writer.write(sent)
        assert await _error(reader) == (400, "BAD_REQUEST")


async def test_requests_on_one_connection(gateway: Gateway) -> None:
    """Bounds are each request's own: a connection may carry any number, one after the other."""
    async with connected(gateway) as (reader, writer):
        padded = GOOD.replace(b"Host: x", b"Host: x\r\nX: " + b"a" * 30_000)
        for _ in range(4):
            writer.write(padded)
            async with asyncio.timeout(10):
                assert b"Hello" in await reader.readuntil(b"}}}")
        writer.write(GOOD + GOOD)
        async with asyncio.timeout(10):
            for _ in range(2):
                assert b"Hello" in await reader.readuntil(b"}}}")


async def test_a_connection_that_rests_is_closed() -> None:
    """A connection is closed when nothing has come on it for a while, after whichever request."""
    async with (
        running(Settings(), Restless) as gateway,
        connected(gateway) as (reader, writer),
        asyncio.timeout(10),
    ):
        for _ in range(2):
            writer.write(GOOD)
            assert b"Hello" in await reader.readuntil(b"}}}")
        assert await reader.read() == b""


async def test_a_rest_is_over_when_something_comes() -> None:
    """What ends one rest ends the time that it had; the next one has its own, and is ended once."""
    ended: list[str] = []
    rests = {name: Rest(0.05, partial(ended.append, name)) for name in ("busy", "again", "idle")}
    for rest in rests.values():
        rest.begin()
    rests["busy"].end()
    rests["again"].end()
    rests["again"].begin()
    async with asyncio.timeout(10):
        while not {"again", "idle"} <= set(ended):
            await asyncio.sleep(0.01)
    assert sorted(ended) == ["again", "idle"]
    for rest in rests.values():
        rest.stop()


@pytest.mark.parametrize("to", ["h2c", "websocket"])
@pytest.mark.parametrize("is_split", [False, True])
@pytest.mark.parametrize("is_chunked", [False, True])
async def test_an_upgrade_that_we_do_not_make_is_declined(
    gateway: Gateway, *, to: str, is_split: bool, is_chunked: bool
) -> None:
    """A request that offers another protocol is read to its end, and answered in this one."""
    offer = f"Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: {to}\r\nHTTP2-Settings: AA"
    request = GOOD.replace(b"Host: x", offer.encode())
    if is_chunked:
        request = request.replace(b"Content-Length: 19", b"Transfer-Encoding: chunked")
        request = request.replace(b'{"query":"{hello}"}', b'13\r\n{"query":"{hello}"}\r\n0\r\n\r\n')
    async with connected(gateway) as (reader, writer), asyncio.timeout(10):
        for _ in range(2):
            if is_split:
                for place in range(0, len(request), 7):
                    writer.write(request[place : place + 7])
                    await writer.drain()
            else:
                writer.write(request)
            assert (await reader.readuntil(b"}}}")).startswith(b"HTTP/1.1 200 ")
        if to == "websocket":
            return  # by GET it would be a handshake
        writer.write(request.replace(b"POST", b"GET") + GOOD)
        assert (await reader.readuntil(b"}]}")).startswith(b"HTTP/1.1 403 ")
        assert b"Hello" in await reader.readuntil(b"}}}")


LARGE = b"x" * 3_000_000
HEAD = b"POST /graphql HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"POST /graphql HTTP/1.1\r\nX: " + b"a" * 70_000, 431),
        (
            HEAD
            + b"Content-Type: text/plain\r\nConnection: close\r\nContent-Length: 3000000\r\n\r\n",
            415,
        ),
        (HEAD + b"Content-Type: application/json\r\nContent-Length: 3000000\r\n\r\n", 413),
        (b"DELETE /graphql HTTP/1.0\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n", 405),
    ],
)
async def test_who_goes_on_sending_reads_why_not(
    gateway: Gateway, sent: bytes, status: int
) -> None:
    """A connection that is ended while its sender goes on is closed, not reset."""
    async with connected(gateway) as (reader, writer), asyncio.timeout(10):
        writer.write(sent)
        assert int((await reader.readuntil(b"\r\n\r\n")).split()[1]) == status
        await reader.read()
        writer.write(LARGE)
        await writer.drain()
        writer.write_eof()


async def test_a_body_that_was_answered_before_it_came_is_not_waited_for_for_ever() -> None:
    """What is left of a refused request has its time, however it drips in."""
    async with running(Settings(), Impatient) as gateway, connected(gateway) as (reader, writer):
        writer.write(HEAD + b"Content-Type: text/plain\r\nContent-Length: 1000\r\n\r\n")
        async with asyncio.timeout(10):
            assert b" 415 " in await reader.readline()
            ended = asyncio.ensure_future(reader.read())
            while not ended.done():
                writer.write(b"x")
                await asyncio.wait((ended,), timeout=0.02)
