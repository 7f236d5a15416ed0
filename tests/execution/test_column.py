"""How columns run: whole columns, one failure for all, nothing left behind."""

import asyncio
import gc
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, parse

from execution.engine import Engine, Settings
from execution.leaf import Unfit
from tests.execution.compare import Answer, on_engine, operation_of

SDL = """
type Item { id: ID!, name: String, price: Int, strict: Int!, items: [Item!] }
type Query { items(first: Int = 3): [Item!], item: Item, strictItem: Item! }
type Mutation { first: Int, strict: Int!, last: Int }
type Subscription { item: Item }
"""


class Item:
    """An item with a number for everything."""

    def __init__(self, number: int) -> None:
        self.id = str(number)
        self.name = f"Item {number}"
        self.items: Sequence[Item] = ()


def schema(**batches: Callable[..., Any]) -> GraphQLSchema:
    """Build the schema with batch resolvers by ``Type_field``; the rest are attributes."""
    built = build_schema(SDL)
    for name in ("Item", "Query", "Mutation", "Subscription"):
        kind: Any = built.type_map[name]
        kind.extensions["class"] = Item if name == "Item" else object
        for field_name, field in kind.fields.items():
            batch = batches.get(f"{name}_{field_name}")
            field.extensions["batch" if batch else "attribute"] = batch or field_name
    return built


async def execute(built: GraphQLSchema, text: str, **variables: Any) -> Answer:
    """Execute one operation on an engine of its own."""
    operation = operation_of(built, parse(text))
    return await on_engine(Engine(built, Settings()), operation, variables)


def _items(parents: Sequence[object], _context: object, first: int = 3) -> list[list[Item]]:
    return [[Item(number) for number in range(first)] for _ in parents]


def _messages(answer: Answer) -> list[tuple[str, Any]]:
    return [(error.message, error.path) for error in answer[1]]


async def test_a_batch_resolver_gets_the_whole_column() -> None:
    """A resolver is called once with the parents of all lists, and may be a plain function."""
    calls: list[int] = []

    def items(parents: Sequence[Item], _context: object) -> list[list[Item]]:
        return [[Item(7), Item(8)] for _ in parents]

    async def price(parents: Sequence[Item], _context: object) -> list[int]:
        calls.append(len(parents))
        return [int(parent.id) for parent in parents]

    built = schema(Query_items=_items, Item_items=items, Item_price=price)
    data, errors = await execute(built, "{ items { items { price } } }")
    assert calls == [6]
    assert not errors
    assert data == {"items": [{"items": [{"price": 7}, {"price": 8}]}] * 3}


async def test_an_empty_column_asks_nobody() -> None:
    """Where there are no parents, no resolver is called."""

    def price(parents: Sequence[Item], _context: object) -> list[int]:
        raise AssertionError(f"called with {parents}")

    built = schema(Query_items=_items, Item_price=price)
    assert await execute(built, "{ items(first: 0) { price } }") == ({"items": []}, [])


async def test_a_batch_that_raises_fails_for_all_its_parents() -> None:
    """One exception is a failure at every parent, each at its own place."""

    async def price(parents: Sequence[Item], _context: object) -> list[int]:
        raise ValueError("no prices")

    answer = await execute(schema(Query_items=_items, Item_price=price), "{ items { price } }")
    assert answer[0] == {"items": [{"price": None}] * 3}
    assert _messages(answer) == [("no prices", ["items", each, "price"]) for each in range(3)]


async def test_a_failure_among_values_is_one_parents() -> None:
    """A failure returned in place of a value is that parent's alone."""

    def price(parents: Sequence[Item], _context: object) -> list[Any]:
        return [1, KeyError("lost"), 3]

    answer = await execute(schema(Query_items=_items, Item_price=price), "{ items { price } }")
    assert answer[0] == {"items": [{"price": 1}, {"price": None}, {"price": 3}]}
    assert _messages(answer) == [("'lost'", ["items", 1, "price"])]


@pytest.mark.parametrize(
    ("answer", "given"), [([1, 2], "2 values"), (None, "None"), (5, "5")], ids=str
)
async def test_a_wrong_number_of_values_is_a_bug_that_says_so(answer: Any, given: str) -> None:
    """What is not one value for each parent names the field, what it gave and what it must give."""

    async def price(parents: Sequence[Item], _context: object) -> Any:
        return answer

    found = await execute(schema(Query_items=_items, Item_price=price), "{ items { price } }")
    assert found[1][0].message == (
        f"The batch resolver of Item.price gave {given} for 3 parents; "
        "it must give one value for each, in their order."
    )
    assert isinstance(found[1][0].original_error, RuntimeError)


async def test_columns_go_on_by_themselves() -> None:
    """What hangs below one column is asked for while another still waits."""
    is_below = asyncio.Event()

    async def items(parents: Sequence[Item], _context: object) -> list[list[Item]]:
        return [[Item(1)] for _ in parents]

    async def price(parents: Sequence[Item], _context: object) -> list[int]:
        is_below.set()
        return [1 for _ in parents]

    async def strict(parents: Sequence[Item], _context: object) -> list[int]:
        await asyncio.wait_for(is_below.wait(), 10)
        return [2 for _ in parents]

    built = schema(Query_items=_items, Item_items=items, Item_price=price, Item_strict=strict)
    data, errors = await execute(built, "{ items(first: 1) { strict items { price } } }")
    assert not errors
    assert data == {"items": [{"strict": 2, "items": [{"price": 1}]}]}


async def test_a_mutation_stops_after_a_failure_that_takes_the_root() -> None:
    """Root fields run one after the other, and none after a null that rises to the root."""
    done: list[str] = []

    def field(name: str, value: Any) -> Any:
        async def resolve(parents: Sequence[object], _context: object) -> list[Any]:
            done.append(name)
            await asyncio.sleep(0)
            return [value]

        return resolve

    built = schema(
        Mutation_first=field("first", 1),
        Mutation_strict=field("strict", None),
        Mutation_last=field("last", 3),
    )
    answer = await execute(built, "mutation { last first strict again: first }")
    assert done == ["last", "first", "strict"]
    assert answer[0] is None
    assert _messages(answer) == [
        ("Cannot return null for non-nullable field Mutation.strict.", ["strict"])
    ]


async def test_a_cancelled_operation_leaves_nothing_behind() -> None:
    """Cancelling an operation ends all of its columns, also those that had not begun."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def wait(parents: Sequence[object], _context: object) -> list[Any]:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    built = schema(Query_items=_items, Item_price=wait, Item_strict=wait)
    before = asyncio.all_tasks()
    task = asyncio.create_task(execute(built, "{ items { price strict } }"))
    await asyncio.wait_for(begun.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
    assert asyncio.all_tasks() == before
    early = asyncio.create_task(execute(built, "{ items { price strict } }"))
    await asyncio.sleep(0)
    early.cancel()
    with pytest.raises(asyncio.CancelledError):
        await early
    assert asyncio.all_tasks() == before
    gc.collect()


async def test_what_is_cancelled_inside_is_a_failure() -> None:
    """A resolver whose own work was cancelled fails; it does not pass for one without values."""

    async def price(parents: Sequence[object], _context: object) -> list[Any]:
        raise asyncio.CancelledError

    built = schema(Query_items=_items, Item_price=price, Item_strict=price)
    answer = await execute(built, "{ items(first: 1) { price a: price } }")
    assert answer[0] == {"items": [{"price": None, "a": None}]}
    assert [error.message for error in answer[1]] == [
        "What this value comes from was cancelled."
    ] * 2


async def test_an_event_of_a_subscription_is_planned() -> None:
    """A subscription's selection runs for one event, which its root field is given."""

    class Event:
        item = Item(4)

    built = schema()
    operation = operation_of(built, parse("subscription { item { id name } }"))
    engine = Engine(built, Settings())
    values = operation.variables.coerce(None)
    assert not isinstance(values, list)
    for _ in range(2):
        plan = engine.plan(operation, values, None, None)
        assert plan is not None
        run = engine.run(plan, None, values, Event())
        assert await engine.execute(run) == {"item": {"id": "4", "name": "Item 4"}}
    assert len(engine._plans) == 1


async def test_a_loop_gives_what_columns_give() -> None:
    """Generated code answers alike, and gives way to the columns at any surprise."""
    built = schema(Query_items=_items, Item_price=lambda parents, _: [1 for _ in parents])
    text = "{ items { __typename i: id name price items { id items { name } } } }"
    operation = operation_of(built, parse(text))
    engine = Engine(built, Settings(loop_after=2))
    answers = [await on_engine(engine, operation, {}) for _ in range(5)]
    assert {json.dumps(data) for data, _ in answers} == {json.dumps(answers[0][0])}
    plan = next(iter(engine._plans.values()))
    assert plan.root is not None
    (selection,) = plan.root.steps[0].shape.item.selections.values()  # type: ignore[union-attr]
    assert selection.rows is not None
    assert [step.key for step in selection.rest] == ["price"]
    wrong = Item(1)
    wrong.name = object()  # type: ignore[assignment]
    with pytest.raises(Unfit):
        selection.rows([wrong])
    assert selection.rows([Item(1)])[0]["i"] == "1"
