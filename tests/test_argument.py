"""Arguments under the policy: what is classified in them, and what of it a value uses."""

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLString,
)
from msgspec import Struct

from domain.policy import Category
from schema.argument import Arguments, Uses


class Inner(Struct, frozen=True):
    email: str | None = None
    name: str | None = None


class Outer(Struct, frozen=True):
    inners: tuple[Inner, ...] = ()
    also: "Outer | None" = None


def uses() -> Uses:
    """What an input that holds another, and itself, makes use of."""
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
    found = arguments.uses("Query.find", {"where": GraphQLArgument(outer)})
    assert found is not None
    return found


@pytest.mark.parametrize(
    "where",
    [
        Outer((Inner(email="a"),)),
        Outer((Inner(name="a"), Inner(email="a"))),
        Outer(also=Outer((Inner(email="a"),))),
    ],
)
def test_a_classified_field_is_found_however_deep(where: Outer) -> None:
    """However deep a classified field stands in an argument, using it is seen."""
    assert set(uses()({"where": where})) == {("InnerInput", "email")}


@pytest.mark.parametrize("given", [{}, {"where": None}, {"where": Outer((Inner(name="a"),))}])
def test_what_is_not_used_is_not_told(given: dict[str, Outer | None]) -> None:
    """An argument without the classified field uses nothing."""
    assert list(uses()(given)) == []


def test_what_has_nothing_classified_is_never_looked_at() -> None:
    """A field whose arguments carry no category has nothing that looks at them."""
    assert Arguments().uses("Query.find", {"first": GraphQLArgument(GraphQLString)}) is None
