"""Reads off the published schema what is personal in it, and finds what nobody has said so of."""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)
from msgspec import Struct

import domain.personal
from domain.policy import Category, Label, Record
from schema.field import ABOUT, DOMAIN, About

_DEFINITION = "strawberry-definition"
_OBJECT_FIELDS = frozenset({"id", "__typename"})

Composite = GraphQLObjectType | GraphQLInterfaceType
Place = tuple[str, str]


class Classified(Struct, frozen=True):
    """What was found.

    *Shape*: ``labels`` of all fields that have a category, their own or their type's; ``parts``
    for each person type the types that its objects are made of; ``fields`` all that have to have
    a label, ``along`` those that only lead on and are seen with their object; ``unknown`` the
    types that do not say what they have to do with a person; ``passages`` those that only hold
    others together.
    """

    labels: Mapping[Place, Label]
    parts: Mapping[str, frozenset[str]]
    fields: frozenset[Place]
    unknown: Mapping[str, str]
    along: frozenset[Place]
    passages: frozenset[str]


def about_of(kind: Any) -> About:
    """Tell what a published type says of itself."""
    return getattr(_origin(kind), ABOUT, About())


def classify(schema: GraphQLSchema) -> Classified:
    """Follow every person type to all that its objects are made of."""
    kinds = {
        name: kind
        for name, kind in schema.type_map.items()
        if isinstance(kind, Composite) and not name.startswith("__")
    }
    labels: dict[Place, Label] = {}
    fields: set[Place] = set()
    along: set[Place] = set()
    for name, kind in kinds.items():
        about = about_of(kind)
        for field_name, field in kind.fields.items():
            said = field.extensions
            category = said["category"] or about.part_of
            if category is not None:
                target = get_named_type(field.type)
                labels[name, field_name] = Label(
                    category,
                    said["record"] or about.record,
                    is_text=_leads_to_text(schema, target, category, set()),
                    is_link=_is_person(target) and about_of(target).record != about.record,
                )
            if (about.is_person or about.part_of) and field_name not in _OBJECT_FIELDS:
                (along if said["along"] else fields).add((name, field_name))
    passages = frozenset(name for name, kind in kinds.items() if about_of(kind).is_passage)
    parts: dict[str, frozenset[str]] = {}
    unknown: dict[str, str] = {}
    for name, kind in kinds.items():
        if isinstance(kind, GraphQLObjectType) and about_of(kind).is_person:
            parts[name] = _parts(schema, kind, unknown)
    return Classified(labels, parts, frozenset(fields), unknown, frozenset(along), passages)


def records_of(
    schema: GraphQLSchema, parts: Mapping[str, frozenset[str]]
) -> dict[str, tuple[Record, ...]]:
    """Tell the record of each person type, and of each part those of all persons that have it."""
    found: dict[str, tuple[Record, ...]] = {}
    for person, of in sorted(parts.items()):
        record = about_of(schema.type_map[person]).record
        if record is not None:
            for each in (person, *of):
                known = found.get(each, ())
                found[each] = known if record in known else (*known, record)
    return found


def _parts(
    schema: GraphQLSchema, person: GraphQLObjectType, unknown: dict[str, str]
) -> frozenset[str]:
    found: set[str] = set()
    waiting: list[Any] = [person]
    while waiting:
        kind = waiting.pop()
        for field_name, field in kind.fields.items():
            named = get_named_type(field.type)
            if is_abstract_type(named) and about_of(named).part_of:
                found.add(named.name)
            for target in _objects(schema, named):
                about = about_of(target)
                if about.part_of or about.is_passage:
                    if target.name not in found:
                        found.add(target.name)
                        waiting.append(target)
                elif not (about.is_person or about.is_thing):
                    unknown.setdefault(target.name, f"{kind.name}.{field_name}")
    return frozenset(found)


def _objects(schema: GraphQLSchema, kind: Any) -> Iterator[GraphQLObjectType]:
    if isinstance(kind, GraphQLObjectType):
        yield kind
    elif is_abstract_type(kind):
        yield from schema.get_possible_types(kind)


def _leads_to_text(schema: GraphQLSchema, kind: Any, category: Category, seen: set[str]) -> bool:
    """Tell whether there is a text below that can be masked, short of the next person.

    Of a part, a text of another category is decided on by itself.
    """
    if is_leaf_type(kind) or kind.name in seen:
        return False
    seen.add(kind.name)
    for target in _objects(schema, kind):
        if getattr(_origin(target), DOMAIN) is domain.personal.PersonalText:
            return True
        about = about_of(target)
        if about.is_thing:
            continue
        for field in target.fields.values():
            below = get_named_type(field.type)
            own = field.extensions["category"] or about.part_of
            if _is_person(below) or (about.part_of and own is not category):
                continue
            if _leads_to_text(schema, below, category, seen):
                return True
    return False


def _is_person(kind: Any) -> bool:
    return isinstance(kind, GraphQLObjectType) and about_of(kind).is_person


def _origin(kind: Any) -> type:
    origin: type = kind.extensions[_DEFINITION].origin
    return origin
