"""Arguments under the policy: one cannot filter or sort by what one may not read.

An argument, an input object's field or an enum's value can carry a category, as a field can. What
of it an operation uses is found out before any of it is done (``execution/usage.py``), and decided
like reading a field of that category.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    get_named_type,
)

from domain.policy import Category

Place = tuple[str, str]
"""Where a category stands: (input type or enum, name), or (``Type.field``, argument)."""

_Reads = Callable[[Any], Iterator[Place]]
Uses = Callable[[Mapping[str, Any]], Iterator[Place]]


class Arguments:
    """What the schema says of its own arguments, gathered while it is tied together."""

    def __init__(self) -> None:
        self.categories: dict[Place, Category] = {}
        self._inputs: dict[str, bool] = {}

    def uses(self, place: str, arguments: Mapping[str, GraphQLArgument]) -> Uses | None:
        """Give what finds the classified places that a field's arguments make use of.

        ``place`` is ``Type.field``. None where nothing in them is classified.
        """
        readers: dict[str, _Reads] = {}
        for name, argument in arguments.items():
            own = (place, name) if (place, name) in self.categories else None
            if own is not None or self._is_classified(argument):
                reader = _reader(self.categories, argument, own)
                readers[argument.out_name or name] = reader
        if not readers:
            return None

        def uses(given: Mapping[str, Any]) -> Iterator[Place]:
            for name, reads in readers.items():
                yield from reads(given.get(name))

        return uses

    def _is_classified(self, argument: GraphQLArgument | GraphQLInputField) -> bool:
        kind = get_named_type(argument.type)
        if isinstance(kind, GraphQLEnumType):
            return any((kind.name, value) in self.categories for value in kind.values)
        if not isinstance(kind, GraphQLInputObjectType):
            return False
        if kind.name not in self._inputs:
            self._inputs[kind.name] = False  # an input that holds itself adds nothing by that
            self._inputs[kind.name] = any(
                (kind.name, name) in self.categories or self._is_classified(field)
                for name, field in kind.fields.items()
            )
        return self._inputs[kind.name]


def _reader(
    categories: Mapping[Place, Category],
    argument: GraphQLArgument | GraphQLInputField,
    own: Place | None,
) -> _Reads:
    """Find the classified places that a value, as resolvers are handed it, makes use of."""
    kind = get_named_type(argument.type)

    def reads(value: Any) -> Iterator[Place]:
        if value is None:
            return
        if own is not None:
            yield own
        for each in value if isinstance(value, tuple | list) else (value,):
            if isinstance(kind, GraphQLEnumType):
                if (place := (kind.name, each.name)) in categories:
                    yield place
            elif isinstance(kind, GraphQLInputObjectType):
                for name, field in kind.fields.items():
                    place = (kind.name, name)
                    inner = _reader(categories, field, place if place in categories else None)
                    yield from inner(getattr(each, field.out_name or name))

    return reads
