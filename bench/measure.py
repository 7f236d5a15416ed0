"""Rounds: every contender in turn, over and over, and what each of them cost."""

import itertools
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from msgspec import Struct, structs

from bench.contender import Running
from bench.load import Connections, Load, LoadError, ask, connected, requests
from bench.ratio import typical
from bench.workload import Workload

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MOST = 200_000
_WARM_TURNS = 4
_MARK_LETTERS = 8  # six bytes in base64
_WARM_SECONDS = 10.0
_LEAST_BUSY = 0.3


class Plan(Struct, frozen=True):
    """How long it is measured.

    *Shape*: ``turns`` is how often all contenders are started anew, ``rounds`` how often each is
    measured in a turn. *Units*: ``seconds`` and ``warm_seconds`` of each contender's own CPU, in
    a round and before the first, so that a busy machine makes it longer and not worse; ``budget``
    seconds from a turn's start, after which no further round begins.
    """

    turns: int
    rounds: int
    seconds: float
    warm_seconds: float
    budget: float


class Sample(Struct, frozen=True, kw_only=True):
    """One contender's part in one round; ``number`` is the round's, over all turns.

    *Units*: seconds; ``busy`` and ``others`` parts of the contender's core that it had itself,
    and that work beside the bench had.
    """

    number: int
    cpu: float
    rate: float
    p50: float
    p99: float
    rss: int
    calls: float
    busy: float
    others: float


class Row(Struct, frozen=True, kw_only=True):
    """What one contender did in one workload, over all turns: of CPU the rounds' geometric mean, so
    that ratios of rows are the mean ratios of the rounds; of all else their medians.
    """

    workload: str
    contender: str
    cpu_us_per_request: float
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    rss_mb: float
    upstream_calls_per_request: float


class Pair(Struct, frozen=True):
    """A workload, and one of the contenders that answer it."""

    workload: Workload
    contender: Running


async def token(upstream: Running) -> str:
    """Have the agent's access token."""
    body = await ask(upstream.url, _get("/_bench/token"))
    return str(orjson.loads(body)["token"])


async def data(pair: Pair, token: str, turn: int) -> object:
    """Ask once, and give the answer's data; of its cursors only the place, for comparison.

    *Errors*: ``LoadError``, also for an answer with errors.
    """
    bodies = [pair.workload.cold_bodies()()] if pair.workload.is_cold else pair.workload.bodies()
    body = bodies[turn % len(bodies)]
    request = requests(pair.contender.url, lambda: body, _token(pair, token))()
    answer = orjson.loads(await ask(pair.contender.url, request))
    if answer.get("errors"):
        raise LoadError(f"{pair.contender.name} answers {pair.workload.name} with {answer}"[:2000])
    return _unmarked(answer["data"])


def _unmarked(value: Any) -> Any:
    """Take off what marks the list that a cursor is of, which each contender writes as it likes."""
    if isinstance(value, list):
        return [_unmarked(each) for each in value]
    if isinstance(value, dict):
        return {
            name: each[_MARK_LETTERS:] if name == "endCursor" and each else _unmarked(each)
            for name, each in value.items()
        }
    return value


class Meter:
    """Measures pairs against one upstream."""

    def __init__(self, upstream: Running, token: str, plan: Plan, core: int | None) -> None:
        self._upstream = upstream
        self._token = token
        self._plan = plan
        self._core = core
        self._samples: dict[tuple[str, str], list[Sample]] = {}
        self._next: dict[tuple[str, str], Callable[[], bytes]] = {}
        self._noted: dict[tuple[str, str], dict[int, float]] = {}
        self._busy: dict[tuple[str, str], float] = {}
        self._least: dict[tuple[str, str], int] = {}

    async def warm(self, pair: Pair) -> None:
        """Let a contender that has just started compile, pool and cache what it will need."""
        self._next.pop(_key(pair), None)
        request = self._requests(pair)
        body = await ask(pair.contender.url, request())
        # An answer with errors is far shorter; the variables in turn make it vary a little.
        self._least[_key(pair)] = len(body) // 2 if len(body) > 200 else 0
        left = self._plan.warm_seconds
        async with connected(pair.contender.url, pair.workload.connections) as connections:
            for _ in range(_WARM_TURNS):
                before = cpu_seconds(pair.contender.pid)
                load = await self._load(connections, pair, left)
                spent = cpu_seconds(pair.contender.pid) - before
                self._busy[_key(pair)] = spent / load.seconds
                left -= spent
                if left < self._plan.warm_seconds / 10:
                    break

    async def measure(self, pair: Pair, number: int) -> None:
        """Take one sample, in the round of this number."""
        async with connected(pair.contender.url, pair.workload.connections) as connections:
            # Not counted: the connections, what the caches of the core have to be told anew, and
            # what the contender's own cache has lost since its last round.
            again = len(pair.workload.variables) if pair.workload.is_warm else 1
            await self._load(connections, pair, _WARM_SECONDS, again)
            calls, before = await self._calls(), cpu_seconds(pair.contender.pid)
            core = core_seconds(self._core)
            seconds = self._plan.seconds / max(_LEAST_BUSY, self._busy[_key(pair)])
            load = await self._load(connections, pair, seconds)
            spent = cpu_seconds(pair.contender.pid) - before
            others = core_seconds(self._core) - core - spent
        asked = len(load.latencies)
        latencies = sorted(load.latencies)
        self._busy[_key(pair)] = spent / load.seconds
        self._samples.setdefault(_key(pair), []).append(
            Sample(
                number=number,
                cpu=spent / asked,
                rate=asked / load.seconds,
                p50=latencies[asked // 2],
                p99=latencies[min(asked - 1, asked * 99 // 100)],
                rss=rss_bytes(pair.contender.pid),
                calls=(await self._calls() - calls) / asked,
                busy=spent / load.seconds,
                others=max(0.0, others / load.seconds),
            )
        )

    def row(self, pair: Pair) -> Row:
        """Sum up a pair's samples."""
        samples = self._samples[_key(pair)]

        def median(of: Callable[[Sample], float]) -> float:
            return statistics.median(map(of, samples))

        return Row(
            workload=pair.workload.name,
            contender=pair.contender.name,
            cpu_us_per_request=round(typical([each.cpu for each in samples]) * 1e6, 1),
            requests_per_second=round(median(lambda each: each.rate), 1),
            p50_ms=round(median(lambda each: each.p50) * 1e3, 3),
            p99_ms=round(median(lambda each: each.p99) * 1e3, 3),
            rss_mb=round(median(lambda each: each.rss) / 1e6, 1),
            upstream_calls_per_request=round(median(lambda each: each.calls), 3),
        )

    def note(self, workload: Workload, name: str, number: int, cpu: float) -> None:
        """Note what something else than a contender took in a round, in its turn."""
        self._noted.setdefault((workload.name, name), {})[number] = cpu

    def costs(self, workload: str, contender: str) -> dict[int, float]:
        """Give the CPU seconds for each request by the number of the round."""
        key = workload, contender
        noted = self._noted.get(key)
        return noted or {each.number: each.cpu for each in self._samples.get(key, ())}

    def samples(self) -> list[dict[str, Any]]:
        """Give all that was measured, nothing left out."""
        return [
            {"workload": workload, "contender": contender, **structs.asdict(each)}
            for (workload, contender), samples in self._samples.items()
            for each in samples
        ]

    def busy(self, pair: Pair) -> float:
        """How much of its core a contender used: far below 1, something else held it up."""
        return statistics.median(each.busy for each in self._samples[_key(pair)])

    def others(self) -> float:
        """What part of the contenders' core work beside the bench had, over all rounds."""
        return statistics.mean(each.others for row in self._samples.values() for each in row)

    async def _load(
        self, connections: Connections, pair: Pair, seconds: float, most: int = _MOST
    ) -> Load:
        return await connections.run(
            self._requests(pair),
            seconds=seconds,
            most=most,
            least_bytes=self._least[_key(pair)],
        )

    def _requests(self, pair: Pair) -> Callable[[], bytes]:
        """The pair's requests; they go on where the last round ended, so that cold stays cold."""
        found = self._next.get(_key(pair))
        if found is None:
            asking = _token(pair, self._token)
            if pair.workload.is_cold:
                found = requests(pair.contender.url, pair.workload.cold_bodies(), asking)
            else:
                whole = requests(
                    pair.contender.url, iter(bodies := pair.workload.bodies()).__next__, asking
                )
                found = itertools.cycle([whole() for _ in bodies]).__next__
            self._next[_key(pair)] = found
        return found

    async def _calls(self) -> int:
        answer = orjson.loads(await ask(self._upstream.url, _get("/_bench/calls")))
        return int(answer["calls"])


def cpu_seconds(pid: int) -> float:
    """The CPU time of a process, its threads, and the processes it has started and still has."""
    return sum(_cpu(each) for each in _family(pid))


def core_seconds(core: int | None) -> float:
    """How long a core has been busy with whatever it was; 0 where none is ours alone."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *fields = line.split()
        if name == f"cpu{core}":
            user, nice, system, _, _, interrupt, soft, *_ = map(int, fields)
            return (user + nice + system + interrupt + soft) / _TICK
    return 0.0


def rss_bytes(pid: int) -> int:
    """The memory that a process and those it has started hold."""
    return sum(
        int(Path(f"/proc/{each}/statm").read_text().split()[1]) * _PAGE for each in _family(pid)
    )


def _family(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def _cpu(pid: int) -> float:
    # Linux's clock of another process (clock_getcpuclockid): all its threads, ended ones too, in
    # nanoseconds. /proc/PID/stat counts in hundredths, far too coarse for a tenth of a second.
    return time.clock_gettime((~pid << 3) | 2)


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()


def _key(pair: Pair) -> tuple[str, str]:
    return pair.workload.name, pair.contender.name


def _token(pair: Pair, token: str) -> str | None:
    return token if pair.workload.is_staff else None
