"""What a crowd does to the gateway: ``python -m bench.crowd``.

Measures in turn, over and over, what the gateway can serve, and what it serves while so many times
as much is asked of it, and prints the figures beside what is allowed. The exit status is 1 where
a bar is missed. Other work on the machine counts against neither side: both are also given by the
gateway's own CPU time.
"""

import argparse
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import uvloop
from msgspec import Struct

from bench import contender
from bench.__main__ import cores
from bench.contender import CONTENDERS, Running
from bench.load import ask
from bench.measure import core_seconds, cpu_seconds
from bench.shopper import Crowd

GOODPUT = 0.8
REFUSED_MS = 50.0
# Where Linux weighs sessions against each other, a process is first only within its own.
_AUTOGROUP = Path("/proc/self/autogroup")


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


class _Meter:
    def __init__(self, gateway: Running, core: int | None, crowd: Crowd) -> None:
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
            crowd = Crowd(gateway.url, given.connections, token)
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
