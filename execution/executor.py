"""Executes operations: the one door between any transport and the graph."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLSchema,
    OperationType,
    create_source_event_stream,
    experimental_execute_incrementally,
)
from graphql.execution import ExecutionResult, ExperimentalIncrementalExecutionResults
from graphql.execution.values import VariableValues
from msgspec import Struct

import execution.engine
from domain.errors import DeadlineExceeded, Failure
from domain.record import UNRECORDED
from domain.viewer import Role
from execution.collect import Operation
from execution.context import Context
from execution.demand import Admit, Demand
from execution.document import Document, Documents, Read
from execution.engine import Engine
from execution.excerpt import Excerpts
from execution.guard import GuardedExecutor
from execution.increment import GuardedIncrementalExecutor, bounded
from execution.limit import Limits, RoleLimits, check_cost, check_variables
from execution.need import Reads, read_fields
from execution.notice import observe_errors
from execution.record import looks, record
from execution.result import Result
from execution.standing import near_keys
from execution.usage import check_usages

# Calls to the systems end a little before the deadline, so that what came can still be shown;
# whatever has not ended by then is a bug or a starved machine, and is cut off here.
_GRACE = 0.05
_ANSWERS = (ExecutionResult, ExperimentalIncrementalExecutionResults)


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How operations are executed.

    *Shape*: ``roles`` says which limits are otherwise for whom.

    *Units*: ``documents`` in documents, ``characters`` in characters of all documents kept.
    ``planner`` switched off leaves everything to graphql-core: the same answers, slower.
    """

    limits: Limits = Limits()
    roles: dict[Role, RoleLimits] = {}
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
        self._limits = {
            role: settings.roles.get(role, RoleLimits()).of(settings.limits) for role in Role
        }
        self._excerpts = Excerpts(schema)
        self._engine = Engine(schema, settings.engine, schema_of=self._excerpts.of)

    def read(self, text: str, role: Role) -> Read:
        """Read a role's document, once for all that is done with it: a bad one is not kept."""
        return self._documents.read(text, self._limits[role])

    def kind(self, read: Read, operation_name: str | None) -> OperationType | None:
        """Tell what an operation does; None where there is none to execute."""
        if not isinstance(read, Document):
            return None
        operation = self._documents.operation(read, operation_name)
        return None if isinstance(operation, GraphQLError) else operation.node.operation

    async def execute(
        self,
        document: str | Read,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        context: Context,
        *,
        for_sharing: bool = False,
        in_parts: bool = False,
        admit: Admit | None = None,
    ) -> Result:
        """Execute one operation.

        Never raises but for cancellation: whatever goes wrong is in the result's errors, a bug
        as the ``original_error`` that it was. ``document`` is a text, or what ``read`` made of it.
        ``in_parts`` lets @defer and @stream take effect; ``for_sharing`` tells for how long others
        may be given the same answer; ``admit`` is asked, once the operation is known to be good,
        whether it may begin.
        """
        prepared = await self._prepare(document, variables, operation_name, context, admit)
        if isinstance(prepared, Result):
            return prepared
        result = await self._answer(prepared, context, None, in_parts=in_parts)
        if for_sharing:
            result.max_age = self._max_age(prepared, context, result)
        return result

    async def subscribe(
        self,
        document: str | Read,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        context: Context,
        *,
        admit: Admit | None = None,
    ) -> AsyncGenerator[Any, None] | Result:
        """Open a subscription: its events, each for ``execute_event``, or why there are none.

        The events live as long as the subscription; whoever was given them closes them.
        *Errors*: as ``execute``.
        """
        prepared = await self._prepare(document, variables, operation_name, context, admit)
        if isinstance(prepared, Result):
            return prepared
        built = GuardedExecutor.build(
            self._schema, prepared.document.node, None, context, variables, operation_name
        )
        if isinstance(built, list):
            return Result(errors=built, was_executed=False)
        try:
            found: Any = create_source_event_stream(built)
            if built.is_awaitable(found):
                async with asyncio.timeout(context.deadline.remaining() + _GRACE):
                    found = await found
        except TimeoutError:
            return _refused(DeadlineExceeded("The subscription did not begin within its time."))
        except Exception as bug:  # noqa: BLE001 - nothing but cancellation leaves this door
            return _finished(None, [GraphQLError(str(bug), original_error=bug)], context)
        if isinstance(found, ExecutionResult):
            return Result(errors=found.errors or [], was_executed=False)
        events: AsyncGenerator[Any, None] = found
        return events

    async def execute_event(
        self,
        document: str | Read,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        context: Context,
        event: object,
        *,
        admit: Admit | None = None,
    ) -> Result:
        """Execute a subscription's selection for one event, which its root field is given.

        The plan is the operation's own, made for the first event and kept. *Errors*: as
        ``execute``.
        """
        prepared = await self._prepare(document, variables, operation_name, context, admit)
        if isinstance(prepared, Result):
            return prepared
        return await self._answer(prepared, context, event)

    async def _prepare(
        self,
        document: str | Read,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        context: Context,
        admit: Admit | None,
    ) -> "_Prepared | Result":
        role = context.viewer.role
        context.documents = self._documents
        context.excerpts = self._excerpts
        read = self.read(document, role) if isinstance(document, str) else document
        if not isinstance(read, Document):
            errors = read.told(self._excerpts.of(context))
            return Result(errors=errors, was_executed=False)
        operation = self._documents.operation(read, operation_name)
        if isinstance(operation, GraphQLError):
            return Result(errors=[operation], was_executed=False)
        if operation.root is None:
            kind = operation.node.operation.value
            error = f"Schema is not configured to execute {kind} operation."
            return Result(errors=[GraphQLError(error, operation.node)], was_executed=False)
        limits = self._limits[role]
        try:
            check_variables(variables, limits)
            values = operation.variables.coerce(variables)
            if isinstance(values, list):
                errors = operation.variables.told(variables, self._excerpts.of(context))
                return Result(errors=errors, was_executed=False)
            context.requested = operation.estimate.cost(values.coerced)
            check_cost(context.requested, limits)
            if operation.usages:
                check_usages(operation.usages, values, context.policy, context.policy_class)
            if admit is not None:
                await admit(Demand(operation, context.requested), context)
        except Failure as refused:
            return _refused(refused)
        return _Prepared(read, operation, values, variables, operation_name)

    async def _answer(
        self, prepared: "_Prepared", context: Context, root: object, *, in_parts: bool = False
    ) -> Result:
        loop = asyncio.get_running_loop()
        bound = asyncio.timeout(None)

        def end() -> None:
            # What has come makes an answer yet, also where the process itself was held up.
            context.loaders.give_up()
            bound.reschedule(loop.time() + _GRACE)

        ending = loop.call_later(max(0.0, context.deadline.remaining()), end)
        try:
            async with bound:
                if in_parts and not prepared.operation.is_planned:
                    return await self._begin(prepared, context)
                data, errors = await self._run(prepared, context, root)
        except TimeoutError:
            failure = DeadlineExceeded("The operation did not end within its time.")
            return _finished(None, [_error(failure)], context)
        except Exception as bug:  # noqa: BLE001 - nothing but cancellation leaves this door
            return _finished(None, [GraphQLError(str(bug), original_error=bug)], context)
        finally:
            ending.cancel()
        return _finished(data, errors, context)

    def _max_age(self, prepared: "_Prepared", context: Context, result: Result) -> int | None:
        if context.viewer.role is not Role.ANONYMOUS or context.fresh_until is None:
            return None
        if result.errors or context.notices or context.access:
            return None
        root = prepared.operation.root
        assert root is not None, "an operation without a root type is not prepared"
        for details in prepared.operation.root_fields(prepared.values).values():
            field = self._schema.get_field(root, details[0].node.name.value)
            if field is None or not field.extensions.get("shared"):
                return None
        return max(0, int((context.fresh_until - context.now).total_seconds())) or None

    async def _begin(self, prepared: "_Prepared", context: Context) -> Result:
        """Give the first part of an answer, and the others as they come."""
        await _narrow(context, *_reads(prepared, context))
        answer: Any = experimental_execute_incrementally(
            self._schema,
            prepared.document.node,
            None,
            context,
            prepared.variables,
            prepared.operation_name,
            executor_class=GuardedIncrementalExecutor,
        )
        found = answer if isinstance(answer, _ANSWERS) else await answer
        if isinstance(found, ExecutionResult):
            return _finished(found.data, found.errors or [], context)
        first = found.initial_result
        result = _finished(first.data, first.errors or [], context)
        result.pending = first.pending
        result.parts = bounded(found, context, _GRACE)
        return result

    async def _run(
        self, prepared: "_Prepared", context: Context, root: object
    ) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
        plan = None
        if self._settings.planner:
            plan = self._engine.plan(
                prepared.operation, prepared.values, context.policy, context.policy_class
            )
        if plan is not None:
            await _narrow(context, plan.reads, plan.least)
            run = self._engine.run(plan, context, prepared.values, root)
            try:
                data = await self._engine.execute(run)
            finally:
                context.actual += run.cost
            if run.shown and context.record is not UNRECORDED:
                await record(looks(run.shown), context)
            return data, run.errors
        await _narrow(context, *_reads(prepared, context))
        # Its executor takes no notice of @defer and @stream: the whole answer comes at once.
        answer: Any = experimental_execute_incrementally(
            self._schema,
            prepared.document.node,
            root,
            context,
            prepared.variables,
            prepared.operation_name,
            executor_class=GuardedExecutor,
        )
        found = answer if isinstance(answer, ExecutionResult) else await answer
        assert isinstance(found, ExecutionResult), "nothing is delivered in parts"
        await record(context.looks, context)
        return found.data, found.errors or []


class _Prepared(Struct, frozen=True):
    """An operation that was found good, with its variables as sent and as read."""

    document: Document
    operation: Operation
    values: VariableValues
    variables: dict[str, Any] | None
    operation_name: str | None


def _reads(prepared: _Prepared, context: Context) -> tuple[Reads, Reads]:
    return read_fields(prepared.operation, context.policy, context.policy_class)


async def _narrow(context: Context, reads: Reads, least: Reads) -> None:
    """Ask the systems for no more than may be read, and of whom it may be read."""
    context.loaders.narrow(reads)
    if least != reads and (near := await near_keys(context)) is not None:
        context.loaders.keep_apart(near, least)


def _error(failure: Failure) -> GraphQLError:
    return GraphQLError(failure.message, original_error=failure)


def _refused(failure: Failure) -> Result:
    return Result(errors=[_error(failure)], was_executed=False)


def _finished(data: dict[str, Any] | None, errors: list[GraphQLError], context: Context) -> Result:
    observe_errors(errors, context)
    return Result(data=data, errors=errors, extensions=extensions_of(context))


def extensions_of(context: Context) -> dict[str, Any]:
    """Tell what an operation has found out about its answer so far."""
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
    return extensions
