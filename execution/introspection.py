"""Introspection, answered once and kept: a schema says the same of itself to all of one role."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from graphql import FieldNode, FragmentSpreadNode, GraphQLSchema, SelectionNode, VariableNode

from execution.collect import Operation
from execution.column import begin_step, root_group
from execution.cost import VALUES
from execution.failure import settle_steps
from execution.plan import Step
from execution.run import Group, Run


class Introspection:
    """The answers to the introspection fields of plans.

    *Shape*: at most ``capacity`` answers with ``values`` together, the least recently used leave
    first; one that would take a tenth of the room is not kept. ``schema_of`` gives
    the schema that a context is told of; without it that is the operation's own. An answer is
    shared by all who are told of the same one, and never changed. One whose arguments come from a
    request's variables is made anew each time.
    """

    def __init__(
        self,
        capacity: int = 32,
        values: int = 500_000,
        schema_of: Callable[[Any], GraphQLSchema] | None = None,
    ) -> None:
        self._capacity = capacity
        self._values = values
        self._schema_of = schema_of
        self._known: OrderedDict[tuple[Any, ...], tuple[Any, int]] = OrderedDict()
        self._held = 0

    def answer(self, run: Run, step: Step) -> Any:
        """Give the finished value of an introspection field; what is told anew adds to the cost."""
        operation = run.plan.operation
        told = operation.schema if self._schema_of is None else self._schema_of(run.context)
        conditions = tuple(run.variables.coerced.get(name) for name in operation.conditions)
        key = (operation, conditions, step.key, told)
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key][0]
        found = _answer(run, step, told)
        count = _count(found)
        run.cost += count // VALUES
        if count * 10 <= self._values and not _reads_variables(step, operation):
            self._known[key] = (found, count)
            self._held += count
            while len(self._known) > self._capacity or self._held > self._values:
                _, (_, dropped) = self._known.popitem(last=False)
                self._held -= dropped
        return found


def _answer(run: Run, step: Step, told: GraphQLSchema) -> Any:
    alone = Run(
        plan=run.plan,
        told=told,
        context=run.context,
        variables=run.variables,
        root=run.root,
        field_resolver=run.field_resolver,
        type_resolver=run.type_resolver,
    )
    whole = root_group(alone)
    row = {step.key: None}
    begin_step(alone, Group(whole.selection, whole.parents, [row], whole.paths), step)
    settle_steps(alone, whole.selection, row, [step])
    return row[step.key]


def _count(found: Any) -> int:
    count, waiting = 0, [found]
    while waiting:
        each = waiting.pop()
        count += 1
        if isinstance(each, dict):
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
    return count


def _reads_variables(step: Step, operation: Operation) -> bool:
    waiting: list[SelectionNode] = list(step.nodes)
    spread: set[str] = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, FieldNode) and any(
            isinstance(each.value, VariableNode) for each in node.arguments or ()
        ):
            return True
        below: Any = getattr(node, "selection_set", None)
        if isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
            spread.add(node.name.value)
            below = operation.fragments[node.name.value].definition.selection_set
        if below is not None:
            waiting.extend(below.selections)
    return False
