"""Makes the executable schema of the published types, and reads off it what else needs to know.

Strawberry's converter gives a graphql-core schema whose fields run through Strawberry's wrappers.
Here each field gets our own way instead: an attribute read, or its batch resolver with a single
parent, so that the same schema runs on plain graphql-core; the engine finds the batch resolver in
the field's extensions and hands it the whole column.
"""

from collections.abc import Awaitable, Callable, Generator, Mapping
from functools import partial
from operator import attrgetter
from typing import Any

import strawberry
from graphql import (
    GraphQLDeferDirective,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
)
from msgspec import Struct
from strawberry.schema.config import StrawberryConfig

from domain.errors import Forbidden
from domain.policy import Classification, Label
from schema.argument import Arguments
from schema.classify import about_of, classify, records_of
from schema.directive import label_schema, print_labelled
from schema.field import DOMAIN, INTERFACES, Batch, Source
from schema.mutation import USER_ERRORS, Mutation
from schema.query import GUARDED, SHARED, Query
from schema.scalar import SCALARS
from schema.subscription import Subscription

_DEFINITION = "strawberry-definition"


class Published(Struct, frozen=True):
    """The schema, its text, and its own account of personal data.

    *Shape*: ``person_fields`` every (type, field) that is reached from a person, classified or
    not; but for ``id``, which names an object to those who have it already. ``unknown`` are the
    types that are reached from a person without saying what they have to do with one, each with
    the field that leads to it.
    """

    graphql: GraphQLSchema
    sdl: str
    classification: Classification
    person_fields: frozenset[tuple[str, str]]
    unknown: Mapping[str, str] = {}


def build() -> Published:
    """Build the published schema.

    *Errors*: ``TypeError`` for a type that names no domain class, or a mutation that could not be
    tried twice.
    """
    implementing = list(USER_ERRORS)
    for interface in INTERFACES:
        implementing += interface.__subclasses__()
    published = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=dict.fromkeys(implementing),
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    schema: GraphQLSchema = published._schema  # noqa: SLF001 - Strawberry has no public door to it
    schema.directives = (*schema.directives, GraphQLDeferDirective)
    arguments = Arguments()
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLInputObjectType):
            _tie_input(kind, arguments)
        elif isinstance(kind, GraphQLEnumType) and not name.startswith("__"):
            _describe(kind, arguments)
    for name, kind in schema.type_map.items():
        if name.startswith("__"):
            continue
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            about = about_of(kind)
            for field_name, field in kind.fields.items():
                _tie(f"{name}.{field_name}", field, arguments)
            if isinstance(kind, GraphQLObjectType):
                kind.extensions["person"] = about.is_person
                kind.extensions["passage"] = about.is_passage
                kind.extensions["thing"] = about.is_thing
                kind.extensions["made_by"] = about.made_by
                kind.extensions["class"] = domain_class(kind)
                # Whose objects can be stale or incomplete, and say so themselves.
                kind.extensions["provenance"] = not kind.fields.keys().isdisjoint(
                    ("provenance", "complete")
                )
            else:
                kind.resolve_type = _resolve_type(schema, kind)
                kind.extensions["by_class"] = True
        elif isinstance(kind, GraphQLUnionType):
            kind.resolve_type = _resolve_type(schema, kind)
            kind.extensions["by_class"] = True
    assert schema.query_type is not None
    for name, field in schema.query_type.fields.items():
        field.extensions["shared"] = name in SHARED
        if name in GUARDED:
            field.extensions["action"] = name
    assert schema.mutation_type is not None
    for name, field in schema.mutation_type.fields.items():
        _check_mutation(name, field)
        field.extensions["action"] = name
    _check_actions(schema)
    found = classify(schema)
    used = {place: Label(each) for place, each in arguments.categories.items()}
    label_schema(schema, found.labels)
    return Published(
        graphql=schema,
        sdl=print_labelled(schema, found.labels) + "\n",
        classification=Classification(
            {**found.labels, **used},
            frozenset(found.parts),
            found.parts,
            found.along,
            found.passages,
            records_of(schema, found.parts),
            frozenset({*schema.mutation_type.fields, *GUARDED}),
        ),
        person_fields=found.fields,
        unknown=found.unknown,
    )


def _check_mutation(name: str, field: GraphQLField) -> None:
    """See that a mutation can be tried again: one input, which names the try."""
    given = field.args.get("input")
    kind = given.type.of_type if given and isinstance(given.type, GraphQLNonNull) else None
    key = kind.fields.get("idempotencyKey") if isinstance(kind, GraphQLInputObjectType) else None
    if len(field.args) != 1 or key is None or str(key.type) != "String!":
        raise TypeError(
            f"mutation {name}: give it one argument, input, of a type that has "
            "idempotencyKey: String! (domain.outcome.Input)"
        )


def _check_actions(schema: GraphQLSchema) -> None:
    """See that what goes with a mutation names one that there is."""
    assert schema.mutation_type is not None
    known = schema.mutation_type.fields.keys() | GUARDED
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            actions = {field.extensions.get("action") for field in kind.fields.values()}
            for each in (actions - {None}).union(kind.extensions["made_by"]) - known:
                raise TypeError(f"type {name}: no mutation is called {each!r}")


def domain_class(kind: GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType) -> type:
    """Tell which domain class a published type stands for."""
    found: type = getattr(_origin(kind), DOMAIN)
    return found


def _origin(kind: Any) -> type:
    origin: type = kind.extensions[_DEFINITION].origin
    return origin


def _tie(place: str, field: GraphQLField, arguments: Arguments) -> None:
    definition = field.extensions[_DEFINITION]
    batch = definition.metadata.get("batch")
    for word in ("category", "record", "along"):
        field.extensions[word] = definition.metadata.get(word)
    field.extensions["cost"] = definition.metadata.get("cost", 0)
    field.extensions["reads"] = definition.metadata.get("reads", ())
    if batch is None:
        field.extensions["attribute"] = definition.python_name
        field.resolve = _read(definition.python_name)
    else:
        if follow := definition.metadata.get("stream"):
            field.subscribe = _follow(follow)
        for argument, (name, published) in zip(
            definition.arguments, field.args.items(), strict=True
        ):
            published.out_name = argument.python_name
            if category := argument.metadata.get("category"):
                arguments.categories[place, name] = category
            if published.default is not None and published.default.value is None:
                # "May be left out" is what null as a default says; the signature has it already.
                published.default = None
                published.default_value = Undefined
        field.extensions["uses"] = arguments.uses(place, field.args)
        field.extensions["batch"] = batch
        field.extensions["action"] = definition.metadata.get("action")
        field.resolve = _call(batch)


def _read(attribute: str) -> Callable[..., Any]:
    get = attrgetter(attribute)

    def resolve(parent: Any, _info: GraphQLResolveInfo[Any]) -> Any:
        return get(parent)

    return resolve


class _Answer:
    """What a batch resolver gives for one parent, once it is awaited.

    It is no coroutine: the reference drops those of the fields beside one that failed, some of
    them before they have begun, and a coroutine complains of that.
    """

    __slots__ = ("_call",)

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call

    def __await__(self) -> Generator[Any, None, Any]:
        answer = self._call()
        (value,) = (yield from answer.__await__()) if isinstance(answer, Awaitable) else answer
        if isinstance(value, Exception):
            raise value
        return value


def _call(batch: Batch) -> Callable[..., Any]:
    def resolve(parent: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        return _Answer(partial(batch, (parent,), info.context, **arguments))

    return resolve


def _follow(source: Source) -> Callable[..., Any]:
    def subscribe(_root: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        context, parent = info.context, info.parent_type.name
        if context.policy.decide(parent, info.field_name, context.policy_class).is_denied:
            raise Forbidden("This may not be followed by this role for this purpose.")
        return source(context, **arguments)

    return subscribe


def _resolve_type(
    schema: GraphQLSchema, abstract: GraphQLInterfaceType | GraphQLUnionType
) -> Callable[..., str | None]:
    names = {domain_class(kind): kind.name for kind in schema.get_possible_types(abstract)}

    def resolve(value: Any, _info: GraphQLResolveInfo[Any], _abstract: Any) -> str | None:
        return names.get(type(value))

    return resolve


def _tie_input(kind: GraphQLInputObjectType, arguments: Arguments) -> None:
    target = domain_class(kind)
    for name, field in kind.fields.items():
        definition = field.extensions[_DEFINITION]
        field.out_name = definition.python_name
        if category := definition.metadata.get("category"):
            arguments.categories[kind.name, name] = category
        if field.default is not None and field.default.value is None:
            # As with arguments: what is left out is the domain's own default.
            field.default = None
            field.default_value = Undefined

    def make(value: dict[str, Any]) -> Any:
        # Queries are keys of batches, so what they hold must not change.
        return target(**{name: tuple(v) if isinstance(v, list) else v for name, v in value.items()})

    kind.out_type = make  # type: ignore[method-assign]


def _describe(kind: GraphQLEnumType, arguments: Arguments) -> None:
    definition = kind.extensions[_DEFINITION]
    texts = definition.wrapped_cls.__value_descriptions__
    for name, value in kind.values.items():
        value.description = texts[name]
    for name, category in definition.wrapped_cls.__value_categories__.items():
        arguments.categories[kind.name, name] = category
