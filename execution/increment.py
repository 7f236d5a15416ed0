"""Answers that come in parts: @defer and @stream on graphql-core's incremental executor."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from graphql import GraphQLError
from graphql.execution import (
    CompletedResult,
    ExperimentalIncrementalExecutionResults,
    SubsequentIncrementalExecutionResult,
)
from graphql.execution.incremental.incremental_executor import IncrementalExecutor

from domain.errors import DeadlineExceeded
from execution.context import Context
from execution.guard import GuardedExecutor
from execution.notice import observe_errors
from execution.record import record
from execution.result import Parts


class GuardedIncrementalExecutor(GuardedExecutor, IncrementalExecutor):
    """Executes in parts what the policy allows."""


async def bounded(
    results: ExperimentalIncrementalExecutionResults, context: Context, grace: float
) -> Parts:
    """Give the parts as they come, all of them before the operation's deadline.

    What has not come by then is told as completed with an error. *Errors*: none.
    """
    waiting = {each.id for each in results.initial_result.pending}
    source: AsyncGenerator[SubsequentIncrementalExecutionResult, None] = results.subsequent_results
    try:
        while waiting:
            try:
                async with asyncio.timeout(context.deadline.remaining() + grace):
                    part = await anext(source)
            except StopAsyncIteration:
                return
            except TimeoutError:
                failure = DeadlineExceeded("This part did not come within the operation's time.")
                yield _given_up(waiting, failure)
                return
            except Exception as bug:  # noqa: BLE001 - nothing but cancellation leaves this door
                yield _given_up(waiting, bug)
                return
            waiting |= {each.id for each in part.pending or ()}
            waiting -= {each.id for each in part.completed or ()}
            for each in (*(part.incremental or ()), *(part.completed or ())):
                observe_errors(each.errors or (), context)
            yield part
    finally:
        await source.aclose()
        await record(context.looks, context)


def _given_up(waiting: set[str], cause: Exception) -> SubsequentIncrementalExecutionResult:
    error: Any = GraphQLError(str(cause), original_error=cause)
    completed = [CompletedResult(each, [error]) for each in sorted(waiting)]
    return SubsequentIncrementalExecutionResult(completed=completed, has_next=False)
