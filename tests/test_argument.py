"""Arguments under the policy: what is classified, and who may use it."""

import inspect
from collections.abc import Sequence
from typing import Any

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLString,
)
from msgspec import Struct

from domain.errors import Forbidden
from domain.policy import Category, Decision
from domain.viewer import PolicyClass, Purpose, Role
from schema.argument import Arguments


class Inner(Struct, frozen=True):
    email: str | None = None
    name: str | None = None


class Outer(Struct, frozen=True):
    inners: tuple[Inner, ...] = ()
    also: "Outer | None" = None


class Caller:
    """A caller for whom the policy decides the same of everything that is classified."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        self.asked: list[tuple[str, str]] = []
        self.policy_class = PolicyClass(Role.CUSTOMER, Purpose.SHOPPING)

    @property
    def policy(self) -> "Caller":
        return self

    def decide(self, parent_type: str, field: str, policy_class: PolicyClass) -> Decision:
        self.asked.append((parent_type, field))
        return self.decision


async def find(parents: Sequence[Any], context: Any, where: Outer | None = None) -> list[str]:
    return ["found"] * len(parents)


def guarded(*, below: bool = False) -> Any:
    """The resolver behind an input that holds another, and itself."""
    inner = GraphQLInputObjectType(
        "InnerInput",
        {"email": GraphQLInputField(GraphQLString), "name": GraphQLInputField(GraphQLString)},
    )
    outer: GraphQLInputObjectType = GraphQLInputObjectType(
        "OuterInput",
        lambda: {
            "inners": GraphQLInputField(GraphQLList(inner)),
            "also": GraphQLInputField(outer),
        },
    )
    arguments = Arguments()
    arguments.categories["InnerInput", "email"] = Category.CONTACT
    return arguments.guard("Query.find", {"where": GraphQLArgument(outer)}, find, below)


@pytest.mark.parametrize(
    "where",
    [
        Outer((Inner(email="a"),)),
        Outer((Inner(name="a"), Inner(email="a"))),
        Outer(also=Outer((Inner(email="a"),))),
    ],
)
async def test_using_what_is_denied_is_refused(where: Outer) -> None:
    """However deep a classified field stands in an argument, using it is decided."""
    for decision in (Decision.DENY, Decision.OWN):
        with pytest.raises(Forbidden, match="email"):
            await guarded()([None], Caller(decision), where=where)
    assert await guarded()([None], Caller(Decision.ALLOW), where=where) == ["found"]


async def test_what_is_not_used_is_not_decided() -> None:
    """An argument without the classified field is everybody's."""
    caller = Caller(Decision.DENY)
    for given in ({}, {"where": None}, {"where": Outer((Inner(name="a"),))}):
        assert await guarded()([1, 2], caller, **given) == ["found"] * 2
    assert caller.asked == []


async def test_own_data_may_be_used_below_a_person() -> None:
    """Below a person every object is about that person, so "own" is enough there."""
    where = Outer((Inner(email="a"),))
    assert await guarded(below=True)([None], Caller(Decision.OWN), where=where) == ["found"]
    with pytest.raises(Forbidden):
        await guarded(below=True)([None], Caller(Decision.DENY), where=where)


def test_what_has_nothing_classified_is_not_wrapped() -> None:
    """A resolver whose arguments carry no category is handed on as it is."""
    plain = {"first": GraphQLArgument(GraphQLString)}
    assert Arguments().guard("Query.find", plain, find, below=False) is find
    assert inspect.signature(guarded()) == inspect.signature(find)
