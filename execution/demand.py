"""What an operation asks for, told before any of it is done."""

from collections.abc import Awaitable, Callable

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationType,
    SelectionNode,
)
from msgspec import Struct

from execution.collect import Operation
from execution.context import Context

_SCHEMA_FIELDS = frozenset({"__schema", "__type"})


class Demand(Struct, frozen=True, eq=False):
    """One operation that is about to begin. *Units*: ``cost`` as execution/cost.py counts."""

    operation: Operation
    cost: int

    @property
    def kind(self) -> OperationType:
        """Whether it reads, changes or follows."""
        return self.operation.node.operation

    @property
    def introspects(self) -> bool:
        """Whether it reads the schema itself."""
        waiting: list[SelectionNode] = list(self.operation.node.selection_set.selections)
        spread: set[str] = set()
        while waiting:
            node = waiting.pop()
            if isinstance(node, FieldNode):
                if node.name.value in _SCHEMA_FIELDS:
                    return True
            elif isinstance(node, InlineFragmentNode):
                waiting.extend(node.selection_set.selections)
            elif isinstance(node, FragmentSpreadNode):
                name = node.name.value
                fragment = self.operation.fragments.get(name)
                if fragment is not None and name not in spread:
                    spread.add(name)
                    waiting.extend(fragment.definition.selection_set.selections)
        return False


# Lets an operation begin; it raises the ``Failure`` that keeps it from beginning.
Admit = Callable[[Demand, Context], Awaitable[None]]
