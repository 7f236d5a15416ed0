"""Which fields an operation asks for, read off the document with graphql-core's own collection."""

from collections.abc import Mapping
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionNode,
    VariableNode,
)
from graphql.execution.collect_fields import (
    FieldDetails,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues
from msgspec import Struct

from execution.cost import Estimate, estimate
from execution.usage import Usage, read_usages
from execution.variable import Variables, read_variables

_CONDITIONS = frozenset({"skip", "include"})
_UNPLANNED = frozenset({"defer", "stream", "experimental_disableErrorPropagation"})

Fields = Mapping[str, list[FieldDetails]]


class Operation(Struct, frozen=True, eq=False):
    """One operation of a document, with what its plan depends on.

    *Shape*: ``conditions`` names the variables that @skip and @include read, in a fixed order.
    ``is_planned`` is false for what only graphql-core runs: @defer, @stream, fragments with
    variables of their own, switched-off error propagation. ``estimate`` tells what it may cost,
    ``usages`` which classified arguments it can use.
    """

    schema: GraphQLSchema
    node: OperationDefinitionNode
    root: GraphQLObjectType | None
    fragments: dict[str, FragmentDetails]
    conditions: tuple[str, ...]
    is_planned: bool
    estimate: Estimate
    variables: Variables
    usages: tuple[Usage, ...] = ()

    def root_fields(self, variables: VariableValues) -> Fields:
        """Collect the fields of the operation itself, merged as the reference merges them."""
        assert self.root is not None, "an operation without a root type is not planned"
        found = collect_fields(self.schema, self.fragments, variables, self.root, self.node)
        return found.grouped_field_set

    def sub_fields(
        self, variables: VariableValues, kind: GraphQLObjectType, details: list[FieldDetails]
    ) -> Fields:
        """Collect the fields below a field, for one runtime type."""
        found = collect_subfields(self.schema, self.fragments, variables, self.node, kind, details)
        return found.grouped_field_set


def read_operation(
    schema: GraphQLSchema, document: DocumentNode, name: str | None, list_size: int = 10
) -> Operation | GraphQLError:
    """Choose the operation that a request names, and read what its plan depends on."""
    chosen: OperationDefinitionNode | None = None
    fragments: dict[str, FragmentDetails] = {}
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            if name is None and chosen is not None:
                return GraphQLError(
                    "Must provide operation name if query contains multiple operations."
                )
            if name is None or (node.name and node.name.value == name):
                chosen = node
        elif isinstance(node, FragmentDefinitionNode):
            fragments[node.name.value] = FragmentDetails(node)
    if chosen is None:
        return GraphQLError(
            "Must provide an operation." if name is None else f"Unknown operation named '{name}'."
        )
    conditions, is_planned = _traits(chosen, fragments)
    root = schema.get_root_type(chosen.operation)
    return Operation(
        schema=schema,
        node=chosen,
        root=root,
        fragments=fragments,
        conditions=tuple(sorted(conditions)),
        is_planned=is_planned and root is not None,
        estimate=estimate(schema, chosen, fragments, list_size),
        variables=read_variables(schema, chosen.variable_definitions or ()),
        usages=read_usages(schema, chosen, fragments),
    )


def _traits(
    operation: OperationDefinitionNode, fragments: dict[str, FragmentDetails]
) -> tuple[set[str], bool]:
    """Visit every selection that the operation reaches once."""
    conditions: set[str] = set()
    is_planned = not any(each.name.value in _UNPLANNED for each in operation.directives or ())
    spread: set[str] = set()
    waiting: list[SelectionNode] = list(operation.selection_set.selections)
    while waiting:
        node = waiting.pop()
        for directive in node.directives or ():
            if directive.name.value in _CONDITIONS:
                conditions.update(_variables(directive))
            elif directive.name.value in _UNPLANNED:
                is_planned = False
        below: Any = None
        if isinstance(node, FragmentSpreadNode):
            fragment = fragments.get(node.name.value)
            if node.arguments:
                is_planned = False
            if fragment is not None and node.name.value not in spread:
                spread.add(node.name.value)
                if fragment.definition.variable_definitions:
                    is_planned = False
                below = fragment.definition.selection_set
        else:
            assert isinstance(node, FieldNode) or hasattr(node, "selection_set")
            below = getattr(node, "selection_set", None)
        if below is not None:
            waiting.extend(below.selections)
    return conditions, is_planned


def _variables(directive: DirectiveNode) -> list[str]:
    return [
        each.value.name.value
        for each in directive.arguments or ()
        if isinstance(each.value, VariableNode)
    ]
