"""A field's arguments: the same for every request, or read from each request's variables."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import partial
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
    is_non_null_type,
)
from graphql.execution.values import VariableValues, get_argument_values
from msgspec import Struct

_ABSENT = object()
_CONSTANTS = (str, int, float, bool, type(None), Decimal, date, datetime, Enum)


class Arguments(Struct, frozen=True, eq=False):
    """How the arguments of one field are had.

    *Shape*: ``constant`` holds those that no request can change and nobody could change in place.
    ``variables`` are those that are a variable and nothing else: the name that the resolver knows,
    the variable's name, and whether it may be null. Where ``is_plain`` is false they are not all
    of these kinds, and ``anew`` coerces them for each request: once for a whole column, and
    shared by it read-only.
    """

    anew: Callable[[VariableValues], dict[str, Any]]
    constant: dict[str, Any]
    variables: tuple[tuple[str, str, bool], ...]
    is_plain: bool

    def coerce(self, variables: VariableValues) -> dict[str, Any]:
        """Give the arguments. *Errors*: ``GraphQLError`` as graphql-core raises it."""
        if not self.is_plain:
            return self.anew(variables)
        if not self.variables:
            return self.constant
        values = self.constant.copy()
        coerced = variables.coerced
        for name, variable, is_nullable in self.variables:
            value = coerced.get(variable, _ABSENT)
            if value is _ABSENT or (value is None and not is_nullable):
                # A default, or an error: the reference knows which.
                return self.anew(variables)
            values[name] = value
        return values


NO_ARGUMENTS = Arguments(lambda _: {}, {}, (), is_plain=True)


def plan_arguments(field: GraphQLField, node: FieldNode) -> Arguments:
    """Coerce now what no request can change."""
    coerce = partial(get_argument_values, field, node)
    anew = Arguments(coerce, {}, (), is_plain=False)
    given = {each.name.value: each.value for each in node.arguments or ()}
    variables = {
        name: value.name.value for name, value in given.items() if isinstance(value, VariableNode)
    }
    if any(_has_variable(each) for name, each in given.items() if name not in variables):
        return anew
    rest = GraphQLField(
        field.type, {name: each for name, each in field.args.items() if name not in variables}
    )
    try:
        constant = get_argument_values(rest, node)
    except GraphQLError:
        # Raised again where it belongs: at the field, when it is asked for.
        return anew
    if not all(map(_is_frozen, constant.values())):
        return anew
    plain = tuple(
        (argument.out_name or name, variables[name], not is_non_null_type(argument.type))
        for name, argument in field.args.items()
        if name in variables
    )
    return Arguments(coerce, constant, plain, is_plain=True)


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
