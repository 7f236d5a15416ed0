"""A pytest plugin that leads graphql-core's own execution tests through the engine.

It stands in for ``execute`` and ``execute_sync`` before the tests are imported. What the engine
does not plan goes on to graphql-core; which tests were planned, and how they ended, is written to
the file that CORE_REPORT names.
"""

import asyncio
import inspect
import json
import os
import signal
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import graphql
import graphql.execution
import pytest
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType
from graphql.execution.values import get_variable_values
from graphql.type import assert_valid_schema

from execution.collect import read_operation
from execution.engine import Engine, Settings
from execution.run import Run

_REPORT: dict[str, dict[str, Any]] = {}
_NOW: dict[str, Any] = {}

# What the executor in front of the engine never passes on.
_FOREIGN = (
    "middleware",
    "executor_class",
    "is_awaitable",
    "is_async_iterable",
    "abort_signal",
    "hooks",
    "enable_early_execution",
    "hide_suggestions",
    "check_sync",
)
_PATIENCE = 5
_execute = graphql.execution.execute
_execute_sync = graphql.execution.execute_sync


class _Rest:
    """What is left of a coroutine that was begun without a loop and had to wait."""

    def __init__(self, coroutine: Any, first: Any) -> None:
        self._coroutine = coroutine
        self._first = first

    def __await__(self) -> Generator[Any, Any, Any]:
        waited = self._first
        while True:
            sent = yield waited
            try:
                waited = self._coroutine.send(sent)
            except StopIteration as end:
                return end.value


class _Noting(list[Any]):
    """Notes that something waits, which makes the answer one to be awaited."""

    def append(self, waiting: Any) -> None:
        _NOW["waits"] = True
        super().append(waiting)


async def _done(answer: ExecutionResult) -> ExecutionResult:
    return answer


def _run(engine: Engine, run: Run) -> Any:
    async def whole() -> ExecutionResult:
        data = await engine.execute(run)
        return ExecutionResult(data, run.errors or None)

    _NOW["waits"] = False
    run.pending = _Noting()
    coroutine = whole()
    try:
        first = coroutine.send(None)
    except StopIteration as end:
        answer: ExecutionResult = end.value
        return _done(answer) if _NOW["waits"] else answer
    return _Rest(coroutine, first)


def _planned(bound: dict[str, Any]) -> Any:
    """Execute on the engine; None where it does not plan this."""
    if any(bound.get(name) for name in _FOREIGN):
        return None
    schema: GraphQLSchema = bound["schema"]
    assert_valid_schema(schema)
    if schema.get_directive("defer") or schema.get_directive("stream"):
        return None
    try:
        operation = read_operation(schema, bound["document"], bound.get("operation_name"))
    except RecursionError:
        # The limits refuse such a document before the engine sees it.
        return None
    if isinstance(operation, GraphQLError):
        return ExecutionResult(None, [operation])
    if not operation.is_planned or operation.node.operation is OperationType.SUBSCRIPTION:
        return None
    values = get_variable_values(
        schema,
        operation.node.variable_definitions or (),
        bound.get("variable_values") or {},
        max_errors=bound.get("max_coercion_errors", 50),
    )
    if isinstance(values, list):
        return ExecutionResult(None, values)
    engine = Engine(
        schema,
        Settings(),
        bound.get("field_resolver") or graphql.default_field_resolver,
        bound.get("type_resolver") or graphql.default_type_resolver,
    )
    try:
        plan = engine.plan(operation, values, None, None)
    except GraphQLError as error:
        return ExecutionResult(None, [error])
    if plan is None:
        return None
    _NOW["planned"] = True
    with suppress(RuntimeError):
        _NOW["loop"] = asyncio.get_running_loop()
    run = engine.run(plan, bound.get("context_value"), values, bound.get("root_value"))
    return _run(engine, run)


def _bound(function: Any, arguments: Any, options: Any) -> dict[str, Any]:
    return dict(inspect.signature(function).bind(*arguments, **options).arguments)


def execute(*arguments: Any, **options: Any) -> Any:
    found = _planned(_bound(_execute, arguments, options))
    return found if found is not None else _execute(*arguments, **options)


def execute_sync(*arguments: Any, **options: Any) -> Any:
    found = _planned(_bound(_execute_sync, arguments, options))
    if isinstance(found, ExecutionResult):
        return found
    if found is not None and not isinstance(found, _Rest):
        found.close()
    # It takes what could be awaited as values: a way to execute that the gateway does not have.
    _NOW["planned"] = False
    return _execute_sync(*arguments, **options)


graphql.execution.execute = execute
graphql.execution.execute_sync = execute_sync
graphql.execute = execute
graphql.execute_sync = execute_sync
_main: Any = inspect.getmodule(graphql.graphql)
_main.execute = execute


def _too_long(_signal: int, _frame: Any) -> None:
    # Some tests wait for a sibling to be cancelled, which this engine lets end instead.
    loop: asyncio.AbstractEventLoop | None = _NOW.get("loop")
    if loop is not None:
        for task in asyncio.all_tasks(loop):
            loop.call_soon_threadsafe(task.cancel)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: Any) -> Generator[None, Any, Any]:
    _NOW.clear()
    place = item.nodeid
    _REPORT[place] = {"planned": False, "outcome": "failed"}
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(_PATIENCE)
    try:
        result = yield
        _REPORT[place]["outcome"] = "passed"
        return result
    except BaseException as error:
        _REPORT[place]["why"] = f"{type(error).__name__}: {error}"[:300]
        raise
    finally:
        signal.alarm(0)
        _REPORT[place]["planned"] = bool(_NOW.get("planned"))


def pytest_sessionfinish() -> None:
    Path(os.environ["CORE_REPORT"]).write_text(json.dumps(_REPORT, indent=1))
