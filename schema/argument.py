"""Arguments under the policy: one cannot filter or sort by what one may not read.

An argument, an input object's field or an enum's value can carry a category, as a field can. Using
it is then decided like reading a field of that category, before the field is resolved and so
before any system is asked for it. "Own" data may be used only below a person, where every object
is about that person already: over all objects a filter would tell what others have.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any, Protocol

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    get_named_type,
)

from domain.errors import Forbidden
from domain.policy import Category, Decision, FieldPolicy
from domain.viewer import PolicyClass
from schema.field import Batch

Place = tuple[str, str]
"""Where a category stands: (input type or enum, name), or (``Type.field``, argument)."""

_Uses = Callable[[Any], Iterator[Place]]


class _Context(Protocol):
    @property
    def policy(self) -> FieldPolicy: ...

    @property
    def policy_class(self) -> PolicyClass: ...


class Arguments:
    """What the schema says of its own arguments, gathered while it is tied together."""

    def __init__(self) -> None:
        self.categories: dict[Place, Category] = {}
        self._inputs: dict[str, bool] = {}

    def guard(
        self, place: str, arguments: Mapping[str, GraphQLArgument], batch: Batch, below: bool
    ) -> Batch:
        """Give a batch resolver that refuses what the policy denies; the same if nothing can be.

        ``place`` is ``Type.field``; ``below`` says that the type is a person's.
        """
        readers: dict[str, _Uses] = {}
        for name, argument in arguments.items():
            out_name = argument.out_name or name
            own = (place, name) if (place, name) in self.categories else None
            if own is not None or self._is_classified(argument):
                readers[out_name] = _reader(self.categories, argument, own)
        if not readers:
            return batch

        @wraps(batch)
        async def guarded(parents: Sequence[Any], context: _Context, **given: Any) -> Sequence[Any]:
            for name, uses in readers.items():
                for used in uses(given.get(name)):
                    _allow(used, context, below)
            answer = batch(parents, context, **given)
            return await answer if isinstance(answer, Awaitable) else answer

        return guarded

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


def _allow(used: Place, context: _Context, below: bool) -> None:
    decision = context.policy.decide(*used, context.policy_class)
    if decision is Decision.ALLOW or (below and decision is Decision.OWN):
        return
    role, purpose = context.policy_class.role.value, context.policy_class.purpose.value
    raise Forbidden(
        f"Role {role} may not use '{used[1]}' for purpose {purpose}: it tells what it may not read."
    )


def _reader(
    categories: Mapping[Place, Category],
    argument: GraphQLArgument | GraphQLInputField,
    own: Place | None,
) -> _Uses:
    """Find the classified places that a value, as resolvers are handed it, makes use of."""
    kind = get_named_type(argument.type)

    def uses(value: Any) -> Iterator[Place]:
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

    return uses
