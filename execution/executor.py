"""Executes operations: the one door between any transport and the graph."""

import asyncio
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLSchema,
    OperationType,
    experimental_execute_incrementally,
)
from graphql.execution import ExecutionResult
from graphql.execution.values import VariableValues
from msgspec import Struct

import execution.engine
from domain.errors import DeadlineExceeded, Failure, QueryTooComplex
from execution.collect import Operation
from execution.context import Context
from execution.document import Document, Documents
from execution.engine import Engine
from execution.guard import GuardedExecutor
from execution.limit import Limits, check_cost, check_variables
from execution.notice import observe_errors
from execution.result import Result

# Calls to the systems end a little before the deadline, so that what came can still be shown;
# whatever has not ended by then is a bug or a starved machine, and is cut off here.
_GRACE = 0.05


class MethodNotAllowed(Failure):
    """A mutation or subscription came where only queries may."""

    code = "METHOD_NOT_ALLOWED"


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How operations are executed.

    *Units*: ``documents`` in documents, ``characters`` in characters of all documents kept.
    ``planner`` switched off leaves everything to graphql-core: the same answers, slower.
    """

    limits: Limits = Limits()
    documents: int = 1_000
    characters: int = 1_000_000
    planner: bool = True
    engine: execution.engine.Settings = execution.engine.Settings()


class Executor:
    """Executes documents against one schema; holds no state of any operation."""

    def __init__(self, schema: GraphQLSchema, settings: Settings) -> None:
        self._schema = schema
        self._settings = settings
        self._documents = Documents(
            schema, settings.limits, settings.documents, settings.characters
        )
        self._engine = Engine(schema, settings.engine)

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
        return await self._execute(document, variables, operation_name, context, only_query, None)

    async def execute_event(
        self,
        document: str,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        context: Context,
        event: object,
    ) -> Result:
        """Execute a subscription's selection for one event, which its root field is given.

        The plan is the operation's own, made for the first event and kept. *Errors*: as
        ``execute``.
        """
        return await self._execute(document, variables, operation_name, context, False, event)

    async def _execute(
        self,
        text: str,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        context: Context,
        only_query: bool,
        root: object,
    ) -> Result:
        document = self._documents.read(text)
        if not isinstance(document, Document):
            return Result(errors=document, was_executed=False)
        operation = self._documents.operation(document, operation_name)
        if isinstance(operation, GraphQLError):
            return Result(errors=[operation], was_executed=False)
        kind = operation.node.operation
        if only_query and kind is not OperationType.QUERY:
            return _refused(
                MethodNotAllowed("Only queries are accepted here; send this one by POST.")
            )
        if operation.root is None:
            error = f"Schema is not configured to execute {kind.value} operation."
            return Result(errors=[GraphQLError(error, operation.node)], was_executed=False)
        limits = self._settings.limits
        try:
            check_variables(variables, limits)
            values = operation.variables.coerce(variables)
            if isinstance(values, list):
                return Result(errors=values, was_executed=False)
            context.requested = operation.estimate.cost(values.coerced)
            check_cost(context.requested, limits)
        except QueryTooComplex as refused:
            return _refused(refused)
        try:
            async with asyncio.timeout(context.deadline.remaining() + _GRACE):
                data, errors = await self._run(
                    document, operation, values, variables, operation_name, context, root
                )
        except TimeoutError:
            failure = DeadlineExceeded("The operation did not end within its time.")
            return _finished(None, [_error(failure)], context)
        except Exception as bug:  # noqa: BLE001 - nothing but cancellation leaves this door
            return _finished(None, [GraphQLError(str(bug), original_error=bug)], context)
        return _finished(data, errors, context)

    async def _run(
        self,
        document: Document,
        operation: Operation,
        values: VariableValues,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        context: Context,
        root: object,
    ) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
        plan = None
        if self._settings.planner:
            plan = self._engine.plan(operation, values, context.policy, context.policy_class)
        if plan is not None:
            context.loaders.narrow(plan.reads)
            run = self._engine.run(plan, context, values, root)
            try:
                data = await self._engine.execute(run)
            finally:
                context.actual += run.cost
            return data, run.errors
        # Its executor takes no notice of @defer and @stream: the whole answer comes at once.
        answer: Any = experimental_execute_incrementally(
            self._schema,
            document.node,
            root,
            context,
            variables,
            operation_name,
            executor_class=GuardedExecutor,
        )
        found = answer if isinstance(answer, ExecutionResult) else await answer
        assert isinstance(found, ExecutionResult), "nothing is delivered in parts"
        return found.data, found.errors or []


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
        extensions["cost"] = {
            "requested": context.requested,
            "actual": context.actual,
            "calls": dict(context.calls),
        }
    return Result(data=data, errors=errors, extensions=extensions)
