"""How one connection reads answers, and for how long it is kept, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

import adapters._session
from adapters._body import Allowance, BrokenBody
from adapters._connection import Answer, Attempt, Lost
from adapters._session import Session
from tests.adapters.fault import Exchange, Faulty, Play, answer

GOOD = answer(b"good")
Ask = Callable[..., asyncio.Future[Answer]]


@pytest.fixture(params=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Served on uvloop, started without it where there is none: faults show alike on both."""
    return "asyncio", {"use_uvloop": request.param == "uvloop"}


@asynccontextmanager
async def asking(play: Play) -> AsyncIterator[tuple[Faulty, Ask]]:
    """Serve a play; gives the server, and what asks it and gives status, headers and body."""
    async with asyncio.timeout(30), Faulty(play) as server:
        session, allowance = Session(server.url, 2, keep=True), Allowance(1_000)

        async def ask(method: str = "GET", attempt: Attempt | None = None) -> Answer:
            given = attempt or Attempt()
            return await session.exchange(method, "/x", {}, None, given, 1_000, allowance)

        try:
            yield server, lambda *args: asyncio.ensure_future(ask(*args))
        finally:
            await session.close()


async def byte_by_byte(server: Faulty, exchange: Exchange) -> None:
    for place in range(len(GOOD)):
        await exchange.say(GOOD[place : place + 1])
        await asyncio.sleep(0)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ngo\r\n2\r\nod\r\n0\r\n\r\n"
TRAILED = CHUNKED[:-2] + b"Link: </x>\r\n\r\n"
EARLY = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"


def saying(data: bytes) -> Play:
    async def play(server: Faulty, exchange: Exchange) -> None:
        await exchange.say(data)

    return play


@pytest.mark.parametrize(
    "play",
    [byte_by_byte, saying(CHUNKED), saying(TRAILED), saying(EARLY + GOOD)],
    ids=["bytes", "chunks", "trailers", "early"],
)
async def test_kept(play: Play) -> None:
    """However an answer comes, it is read to its end, and the connection serves the next one."""
    async with asking(play) as (server, ask):
        for _ in range(3):
            status, headers, body = await ask()
            assert (status, headers.get("link"), body) == (200, None, b"good")
    assert server.connections == 1


async def test_ends_with_connection() -> None:
    """A body without a length ends with its connection."""

    async def play(server: Faulty, exchange: Exchange) -> None:
        await exchange.say(b"HTTP/1.1 200 OK\r\n\r\ngo")
        await exchange.say(b"od")
        exchange.hang_up()

    async with asking(play) as (server, ask):
        for _ in range(2):
            assert (await ask())[2] == b"good"
    assert server.connections == 2


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ngood",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
    ],
)
async def test_cut_off(said: bytes) -> None:
    """A body that tells its end is lost when the connection ends before it."""

    async def play(server: Faulty, exchange: Exchange) -> None:
        await exchange.say(said)
        exchange.hang_up()

    async with asking(play) as (_, ask):
        with pytest.raises(Lost):
            await ask()


BEGUN = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ngo\r\n0\r\n"


@pytest.mark.parametrize("begun", [b"HTTP/1.1 200 OK\r\n", BEGUN], ids=["head", "trailers"])
async def test_head_without_end(begun: bytes) -> None:
    """A head that does not end is cut off at a bound, and so is what follows a body."""

    async def play(server: Faulty, exchange: Exchange) -> None:
        await exchange.say(begun)
        while True:
            await exchange.say(b"X-Much: " + b"x" * 2_000 + b"\r\n")

    async with asking(play) as (_, ask):
        with pytest.raises(BrokenBody, match="head is larger"):
            await ask()


async def test_no_body() -> None:
    """The answer to HEAD has no body, whatever length it tells."""
    async with asking(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")) as (_, ask):
        for _ in range(2):
            assert (await ask("HEAD"))[2] == b""


async def test_last_word() -> None:
    """A connection that the system is about to close carries no second request."""
    async with asking(saying(answer(b"good", "Connection: close"))) as (server, ask):
        for _ in range(2):
            attempt = Attempt()
            await ask("GET", attempt)
            assert (attempt.sent, attempt.answered, attempt.reused) == (True, True, False)
    assert server.connections == 2


async def test_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that nobody needs is closed after a while."""
    monkeypatch.setattr(adapters._session, "_IDLE_SECONDS", 0.05)
    ended = asyncio.Event()

    async def play(server: Faulty, exchange: Exchange) -> None:
        await exchange.say(GOOD)
        await exchange.wait_for_end()
        ended.set()

    async with asking(play) as (server, ask):
        await ask()
        await ended.wait()
        await ask()
    assert server.connections == 2


async def test_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that has lain idle for too long is not used, closed already or not."""
    async with asking(saying(GOOD)) as (server, ask):
        await ask()
        monkeypatch.setattr(adapters._session, "_IDLE_SECONDS", 0.0)
        await ask()
    assert server.connections == 2
