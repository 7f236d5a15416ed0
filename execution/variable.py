"""A request's variables, coerced by what is known of them before any request comes."""

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLSchema,
    Undefined,
    VariableDefinitionNode,
    get_named_type,
    get_variable_values,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_value
from msgspec import Struct

_MAX_ERRORS = 50
_NONE: Mapping[str, Any] = {}


class Variables(Struct, frozen=True, eq=False):
    """The variables of one operation.

    *Shape*: ``signatures`` is None where one of them is no list of, or is, a scalar or enum; such
    variables are left to graphql-core from the start.
    """

    schema: GraphQLSchema
    definitions: Sequence[VariableDefinitionNode]
    signatures: Sequence[Any] | None

    def coerce(self, given: dict[str, Any] | None) -> VariableValues | list[GraphQLError]:
        """Coerce what a request sent, or tell what is wrong with it; ``told`` has better words.

        What is not just right is given to graphql-core, which has the words for it.
        """
        if self.signatures is not None:
            values = self._plain(given or _NONE)
            if values is not None:
                return values
        return get_variable_values(
            self.schema, self.definitions, given or {}, _MAX_ERRORS, hide_suggestions=True
        )

    def told(self, given: dict[str, Any] | None, schema: GraphQLSchema) -> list[GraphQLError]:
        """Tell all that is wrong with what a request sent, as the schema that it may know of says.

        What only another schema takes is told without a word of what that schema has.
        """
        found = get_variable_values(schema, self.definitions, given or {}, _MAX_ERRORS)
        if not isinstance(found, list):
            found = self.coerce(given)
        assert isinstance(found, list), "told of what is wrong"
        return found

    def _plain(self, given: Mapping[str, Any]) -> VariableValues | None:
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for signature in self.signatures or ():
            name = signature.name
            value = given.get(name, Undefined)
            sources[name] = VariableValueSource(signature, value)
            if value is not Undefined:
                found = coerce_input_value(value, signature.type)
                if found is Undefined:
                    return None
                coerced[name] = found
            elif signature.default is not None:
                coerced[name] = coerce_default_value(signature)
            elif is_non_null_type(signature.type):
                return None
        return VariableValues(sources, coerced)


def read_variables(
    schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]
) -> Variables:
    """Read what an operation says of its variables."""
    signatures = [get_variable_signature(schema, each) for each in definitions]
    is_plain = all(
        not isinstance(each, GraphQLError) and _is_plain(each.type) and _is_sound(each)
        for each in signatures
    )
    return Variables(schema, definitions, signatures if is_plain else None)


def _is_plain(kind: Any) -> bool:
    lists = 0
    while is_non_null_type(kind) or is_list_type(kind):
        lists += is_list_type(kind)
        kind = kind.of_type
    return lists <= 1 and is_leaf_type(get_named_type(kind))


def _is_sound(signature: Any) -> bool:
    try:
        if signature.default is not None:
            coerce_default_value(signature)
    except TypeError:
        return False
    return True
