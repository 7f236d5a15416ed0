"""Scalars and enums, a column at a time.

Each gives exactly what ``coerce_output_value`` of its type gives, value by value; where a column
holds only values of the type that a built-in scalar passes through, that is seen for the whole
column at once.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from math import isfinite
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLString,
    Undefined,
)
from graphql.pyutils import inspect

# Gives the finished column, or None where it must be looked at value by value.
Column = Callable[[Sequence[Any]], list[Any] | None]

_NONE = type(None)
_MAX_INT = 2**31
_MAX_NAMES = 1_000
_NAMES = "enum-names"


class Unfit(Exception):  # noqa: N818 - never leaves the engine
    """A column that has to be looked at value by value."""


def leaf_column(kind: GraphQLLeafType, *, is_nullable: bool) -> Column:
    """Find how a column of one leaf type is finished at once."""
    none = frozenset({_NONE}) if is_nullable else frozenset()
    if kind is GraphQLString or kind is GraphQLID:
        return _passing(none | {str})
    if kind is GraphQLBoolean:
        return _passing(none | {bool})
    if kind is GraphQLInt:
        return _ints(none)
    if kind is GraphQLFloat:
        return _floats(none)
    if isinstance(kind, GraphQLEnumType):
        return _enum(kind)
    return _custom(kind, is_nullable=is_nullable)


def coerce_leaf(kind: GraphQLLeafType, value: Any) -> Any:
    """Coerce one value. *Errors*: whatever the type raises; ``TypeError`` where it gives null."""
    coerced = kind.coerce_output_value(value)
    if coerced is Undefined or coerced is None:
        raise TypeError(
            f"Expected `{inspect(kind)}.coerce_output_value({inspect(value)})` to return "
            f"non-nullable value, returned: {inspect(coerced)}"
        )
    return coerced


def _passing(kinds: frozenset[type]) -> Column:
    def column(values: Sequence[Any]) -> list[Any] | None:
        return list(values) if kinds.issuperset(map(type, values)) else None

    return column


def _ints(none: frozenset[type]) -> Column:
    pure, mixed = frozenset({int}), none | {int}

    def column(values: Sequence[Any]) -> list[Any] | None:
        kinds = set(map(type, values))
        if kinds <= pure:
            numbers: Sequence[Any] = values
        elif kinds <= mixed:
            numbers = [each for each in values if each is not None]
        else:
            return None
        if numbers and not (min(numbers) >= -_MAX_INT and max(numbers) < _MAX_INT):
            return None
        return list(values)

    return column


def _floats(none: frozenset[type]) -> Column:
    pure, mixed = frozenset({float}), none | {float}

    def column(values: Sequence[Any]) -> list[Any] | None:
        kinds = set(map(type, values))
        if kinds <= pure:
            numbers: Sequence[Any] = values
        elif kinds <= mixed:
            numbers = [each for each in values if each is not None]
        else:
            return None
        return list(values) if all(map(isfinite, numbers)) else None

    return column


class _Names(dict[int, str]):
    """The names of an enum's members by the member's identity.

    By identity, because a member lives as long as its class, and Python's own hash of one is
    slower than everything else here. ``members`` keeps alive what is remembered.
    """

    def __init__(self, kind: GraphQLEnumType) -> None:
        self._kind = kind
        self._members: list[Enum] = []

    def __missing__(self, key: int) -> str:
        raise Unfit

    def learn(self, value: Any) -> None:
        """Remember a member; anything else is looked up each time."""
        if isinstance(value, Enum) and id(value) not in self and len(self._members) < _MAX_NAMES:
            self[id(value)] = coerce_leaf(self._kind, value)
            self._members.append(value)


def enum_names(kind: GraphQLEnumType) -> _Names:
    """Give the names of an enum's members, shared by all who ask for them."""
    names: _Names | None = kind.extensions.get(_NAMES)
    if names is None:
        names = kind.extensions[_NAMES] = _Names(kind)
    return names


def _enum(kind: GraphQLEnumType) -> Column:
    names = enum_names(kind)

    def column(values: Sequence[Any]) -> list[Any] | None:
        try:
            return list(map(names.__getitem__, map(id, values)))
        except Unfit:
            pass
        try:
            for value in values:
                names.learn(value)
        except Exception:  # noqa: BLE001 - raised again where the value stands
            return None
        if any(id(value) not in names for value in values):
            return None
        return list(map(names.__getitem__, map(id, values)))

    return column


def _custom(kind: GraphQLLeafType, *, is_nullable: bool) -> Column:
    coerce = kind.coerce_output_value

    def column(values: Sequence[Any]) -> list[Any] | None:
        done: list[Any] = []
        for value in values:
            if value is None:
                if not is_nullable:
                    return None
                done.append(None)
                continue
            if isinstance(value, Exception) or value is Undefined:
                return None
            try:
                coerced = coerce(value)
            except Exception:  # noqa: BLE001 - raised again where the value stands
                return None
            if coerced is None or coerced is Undefined:
                return None
            done.append(coerced)
        return done

    return column
