"""The planned engine: plans kept by what they depend on, runs that follow them."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from graphql import (
    GraphQLSchema,
    OperationType,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution.values import VariableValues
from msgspec import Struct

from domain.policy import FieldPolicy
from domain.viewer import PolicyClass
from execution.collect import Operation
from execution.column import begin, begin_step, finish, root_group
from execution.failure import settle_answer, settle_steps
from execution.introspection import Introspection
from execution.plan import Plan
from execution.planner import Planner
from execution.run import Group, Run


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many plans are kept.

    *Units*: ``plans`` in plans; ``steps`` in fields of all plans together, each some two
    kilobytes; ``combinations`` in plans of one operation, for the variables of @skip and @include
    and the policy classes that it is asked with; ``introspections`` in answers, ``told`` in values
    of all these answers, each some hundred bytes; ``loop_after`` in columns of one place: the one
    after them gets code of its own, 0 for none ever.
    """

    plans: int = 2_000
    steps: int = 50_000
    combinations: int = 32
    introspections: int = 32
    told: int = 500_000
    loop_after: int = 16


class Engine:
    """Plans and runs the operations of one schema.

    *Shape*: plans are bounded in number, in size and for each operation; what no longer has room
    is planned again when it is asked for again. ``schema_of`` is as in ``Introspection``.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        settings: Settings,
        field_resolver: Any = default_field_resolver,
        type_resolver: Any = default_type_resolver,
        schema_of: Callable[[Any], GraphQLSchema] | None = None,
    ) -> None:
        self._settings = settings
        self._planner = Planner(schema)
        self._introspection = Introspection(settings.introspections, settings.told, schema_of)
        self._field_resolver = field_resolver
        self._type_resolver = type_resolver
        self._plans: OrderedDict[_Key, Plan] = OrderedDict()
        self._counts: dict[Operation, int] = {}

    def plan(
        self,
        operation: Operation,
        variables: VariableValues,
        policy: FieldPolicy | None,
        policy_class: PolicyClass | None,
    ) -> Plan | None:
        """Give the plan of an operation; None where only graphql-core runs it.

        *Errors*: ``GraphQLError`` where the fields cannot be collected.
        """
        if not operation.is_planned:
            return None
        conditions: tuple[Any, ...] = ()
        if operation.conditions:
            coerced = variables.coerced
            conditions = tuple(coerced.get(name) for name in operation.conditions)
            if not all(isinstance(each, bool) for each in conditions):
                return None
        key = (operation, conditions, policy_class)
        plan = self._plans.get(key)
        if plan is not None:
            self._plans.move_to_end(key)
            return plan
        plan = self._planner.plan(operation, variables, policy, policy_class)
        self._keep(key, plan)
        return plan

    def run(self, plan: Plan, context: Any, variables: VariableValues, root: Any = None) -> Run:
        """Make a run of a plan; ``begin`` sets it going."""
        return Run(
            plan=plan,
            context=context,
            variables=variables,
            root=root,
            field_resolver=self._field_resolver,
            type_resolver=self._type_resolver,
            introspection=self._introspection,
            loop_after=self._settings.loop_after,
        )

    async def execute(self, run: Run) -> dict[str, Any] | None:
        """Run to the end; gives the data, and leaves the errors in ``run.errors``."""
        self.begin(run)
        return await self.finish(run)

    def begin(self, run: Run) -> None:
        """Run as far as nobody has to be waited for; ``run.waits`` tells whether there is more.

        Of a mutation nothing is begun: its fields wait for each other.
        """
        if run.plan.operation.node.operation is not OperationType.MUTATION:
            run.whole = begin(run)

    async def finish(self, run: Run) -> dict[str, Any] | None:
        """Run on to the end; gives the data, and leaves the errors in ``run.errors``."""
        if run.whole is None:
            return await _serially(run)
        if run.pending:
            await finish(run)
        return self.end(run)

    def end(self, run: Run) -> dict[str, Any] | None:
        """Give the data of a run that waits for nothing more."""
        assert run.whole is not None, "a run has begun before it ends"
        row = run.whole.rows[0]
        return row if settle_answer(run, run.whole.selection, row) else None

    def _keep(self, key: "_Key", plan: Plan) -> None:
        operation = key[0]
        count = self._counts.get(operation, 0)
        if count >= self._settings.combinations:
            self._drop(next(each for each in self._plans if each[0] is operation))
        self._plans[key] = plan
        self._counts[operation] = self._counts.get(operation, 0) + 1
        plan.is_kept = True
        self._planner.size += plan.size
        # Selections are planned as they are met, so that plans grow after they were kept.
        while len(self._plans) > 1 and (
            len(self._plans) > self._settings.plans or self._planner.size > self._settings.steps
        ):
            self._drop(next(iter(self._plans)))

    def _drop(self, key: "_Key") -> None:
        plan = self._plans.pop(key)
        plan.is_kept = False
        self._planner.size -= plan.size
        left = self._counts[key[0]] - 1
        if left:
            self._counts[key[0]] = left
        else:
            del self._counts[key[0]]


_Key = tuple[Operation, tuple[Any, ...], PolicyClass | None]


async def _serially(run: Run) -> dict[str, Any] | None:
    """Run the root fields one after the other, and none after a failure that takes the root."""
    whole = root_group(run)
    selection, row = whole.selection, whole.rows[0]
    for step in selection.steps:
        begin_step(run, Group(selection, whole.parents, [row], whole.paths), step)
        if run.pending:
            await finish(run)
        if not settle_steps(run, selection, row, [step]):
            return None
    return row
