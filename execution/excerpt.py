"""The part of a schema that is in sight of a role, as a schema of its own.

It says of itself what introspection answers, and finds fault with documents in words that name
nothing else. It executes nothing: its types are copies without resolvers.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLDefaultInput,
    GraphQLDirective,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    get_named_type,
    is_list_type,
    is_non_null_type,
    is_specified_directive,
    value_from_ast,
)
from graphql.utilities import get_default_value_ast

from domain.viewer import Role
from execution.context import Context
from execution.sight import Sight, sight

Fields = Mapping[str, Mapping[str, set[str]]]


class Excerpts:
    """What each role is told of one schema.

    *Shape*: one excerpt for each role, made when the role first needs it and kept: policy and
    actions are the same for the life of the process.
    """

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._known: dict[Role, GraphQLSchema] = {}

    def of(self, context: Context) -> GraphQLSchema:
        """Give the excerpt for whoever asks."""
        role = context.viewer.role
        if role not in self._known:
            seen = sight(self._schema, role, context.policy, context.actions)
            self._known[role] = excerpt(self._schema, seen)
        return self._known[role]


def excerpt(schema: GraphQLSchema, sight: Sight) -> GraphQLSchema:
    """Make a valid schema of what is in sight.

    An interface has the fields that every type of it in sight has; where there is none, the
    interface is not there, and what would lead to it neither.
    """
    return _Excerpt(schema, sight).made()


class _Excerpt:
    def __init__(self, schema: GraphQLSchema, sight: Sight) -> None:
        self._schema = schema
        self._sight = sight
        self._fields = _settled(schema, sight)
        self._enums = {**_named_by_labels(schema, self._fields), **sight.enums}
        self._made: dict[str, GraphQLNamedType] = {}

    def made(self) -> GraphQLSchema:
        schema = self._schema
        for name, kind in schema.type_map.items():
            made = self._type(name, kind)
            if made is not None:
                self._made[name] = made

        def root(kind: GraphQLObjectType | None) -> Any:
            return self._made.get(kind.name) if kind is not None else None

        return GraphQLSchema(
            query=root(schema.query_type),
            mutation=root(schema.mutation_type),
            subscription=root(schema.subscription_type),
            # An object that only an interface leads to is found by nobody else.
            types=[each for each in self._made.values() if isinstance(each, GraphQLObjectType)],
            directives=list(self._directives()),
            description=schema.description,
            assume_valid=True,
        )

    def _type(self, name: str, kind: GraphQLNamedType) -> GraphQLNamedType | None:
        if name.startswith("__"):
            return None
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            return self._composite(kind) if name in self._fields else None
        if isinstance(kind, GraphQLUnionType):
            return self._union(kind) if any(self._members(kind)) else None
        if isinstance(kind, GraphQLEnumType):
            values = self._enums.get(name)
            return self._enum(kind, values) if values else None
        if isinstance(kind, GraphQLInputObjectType):
            return self._input(kind) if self._sight.inputs.get(name) else None
        return kind

    def _composite(self, kind: GraphQLObjectType | GraphQLInterfaceType) -> GraphQLNamedType:
        shown = self._fields[kind.name]

        def fields() -> dict[str, GraphQLField]:
            return {
                name: GraphQLField(
                    self._wrapped(each.type),
                    {
                        given: self._argument(argument)
                        for given, argument in each.args.items()
                        if given in shown[name]
                    },
                    description=each.description,
                    deprecation_reason=each.deprecation_reason,
                    extensions=each.extensions,
                )
                for name, each in kind.fields.items()
                if name in shown
            }

        def interfaces() -> list[Any]:
            return [self._made[each.name] for each in kind.interfaces if each.name in self._made]

        make: Callable[..., GraphQLNamedType] = type(kind)
        return make(kind.name, fields, interfaces, description=kind.description)

    def _union(self, kind: GraphQLUnionType) -> GraphQLUnionType:
        def types() -> list[Any]:
            return [self._made[name] for name in self._members(kind)]

        return GraphQLUnionType(kind.name, types, description=kind.description)

    def _members(self, kind: GraphQLUnionType) -> Iterator[str]:
        return (each.name for each in kind.types if each.name in self._fields)

    def _enum(self, kind: GraphQLEnumType, shown: set[str]) -> GraphQLEnumType:
        if shown >= kind.values.keys():
            return kind
        values = {name: each for name, each in kind.values.items() if name in shown}
        return GraphQLEnumType(kind.name, values, description=kind.description)

    def _input(self, kind: GraphQLInputObjectType) -> GraphQLInputObjectType:
        shown = self._sight.inputs[kind.name]

        def fields() -> dict[str, GraphQLInputField]:
            return {
                name: GraphQLInputField(**self._given(each))
                for name, each in kind.fields.items()
                if name in shown
            }

        return GraphQLInputObjectType(
            kind.name, fields, description=kind.description, is_one_of=kind.is_one_of
        )

    def _argument(self, argument: GraphQLArgument) -> GraphQLArgument:
        return GraphQLArgument(**self._given(argument))

    def _given(self, given: GraphQLArgument | GraphQLInputField) -> Any:
        kind: Any = self._wrapped(given.type)
        literal = get_default_value_ast(given)
        # What may not be written is not told as what is meant when nothing is.
        is_told = literal is not None and value_from_ast(literal, kind) is not Undefined
        return {
            "type_": kind,
            "default": GraphQLDefaultInput(literal=literal) if is_told else None,
            "description": given.description,
            "deprecation_reason": given.deprecation_reason,
        }

    def _wrapped(self, kind: Any) -> Any:
        if is_non_null_type(kind):
            return GraphQLNonNull(self._wrapped(kind.of_type))
        if is_list_type(kind):
            return GraphQLList(self._wrapped(kind.of_type))
        return self._made[kind.name]

    def _directives(self) -> Iterator[GraphQLDirective]:
        for directive in self._schema.directives:
            args = directive.args
            if is_specified_directive(directive):
                yield directive
            elif self._made.keys() >= {get_named_type(each.type).name for each in args.values()}:
                yield GraphQLDirective(
                    directive.name,
                    directive.locations,
                    {name: self._argument(each) for name, each in args.items()},
                    is_repeatable=directive.is_repeatable,
                    description=directive.description,
                )


def _settled(schema: GraphQLSchema, sight: Sight) -> dict[str, dict[str, set[str]]]:
    """Take out fields that lead to nothing, and add the interfaces, until nothing changes."""
    objects = {name: dict(fields) for name, fields in sight.fields.items() if fields}
    while True:
        known = {**objects, **_interfaces(schema, objects)}

        def leads(name: str, field: str, known: Fields = known) -> bool:
            kind: Any = schema.type_map[name]
            target = get_named_type(kind.fields[field].type)
            if isinstance(target, GraphQLObjectType | GraphQLInterfaceType):
                return target.name in known
            if isinstance(target, GraphQLUnionType):
                return any(each.name in known for each in target.types)
            return True

        left = {
            name: {field: args for field, args in fields.items() if leads(name, field)}
            for name, fields in objects.items()
        }
        left = {name: fields for name, fields in left.items() if fields}
        if left == objects:
            return known
        objects = left


def _interfaces(schema: GraphQLSchema, objects: Fields) -> dict[str, dict[str, set[str]]]:
    """Give each interface what all objects of it in sight have in common."""
    found: dict[str, dict[str, set[str]]] = {}
    for name, kind in schema.type_map.items():
        if not isinstance(kind, GraphQLInterfaceType):
            continue
        of = [
            objects[each.name]
            for each in schema.get_implementations(kind).objects
            if each.name in objects
        ]
        common = {
            field: set.intersection(set(published.args), *(each[field] for each in of))
            for field, published in kind.fields.items()
            if of and all(field in each for each in of)
        }
        if common:
            found[name] = common
    return found


def _named_by_labels(schema: GraphQLSchema, fields: Fields) -> dict[str, set[str]]:
    """Find what the labels of fields in sight say, by the enums of the directive that says it."""
    labels = [
        label
        for name, shown in fields.items()
        for field in shown
        if (label := _fields_of(schema, name)[field].extensions.get("label")) is not None
    ]
    return {
        kind.name: {getattr(label, name).value for label in labels}
        for directive in schema.directives
        for name, argument in directive.args.items()
        if isinstance(kind := get_named_type(argument.type), GraphQLEnumType)
    }


def _fields_of(schema: GraphQLSchema, name: str) -> Mapping[str, GraphQLField]:
    kind: Any = schema.type_map[name]
    fields: Mapping[str, GraphQLField] = kind.fields
    return fields
