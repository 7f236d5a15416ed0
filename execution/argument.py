"""A field's arguments: the same for every request, or read from each request's variables."""

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLField,
    ListValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
)
from graphql.execution.values import VariableValues, get_argument_values
from msgspec import Struct

_CONSTANTS = (str, int, float, bool, type(None), Decimal, date, datetime, Enum)


class Arguments(Struct, frozen=True, eq=False):
    """How the arguments of one field are had.

    *Shape*: ``constant`` holds them where no request can change them and nobody could change
    them in place; else they are coerced anew for each request, once for a whole column, and
    shared by it read-only.
    """

    field: GraphQLField
    node: FieldNode
    constant: dict[str, Any] | None

    def coerce(self, variables: VariableValues) -> dict[str, Any]:
        """Give the arguments. *Errors*: ``GraphQLError`` as graphql-core raises it."""
        if self.constant is not None:
            return self.constant
        return get_argument_values(self.field, self.node, variables)


def plan_arguments(field: GraphQLField, node: FieldNode) -> Arguments:
    """Coerce now what no request can change."""
    if not field.args:
        return Arguments(field, node, {})
    if any(_has_variable(each.value) for each in node.arguments or ()):
        return Arguments(field, node, None)
    try:
        values = get_argument_values(field, node)
    except GraphQLError:
        # Raised again where it belongs: at the field, when it is asked for.
        return Arguments(field, node, None)
    is_constant = all(_is_frozen(each) for each in values.values())
    return Arguments(field, node, values if is_constant else None)


def _has_variable(node: ValueNode) -> bool:
    waiting = [node]
    while waiting:
        value = waiting.pop()
        if isinstance(value, VariableNode):
            return True
        if isinstance(value, ListValueNode):
            waiting.extend(value.values)
        elif isinstance(value, ObjectValueNode):
            waiting.extend(each.value for each in value.fields)
    return False


def _is_frozen(value: Any) -> bool:
    if isinstance(value, _CONSTANTS):
        return True
    if isinstance(value, tuple | frozenset):
        return all(map(_is_frozen, value))
    if isinstance(value, Struct) and type(value).__struct_config__.frozen:
        return all(_is_frozen(getattr(value, each.name)) for each in msgspec.structs.fields(value))
    return False
