"""What is held is told to the stock system, once it is held, and counts once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from domain.ask import Ask
from domain.deadline import Deadline
from domain.viewer import Channel
from storage.delivery import Deliveries
from storage.settings import StorageSettings
from storage.store import Store, open_store
from storage.table import DELIVERY, HOLD
from tests.storage.reserve import EXTEND, RELEASE, change, made, refused, reserve
from tests.storage.shop import ANNA, PIECES, PIOTR, SHOP, Shop, customer

MISSING = """query ($id: ID!) { reservation(id: $id) {
  shortfalls { sku held confirmed location { name } } } }"""


@pytest.fixture
def shop(store: Store) -> Shop:
    return Shop(store)


def _ask() -> Ask:
    return Ask(Deadline.after(5), "PL", "PLN", "en", Channel.WEB)


@pytest.fixture
def deliveries(store: Store, shop: Shop) -> Deliveries:
    return store.deliveries({"wms": shop.stock}, _ask)


async def _waiting(store: Store) -> int:
    count = select(func.count()).select_from(DELIVERY)
    return await store._database.read(lambda c: c.scalar(count)) or 0


async def _due(store: Store) -> None:
    """Let what was put off be due."""
    now = datetime.now(UTC)
    await store._database.write(lambda c: c.execute(update(DELIVERY).values(due_at=now)))


async def test_what_the_stock_system_sets_aside_is_subtracted_once(
    store: Store, shop: Shop, deliveries: Deliveries
) -> None:
    """Before and after the stock system has heard of a hold, it counts once and not twice."""
    made(await reserve(shop, customer(ANNA), "create-1", {"sku": "S1", "quantity": 20}))
    assert shop.stock.aside == {}
    many = {"sku": "S1", "quantity": PIECES - 19}
    (error,) = refused(await reserve(shop, customer(PIOTR), "create-1", many))
    assert error["available"] == PIECES - 20
    assert await deliveries.deliver() == 1
    assert await _waiting(store) == 0
    (aside,) = shop.stock.aside.values()
    assert [(line.place, line.quantity) for line in aside.lines] == [(("S1", SHOP), 20)]
    (error,) = refused(await reserve(shop, customer(PIOTR), "create-1", many))
    assert error["available"] == PIECES - 20
    # A snapshot of before, that arrives late, still counts it.
    shop.stock.aside.clear()
    shop.stock.observed_at = aside.included_from - timedelta(seconds=1)
    (error,) = refused(await reserve(shop, customer(PIOTR), "create-2", many))
    assert error["available"] == PIECES - 20


async def test_what_is_let_go_is_let_go_there(
    store: Store, shop: Shop, deliveries: Deliveries
) -> None:
    """Extending and releasing are told as well; what was released before it was told, too."""
    anna = customer(ANNA)
    found = made(await reserve(shop, anna, "create-1", "S1"))
    await deliveries.deliver()
    await change(shop, EXTEND, anna, "extend-1", found["id"])
    assert await deliveries.deliver() == 1
    assert len(shop.stock.aside) == 1
    await change(shop, RELEASE, anna, "release1", found["id"])
    assert await deliveries.deliver() == 1
    assert shop.stock.aside == {}
    other = made(await reserve(shop, anna, "create-2", "S2"))
    await change(shop, RELEASE, anna, "release2", other["id"])
    assert await deliveries.deliver() == 1
    assert (shop.stock.aside, await _waiting(store)) == ({}, 0)


async def test_what_cannot_be_told_is_told_later(
    store: Store, shop: Shop, deliveries: Deliveries
) -> None:
    """While the stock system is away the hold stands; it hears of it once it is back."""
    found = made(await reserve(shop, customer(ANNA), "create-1", {"sku": "S1", "quantity": PIECES}))
    shop.stock.is_away = True
    for _ in range(3):
        await _due(store)
        assert await deliveries.deliver() == 1
    assert await deliveries.deliver() == 0, "it is put off"
    assert await _waiting(store) == 1
    assert refused(await reserve(shop, customer(PIOTR), "create-1", "S1"))
    shop.stock.is_away = False
    await _due(store)
    assert await deliveries.deliver() == 1
    assert (len(shop.stock.aside), await _waiting(store)) == (1, 0)
    assert found["state"] == "HELD"


async def test_a_system_that_has_fewer_says_so(
    store: Store, shop: Shop, deliveries: Deliveries
) -> None:
    """Where the stock system sets fewer aside than are held, the reservation tells which, until
    it has them."""
    shop.stock.sets_aside = 3
    anna = customer(ANNA)
    found = made(await reserve(shop, anna, "create-1", {"sku": "S1", "quantity": 5}, "S2"))
    answer = await shop.ask(MISSING, anna, id=found["id"])
    assert answer["data"]["reservation"]["shortfalls"] == []
    await deliveries.deliver()
    answer = await shop.ask(MISSING, anna, id=found["id"])
    assert answer["data"]["reservation"]["shortfalls"] == [
        {"sku": "S1", "held": 5, "confirmed": 3, "location": {"name": SHOP}}
    ]
    shop.stock.sets_aside = 1_000
    await _due(store)
    await deliveries.deliver()
    answer = await shop.ask(MISSING, anna, id=found["id"])
    assert answer["data"]["reservation"]["shortfalls"] == []
    assert await _waiting(store) == 0


async def test_each_is_told_by_one_process_at_a_time(
    store: Store, shop: Shop, settings: StorageSettings, deliveries: Deliveries
) -> None:
    """Two processes share what is to be told, and none tells what the other is telling."""
    other = open_store(settings)
    assert await other.start() is None
    told: list[Any] = []

    class Slow:
        async def allocations_by_request(self, requests: Any, ask: Ask) -> Any:
            told.extend(each.key for each in requests)
            return await shop.stock.allocations_by_request(requests, ask)

        async def released_by_key(self, keys: Any, ask: Ask) -> frozenset[str]:
            return await shop.stock.released_by_key(keys, ask)

    for number in range(5):
        made(await reserve(shop, customer(f"crm:C-{number}"), "create-1", "S1"))
    both = [each.deliveries({"wms": Slow()}, _ask) for each in (store, other)]
    counts = await asyncio.gather(*(each.deliver() for each in both))
    assert sum(counts) == 5
    assert len(told) == len(set(told)) == 5
    rows = await store._database.read(lambda c: c.execute(select(HOLD.c.included_from)))
    assert all(row.included_from is not None for row in rows)
    await other.close()
