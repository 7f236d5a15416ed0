"""Runs the bench: ``scripts/bench --help``."""

import argparse
import asyncio
import itertools
import os
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import orjson
import uvloop
from msgspec import structs

from bench import cold, contender, measure, profile, report
from bench.contender import CONTENDERS, Contender, Missing, Running
from bench.load import LoadError
from bench.measure import Meter, Pair, Plan, Row
from bench.side import Side
from bench.workload import BY_NAME, Workload

# Many short rounds rather than a few long ones: what disturbs the machine lasts for seconds, so
# that it falls on all contenders of a workload alike. Several turns, because no two processes of
# one program are equally fast: hashes, addresses and what a compiler saw first differ.
_FULL = Plan(turns=4, rounds=15, seconds=0.05, warm_seconds=0.8, budget=180)
_QUICK = Plan(turns=1, rounds=15, seconds=0.05, warm_seconds=0.6, budget=160)
_BESIDE = Plan(turns=3, rounds=30, seconds=0.05, warm_seconds=0.8, budget=240)
_LEAST_ROUNDS = 3
_BELOW = 0.85
_DISTURBED = 0.05


class Different(Exception):  # noqa: N818 - says what it is
    """Two contenders answer the same question differently."""


def main(arguments: Sequence[str]) -> int:
    """Run from the command line; 1 where the contenders' answers differ, 2 where none can run."""
    given = _parser().parse_args(arguments)
    try:
        if given.profile:
            return uvloop.run(profile.run(BY_NAME[given.profile], given.seconds))
        plan = _QUICK if given.quick else _BESIDE if given.beside else _FULL
        if given.rounds:
            plan = structs.replace(plan, rounds=given.rounds)
        if given.turns:
            plan = structs.replace(plan, turns=given.turns)
        workloads = [BY_NAME[name] for name in given.workload or BY_NAME]
        meter, rows = uvloop.run(
            _bench(plan, workloads, _wanted(given), is_strict=_is_strict(given))
        )
    except Different as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except (Missing, LoadError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    if given.samples:
        given.samples.write_bytes(orjson.dumps(meter.samples()))
    if given.json:
        given.json.write_bytes(orjson.dumps(rows, default=_plain, option=orjson.OPT_INDENT_2))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="Measures the gateway beside what one could run instead."
    )
    parser.add_argument(
        "--quick", action="store_true", help="one turn of short rounds: at most three minutes"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a row for each cell")
    parser.add_argument(
        "--samples", type=Path, metavar="FILE", help="write what was measured in every round"
    )
    parser.add_argument("--turns", type=int, help="start all contenders so often instead")
    parser.add_argument("--rounds", type=int, help="so many rounds a turn instead")
    parser.add_argument(
        "--workload", action="append", choices=list(BY_NAME), help="only this one; repeatable"
    )
    parser.add_argument(
        "--contender",
        action="append",
        default=[],
        choices=[each.name for each in CONTENDERS],
        help="only this one; repeatable",
    )
    parser.add_argument(
        "--beside",
        type=Path,
        metavar="DIR",
        help="with the gateway of another checkout, by default with it alone",
    )
    parser.add_argument(
        "--profile", choices=list(BY_NAME), help="instead, tell where the gateway's time goes"
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="how long to profile")
    return parser


def _wanted(given: argparse.Namespace) -> list[Contender]:
    """Give the contenders that were asked for."""
    names = given.contender or (["gateway"] if given.beside else [each.name for each in CONTENDERS])
    found = [each for each in CONTENDERS if each.name in names]
    # Next to this checkout's gateway, so that both have the machine in the same state.
    return [*found[:1], contender.beside(given.beside), *found[1:]] if given.beside else found


def _is_strict(given: argparse.Namespace) -> bool:
    """Tell whether contenders were named, so that none may be missing."""
    return bool(given.contender or given.beside)


async def _bench(
    plan: Plan, workloads: list[Workload], wanted: list[Contender], *, is_strict: bool
) -> tuple[Meter, list[Row]]:
    core, other = cores()
    if other is not None:
        os.sched_setaffinity(0, {other})
    with ExitStack() as owned:
        upstream = contender.start_upstream(other)
        owned.callback(upstream.stop)
        token = await measure.token(upstream)
        meter = Meter(upstream, token, plan, core)
        yardstick = cold.start(core) if any(each.is_cold for each in workloads) else None
        if yardstick is not None:
            owned.callback(yardstick.stop)
        for number in range(plan.turns):
            if plan.turns > 1:
                _say(f"turn {number + 1} of {plan.turns}")
            end = time.monotonic() + plan.budget
            with ExitStack() as started:
                pairs = _start(started, upstream, workloads, wanted, core, is_strict=is_strict)
                if not pairs:
                    raise Missing("no contender could be started")
                await _check(pairs, token)
                await _turn(meter, pairs, yardstick, plan, number * plan.rounds, end)
    rows = [meter.row(pair) for pair in pairs]
    for workload in workloads:
        own = [pair for pair in pairs if pair.workload is workload]
        if own:
            caches = {each.contender.name: _cache(each) for each in own}
            title = f"\n{workload.name}: {workload.says}"
            print(report.table(title, meter, own, caches if workload.is_warm else None))
            idle = [each.contender.name for each in own if meter.busy(each) < _BELOW]
            if idle and other is not None:
                print(f"  not saturated, so req/s is not its limit: {', '.join(idle)}")
    print()
    if any(each.name == contender.BESIDE for each in wanted):
        print(report.beside(meter, workloads))
    else:
        print(report.bars(meter))
    if (others := meter.others()) > _DISTURBED:
        print(
            f"\nOther work had {others:.0%} of the contenders' core: measure again when it rests."
        )
    print("\nVersions")
    for each in wanted:
        if any(pair.contender.name == each.name for pair in pairs):
            print(f"  {each.name}: {each.version()}")
    return meter, rows


async def _turn(
    meter: Meter, pairs: list[Pair], yardstick: Side | None, plan: Plan, first: int, end: float
) -> None:
    """Measure contenders that have just been started, in rounds that go there and back.

    *Units*: ``end`` on the monotonic clock; no round begins that would not end by then, but for a
    few without which there would be no figures.
    """
    _say("warming up")
    for pair in pairs:
        await meter.warm(pair)
    for number in range(plan.rounds):
        begun = time.monotonic()
        _say(f"round {number + 1} of {plan.rounds}")
        for pair in _back(pairs) if number % 2 else pairs:
            await meter.measure(pair, first + number)
            if yardstick is not None and pair.contender.name == "gateway" and pair.workload.is_cold:
                seconds = await asyncio.to_thread(yardstick.measure, str(plan.seconds))
                meter.note(pair.workload, cold.NAME, first + number, seconds)
        now = time.monotonic()
        if _LEAST_ROUNDS <= number + 1 < plan.rounds and now + now - begun > end:
            print(f"bench: the time is over after round {number + 1}", file=sys.stderr)
            break


def _back(pairs: list[Pair]) -> list[Pair]:
    """Give each workload's contenders in the opposite order, so that none is always the first."""
    groups = itertools.groupby(pairs, key=lambda pair: pair.workload.name)
    return [pair for _, own in groups for pair in reversed(list(own))]


def _start(
    owned: ExitStack,
    upstream: Running,
    workloads: list[Workload],
    wanted: list[Contender],
    core: int | None,
    *,
    is_strict: bool,
) -> list[Pair]:
    """Start all contenders, once with their caches off and where asked for once with them on.

    *Errors*: ``Missing`` for a contender that cannot be had, if that is strict.
    """
    pairs: list[tuple[int, Pair]] = []
    for each in wanted:
        for is_warm in (False, True):
            own = [
                workload
                for workload in workloads
                if workload.is_warm is is_warm and each.answers(workload.name)
            ]
            if not own:
                continue
            try:
                _say(f"starting {each.name}{' with its cache' if is_warm else ''}")
                running = contender.start(each, upstream.url, core, is_warm=is_warm)
            except Missing as missing:
                if is_strict:
                    raise
                print(f"bench: without {each.name}: {missing}", file=sys.stderr)
                break
            owned.callback(running.stop)
            pairs += [(workloads.index(workload), Pair(workload, running)) for workload in own]
    # Contenders side by side within a workload: what disturbs one disturbs its neighbours alike.
    return [pair for _, pair in sorted(pairs, key=lambda found: found[0])]


async def _check(pairs: list[Pair], token: str) -> None:
    """See that all give the same data before anything is measured. *Errors*: ``Different``."""
    _say("comparing the answers")
    for turn in (0, 3):
        first: dict[str, tuple[str, object]] = {}
        for pair in pairs:
            found = await measure.data(pair, token, turn)
            name, expected = first.setdefault(pair.workload.name, (pair.contender.name, found))
            if found != expected:
                place = _difference(expected, found, "data")
                raise Different(
                    f"{pair.workload.name}: {pair.contender.name} and {name} differ at {place}"
                )


def _difference(one: object, other: object, path: str) -> str:
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key in one:
            if one[key] != other[key]:
                return _difference(one[key], other[key], f"{path}.{key}")
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, (left, right) in enumerate(zip(one, other)):
            if left != right:
                return _difference(left, right, f"{path}[{place}]")
    return f"{path}: {str(one)[:200]} and {str(other)[:200]}"


def _cache(pair: Pair) -> str | None:
    known = contender.BY_NAME.get(pair.contender.name)
    return known.cache if known else None


def cores() -> tuple[int | None, int | None]:
    """One core for the contenders, another for the load and the systems; None where only one is."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        print("bench: only one core; contenders, load and systems share it", file=sys.stderr)
        return None, None
    return usable[-1], usable[0]


def _plain(value: object) -> object:
    if isinstance(value, Row):
        return {name: getattr(value, name) for name in value.__struct_fields__}
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _say(progress: str) -> None:
    print(f"bench: {progress}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
