"""The shared client against a server that does everything wrong, over real sockets."""

import asyncio
import gzip
import socket
import sys
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Any

import pytest
from msgspec import Struct

from adapters._address import segment
from adapters._body import exact
from adapters._outcome import NotSent, OutcomeUnknown, Rejected, Response
from adapters._system import SystemSettings
from adapters._upstream import Upstream
from domain.ask import Ask
from domain.deadline import Deadline, Duration
from domain.errors import (
    SourceContract,
    SourceFailure,
    SourceRejected,
    SourceTimeout,
    SourceUnavailable,
)
from domain.viewer import Channel
from tests.adapters.fault import Exchange, Faulty, Play, answer

GOOD = answer(b'{"rows":[{"sku":"A-1","quantity":3}]}')
MEGABYTE = 1024 * 1024


class Row(Struct):
    sku: str
    quantity: int
    weight: float = 0.0


class Rows(Struct):
    rows: list[Row]


def ask(seconds: float = 5.0) -> Ask:
    return Ask(Deadline.after(seconds), "PL", "PLN", "en", Channel.WEB)


def saying(*parts: bytes, close: bool = False) -> Play:
    async def play(server: Faulty, exchange: Exchange) -> None:
        for part in parts:
            await exchange.say(part)
        if close:
            exchange.hang_up()

    return play


async def silence(server: Faulty, exchange: Exchange) -> None:
    await exchange.wait_for_end()
    exchange.hang_up()
    await server.tell()


@pytest.fixture(params=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Served on uvloop, started without it where there is none: faults show alike on both."""
    return "asyncio", {"use_uvloop": request.param == "uvloop"}


Start = Callable[..., Awaitable[tuple[Faulty, Upstream]]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:
        # Nothing here may outlive its deadline by much; a hang is a failure, not a hung run.
        await stack.enter_async_context(asyncio.timeout(60))

        async def begin(play: Play, **settings: Any) -> tuple[Faulty, Upstream]:
            server = await stack.enter_async_context(Faulty(play))
            settings = {"timeout": Duration(5), **settings}
            upstream = Upstream(
                "erp", SystemSettings(adapter="any", url=server.url, serves=[], **settings)
            )
            stack.push_async_callback(upstream.close)
            return server, upstream

        yield begin


async def read(upstream: Upstream, request: Ask | None = None, **more: Any) -> Rows:
    return await upstream.read(
        "POST", "/rows", ask=request or ask(), call="rows", decode=Rows, json={"ids": [1]}, **more
    )


async def test_read(start: Start) -> None:
    """An answer is decoded into its type, and the call is counted."""
    server, upstream = await start(saying(GOOD))
    request = ask()
    assert await read(upstream, request, query={"q": "a b&c"}) == Rows([Row("A-1", 3)])
    assert request.calls == {"erp": 1}
    exchange = server.exchanges[0]
    assert exchange.line == "POST /rows?q=a+b%26c HTTP/1.1"
    assert exchange.body == b'{"ids":[1]}'
    assert "Accept-Encoding: gzip\r\n" in exchange.head
    assert "Content-Type: application/json\r\n" in exchange.head


async def test_base_path(start: Start) -> None:
    """Paths go behind the configured address's own path."""
    server, _ = await start(saying(GOOD))
    settings = SystemSettings(adapter="any", url=f"{server.url}/sap/opu/", serves=[])
    upstream = Upstream("erp", settings)
    try:
        await read(upstream)
    finally:
        await upstream.close()
    assert server.exchanges[0].line == "POST /sap/opu/rows HTTP/1.1"


@pytest.mark.parametrize("members", [1, 3])
async def test_gzip(start: Start, members: int) -> None:
    """A gzip body is unpacked, in however many members it comes, in however small pieces."""
    whole = b'{"rows":[{"sku":"A-1","quantity":3}]}'
    third = len(whole) // members + 1
    body = b"".join(gzip.compress(whole[i : i + third]) for i in range(0, len(whole), third))
    data = answer(body, "Content-Encoding: gzip")
    _, upstream = await start(saying(*(data[i : i + 7] for i in range(0, len(data), 7))))
    assert (await read(upstream)).rows == [Row("A-1", 3)]


HTML = answer(b"<html>Log in</html>", "Content-Type: text/html; charset=utf-8")
NESTED = answer(b'{"rows":' + b"[" * 100_000)
GARBAGE: dict[str, tuple[bytes, str | None]] = {
    "truncated": (answer(b'{"rows":[{"sku":"A-1","qu'), None),
    "empty": (answer(b""), None),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", None),
    "html": (HTML, None),
    "html as json": (answer(b"<html>Log in</html>"), None),
    "nan": (answer(b'{"rows":[{"sku":"A-1","quantity":3,"weight":NaN}]}'), None),
    "infinity": (answer(b'{"rows":[{"sku":"A-1","quantity":3,"weight":-Infinity}]}'), None),
    "overflow": (
        answer(b'{"rows":[{"sku":"A-1","quantity":3,"weight":1e999}]}'),
        "$.rows[0].weight",
    ),
    "text for number": (
        answer(b'{"rows":[{"sku":"A-1","quantity":"3"}]}'),
        "$.rows[0].quantity",
    ),
    "float for number": (
        answer(b'{"rows":[{"sku":"A-1","quantity":3.5}]}'),
        "$.rows[0].quantity",
    ),
    "null": (answer(b'{"rows":[{"sku":null,"quantity":3}]}'), "$.rows[0].sku"),
    "missing": (answer(b'{"rows":[{"sku":"A-1"}]}'), "$.rows[0]"),
    "list for table": (answer(b"[]"), None),
    "huge number": (
        answer(b'{"rows":[{"sku":"A-1","quantity":' + b"9" * 5000 + b"}]}"),
        "$.rows[0].quantity",
    ),
    "not utf-8": (answer(b'{"rows":[{"sku":"\xff","quantity":3}]}'), None),
    "nested": (NESTED, "$.rows[0]"),
    "not http": (b"220 mail.example.com ESMTP\r\n\r\n", None),
    "bad chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", None),
    "brotli": (answer(b"\x0b\x02\x80", "Content-Encoding: br"), None),
    "claims gzip": (answer(b'{"rows":[]}', "Content-Encoding: gzip"), None),
    "half gzip": (answer(gzip.compress(b'{"rows":[]}')[:-9], "Content-Encoding: gzip"), None),
    "announced": (b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n", None),
    "redirect": (
        answer(b"", "Location: http://169.254.169.254/", status="302 Found"),
        None,
    ),
    "upgrade": (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        None,
    ),
}


@pytest.mark.parametrize("name", GARBAGE)
async def test_garbage(start: Start, name: str) -> None:
    """What is not the promised answer is SOURCE_CONTRACT with system, call and field, no value."""
    data, field = GARBAGE[name]
    _, upstream = await start(saying(data, close=True))
    with pytest.raises(SourceContract) as caught:
        await read(upstream)
    failure = caught.value
    assert (failure.system, failure.call, failure.field) == ("erp", "rows", field)
    assert failure.message == SourceContract.public


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("500 Internal Server Error", SourceUnavailable),
        ("502 Bad Gateway", SourceUnavailable),
        ("503 Service Unavailable", SourceUnavailable),
        ("429 Too Many Requests", SourceUnavailable),
        ("400 Bad Request", SourceRejected),
        ("401 Unauthorized", SourceRejected),
        ("404 Not Found", SourceRejected),
    ],
)
async def test_status(start: Start, status: str, kind: type[SourceFailure]) -> None:
    """5xx and 429 mean later, other 4xx mean never; the system's own error form explains it."""
    _, upstream = await start(saying(answer(b'{"reason":"locked\\nout"}', status=status)))
    with pytest.raises(SourceFailure) as caught:
        await read(upstream, explain=lambda answer: "locked\nout" if answer.body else None)
    assert type(caught.value) is kind
    assert caught.value.detail == f"answered {status[:3]}: locked out"


async def test_explain_fails(start: Start) -> None:
    """An error form that is garbage itself takes nothing from the failure it was to explain."""
    _, upstream = await start(saying(answer(b"[]", status="503 Busy")))
    with pytest.raises(SourceUnavailable, match=r"answered 503$"):
        await read(upstream, explain=lambda answer: str({"code": 1}["reason"]))


async def test_outcomes_of_writes(start: Start) -> None:
    """A writer learns whether it was done, refused, or cannot be known."""
    said = [GOOD, answer(b"no", status="409 Conflict"), answer(b"oops", status="502 Bad Gateway")]

    async def play(server: Faulty, exchange: Exchange) -> None:
        await exchange.say(said[exchange.number - 1])

    _, upstream = await start(play)
    outcomes = [
        await upstream.send("POST", "/orders", ask=ask(), call="orders", content=b"{}")
        for _ in said
    ]
    done, refused, unknown = outcomes
    assert isinstance(done, Response)
    assert (done.status, done.headers["content-type"]) == (200, "application/json")
    assert refused == Rejected(409, b"no", "answered 409")
    assert unknown == OutcomeUnknown("answered 502", answer=Rejected(502, b"oops", "answered 502"))


async def test_refused_connection(start: Start) -> None:
    """Where nobody listens nothing was sent; the attempt counts."""
    server, upstream = await start(saying(GOOD))
    await server.__aexit__()
    request = ask()
    outcome = await upstream.send("POST", "/x", ask=request, call="x")
    assert outcome == NotSent("no connection (Connection refused)")
    with pytest.raises(SourceUnavailable):
        await read(upstream, request)
    assert request.calls == {"erp": 2}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse instead of waiting")
async def test_connection_hangs(start: Start) -> None:
    """A connection that is never made in time is NotSent."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        crowd = [socket.socket() for _ in range(4)]
        try:
            for each in crowd:
                each.setblocking(False)
                each.connect_ex(deaf.getsockname())
            url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
            upstream = Upstream("erp", SystemSettings(adapter="any", url=url, serves=[]))
            async with asyncio.timeout(10):
                outcome = await upstream.send("POST", "/x", ask=ask(0.3), call="x")
                assert await upstream.reach(0.2) == "no answer within 0.2 s"
            await upstream.close()
        finally:
            for each in crowd:
                each.close()
    assert outcome == NotSent("the time was over while connecting", timed_out=True)


async def drip_head(server: Faulty, exchange: Exchange) -> None:
    await exchange.say(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        await exchange.say(b"x")
        await asyncio.sleep(0.01)


async def drip_body(server: Faulty, exchange: Exchange) -> None:
    await exchange.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        await exchange.say(b" ")
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("play", [silence, drip_head, drip_body])
async def test_no_end(start: Start, play: Play) -> None:
    """Half-open connections and dripping answers end with the call's time; its outcome is open."""
    _, upstream = await start(play, timeout=Duration(0.2))
    outcome = await upstream.send("POST", "/orders", ask=ask(), call="orders")
    assert isinstance(outcome, OutcomeUnknown)
    assert outcome.timed_out
    with pytest.raises(SourceTimeout):
        await read(upstream)


async def test_deadline(start: Start) -> None:
    """The operation's deadline bounds a call even where the system's own time is longer."""
    _, upstream = await start(silence, timeout=Duration(60))
    request = ask(0.3)
    with pytest.raises(SourceTimeout):
        await read(upstream, request)
    assert request.deadline.remaining() > 0, "nothing is left to render the answer in"


async def test_no_time_left(start: Start) -> None:
    """With no time left nothing is sent and nothing counted."""
    server, upstream = await start(saying(GOOD))
    request = ask(0.01)
    with pytest.raises(SourceTimeout):
        await read(upstream, request)
    assert not request.calls
    assert not server.exchanges


async def half_then_reset(server: Faulty, exchange: Exchange) -> None:
    await exchange.say(GOOD[:-10])
    # Only what has been read is sure to arrive before a reset overtakes it.
    await asyncio.sleep(0.05)
    exchange.reset()


@pytest.mark.parametrize(
    "play", [half_then_reset, saying(GOOD[:-10], close=True), saying(GOOD[:20], close=True)]
)
async def test_breaks_off(start: Start, play: Play) -> None:
    """An answer that breaks off is SOURCE_UNAVAILABLE, and no part of it is used."""
    _, upstream = await start(play)
    with pytest.raises(SourceUnavailable):
        await read(upstream)
    outcome = await upstream.send("POST", "/orders", ask=ask(), call="orders")
    assert isinstance(outcome, OutcomeUnknown)


async def reset_second(server: Faulty, exchange: Exchange) -> None:
    if exchange.number > 1:
        exchange.reset()
    else:
        await exchange.say(GOOD)


async def test_stale_connection_read(start: Start) -> None:
    """A read whose kept connection proves dead is sent once more, on a new one, and counted."""
    server, upstream = await start(reset_second)
    request = ask()
    for _ in range(2):
        assert (await read(upstream, request)).rows
    assert request.calls == {"erp": 3}
    assert (len(server.exchanges), server.connections) == (3, 2)


async def test_all_connections_stale(start: Start) -> None:
    """However many kept connections have died, a read needs one more try only."""
    arrived = asyncio.Barrier(4)

    async def play(server: Faulty, exchange: Exchange) -> None:
        if exchange.number > 1:
            exchange.reset()
            return
        if len(server.exchanges) <= 4:
            await arrived.wait()
        await exchange.say(GOOD)

    _, upstream = await start(play)
    await asyncio.gather(*(read(upstream) for _ in range(4)))
    for _ in range(4):
        request = ask()
        await read(upstream, request)
        assert request.calls == {"erp": 2}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "GET"])
async def test_stale_connection_write(start: Start, method: str) -> None:
    """A write is never sent twice, whatever HTTP says of its method: its outcome is unknown."""
    server, upstream = await start(reset_second)
    await read(upstream)
    request = ask()
    outcome = await upstream.send(method, "/orders", ask=request, call="orders", content=b"{}")
    assert isinstance(outcome, OutcomeUnknown)
    assert not outcome.timed_out
    assert request.calls == {"erp": 1}
    assert len(server.exchanges) == 2


async def test_fresh_connection_reset(start: Start) -> None:
    """A reset of a new connection is the system's trouble: a read is not sent again."""

    async def play(server: Faulty, exchange: Exchange) -> None:
        exchange.reset()

    _, upstream = await start(play)
    request = ask()
    with pytest.raises(SourceUnavailable):
        await read(upstream, request)
    assert request.calls == {"erp": 1}


@pytest.mark.parametrize("late", [False, True])
async def test_unasked_answer(start: Start, late: bool) -> None:
    """What a system sends unasked is never taken for the answer to the next request."""
    unasked = answer(b'{"rows":[{"sku":"SOMEBODY-ELSES","quantity":1}]}')

    async def play(server: Faulty, exchange: Exchange) -> None:
        if len(server.exchanges) > 1:
            await exchange.say(GOOD)
        elif late:
            await exchange.say(GOOD)
            await gate.wait()
            await exchange.say(unasked)
            said.set()
        else:
            await exchange.say(GOOD + unasked)

    gate, said = asyncio.Event(), asyncio.Event()
    server, upstream = await start(play, concurrency=1)
    assert (await read(upstream)).rows[0].sku == "A-1"
    if late:
        gate.set()
        await said.wait()
        # Loopback delivers at once; a few turns of the loop and the client has read it.
        for _ in range(10):
            await asyncio.sleep(0)
    for _ in range(3):
        assert (await read(upstream)).rows[0].sku == "A-1"
    assert server.connections == 2


async def gigabyte(server: Faulty, exchange: Exchange) -> None:
    await exchange.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    part = b"%x\r\n%b\r\n" % (MEGABYTE, b" " * MEGABYTE)
    for _ in range(1024):
        await exchange.say(part)
    await exchange.say(b"0\r\n\r\n")


BOMB = answer(gzip.compress(b" " * MEGABYTE) * 1024, "Content-Encoding: gzip")
LONG_BOMB = answer(gzip.compress(b" " * 64 * MEGABYTE), "Content-Encoding: gzip")


@pytest.mark.parametrize(
    "play", [gigabyte, saying(BOMB), saying(LONG_BOMB)], ids=["1 GB", "1 GB of gzip", "one stream"]
)
async def test_too_large(start: Start, play: Play) -> None:
    """A body over the cap, packed or not, is refused within 50 MB of memory."""
    _, upstream = await start(play)
    tracemalloc.start()
    try:
        with pytest.raises(SourceContract, match="allowed"):
            await read(upstream, ask(10))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 50 * MEGABYTE


async def test_largest_body(start: Start) -> None:
    """A body of exactly the cap is read, one byte more is not; the same for what it unpacks to."""
    whole = b'{"rows":[]}'.ljust(2048)
    said = [whole, whole + b" ", whole, whole + b" "]

    async def play(server: Faulty, exchange: Exchange) -> None:
        body = said[len(server.exchanges) - 1]
        if len(server.exchanges) > 2:
            await exchange.say(answer(gzip.compress(body), "Content-Encoding: gzip"))
        else:
            await exchange.say(answer(body))

    _, upstream = await start(play, max_body=2048)
    for _ in range(2):
        assert await read(upstream) == Rows([])
        with pytest.raises(SourceContract):
            await read(upstream)


async def test_cancel(start: Start) -> None:
    """A caller who leaves closes the connection at once and leaves the pool whole."""
    ended = asyncio.Event()

    async def play(server: Faulty, exchange: Exchange) -> None:
        if len(server.exchanges) > 1:
            await exchange.say(GOOD)
            return
        await exchange.wait_for_end()
        ended.set()
        exchange.hang_up()

    server, upstream = await start(play, concurrency=1)
    task = asyncio.create_task(read(upstream))
    await server.until(lambda: len(server.exchanges) == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5):
        await ended.wait()
    assert (await read(upstream)).rows


async def test_cancel_within_body(start: Start) -> None:
    """A caller who leaves in the middle of an answer leaves the pool whole too."""

    async def play(server: Faulty, exchange: Exchange) -> None:
        if len(server.exchanges) > 1:
            await exchange.say(GOOD)
            return
        await exchange.say(GOOD[:-5])
        await silence(server, exchange)

    server, upstream = await start(play, concurrency=1)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(read(upstream))
        await server.until(lambda: len(server.exchanges) == 1)
        await asyncio.sleep(0.05)
        task.cancel()
    assert (await read(upstream)).rows


async def test_concurrency(start: Start) -> None:
    """No more calls run side by side than the system's limit, and no more connections."""
    running, most, gate = 0, 0, asyncio.Event()

    async def play(server: Faulty, exchange: Exchange) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await server.tell()
        await gate.wait()
        running -= 1
        await exchange.say(GOOD)

    server, upstream = await start(play, concurrency=3)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(read(upstream)) for _ in range(20)]
        await server.until(lambda: running == 3)
        gate.set()
    assert all(task.result().rows for task in tasks)
    assert most == 3
    assert server.connections == 3


async def test_slow_system(start: Start) -> None:
    """Callers of a slow system all end within their deadline, its limit kept."""
    running, most = 0, 0

    async def play(server: Faulty, exchange: Exchange) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        try:
            await exchange.wait_for_end()
        finally:
            running -= 1
        exchange.hang_up()

    _, upstream = await start(play, concurrency=2, timeout=Duration(0.2))
    asks = [ask(0.5) for _ in range(20)]
    results = await asyncio.gather(*(read(upstream, each) for each in asks), return_exceptions=True)
    assert {type(each) for each in results} == {SourceTimeout}
    assert most <= 2


async def test_time_after_waiting(start: Start) -> None:
    """A call that had to wait for its slot still has the system's whole time for itself."""

    async def play(server: Faulty, exchange: Exchange) -> None:
        await asyncio.sleep(0.6)
        await exchange.say(GOOD)

    _, upstream = await start(play, concurrency=1, timeout=Duration(1))
    results = await asyncio.gather(read(upstream), read(upstream))
    assert all(each.rows for each in results)


async def test_no_slot(start: Start) -> None:
    """A call that waits in vain for a slot is NotSent, and not counted."""
    server, upstream = await start(silence, concurrency=1)
    holder = asyncio.create_task(read(upstream))
    await server.until(lambda: len(server.exchanges) == 1)
    request = ask(0.2)
    outcome = await upstream.send("POST", "/x", ask=request, call="x")
    assert outcome == NotSent("the time was over while waiting for a free slot", timed_out=True)
    assert not request.calls
    holder.cancel()


async def test_queue_is_bounded(start: Start) -> None:
    """Beyond a limit of waiting calls the next is turned away at once."""
    server, upstream = await start(silence, concurrency=1)
    tasks = [asyncio.create_task(read(upstream)) for _ in range(65)]
    await server.until(lambda: len(server.exchanges) == 1)
    outcome = await upstream.send("POST", "/x", ask=ask(), call="x")
    assert outcome == NotSent("too many calls wait for this system already")
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    server.play = saying(GOOD)
    assert (await read(upstream)).rows


@pytest.mark.parametrize(
    "path",
    [
        "rows",
        "//evil.example/rows",
        "http://evil.example/",
        "/rows//x",
        "/a/../b",
        "/..",
        "/a/%2E%2e/b",
        "/a/./b",
        "/\\evil.example",
        "/rows?x=1",
        "/rows#x",
        "/rows\r\nHost: evil.example",
        "/rows\n",
        "/a b",
        "/ż",
        "/%zz",
        "",
        "@evil.example/",
    ],
)
async def test_path(start: Start, path: str) -> None:
    """No path leads away from the configured address (S8)."""
    server, upstream = await start(saying(GOOD))
    with pytest.raises(SourceRejected, match="not sent"):
        await upstream.send("GET", path, ask=ask(), call="x")
    assert not server.connections


async def test_segment(start: Start) -> None:
    """A text of others is one segment of a path, whatever it holds."""
    server, upstream = await start(saying(GOOD))
    await upstream.send("GET", f"/c/{segment('../a?b#c/d%2e ż')}", ask=ask(), call="x")
    assert server.exchanges[0].line == "GET /c/..%2Fa%3Fb%23c%2Fd%252e%20%C5%BC HTTP/1.1"


async def test_redirect(start: Start) -> None:
    """A redirect is refused and nobody goes where it points (S8)."""
    target, _ = await start(saying(GOOD))
    where = f"Location: {target.url}/"
    for status in ("301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"):
        _, upstream = await start(saying(answer(b"", where, status=status)))
        outcome = await upstream.send("GET", "/x", ask=ask(), call="x")
        assert isinstance(outcome, Rejected)
        with pytest.raises(SourceContract):
            await read(upstream)
    assert not target.connections


async def test_environment(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment's proxies nor a system's cookies change what is sent."""
    proxy, _ = await start(saying(GOOD))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    body = b'{"rows":[]}'
    server, upstream = await start(saying(answer(body, "Set-Cookie: session=1; Path=/")))
    await read(upstream)
    await read(upstream)
    assert not proxy.connections
    assert "cookie" not in server.exchanges[1].head.lower()


async def test_close(start: Start) -> None:
    """Closing ends what is under way as an outcome; what comes afterwards is not sent."""
    server, upstream = await start(silence)
    task = asyncio.create_task(upstream.send("POST", "/x", ask=ask(), call="x"))
    await server.until(lambda: len(server.exchanges) == 1)
    await upstream.close()
    assert isinstance(await task, OutcomeUnknown)
    assert await upstream.send("POST", "/x", ask=ask(), call="x") == NotSent(
        "the gateway is shutting down"
    )


async def test_reach(start: Start) -> None:
    """Reaching tells whether anybody listens, without asking anything."""
    server, upstream = await start(saying(GOOD))
    assert await upstream.reach(5) is None
    await server.__aexit__()
    assert await upstream.reach(5) == "Connection refused"


@pytest.mark.parametrize(
    "url",
    [
        "erp.example.com",
        "ftp://erp.example.com",
        "http://",
        "http://user:pass@erp.example.com",
        "http://erp.example.com/?x=1",
        "http://erp.example.com/#x",
        "http://erp.example.com/a//b",
        "http://erp.example.com:99999",
        "http://[::1",
    ],
)
def test_address(url: str) -> None:
    """An address is a scheme, a host, a port and a path; nothing else is taken for one."""
    with pytest.raises(ValueError, match=r"write http|leave user"):
        Upstream("erp", SystemSettings(adapter="any", url=url, serves=[]))


def upstream_of_nothing(concurrency: int = 4) -> Upstream:
    settings = SystemSettings(
        adapter="any", url="http://127.0.0.1:9", serves=[], concurrency=concurrency
    )
    return Upstream("erp", settings)


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (ValueError("'X9' is not a valid OrderState"), "'X9' is not a valid OrderState"),
        (ValueError("invalid literal: 'Jan Kowalski'"), "invalid literal: '...'"),
        (ValueError("bad\r\nline"), "bad line"),
        (KeyError("MATNR"), "nothing is known of MATNR"),
        (KeyError("jan@example.com"), "nothing is known of a value found"),
        (IndexError("list index out of range"), "list index out of range"),
        (ZeroDivisionError("x"), "cannot compute with it (ZeroDivisionError)"),
    ],
)
def test_contract(error: Exception, detail: str) -> None:
    """Nonsense in an answer is SOURCE_CONTRACT; its text shows codes, never somebody's data."""

    def translate() -> None:
        with upstream_of_nothing().contract("orders") as contract:
            contract.field = "WAERK"
            raise error

    with pytest.raises(SourceContract) as caught:
        translate()
    failure = caught.value
    assert (failure.system, failure.call, failure.field) == ("erp", "orders", "WAERK")
    assert failure.detail == f"field WAERK: {detail}"


@pytest.mark.parametrize("error", [TypeError("x"), AttributeError("x"), RuntimeError("x")])
def test_contract_lets_bugs_through(error: Exception) -> None:
    """A bug in a translation is a bug, not the system's fault."""
    with pytest.raises(type(error)), upstream_of_nothing().contract("orders"):
        raise error


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity", "1e18", "-1e999999"])
def test_exact(text: str) -> None:
    """A decimal that is no number of this world is not passed on."""
    with pytest.raises(ValueError, match="not finite or beyond"):
        exact(Decimal(text))


def test_exact_passes() -> None:
    """An ordinary decimal is passed on with all its digits."""
    assert str(exact(Decimal("-1234567890.1200"))) == "-1234567890.1200"


async def test_chunked() -> None:
    """Keys go out once each, in chunks of the system's size, side by side, and come in order."""
    running, most, chunks = 0, 0, []

    async def fetch(keys: Any) -> list[int]:
        nonlocal running, most
        chunks.append(list(keys))
        running += 1
        most = max(most, running)
        # The later a chunk, the sooner it ends.
        for _ in range(30 - keys[0]):
            await asyncio.sleep(0)
        running -= 1
        return list(keys)

    keys = [*range(25), 3, 4, 3]
    parts = await upstream_of_nothing(3).chunked(keys, 4, fetch)
    assert [key for part in parts for key in part] == list(range(25))
    assert [len(chunk) for chunk in chunks] == [4, 4, 4, 4, 4, 4, 1]
    assert most == 3


async def test_chunked_nothing() -> None:
    """No keys make no call."""

    async def fetch(keys: Any) -> None:
        pytest.fail("called")

    assert await upstream_of_nothing().chunked([], 10, fetch) == []


@pytest.mark.parametrize("error", [SourceUnavailable("erp", "x", "gone"), RuntimeError("a bug")])
async def test_chunked_fails(error: Exception) -> None:
    """The first chunk that fails ends the others, and its own failure is raised."""
    cancelled = 0

    async def fetch(keys: Any) -> None:
        nonlocal cancelled
        if keys == [2]:
            raise error
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled += 1
            raise

    async with asyncio.timeout(5):
        with pytest.raises(type(error)) as caught:
            await upstream_of_nothing(3).chunked([0, 1, 2, 3, 4], 1, fetch)
    assert caught.value is error
    assert cancelled == 2


async def test_chunked_cancelled() -> None:
    """A caller who leaves takes all chunks along."""
    started, cancelled = asyncio.Event(), 0

    async def fetch(keys: Any) -> None:
        nonlocal cancelled
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled += 1
            raise

    task = asyncio.create_task(upstream_of_nothing(2).chunked([0, 1, 2], 1, fetch))
    async with asyncio.timeout(5):
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert cancelled == 2


async def test_other_encoding(start: Start) -> None:
    """An encoding that was not accepted is refused rather than guessed at."""
    _, upstream = await start(saying(answer(zlib.compress(b"{}"), "Content-Encoding: deflate")))
    with pytest.raises(SourceContract, match="only gzip was accepted"):
        await read(upstream)
