"""Introspection, answered once and kept: a schema says the same of itself to everybody."""

from collections import OrderedDict
from typing import Any

from graphql import FieldNode, FragmentSpreadNode, SelectionNode, VariableNode

from execution.collect import Operation
from execution.column import begin_step, root_group
from execution.failure import settle_steps
from execution.plan import Step
from execution.run import Group, Run


class Introspection:
    """The answers to the introspection fields of plans.

    *Shape*: at most ``capacity`` answers, the least recently used leave first. An answer is
    shared by all who get it and never changed. One whose arguments come from a request's
    variables is made anew each time.
    """

    def __init__(self, capacity: int = 16) -> None:
        self._capacity = capacity
        self._known: OrderedDict[Step, Any] = OrderedDict()

    def answer(self, run: Run, step: Step) -> Any:
        """Give the finished value of an introspection field."""
        if step in self._known:
            self._known.move_to_end(step)
            return self._known[step]
        found = _answer(run, step)
        if not _reads_variables(step, run.plan.operation):
            self._known[step] = found
            if len(self._known) > self._capacity:
                self._known.popitem(last=False)
        return found


def _answer(run: Run, step: Step) -> Any:
    alone = Run(
        plan=run.plan,
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
