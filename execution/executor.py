"""Executes operations: the one door between any transport and the graph."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from typing import Any

from graphql import GraphQLError, GraphQLSchema, OperationType
from msgspec import Struct

import execution.engine
from domain.errors import DeadlineExceeded, Failure
from domain.record import UNRECORDED
from domain.viewer import Role
from execution.context import Context
from execution.demand import Admit, Demand
from execution.document import Document, Documents, Read
from execution.engine import Engine
from execution.excerpt import Excerpts
from execution.limit import Limits, RoleLimits, check_cost, check_variables
from execution.plan import Plan
from execution.prepared import Prepared, narrow
from execution.record import looks, record
from execution.reference import Reference
from execution.result import Result, broken, error_of, finished, refused
from execution.run import Run
from execution.usage import check_usages

# Calls to the systems end a little before the deadline, so that what came can still be shown;
# whatever has not ended by then is a bug or a starved machine, and is cut off here.
_GRACE = 0.05


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
        self._reference = Reference(schema, _GRACE)

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
        prepared = await self.prepare(
            document, variables, operation_name, context, for_sharing=for_sharing, admit=admit
        )
        if isinstance(prepared, Result):
            return prepared
        if in_parts and not prepared.operation.is_planned:
            return await _bounded(context, self._reference.parts(prepared, context))
        found = self.begin(prepared, context)
        return found if isinstance(found, Result) else await found

    def begin(
        self, prepared: Prepared, context: Context, root: object = None
    ) -> Result | Coroutine[Any, Any, Result]:
        """Answer at once where nobody has to be waited for; or else give what is to be awaited."""
        run: Run | None = None
        try:
            if (plan := self._plan(prepared, context)) is not None:
                run = self._engine.run(plan, context, prepared.values, root)
                if plan.least == plan.reads:
                    context.loaders.narrow(plan.reads)
                    self._engine.begin(run)
                    if not run.waits and not run.shown:
                        data = self._engine.end(run)
                        context.actual += run.cost
                        return self._finished(prepared, context, data, run.errors)
        except Exception as bug:  # noqa: BLE001 - nothing but cancellation leaves this door
            if run is not None:
                context.actual += run.cost
            return broken(bug, context)
        if run is not None:
            return _bounded(context, self._run(prepared, context, run))
        return _bounded(context, self._refer(prepared, context, root))

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
        prepared = await self.prepare(document, variables, operation_name, context, admit=admit)
        if isinstance(prepared, Result):
            return prepared
        return await self._reference.events(prepared, context)

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
        prepared = await self.prepare(document, variables, operation_name, context, admit=admit)
        if isinstance(prepared, Result):
            return prepared
        found = self.begin(prepared, context, event)
        return found if isinstance(found, Result) else await found

    async def prepare(
        self,
        document: str | Read,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        context: Context,
        *,
        for_sharing: bool = False,
        admit: Admit | None = None,
    ) -> Prepared | Result:
        """Find an operation good and have it admitted; a result tells why it was not.

        *Shape*: as ``execute``, of which it is the first half; ``begin`` is the second.
        """
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
        except Failure as failure:
            return refused(failure)
        return Prepared(read, operation, values, variables, operation_name, for_sharing)

    def _finished(
        self,
        prepared: Prepared,
        context: Context,
        data: dict[str, Any] | None,
        errors: list[GraphQLError],
    ) -> Result:
        result = finished(data, errors, context)
        if prepared.for_sharing:
            result.max_age = self._max_age(prepared, context, result)
        return result

    def _max_age(self, prepared: Prepared, context: Context, result: Result) -> int | None:
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

    def _plan(self, prepared: Prepared, context: Context) -> Plan | None:
        if not self._settings.planner:
            return None
        return self._engine.plan(
            prepared.operation, prepared.values, context.policy, context.policy_class
        )

    async def _run(self, prepared: Prepared, context: Context, run: Run) -> Result:
        """Run on by the plan; nothing has begun where it must be known first who is near."""
        try:
            if run.whole is None:
                await narrow(context, run.plan.reads, run.plan.least)
                self._engine.begin(run)
            data = await self._engine.finish(run)
        finally:
            context.actual += run.cost
        if run.shown and context.record is not UNRECORDED:
            await record(looks(run.shown), context)
        return self._finished(prepared, context, data, run.errors)

    async def _refer(self, prepared: Prepared, context: Context, root: object) -> Result:
        data, errors = await self._reference.answer(prepared, context, root)
        return self._finished(prepared, context, data, errors)


async def _bounded(context: Context, work: Coroutine[Any, Any, Result]) -> Result:
    """Await an answer until the operation's deadline, and a little beyond."""
    loop = asyncio.get_running_loop()
    bound = asyncio.timeout(None)

    def end() -> None:
        # What has come makes an answer yet, also where the process itself was held up.
        context.loaders.give_up()
        bound.reschedule(loop.time() + _GRACE)

    ending = loop.call_later(max(0.0, context.deadline.remaining()), end)
    try:
        async with bound:
            return await work
    except TimeoutError:
        failure = DeadlineExceeded("The operation did not end within its time.")
        return finished(None, [error_of(failure)], context)
    except Exception as bug:  # noqa: BLE001 - nothing but cancellation leaves this door
        return broken(bug, context)
    finally:
        ending.cancel()
