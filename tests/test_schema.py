"""The published schema is current, described, and says what can be null."""

from pathlib import Path
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_required_argument,
    is_required_input_field,
    is_specified_scalar_type,
    validate_schema,
)

from schema.build import build
from schema.classify import about_of

PUBLISHED = build()
SDL = Path(__file__).parent.parent / "schema" / "schema.graphql"
TYPES = [kind for name, kind in PUBLISHED.graphql.type_map.items() if not name.startswith("__")]


def test_the_sdl_file_is_current() -> None:
    """schema/schema.graphql is what the code publishes; ``scripts/fix`` writes it anew."""
    assert SDL.read_text() == PUBLISHED.sdl


def test_the_schema_is_valid() -> None:
    """graphql-core finds nothing wrong with the schema."""
    assert validate_schema(PUBLISHED.graphql) == []


def test_everything_published_is_described() -> None:
    """Every type, field, argument, input field and enum value says what it is."""
    silent = []
    for kind in TYPES:
        if not kind.description and not is_specified_scalar_type(kind):
            silent.append(kind.name)
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in kind.fields.items():
                silent += [f"{kind.name}.{name}"] if not field.description else []
                silent += [
                    f"{kind.name}.{name}({each})"
                    for each, argument in field.args.items()
                    if not argument.description
                ]
        elif isinstance(kind, GraphQLInputObjectType):
            silent += [
                f"{kind.name}.{n}" for n, each in kind.fields.items() if not each.description
            ]
        elif isinstance(kind, GraphQLEnumType):
            silent += [
                f"{kind.name}.{n}" for n, each in kind.values.items() if not each.description
            ]
    assert silent == []


def test_every_field_of_a_person_is_classified_and_nullable() -> None:
    """What is about a person says which kind of data it is, and can be withheld by a null."""
    fields = PUBLISHED.graphql.type_map
    for type_name, field_name in PUBLISHED.person_fields:
        kind = fields[type_name]
        assert isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
        assert (type_name, field_name) in PUBLISHED.classification.fields
        if not _is_shown_with_its_object(type_name, field_name):
            assert not isinstance(kind.fields[field_name].type, GraphQLNonNull)


def test_every_classified_field_is_nullable() -> None:
    """What the policy may deny can be null without taking its parent along, or be left out."""
    for type_name, name in PUBLISHED.classification.fields:
        parent, _, field_name = type_name.partition(".")
        kind = PUBLISHED.graphql.type_map[parent]
        if field_name:
            assert isinstance(kind, GraphQLObjectType)
            assert not is_required_argument(kind.fields[field_name].args[name])
        elif isinstance(kind, GraphQLInputObjectType):
            assert not is_required_input_field(kind.fields[name])
        elif isinstance(kind, GraphQLEnumType):
            assert name in kind.values
        else:
            assert isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
            if not _is_shown_with_its_object(type_name, name):
                assert not isinstance(kind.fields[name].type, GraphQLNonNull), (type_name, name)


def _is_shown_with_its_object(type_name: str, name: str) -> bool:
    """Whether a field of a part has the category of all that leads there, and cannot be masked:
    who sees the part then sees the field."""
    label = PUBLISHED.classification.fields[type_name, name]
    ways = [
        PUBLISHED.classification.fields[owner, field_name]
        for person, parts in PUBLISHED.classification.parts.items()
        for owner in (person, *parts)
        for field_name, field in PUBLISHED.graphql.type_map[owner].fields.items()  # type: ignore[attr-defined]
        if (owner, field_name) in PUBLISHED.classification.fields
        if _leads_to(field, type_name)
    ]
    if type_name in PUBLISHED.classification.person_types or not ways:
        return False
    return not label.is_text and all(
        way.category is label.category and not way.is_text for way in ways
    )


def _leads_to(field: Any, type_name: str) -> bool:
    """Whether objects of a type are had by this field, through whatever only holds them."""
    waiting, seen = [get_named_type(field.type)], set()
    while waiting:
        kind = waiting.pop()
        if kind.name == type_name:
            return True
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            waiting += PUBLISHED.graphql.get_possible_types(kind)
        if isinstance(kind, GraphQLObjectType) and kind.name not in seen:
            seen.add(kind.name)
            if about_of(kind).is_passage:
                waiting += [get_named_type(each.type) for each in kind.fields.values()]
    return False
