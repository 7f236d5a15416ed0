"""Executes operations: the one door between any transport and the graph."""

import asyncio
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationType,
    get_operation_ast,
)
from graphql.execution import execute
from msgspec import Struct

from domain.errors import DeadlineExceeded, Failure
from execution.context import Context
from execution.document import Documents
from execution.guard import GuardedExecutor
from execution.limit import Limits
from execution.notice import observe_errors
from execution.result import Result

# Calls to the systems end a little before the deadline, so that what came can still be shown;
# whatever has not ended by then is a bug or a starved machine, and is cut off here.
_GRACE = 0.05


class MethodNotAllowed(Failure):
    """A mutation or subscription came where only queries may."""

    code = "METHOD_NOT_ALLOWED"


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How operations are executed."""

    limits: Limits = Limits()
    documents: int = 1_000


class Executor:
    """Executes documents against one schema; holds no state of any operation."""

    def __init__(self, schema: GraphQLSchema, settings: Settings) -> None:
        self._schema = schema
        self._documents = Documents(schema, settings.limits, settings.documents)

    async def execute(
        self,
        document: str,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        context: Context,
        *,
        only_query: bool = False,
    ) -> Result:
        """Execute one operation.

        Never raises but for cancellation: whatever goes wrong is in the result's errors, a bug
        as the ``original_error`` that it was.
        """
        read = self._documents.read(document)
        if not isinstance(read, DocumentNode):
            return Result(errors=read, was_executed=False)
        operation = get_operation_ast(read, operation_name)
        if only_query and operation and operation.operation is not OperationType.QUERY:
            return _refused(
                MethodNotAllowed("Only queries are accepted here; send this one by POST.")
            )
        try:
            async with asyncio.timeout(context.deadline.remaining() + _GRACE):
                answer = await self._run(read, variables, operation_name, context)
        except TimeoutError:
            failure = DeadlineExceeded("The operation did not end within its time.")
            return _finished(None, [_error(failure)], context)
        if answer.data is None and answer.errors and not _was_begun(answer):
            return Result(errors=answer.errors, was_executed=False)
        return _finished(answer.data, answer.errors or [], context)

    async def _run(
        self,
        document: Any,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        context: Context,
    ) -> ExecutionResult:
        answer = execute(
            self._schema,
            document,
            context_value=context,
            variable_values=variables,
            operation_name=operation_name,
            executor_class=GuardedExecutor,
        )
        return answer if isinstance(answer, ExecutionResult) else await answer


def _was_begun(answer: ExecutionResult) -> bool:
    # A request error (a bad variable, no such operation) has no path; a field's error has one.
    return any(error.path for error in answer.errors or ())


def _error(failure: Failure) -> GraphQLError:
    return GraphQLError(failure.message, original_error=failure)


def _refused(failure: Failure) -> Result:
    return Result(errors=[_error(failure)], was_executed=False)


def _finished(data: dict[str, Any] | None, errors: list[GraphQLError], context: Context) -> Result:
    observe_errors(errors, context)
    extensions: dict[str, Any] = {"context": context.echoes}
    if context.notices:
        extensions["notices"] = [
            {"code": each.code, "message": each.message, "path": each.path}
            for each in context.notices
        ]
    if context.access:
        extensions["access"] = [
            {"path": each.path, "code": each.code, "reason": each.reason} for each in context.access
        ]
    if context.viewer.is_staff:
        extensions["cost"] = {"calls": dict(context.calls)}
    return Result(data=data, errors=errors, extensions=extensions)
