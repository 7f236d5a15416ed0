"""What a crowd does to the gateway: ``python -m bench.crowd``.

Measures in turn, over and over, what the gateway can serve, and what it serves while so many times
as much is asked of it, and prints R13's figures beside what is allowed. The exit status is 1 where
a bar is missed. Other work on the machine counts against neither side: both are also given by the
gateway's own CPU time.
"""

import argparse
import asyncio
import os
import re
import statistics
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import uvloop
from msgspec import Struct

from bench import contender
from bench.__main__ import cores
from bench.contender import CONTENDERS, Running
from bench.load import ask
from bench.measure import core_seconds, cpu_seconds
from bench.workload import BY_NAME

GOODPUT = 0.8
REFUSED_MS = 50.0
# How often a shopper in a crowd asks for what: the page everybody came for, and the way there.
_MIX = {"detail": 7, "listing": 2, "hello": 1}
_ADDRESSES = 2_000
_TICK = 0.002
# Where Linux weighs sessions against each other, a process is first only within its own.
_AUTOGROUP = Path("/proc/self/autogroup")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_END_SECONDS = 10.0
_BUSY_CONNECTIONS = 12


class Round(Struct, frozen=True, kw_only=True):
    """What happened in one stretch of time. *Units*: seconds; ``others`` a part of a core."""

    seconds: float
    cpu: float
    others: float
    sent: int
    unsent: int
    served: list[float]
    refused: list[float]
    failed: Counter[str]

    @property
    def rate(self) -> float:
        """Operations served a second."""
        return len(self.served) / self.seconds

    @property
    def per_cpu(self) -> float:
        """Operations served in a second of the gateway's CPU."""
        return len(self.served) / self.cpu


class _Connection(asyncio.Protocol):
    """A kept connection with at most one request on its way."""

    def __init__(self, crowd: "_Crowd") -> None:
        self._crowd = crowd
        self._held = b""
        self._missing = 0
        self._status = b""
        self.sent = 0.0
        self.is_waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, _: Exception | None) -> None:
        self._crowd.lost(self)

    def send(self, request: bytes) -> None:
        self.sent, self.is_waiting = time.perf_counter(), True
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
        else:
            self._held = data = self._held + data
            end = data.find(b"\r\n\r\n")
            if end < 0:
                return
            found = _LENGTH.search(data, 0, end + 2)
            self._status = data[9:12]
            self._missing = end + 4 + int(found[1] if found else 0) - len(data)
            self._held = b""
        if self._missing <= 0:
            self._missing, self.is_waiting = 0, False
            self._crowd.answered(self, self._status)


class _Crowd:
    """Many shoppers, each behind an address of its own, over a proxy's kept connections."""

    def __init__(self, url: str, connections: int, token: str | None) -> None:
        self._url = url
        self._connections = connections
        self._requests = _requests(url, token)
        self._turn = 0
        self._idle: deque[_Connection] = deque()
        self._all: list[_Connection] = []
        self._is_closed_loop = False
        self._is_over = False
        self.sent = self.unsent = 0
        self.failed: Counter[str] = Counter()
        self.served: list[float] = []
        self.refused: list[float] = []

    async def open(self) -> None:
        """Have all connections open and at rest; those that rested too long were closed."""
        place, loop = urlsplit(self._url), asyncio.get_running_loop()
        self._all = [each for each in self._all if not each.transport.is_closing()]
        while len(self._all) < self._connections:
            _, each = await loop.create_connection(
                lambda: _Connection(self), place.hostname or "", place.port or 80
            )
            self._all.append(each)
        self._idle = deque(self._all)

    def close(self) -> None:
        self._is_over = True
        for each in self._all:
            each.transport.close()

    def lost(self, connection: _Connection) -> None:
        # One that rests may be closed at any time, as a proxy knows.
        if connection.is_waiting and not self._is_over:
            self.failed["connection closed"] += 1
        connection.is_waiting = False

    def answered(self, connection: _Connection, status: bytes) -> None:
        took = time.perf_counter() - connection.sent
        if status == b"200":
            self.served.append(took)
        elif status == b"429":
            self.refused.append(took)
        else:
            self.failed[f"status {status.decode('latin-1')}"] += 1
        if self._is_closed_loop:
            self._send(connection)
        else:
            self._idle.append(connection)

    def _send(self, connection: _Connection) -> None:
        self._turn = (self._turn + 1) % len(self._requests)
        self.sent += 1
        connection.send(self._requests[self._turn])

    def forget(self) -> None:
        self.sent = self.unsent = 0
        self.failed, self.served, self.refused = Counter(), [], []

    async def saturate(self, seconds: float) -> None:
        """Keep a few connections busy, one request after the other."""
        self._is_closed_loop = True
        for _ in range(_BUSY_CONNECTIONS):
            self._send(self._idle.pop())
        await asyncio.sleep(seconds)
        self._is_closed_loop = False

    async def press(self, rate: float, seconds: float) -> None:
        """Send so many requests a second, whatever comes back."""
        started, done = time.perf_counter(), 0
        while (passed := time.perf_counter() - started) < seconds:
            due = int(rate * passed) - done
            done += due
            for _ in range(due):
                # The one that rested longest: none rests until the gateway closes it.
                while self._idle and self._idle[0].transport.is_closing():
                    self._idle.popleft()
                if self._idle:
                    self._send(self._idle.popleft())
                else:
                    self.unsent += 1
            await asyncio.sleep(_TICK)

    async def rest(self) -> None:
        """Wait until nothing is on its way."""
        async with asyncio.timeout(_END_SECONDS):
            while any(each.is_waiting for each in self._all):  # noqa: ASYNC110 - a bench's
                await asyncio.sleep(_TICK)


def _requests(url: str, token: str | None) -> list[bytes]:
    """Whole requests in turn, mixed evenly."""
    place = urlsplit(url)
    bodies = {name: BY_NAME[name].bodies() for name in _MIX}
    order = sorted(
        ((turn + 0.5) / share, name) for name, share in _MIX.items() for turn in range(share)
    )
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    made = []
    for number in range(_ADDRESSES):
        name = order[number % len(order)][1]
        body = bodies[name][number // len(order) % len(bodies[name])]
        head = (
            f"POST {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\n"
            "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
            "Accept: application/graphql-response+json, application/json;q=0.9\r\n"
            "Accept-Language: pl,en;q=0.8\r\nAccept-Encoding: gzip, deflate, br\r\n"
            f"X-Forwarded-For: 10.{number >> 8}.{number & 255}.7\r\n{authorization}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


class _Meter:
    def __init__(self, gateway: Running, core: int | None, crowd: _Crowd) -> None:
        self._gateway = gateway
        self._core = core
        self._crowd = crowd

    async def round(self, seconds: float, rate: float | None) -> Round:
        crowd = self._crowd
        await crowd.open()
        crowd.forget()
        cpu, core = cpu_seconds(self._gateway.pid), core_seconds(self._core)
        started = time.perf_counter()
        await (crowd.press(rate, seconds) if rate else crowd.saturate(seconds))
        took = time.perf_counter() - started
        spent = cpu_seconds(self._gateway.pid) - cpu
        others = core_seconds(self._core) - core - spent
        found = Round(
            seconds=took,
            cpu=spent,
            others=max(0.0, others / took),
            sent=crowd.sent,
            unsent=crowd.unsent,
            served=crowd.served,
            refused=crowd.refused,
            failed=crowd.failed,
        )
        await crowd.rest()
        return found


async def _measure(given: argparse.Namespace) -> int:
    core, other = cores()
    if other is not None:
        os.sched_setaffinity(0, {other})
    # The crowd comes through a proxy, which tells who is who.
    os.environ["FORWARDED_ALLOW_IPS"] = "127.0.0.1"
    upstream = contender.start_upstream(other)
    try:
        made = next(each for each in CONTENDERS if each.name == "gateway")
        gateway = contender.start(made, upstream.url, core, is_warm=False)
        try:
            for pid in (upstream.pid, gateway.pid, os.getpid()):
                # Where it is allowed, others on the machine do not make the gateway late.
                with suppress(OSError):
                    os.setpriority(os.PRIO_PROCESS, pid, -19)
            token = await _token(upstream) if given.token else None
            crowd = _Crowd(gateway.url, given.connections, token)
            meter = _Meter(gateway, core, crowd)
            await meter.round(3.0, None)
            able, pressed = [], []
            for _ in range(given.rounds):
                able.append(await meter.round(given.seconds / 3, None))
                rate = given.times * statistics.median(each.rate for each in able)
                pressed.append(await meter.round(given.seconds, rate))
            crowd.close()
        finally:
            gateway.stop()
    finally:
        upstream.stop()
    return _report(able, pressed, given.times)


async def _token(upstream: Running) -> str:
    line = f"GET /_bench/token HTTP/1.1\r\nHost: {urlsplit(upstream.url).netloc}\r\n\r\n"
    return (await ask(upstream.url, line.encode())).decode().split('"')[3]


def _report(able: list[Round], pressed: list[Round], times: float) -> int:
    capacity = statistics.median(each.rate for each in able)
    by_cpu = statistics.median(each.per_cpu for each in able)
    goodput = statistics.median(each.rate for each in pressed)
    goodput_by_cpu = statistics.median(each.per_cpu for each in pressed)
    refused = sorted(took for each in pressed for took in each.refused)
    served = sorted(took for each in pressed for took in each.served)
    alone = sorted(took for each in able for took in each.served)
    sent = sum(each.sent for each in pressed)
    failed = sum((each.failed for each in pressed), Counter[str]())
    share = min(goodput / capacity, goodput_by_cpu / by_cpu)
    offered = statistics.median(each.sent / each.seconds for each in pressed)
    cost = 1e6 / by_cpu
    turned = sum(len(each.refused) for each in pressed)
    spent = sum(each.cpu for each in pressed)
    dear = (spent * 1e6 - sum(len(each.served) for each in pressed) * cost) / max(1, turned)
    print(f"capacity   {capacity:8.0f}/s  {by_cpu:8.0f} in a second of CPU ({cost:.0f} µs each)")
    print(f"offered    {offered:8.0f}/s  {offered / capacity:8.1f} times the capacity")
    print(f"goodput    {goodput:8.0f}/s  {goodput_by_cpu:8.0f} in a second of CPU")
    print(f"           {goodput / capacity:8.1%}    {goodput_by_cpu / by_cpu:8.1%} by CPU")
    print(f"refused    p50 {_ms(refused, 50):.1f} ms, p99 {_ms(refused, 99):.1f} ms", end="")
    print(f", all of the rest {dear:.0f} µs of CPU each")
    print(f"served     p50 {_ms(served, 50):.1f} ms, p99 {_ms(served, 99):.1f} ms", end="")
    print(f"; unpressed p50 {_ms(alone, 50):.1f} ms, p99 {_ms(alone, 99):.1f} ms")
    unsent = sum(each.unsent for each in pressed)
    print(f"of {sent} sent {failed.total()} failed; {unsent} found no connection free")
    others = statistics.mean(each.others for each in (*able, *pressed))
    if others > 0.05:
        print(f"other work had {others:.0%} of the gateway's core: measure again when it rests")
    missed = []
    if share < GOODPUT:
        missed.append(f"goodput {share:.1%}, at least {GOODPUT:.0%}")
    if _ms(refused, 99) > REFUSED_MS:
        missed.append(f"refusals p99 {_ms(refused, 99):.1f} ms, at most {REFUSED_MS:g}")
    if failed:
        missed.append(", ".join(f"{number} x {what}" for what, number in failed.items()))
    if offered < 0.95 * times * capacity:
        missed.append("the crowd was smaller than asked for")
    print("every bar is met" if not missed else f"missed: {'; '.join(missed)}")
    return 1 if missed else 0


def _ms(latencies: list[float], percent: int) -> float:
    if not latencies:
        return 0.0
    return latencies[min(len(latencies) - 1, len(latencies) * percent // 100)] * 1e3


def main(arguments: Sequence[str]) -> int:
    """Measure and print; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.crowd", description=__doc__)
    parser.add_argument("--times", type=float, default=10.0, help="the capacity, offered")
    parser.add_argument("--seconds", type=float, default=10.0, help="of crowd in each round")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--connections", type=int, default=600)
    parser.add_argument("--token", action="store_true", help="a crowd of one signed-in agent")
    with suppress(OSError):
        _AUTOGROUP.write_text("-19")
    return uvloop.run(_measure(parser.parse_args(arguments)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
