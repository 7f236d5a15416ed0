"""Every Strawberry feature that the schema may use, with and without the engine."""

import asyncio
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Generic, NewType, TypeVar

import pytest
import strawberry
from graphql import GraphQLSchema, parse, validate
from strawberry.extensions import FieldExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.schema_directive import Location

from execution.engine import Engine, Settings
from tests.execution.compare import difference, on_engine, on_reference, operation_of

T = TypeVar("T")
Cents = NewType("Cents", int)


@strawberry.enum
class Color(Enum):
    RED = "red"
    GREEN = strawberry.enum_value("green", name="GRASS")


@strawberry.interface
class Animal:
    name: str


@strawberry.type
class Dog(Animal):
    barks: bool


@strawberry.type
class Cat(Animal):
    lives: int | None = None


@strawberry.type
class Page(Generic[T]):
    items: list[T]
    size: int


@strawberry.input
class Filter:
    color: Color = Color.RED
    names: list[str] | None = None
    under: Decimal | None = None


@strawberry.input(one_of=True)
class Choice:
    by_name: str | None = strawberry.UNSET
    by_size: int | None = strawberry.UNSET


class Loud(FieldExtension):
    def resolve(self, next_: Any, source: Any, info: Any, **arguments: Any) -> Any:
        return str(next_(source, info, **arguments)).upper()


@strawberry.schema_directive(locations=[Location.FIELD_DEFINITION])
class Tag:
    name: str


Pet = Annotated[Dog | Cat, strawberry.union("Pet")]


def _pets() -> list[Any]:
    return [Dog(name="Rex", barks=True), Cat(name="Mia", lives=9), Cat(name="Tom")]


@strawberry.type
class Query:
    @strawberry.field
    def animals(self) -> list[Animal]:
        return _pets()

    @strawberry.field
    async def pets(self) -> list[Pet | None]:
        await asyncio.sleep(0)
        return [*_pets(), None]

    @strawberry.field
    def color(self, color: Color = Color.GREEN) -> Color:
        return color

    @strawberry.field
    def filtered(self, by: Filter) -> str:
        return f"{by.color} {by.names} {by.under}"

    @strawberry.field
    def choice(self, choice: Choice) -> str:
        return "name" if choice.by_name else "size"

    @strawberry.field
    def day(self, day: date) -> date:
        return day

    @strawberry.field
    def price(self) -> Cents:
        return Cents(199)

    @strawberry.field
    def numbers(self) -> Page[int]:
        return Page(items=[1, 2], size=2)

    @strawberry.field
    def dogs(self) -> Page[Dog]:
        return Page(items=[Dog(name="Rex", barks=False)], size=1)

    @strawberry.field(extensions=[Loud()])  # type: ignore[untyped-decorator]
    def loud(self, word: str = "hush") -> str:
        return word

    @strawberry.field(directives=[Tag(name="x")], deprecation_reason="Old.")  # type: ignore[untyped-decorator]
    def tagged(self) -> str:
        return "tagged"

    @strawberry.field
    def fails(self) -> int:
        raise ValueError("no number")

    @strawberry.field
    def grid(self) -> list[list[int | None]]:
        return [[1, None], []]

    @strawberry.field
    def where(self, info: strawberry.Info) -> str:
        return f"{info.field_name} {info.path.key} {info.return_type}"


@strawberry.type
class Mutation:
    @strawberry.mutation
    def name(self, name: str) -> Animal:
        return Cat(name=name)


def _price(value: Any) -> int:
    return int(value)


SCHEMA: GraphQLSchema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    types=[Dog, Cat],
    config=StrawberryConfig(
        scalar_map={Cents: strawberry.scalar(name="Cents", serialize=_price, parse_value=_price)}
    ),
)._schema

FEATURES: dict[str, tuple[str, dict[str, Any]]] = {
    "interfaces": ("{ animals { __typename name ... on Cat { lives } } }", {}),
    "unions": ("{ pets { __typename ... on Animal { name } ... on Dog { barks } } }", {}),
    "enums": ("query ($c: Color!) { color(color: $c) other: color }", {"c": "GRASS"}),
    "an enum's wrong value": ("query ($c: Color!) { color(color: $c) }", {"c": "PINK"}),
    "input objects": (
        'query ($f: Filter!) { filtered(by: $f) l: filtered(by: {under: "1.5"}) }',
        {"f": {"color": "GRASS", "names": ["a"]}},
    ),
    "input objects of one": ('{ a: choice(choice: {byName: "x"}) }', {}),
    "scalars": ('{ day(day: "2026-01-31") price }', {}),
    "generics": ("{ numbers { items size } dogs { items { name } __typename } }", {}),
    "field extensions": ('{ loud a: loud(word: "x") }', {}),
    "schema directives": ("{ tagged }", {}),
    "directives": (
        "query ($b: Boolean!) { tagged @skip(if: $b) price @include(if: $b) }",
        {"b": True},
    ),
    "failures": ("{ tagged fails }", {}),
    "nested lists": ("{ grid }", {}),
    "info": ("{ here: where }", {}),
    "mutations": ('mutation { name(name: "x") { name __typename } }', {}),
    "introspection": (
        '{ __schema { types { name kind fields { name isDeprecated } } } __type(name: "Dog") '
        "{ name interfaces { name } } }",
        {},
    ),
}


@pytest.mark.parametrize(("text", "variables"), FEATURES.values(), ids=FEATURES.keys())
async def test_a_feature_answers_alike_with_and_without_the_engine(
    text: str, variables: dict[str, Any]
) -> None:
    """What Strawberry offers gives the same answer on the engine as on graphql-core."""
    document = parse(text)
    assert not validate(SCHEMA, document)
    engine = Engine(SCHEMA, Settings(loop_after=1))
    operation = operation_of(SCHEMA, document)
    theirs = await on_reference(SCHEMA, document, variables)
    for _ in range(3):
        ours = await on_engine(engine, operation, variables)
        assert difference(ours, theirs) is None


async def test_federation_fields_answer_alike() -> None:
    """Entities and the service's own text come out alike."""

    @strawberry.federation.type(keys=["id"])
    class Item:
        id: strawberry.ID

        @classmethod
        def resolve_reference(cls, id: strawberry.ID) -> "Item":
            return cls(id=id)

    @strawberry.type
    class Root:
        @strawberry.field
        def items(self) -> list[Item]:
            return [Item(id=strawberry.ID("1"))]

    schema: Any = strawberry.federation.Schema(query=Root, types=[Item])
    document = parse(
        "query ($all: [_Any!]!) { _service { sdl } items { id } "
        "_entities(representations: $all) { ... on Item { id } } }"
    )

    def variables() -> dict[str, Any]:
        # Strawberry takes the type's name out of what it is given.
        return {"all": [{"__typename": "Item", "id": "7"}]}

    engine = Engine(schema._schema, Settings())
    operation = operation_of(schema._schema, document)
    ours = await on_engine(engine, operation, variables())
    theirs = await on_reference(schema._schema, document, variables())
    assert ours[0] is not None
    assert difference(ours, theirs) is None
