"""Answers by graphql-core: what is not planned, what comes in parts, and events."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLSchema,
    create_source_event_stream,
    experimental_execute_incrementally,
)
from graphql.execution import ExecutionResult, ExperimentalIncrementalExecutionResults

from domain.errors import DeadlineExceeded
from execution.context import Context
from execution.guard import GuardedExecutor
from execution.increment import GuardedIncrementalExecutor, bounded
from execution.need import read_fields
from execution.prepared import Prepared, narrow
from execution.record import record
from execution.result import Result, broken, finished, refused

_ANSWERS = (ExecutionResult, ExperimentalIncrementalExecutionResults)


class Reference:
    """Runs operations of one schema as the reference does, under our policy and our bounds.

    *Units*: ``grace`` in seconds, which an operation gets beyond its deadline.
    """

    def __init__(self, schema: GraphQLSchema, grace: float) -> None:
        self._schema = schema
        self._grace = grace

    async def answer(
        self, prepared: Prepared, context: Context, root: object
    ) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
        """Give data and errors of the whole answer."""
        # Its executor takes no notice of @defer and @stream: the whole answer comes at once.
        found = await self._execute(prepared, context, root, GuardedExecutor)
        assert isinstance(found, ExecutionResult), "nothing is delivered in parts"
        await record(context.looks, context)
        return found.data, found.errors or []

    async def parts(self, prepared: Prepared, context: Context) -> Result:
        """Give the first part of an answer, and the others as they come."""
        found = await self._execute(prepared, context, None, GuardedIncrementalExecutor)
        if isinstance(found, ExecutionResult):
            return finished(found.data, found.errors or [], context)
        first = found.initial_result
        result = finished(first.data, first.errors or [], context)
        result.pending = first.pending
        result.parts = bounded(found, context, self._grace)
        return result

    async def _execute(
        self,
        prepared: Prepared,
        context: Context,
        root: object,
        executor: type[GuardedExecutor] | type[GuardedIncrementalExecutor],
    ) -> Any:
        await self._narrow(prepared, context)
        answer: Any = experimental_execute_incrementally(
            self._schema,
            prepared.document.node,
            root,
            context,
            prepared.variables,
            prepared.operation_name,
            executor_class=executor,
        )
        return answer if isinstance(answer, _ANSWERS) else await answer

    async def events(
        self, prepared: Prepared, context: Context
    ) -> AsyncGenerator[Any, None] | Result:
        """Open the events of a subscription, or tell why there are none."""
        built = GuardedExecutor.build(
            self._schema,
            prepared.document.node,
            None,
            context,
            prepared.variables,
            prepared.operation_name,
        )
        if isinstance(built, list):
            return Result(errors=built, was_executed=False)
        try:
            found: Any = create_source_event_stream(built)
            if built.is_awaitable(found):
                async with asyncio.timeout(context.deadline.remaining() + self._grace):
                    found = await found
        except TimeoutError:
            return refused(DeadlineExceeded("The subscription did not begin within its time."))
        except Exception as bug:  # noqa: BLE001 - nothing but cancellation leaves this door
            return broken(bug, context)
        if isinstance(found, ExecutionResult):
            return Result(errors=found.errors or [], was_executed=False)
        events: AsyncGenerator[Any, None] = found
        return events

    async def _narrow(self, prepared: Prepared, context: Context) -> None:
        reads, least = read_fields(prepared.operation, context.policy, context.policy_class)
        await narrow(context, reads, least)
