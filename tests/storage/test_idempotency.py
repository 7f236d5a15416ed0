"""Mutations that can be sent again: what happens once, and what every try is told."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import strawberry
from sqlalchemy import func, select, update

import schema.build
from domain.viewer import Purpose, Role, Viewer
from schema.field import accepts, batch, publishes
from schema.mutation import Mutation
from storage.settings import StorageSettings
from storage.store import Store, open_store
from storage.table import ATTEMPT, WISHLIST
from tests.storage.conftest import MASTER_KEY
from tests.storage.process import processes
from tests.storage.shop import (
    ADD,
    ANNA,
    CREATE,
    LIST,
    MINE,
    PIOTR,
    SHARE,
    Shop,
    add,
    create,
    customer,
)

TWINS = 200


@pytest.fixture
def shop(store: Store) -> Shop:
    return Shop(store)


async def _count(store: Store, table: Any) -> int:
    counted = await store._database.read(
        lambda c: c.scalar(select(func.count()).select_from(table))
    )
    assert isinstance(counted, int)
    return counted


async def test_the_same_try_is_told_the_same_again(store: Store, shop: Shop) -> None:
    """A retry gets the first outcome, though the list has changed since; nothing happens twice."""
    anna = customer(ANNA)
    first = await create(shop, anna, "create-1")
    id = first["data"]["wishlistCreate"]["wishlist"]["id"]
    added = await add(shop, anna, "add-0001", id, "S1")
    await add(shop, anna, "add-0002", id, "S1", "S2")
    assert await create(shop, anna, "create-1") == first
    again = await add(shop, anna, "add-0001", id, "S1")
    assert again == added
    # The same wish, written with its defaults spelt out and the fields in another order.
    written = {"quantity": 1, "note": None, "sku": "S1"}
    assert await add(shop, anna, "add-0001", id, written) == added
    lines = (await shop.ask(MINE, anna))["data"]["viewer"]["customer"]["wishlists"][0]["lines"]
    assert [(line["sku"], line["quantity"]) for line in lines] == [("S1", 2), ("S2", 1)]
    assert await _count(store, WISHLIST) == 1


async def test_the_outcome_is_rendered_for_the_present_selection(shop: Shop) -> None:
    """What is kept is the outcome, not the answer: a retry may select other fields."""
    anna = customer(ANNA)
    first = await create(shop, anna, "create-1")
    document = """mutation ($input: WishlistCreateInput!) { wishlistCreate(input: $input) {
      wishlist { id createdAt } } }"""
    again = await shop.ask(document, anna, input={"idempotencyKey": "create-1", "name": "List"})
    found = again["data"]["wishlistCreate"]["wishlist"]
    assert found["id"] == first["data"]["wishlistCreate"]["wishlist"]["id"]
    assert found["createdAt"].endswith("Z")


async def test_the_outcome_is_rendered_under_the_present_policy(shop: Shop) -> None:
    """Who may not see a list now learns nothing of it by repeating what once made it."""
    await create(shop, customer(ANNA), "create-1")
    answer = await create(shop, customer(ANNA, purposes=(Purpose.ANALYTICS,)), "create-1")
    assert answer["errors"] == ["FORBIDDEN"]
    assert answer["data"] == {"wishlistCreate": None}


async def test_the_same_key_with_other_input_is_a_mismatch(store: Store, shop: Shop) -> None:
    """A key stands for one wish: with another one it changes nothing and says so."""
    anna = customer(ANNA)
    await create(shop, anna, "create-1", "Winter")
    answer = await create(shop, anna, "create-1", "Summer")
    payload = answer["data"]["wishlistCreate"]
    assert payload["wishlist"] is None
    assert payload["userErrors"][0]["__typename"] == "IdempotencyMismatch"
    assert payload["userErrors"][0]["path"] == ["input", "idempotencyKey"]
    assert await _count(store, WISHLIST) == 1


async def test_twins_in_flight_with_other_input_are_a_mismatch(store: Store, shop: Shop) -> None:
    """Of two different wishes under one key that come together one happens, whichever."""
    anna = customer(ANNA)
    answers = await asyncio.gather(
        *(create(shop, anna, "create-1", f"List {number % 2}") for number in range(10))
    )
    payloads = [each["data"]["wishlistCreate"] for each in answers]
    happened = [each["wishlist"]["id"] for each in payloads if each["wishlist"]]
    assert (len(happened), len(set(happened))) == (5, 1)
    assert await _count(store, WISHLIST) == 1


async def test_a_key_belongs_to_client_subject_and_mutation(store: Store, shop: Shop) -> None:
    """The same key of another client, another subject or another mutation is another try."""
    answers = [
        await create(shop, viewer, "same-key-1")
        for viewer in (customer(ANNA), customer(ANNA, client="app"), customer(PIOTR))
    ]
    ids = {each["data"]["wishlistCreate"]["wishlist"]["id"] for each in answers}
    assert len(ids) == 3
    id = answers[0]["data"]["wishlistCreate"]["wishlist"]["id"]
    answer = await add(shop, customer(ANNA), "same-key-1", id, "S1")
    assert answer["data"]["wishlistLinesAdd"]["userErrors"] == []
    assert await _count(store, ATTEMPT) == 4


async def test_what_changed_nothing_is_not_kept(store: Store, shop: Shop) -> None:
    """A failure or a user error leaves no trace: the same try is judged anew."""
    anna = customer(ANNA)
    answer = await create(shop, anna, "create-1", "n" * 101)
    assert answer["errors"] == ["BAD_INPUT"]
    answer = await add(shop, anna, "add-0001", "V2lzaGxpc3Q6bm9uZQ", "S1")
    assert answer["errors"] == ["NOT_FOUND"]
    id = (await create(shop, anna, "create-1"))["data"]["wishlistCreate"]["wishlist"]["id"]
    answer = await add(shop, anna, "add-0001", id, "X1")
    assert answer["data"]["wishlistLinesAdd"]["userErrors"][0]["__typename"] == "VariantUnknown"
    answer = await add(shop, anna, "add-0001", id, "S1")
    assert answer["data"]["wishlistLinesAdd"]["userErrors"] == []
    assert await _count(store, ATTEMPT) == 2


async def test_an_outcome_is_kept_for_a_day(store: Store, shop: Shop) -> None:
    """After 24 hours a key is free again, and what it stood for is forgotten."""
    anna = customer(ANNA)
    for number in range(3):
        await create(shop, anna, f"create-{number}")
    found = await store._database.read(lambda c: c.scalar(select(func.min(ATTEMPT.c.expires_at))))
    left = found - datetime.now(UTC)
    assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
    past = datetime.now(UTC) - timedelta(seconds=1)
    await store._database.write(lambda c: c.execute(update(ATTEMPT).values(expires_at=past)))
    store.attempts._purged_at = datetime.min.replace(tzinfo=UTC)  # type: ignore[attr-defined]
    await create(shop, anna, "create-0")
    assert await _count(store, WISHLIST) == 4
    assert await _count(store, ATTEMPT) == 1


async def test_a_change_that_has_begun_ends_though_its_caller_leaves(
    store: Store, shop: Shop
) -> None:
    """A client that hangs up costs nobody the change, and its retry is told the outcome."""
    anna = customer(ANNA)
    leaving = asyncio.create_task(create(shop, anna, "create-1"))
    while not store._database._tasks:
        await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    answer = await create(shop, anna, "create-1")
    assert answer["data"]["wishlistCreate"]["userErrors"] == []
    assert await _count(store, WISHLIST) == 1


async def test_a_guest_has_to_say_who_they_are(shop: Shop) -> None:
    """Without a subject or a secret there is nobody whose try it could be."""
    answer = await create(shop, Viewer(role=Role.CUSTOMER), "create-1")
    assert answer["errors"] == ["UNAUTHENTICATED"]


@pytest.mark.parametrize("key", ["short", "k" * 129, "with a\nline", "clé-clé-clé"])
async def test_a_key_has_a_form(shop: Shop, key: str) -> None:
    """A key is 8 to 128 printable ASCII characters; another is refused before anything is done."""
    assert (await create(shop, customer(ANNA), key))["errors"] == ["BAD_INPUT"]


async def test_a_mutation_without_a_key_is_refused_by_the_schema(shop: Shop) -> None:
    """No mutation can be sent without a key: the document is invalid."""
    answer = await shop.ask(CREATE + LIST, customer(ANNA), input={"name": "List"})
    assert answer["errors"] == ["INVALID"]
    assert answer["data"] is None


def test_a_mutation_that_takes_no_key_is_not_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mutation whose input has no key keeps the schema from being built."""

    class Bare:
        """Nothing."""

    @accepts(Bare, name="BareInput")
    class BareInput:
        """An input without a key."""

        name: str

    async def nothing(parents: Any, context: Any, input: Any) -> Any:
        raise AssertionError

    @publishes(type(None))
    class Careless(Mutation):
        """With a mutation that could happen twice."""

        @batch(nothing)
        def careless(self, input: BareInput) -> strawberry.ID | None:
            """Change something."""

    monkeypatch.setattr(schema.build, "Mutation", Careless)
    with pytest.raises(TypeError, match="mutation careless: give it one argument, input"):
        schema.build.build()


async def test_two_hundred_twins_in_three_processes_are_one_change(url: str) -> None:
    """However many tries of one mutation come in together, and wherever: one change, one answer."""
    store = open_store(StorageSettings(url=url, master_key_env=MASTER_KEY, migrate=True))
    assert await store.start() is None
    id = (await create(Shop(store), customer(ANNA), "create-1"))["data"]["wishlistCreate"][
        "wishlist"
    ]["id"]
    shares = {"idempotencyKey": "share-01", "wishlist": id}
    adds = {"idempotencyKey": "add-0001", "wishlist": id, "lines": [{"sku": "S1"}]}
    requests = [
        {"document": SHARE, "customer": ANNA, "input": shares},
        {"document": ADD + LIST, "customer": ANNA, "input": adds},
    ]
    answers: list[list[Any]] = [[], []]
    with processes(3, url, MASTER_KEY.reveal()) as started:
        for number, each in enumerate(started):
            each.send(requests * (TWINS // 3 + (number < TWINS % 3)))
        for each in started:
            for number, answer in each.answers():
                answers[number % 2].append(answer)
    for same in answers:
        assert len(same) == TWINS
        assert all(each["data"] == same[0]["data"] for each in same)
        assert all(each["errors"] == [] for each in same)
    assert answers[0][0]["data"]["wishlistShare"]["secret"]
    mine = (await Shop(store).ask(MINE, customer(ANNA)))["data"]["viewer"]["customer"]
    assert [line["quantity"] for line in mine["wishlists"][0]["lines"]] == [1]
    assert mine["wishlists"][0]["version"] == 3
    await store.close()
