"""Which classified arguments an operation makes use of, and whether its caller may.

To filter or sort by a value, or to hand one to a mutation, tells something of it. So what an
operation uses is decided before any of it is done, and one denied use refuses the whole: an error
on its field alone would come after other systems have been asked, and would tell by its absence.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    get_named_type,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues, get_argument_values, get_directive_values
from msgspec import Struct

from domain.errors import Forbidden
from domain.policy import Condition, FieldPolicy
from domain.viewer import PolicyClass

# With a case open, an agent reads what a customer is found by; to find them is how one begins.
_TO_FIND = (Condition.CASE, Condition.UNRESTRICTED)
# Below a person every object is about that person already: what holds is looked at there.
_BELOW = tuple(Condition)


class Usage(Struct, frozen=True, eq=False):
    """One field of an operation whose arguments can hold something classified.

    *Shape*: ``nodes`` are all on the way to it that @skip and @include may stand on, itself last.
    """

    parent: str
    field: GraphQLField
    node: FieldNode
    nodes: tuple[SelectionNode, ...]
    is_below: bool


def read_usages(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDetails],
) -> tuple[Usage, ...]:
    """Find the fields of an operation that can use something classified; almost always none."""
    found: list[Usage] = []
    spread: set[tuple[str, str]] = set()
    root = schema.get_root_type(operation.operation)
    waiting: list[tuple[Any, SelectionNode, tuple[SelectionNode, ...]]] = [
        (root, node, ()) for node in operation.selection_set.selections
    ]
    while waiting:
        parent, node, above = waiting.pop()
        way = (*above, node) if node.directives else above
        if isinstance(node, FieldNode):
            field = schema.get_field(parent, node.name.value) if parent is not None else None
            if field is None:
                continue
            if field.extensions.get("uses") is not None:
                is_below = bool(parent.extensions.get("person"))
                found.append(Usage(parent.name, field, node, way, is_below))
            if node.selection_set is not None:
                below = get_named_type(field.type)
                waiting.extend((below, each, way) for each in node.selection_set.selections)
        elif isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            target = schema.get_type(condition.name.value) if condition else parent
            waiting.extend((target, each, way) for each in node.selection_set.selections)
        elif isinstance(node, FragmentSpreadNode):
            name = node.name.value
            fragment = fragments.get(name)
            # Spread under other conditions it is another use; what has none is seen once.
            seen = (name, ",".join(str(id(each)) for each in way))
            if fragment is not None and seen not in spread:
                spread.add(seen)
                definition = fragment.definition
                target = schema.get_type(definition.type_condition.name.value)
                selections = definition.selection_set.selections
                waiting.extend((target, each, way) for each in selections)
    return tuple(found)


def check_usages(
    usages: Iterable[Usage],
    variables: VariableValues,
    policy: FieldPolicy,
    policy_class: PolicyClass,
) -> None:
    """Refuse an operation that uses what its caller may not read. *Errors*: ``Forbidden``."""
    for usage in usages:
        if not all(_is_included(node, variables) for node in usage.nodes):
            continue
        if policy.decide(usage.parent, usage.node.name.value, policy_class).is_denied:
            continue  # nothing is done with it
        try:
            given = get_argument_values(usage.field, usage.node, variables)
        except GraphQLError:
            continue  # told where it belongs: at its field, which then asks nobody for anything
        for kind, name in usage.field.extensions["uses"](given):
            if not may_use(kind, name, policy, policy_class, is_below=usage.is_below):
                role, purpose = policy_class.role.value, policy_class.purpose.value
                raise Forbidden(
                    f"Role {role} may not use '{name}' for purpose {purpose}: "
                    "it tells what it may not read."
                )


def may_use(
    kind: str, name: str, policy: FieldPolicy, policy_class: PolicyClass, *, is_below: bool
) -> bool:
    """Tell whether something classified may be used; ``is_below`` a person, or to find one."""
    conditions = _BELOW if is_below else _TO_FIND
    return policy.decide(kind, name, policy_class).is_had_by(*conditions)


def _is_included(node: SelectionNode, variables: VariableValues) -> bool:
    skip = get_directive_values(GraphQLSkipDirective, node, variables)
    if skip and skip["if"] is True:
        return False
    include = get_directive_values(GraphQLIncludeDirective, node, variables)
    return not (include and include["if"] is False)
