"""The bench: what it measures is the same for everybody, and it tells errors from answers."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest

from bench import cold, contender, measure
from bench.contender import BY_NAME, ROOT, Missing, Running
from bench.load import LoadError, ask, run
from bench.measure import Pair, Row
from bench.ratio import compared, excess, paired, typical
from bench.workload import BY_NAME as WORKLOAD_BY_NAME
from bench.workload import WORKLOADS, Workload

_CALLS = {
    "listing": 3,
    "detail": 3,
    "agent360": 5,
    "hello": 0,
    "listing-500": 3,
    "listing-warm": 3,
    "cold": 3,
}
_ON_NODE = [each.name for each in BY_NAME.values() if each.npm]
_NAMES = [each.name for each in WORKLOADS]


@pytest.fixture(scope="module")
def upstream() -> Iterator[Running]:
    """The bench's systems."""
    running = contender.start_upstream(None)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def gateway(upstream: Running) -> Iterator[Running]:
    """The gateway before them."""
    running = contender.start(BY_NAME["gateway"], upstream.url, None, is_warm=False)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def floor(upstream: Running) -> Iterator[Running]:
    """The hand-written endpoint before them."""
    running = contender.start(BY_NAME["floor"], upstream.url, None, is_warm=False)
    yield running
    running.stop()


@pytest.mark.parametrize("workload", WORKLOADS, ids=_NAMES)
async def test_gateway_and_floor_answer_alike(
    workload: Workload, upstream: Running, gateway: Running, floor: Running
) -> None:
    """Gateway and floor give the same data for each question, with the same number of calls."""
    token = await measure.token(upstream)
    for turn in (0, 1):
        answers = []
        for running in (gateway, floor):
            before = await _calls(upstream)
            answers.append(await measure.data(Pair(workload, running), token, turn))
            assert await _calls(upstream) - before == _CALLS[workload.name]
        assert answers[0] == answers[1]


@pytest.mark.systems
@pytest.mark.long
@pytest.mark.parametrize("name", _ON_NODE)
async def test_contenders_on_node_answer_alike(
    name: str, upstream: Running, floor: Running
) -> None:
    """Each contender on Node.js gives the floor's data, with its cache off and on."""
    if not BY_NAME[name].is_installed():
        pytest.skip(f"{name} is not installed; scripts/bench --contender {name} installs it")
    token = await measure.token(upstream)
    for is_warm in (False, True):
        running = contender.start(BY_NAME[name], upstream.url, None, is_warm=is_warm)
        try:
            for workload in WORKLOADS:
                if workload.is_warm is not is_warm:
                    continue
                for _ in range(2):
                    found = await measure.data(Pair(workload, running), token, 1)
                    assert found == await measure.data(Pair(workload, floor), token, 1)
        finally:
            running.stop()


async def test_another_checkout_is_served_from_its_own_folder(
    tmp_path: Path, upstream: Running, gateway: Running
) -> None:
    """The gateway beside is that of the other checkout's files, and answers on the same systems."""
    for each in ROOT.iterdir():
        if not each.name.startswith("."):
            (tmp_path / each.name).symlink_to(each)
    (tmp_path / "app.py").unlink()
    own = (ROOT / "app.py").read_text()
    (tmp_path / "app.py").write_text(f"open('served', 'w').close()\n{own}")
    other = contender.start(contender.beside(tmp_path), upstream.url, None, is_warm=False)
    try:
        token = await measure.token(upstream)
        workload = WORKLOAD_BY_NAME["detail"]
        found = await measure.data(Pair(workload, other), token, 0)
        assert found == await measure.data(Pair(workload, gateway), token, 0)
        assert (tmp_path / "served").exists()
    finally:
        other.stop()


def test_the_yardstick_takes_its_turns() -> None:
    """Parsing and validating is measured whenever asked, by a process of its own."""
    yardstick = cold.start(None)
    try:
        assert all(0 < yardstick.measure("0.01") < 1 for _ in range(2))
    finally:
        yardstick.stop()


def test_a_folder_without_the_project_is_no_checkout(tmp_path: Path) -> None:
    """A folder that is no checkout is refused by name."""
    with pytest.raises(Missing, match=r"bench/gateway\.toml"):
        contender.beside(tmp_path)


def test_a_ratio_is_that_of_rounds() -> None:
    """What slows a whole round down changes no ratio, and ratios of ratios are ratios."""
    calm = paired([2.0, 2.2, 1.8], [1.0, 1.0, 1.0])
    slow = paired([2.0, 2.2 * 7, 1.8], [1.0, 7.0, 1.0])
    assert (slow.value, slow.low, slow.high) == pytest.approx((calm.value, calm.low, calm.high))
    assert calm.value == pytest.approx((2.0 * 2.2 * 1.8) ** (1 / 3))
    assert (calm.low, calm.high) == pytest.approx((1.9, 2.1))
    assert calm.value == pytest.approx(typical([2.0, 2.2, 1.8]) / typical([1.0, 1.0, 1.0]))


def test_only_rounds_of_all_sides_are_compared() -> None:
    """A round that one side took no part in says nothing of the other."""
    assert compared({0: 2.0, 1: 9.0}, {0: 1.0, 2: 1.0}) == paired([2.0], [1.0])
    assert compared({0: 1.0}, {1: 1.0}) is None
    more = excess({0: 5.0, 1: 5.0, 2: 9.0}, {0: 2.0, 1: 2.0}, {0: 1.5, 1: 1.5})
    assert more is not None
    assert more.value == pytest.approx(2.0)


async def test_cpu_is_that_of_all_threads() -> None:
    """What a process costs is what its own clock says, threads that have ended included."""
    burn = """
import threading, time
thread = threading.Thread(target=lambda: sum(range(2_000_000)))
thread.start()
thread.join()
print(time.process_time(), flush=True)
input()
"""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", burn),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    own = float(await asyncio.wait_for(process.stdout.readline(), 30))
    assert own <= measure.cpu_seconds(process.pid) < 1.2 * own
    await asyncio.wait_for(process.communicate(b"\n"), 30)


def test_rows_have_the_keys_that_others_read() -> None:
    """A row in the JSON file has exactly the keys that are promised."""
    assert Row.__struct_fields__ == (
        "workload",
        "contender",
        "cpu_us_per_request",
        "requests_per_second",
        "p50_ms",
        "p99_ms",
        "rss_mb",
        "upstream_calls_per_request",
    )


@pytest.mark.parametrize(
    "answer",
    [
        b'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{"a":1}',
        b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n',
    ],
    ids=["length", "chunks"],
)
async def test_load_reads_answers_in_any_pieces(answer: bytes) -> None:
    """An answer is whole once all its pieces have come, however they are cut."""
    async with _answering([answer[at : at + 1] for at in range(len(answer))]) as url:
        assert await ask(url, b"GET / HTTP/1.1\r\n\r\n") == b'{"a":1}'


async def test_load_takes_no_error_for_an_answer() -> None:
    """A load ends with the first answer that is no 200, too short to be one, or has errors."""
    refusal = b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"
    short = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    partly = b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n{"data":1,"errors":[{}]}' % 24
    for answer, least in ((refusal, 0), (short, 3), (partly, 0)):
        async with _answering([answer]) as url:
            with pytest.raises(LoadError):
                await run(
                    url,
                    lambda: b"GET / HTTP/1.1\r\n\r\n",
                    connections=1,
                    seconds=5,
                    most=9,
                    least_bytes=least,
                )


async def _calls(upstream: Running) -> int:
    body = await ask(upstream.url, b"GET /_bench/calls HTTP/1.1\r\n\r\n")
    return int(orjson.loads(body)["calls"])


@asynccontextmanager
async def _answering(pieces: list[bytes]) -> AsyncIterator[str]:
    """A server that gives one answer, piece by piece."""

    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        await reader.read()
        writer.close()
        await writer.wait_closed()
        ended.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await asyncio.wait_for(ended.wait(), 5)
