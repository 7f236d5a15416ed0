"""``python -m bench.engine``: the engine's speed bars, as ratios measured in turn.

Every round runs each side once, one after the other; a ratio is the median of the rounds' own
ratios, so that a machine that slows down slows down both. Figures are CPU time of the process.
"""

import gc
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import orjson
import uvloop
from graphql import parse, specified_rules, validate

from bench.engine.model import QUERIES, by_hand, schema
from bench.engine.node import Node
from execution.collect import Operation, read_operation
from execution.document import Document, Documents
from execution.engine import Engine, Settings
from execution.limit import Limits

_ROUNDS = 15
_TIMES = {"50 products": 200, "1 product": 2_000, "500 products": 20, "hello": 5_000}
_BARS = {
    ("50 products", "by hand"): "≤ 1.8",
    ("50 products", "graphql-js"): "≤ 0.25",
}

Side = Callable[[str, int], float]


class _Planned:
    """The engine with the plan of each query at hand, as it is for a known document."""

    def __init__(self) -> None:
        self._schema = schema()
        self._engine = Engine(self._schema, Settings())
        self._loop = uvloop.new_event_loop()
        self._operations: dict[str, Operation] = {}
        for name, query in QUERIES.items():
            operation = read_operation(self._schema, parse(query["text"]), None)
            assert isinstance(operation, Operation)
            self._operations[name] = operation

    async def _execute(self, name: str) -> bytes:
        operation = self._operations[name]
        values = operation.variables.coerce(QUERIES[name]["variables"])
        assert not isinstance(values, list)
        plan = self._engine.plan(operation, values, None, None)
        assert plan is not None
        run = self._engine.run(plan, None, values)
        return orjson.dumps({"data": await self._engine.execute(run)})

    async def _times(self, name: str, times: int) -> None:
        for _ in range(times):
            await self._execute(name)

    def answer(self, name: str) -> Any:
        return orjson.loads(self._loop.run_until_complete(self._execute(name)))

    def microseconds(self, name: str, times: int) -> float:
        before = time.process_time()
        self._loop.run_until_complete(self._times(name, times))
        return (time.process_time() - before) * 1e6 / times

    def close(self) -> None:
        self._loop.close()


class _ByHand:
    """The same answer without an engine."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()

    async def _times(self, name: str, times: int) -> None:
        for _ in range(times):
            orjson.dumps(await by_hand(name))

    def answer(self, name: str) -> Any:
        return self._loop.run_until_complete(by_hand(name))

    def microseconds(self, name: str, times: int) -> float:
        before = time.process_time()
        self._loop.run_until_complete(self._times(name, times))
        return (time.process_time() - before) * 1e6 / times

    def close(self) -> None:
        self._loop.close()


def _cold(times: int) -> tuple[float, float]:
    """Time parse + validate, and all up to the answer, of documents never seen before."""
    built = schema()
    text = QUERIES["50 products"]["text"]
    loop = uvloop.new_event_loop()
    documents, engine = Documents(built, Limits()), Engine(built, Settings())
    parts, wholes = [], []
    for number in range(times):
        fresh = text.replace("Listing", f"Listing{number}")
        before = time.process_time()
        validate(built, parse(fresh), specified_rules)
        parts.append(time.process_time() - before)
        before = time.process_time()
        document = documents.read(fresh)
        assert isinstance(document, Document)
        operation = documents.operation(document, None)
        assert isinstance(operation, Operation)
        values = operation.variables.coerce({"first": 1})
        assert not isinstance(values, list)
        plan = engine.plan(operation, values, None, None)
        assert plan is not None
        loop.run_until_complete(engine.execute(engine.run(plan, None, values)))
        wholes.append(time.process_time() - before)
    loop.close()
    return statistics.median(parts) * 1e6, statistics.median(wholes) * 1e6


def main() -> None:
    """Measure and print."""
    planned, hand = _Planned(), _ByHand()
    sides: dict[str, Side] = {"engine": planned.microseconds, "by hand": hand.microseconds}
    found = shutil.which("node") and shutil.which("npm")
    if not found:
        print("node and npm not found: graphql-js is left out", file=sys.stderr)
    with Node(QUERIES) if found else nullcontext() as node:
        for name in QUERIES:
            assert planned.answer(name) == hand.answer(name), "the same answer"
            assert node is None or node.answer(name) == hand.answer(name)
        if node is not None:
            sides["graphql-js"] = node.microseconds
        medians: dict[str, float] = {}
        for name, times in _TIMES.items():
            rounds = _rounds(sides, name, times)
            print(f"{name}")
            for side, values in rounds.items():
                ratios = [mine / other for mine, other in zip(rounds["engine"], values)]
                bar = _BARS.get((name, side), "")
                print(
                    f"  {side:12} {statistics.median(values):10.1f} µs   engine / {side}: "
                    f"{statistics.median(ratios):6.2f}   {bar}"
                )
            medians[name] = statistics.median(rounds["engine"])
        growth = medians["500 products"] / medians["50 products"]
        print(f"growth: 500 products / 50 products {growth:.2f}   ≤ 10")
        part, whole = _cold(200)
        print(
            f"cold: parse, validate, plan and run {whole:.0f} µs / parse and validate {part:.0f} µs"
        )
        print(f"      {whole / part:.2f}   ≤ 1.2")
    planned.close()
    hand.close()


def _rounds(sides: dict[str, Side], name: str, times: int) -> dict[str, list[float]]:
    for run in sides.values():
        run(name, times)
    found: dict[str, list[float]] = {side: [] for side in sides}
    # As a server does once it has started: what is there to stay is not looked through again.
    gc.collect()
    gc.freeze()
    for _ in range(_ROUNDS):
        for side, run in sides.items():
            found[side].append(run(name, times))
    return found


if __name__ == "__main__":
    main()
