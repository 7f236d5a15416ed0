"""A store that goes away: what its callers are told, what is lost, and how it comes back."""

import asyncio
import random
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace
from sqlalchemy import select, text

from domain.deadline import Deadline
from domain.errors import StoreUnavailable
from domain.identity import node_key
from storage.settings import StorageSettings
from storage.store import Store, open_store
from storage.table import WISHLIST
from tests.servers import Postgres
from tests.storage.conftest import MASTER_KEY
from tests.storage.process import Process
from tests.storage.shop import CREATE, LIST, MINE, Shop, create, customer

KILLS_POSTGRES = 5
KILLS_SQLITE = 20
CANCELLED = 300
DEADLINE = 1.0
# What is refused at once is, whatever the deadline; what a busy machine takes longer for is not.
PATIENT_DEADLINE = 20.0
# The second is said of a machine too busy to say the first in time.
TYPED = {"STORE_UNAVAILABLE", "DEADLINE_EXCEEDED"}


@pytest.fixture
async def postgres_store(own_postgres: Postgres) -> AsyncIterator[Store]:
    settings = StorageSettings(url=own_postgres.database(), master_key_env=MASTER_KEY, migrate=True)
    store = open_store(settings)
    assert await store.start() is None
    yield store
    await store.close()


async def _lists(store: Store) -> set[str]:
    rows = await store._database.read(lambda c: c.scalars(select(WISHLIST.c.id)))
    return {str(each) for each in rows}


class Writers:
    """Customers who write without pause, and what they were told."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._stopped = False
        self.acknowledged: set[str] = set()
        self.codes: set[str] = set()
        self.slowest = 0.0
        # When each one began, and when it ended.
        self.failures: list[tuple[float, float]] = []
        self.successes: list[float] = []
        self._open: set[int] = set()

    async def write(self, number: int) -> None:
        # What failed is sent again under its key, until it is acknowledged.
        count = 0
        while not self._stopped or number in self._open:
            key = f"crm:{number}-{count // 40}"
            began = time.monotonic()
            answer = await create(self._shop, customer(key), f"create-{count}")
            ended = time.monotonic()
            self.slowest = max(self.slowest, ended - began)
            if answer["errors"]:
                self.codes.update(answer["errors"])
                self.failures.append((began, ended))
                self._open.add(number)
                await asyncio.sleep(0.01)
            else:
                self.successes.append(ended)
                self._open.discard(number)
                count += 1
                self.acknowledged.add(answer["data"]["wishlistCreate"]["wishlist"]["id"])

    def stop(self) -> None:
        self._stopped = True


async def _seen(condition: Any) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


async def test_postgresql_is_killed_and_restarted_under_writes(
    own_postgres: Postgres, postgres_store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """A PostgreSQL killed again and again loses no acknowledged write and doubles none.

    While it is away every write fails with a retryable code within its deadline; sent again under
    its key it happens once, also where it was cut off while it was being committed.
    """
    writers = Writers(Shop(postgres_store, PATIENT_DEADLINE))
    tasks = [asyncio.create_task(writers.write(number)) for number in range(8)]
    healed = []
    for _ in range(KILLS_POSTGRES):
        since = len(writers.acknowledged)
        await _seen(lambda since=since: len(writers.acknowledged) >= since + 20)
        failed = len(writers.failures)
        await asyncio.to_thread(own_postgres.kill)
        await _seen(lambda failed=failed: len(writers.failures) > failed)
        succeeded = len(writers.successes)
        await asyncio.to_thread(own_postgres.start)
        back = time.monotonic()
        await _seen(lambda succeeded=succeeded: len(writers.successes) >= succeeded + 20)
        first = writers.successes[succeeded]
        healed.append(max(0.0, first - back))
        late = [began for began, _ in writers.failures if began > first]
        assert late == [], "a write failed that began after another had succeeded again"
    writers.stop()
    await asyncio.gather(*tasks)
    with capsys.disabled():
        print(
            f"\n{len(writers.acknowledged)} acknowledged over {KILLS_POSTGRES} kills; first write "
            f"after the return, ms: {[round(each * 1000) for each in healed]}; slowest answer "
            f"{writers.slowest * 1000:.0f} ms of {PATIENT_DEADLINE * 1000:.0f}"
        )
    assert writers.codes <= TYPED
    kept = {_key(each) for each in writers.acknowledged}
    assert kept == await _lists(postgres_store)


def _key(id: str) -> str:
    return node_key(id)[1]


async def test_a_frozen_postgresql_costs_no_more_than_the_deadline(
    own_postgres: Postgres, postgres_store: Store
) -> None:
    """A database that says nothing ends nobody's patience but its own, and heals when it wakes."""
    shop = Shop(postgres_store, DEADLINE)
    first = await create(Shop(postgres_store), customer("crm:1"), "create-1")
    assert first["errors"] == []
    own_postgres.freeze()
    async with asyncio.timeout(DEADLINE * 3):
        answers = await asyncio.gather(
            create(shop, customer("crm:1"), "create-2"), shop.ask(MINE, customer("crm:1"))
        )
    assert all(set(each["errors"]) <= TYPED and each["errors"] for each in answers)
    assert not await postgres_store.reach(Deadline.after(0.1))
    own_postgres.thaw()
    async with asyncio.timeout(60):
        while (await create(shop, customer("crm:1"), "create-2"))["errors"]:
            pass
    mine = (await Shop(postgres_store).ask(MINE, customer("crm:1")))["data"]["viewer"]["customer"][
        "wishlists"
    ]
    assert len(mine) == 2


async def test_a_gateway_starts_beside_a_database_that_is_away(own_postgres: Postgres) -> None:
    """A store that is away at start costs its own fields, and is there once it is back."""
    settings = StorageSettings(url=own_postgres.database(), master_key_env=MASTER_KEY, migrate=True)
    own_postgres.kill()
    store = open_store(settings)
    assert await store.start() is not None
    shop = Shop(store)
    assert (await shop.ask(MINE, customer("crm:1")))["errors"] == ["STORE_UNAVAILABLE"]
    own_postgres.start()
    assert (await create(shop, customer("crm:1"), "create-1"))["errors"] == []
    await store.close()


async def test_cancelled_requests_leak_no_connection(store: Store) -> None:
    """Callers who leave at any moment, three hundred of them, leave every connection behind."""
    seed = time.time_ns()
    print(f"seed {seed}")
    draw = random.Random(seed)
    shop = Shop(store)

    async def leave(number: int) -> None:
        viewer = customer(f"crm:{number % 20}")
        work = create(shop, viewer, f"create-{number}") if number % 2 else shop.ask(MINE, viewer)
        task = asyncio.create_task(work)
        await asyncio.sleep(draw.random() * 0.05)
        task.cancel()
        await asyncio.wait({task})

    for start in range(0, CANCELLED, 30):
        await asyncio.gather(*(leave(number) for number in range(start, start + 30)))
    async with asyncio.timeout(60):
        while store._database._tasks:
            await asyncio.wait(store._database._tasks)
    assert store._database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    # Every connection of the pool at once: whoever is missing keeps this from ending.
    together = asyncio.Barrier(10)

    async def hold(connection: Any) -> None:
        await connection.execute(text("SELECT 1"))
        await together.wait()

    deadline = Deadline.after(60)
    await asyncio.gather(*(store._database.read(hold, deadline) for _ in range(10)))


async def test_waiting_is_bounded(settings: StorageSettings) -> None:
    """A pool that is used up costs a caller their deadline, and a long queue nothing at all."""
    store = open_store(replace(settings, connections=1, waiting=3))
    assert await store.start() is None
    free = asyncio.Event()
    began = asyncio.Event()

    async def hold(connection: Any) -> None:
        began.set()
        await free.wait()

    async def nothing(connection: Any) -> None:
        pass

    holding = asyncio.create_task(store._database.read(hold, Deadline.after(10)))
    await began.wait()
    with pytest.raises(StoreUnavailable):
        await store._database.read(nothing, Deadline.after(0.05))
    waiting = [
        asyncio.create_task(store._database.read(nothing, Deadline.after(10))) for _ in range(2)
    ]
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable):
        await store._database.read(nothing, Deadline.after(10))
    free.set()
    await asyncio.gather(holding, *waiting)
    await store.close()


@pytest.mark.long
def test_a_gateway_killed_while_it_writes_to_sqlite_loses_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """SIGKILL at any moment of writing loses no acknowledged change and leaves the file whole."""
    seed = time.time_ns()
    print(f"seed {seed}")
    draw = random.Random(seed)
    file = tmp_path / "gateway.sqlite"
    url = f"sqlite+aiosqlite:///{file}"
    acknowledged: set[str] = set()
    told: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for run in range(KILLS_SQLITE):
        process = Process(url, MASTER_KEY.reveal())
        process.ready()
        requests = [
            {
                "document": CREATE + LIST,
                "customer": f"crm:{run}-{number // 40}",
                "input": {"idempotencyKey": f"create-{number}", "name": "List"},
            }
            for number in range(400)
        ]
        # What the process before acknowledged is told again, the same.
        process.send([request for request, _ in told[:10]])
        again = dict(process.answers())
        assert [again[place]["data"] for place in range(len(again))] == [
            answer["data"] for _, answer in told[:10]
        ]
        told = []
        process.send(requests)
        last = draw.randrange(1, 40)
        for count, (place, answer) in enumerate(process.answers()):
            if not answer["errors"]:
                told.append((requests[place], answer))
                acknowledged.add(_key(answer["data"]["wishlistCreate"]["wishlist"]["id"]))
            if count == last:
                process.kill()
        process.close()
        with sqlite3.connect(file) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
    connection = sqlite3.connect(file)
    kept = {_uuid(each) for (each,) in connection.execute("SELECT id FROM wishlist")}
    attempts = connection.execute("SELECT count(*) FROM attempt").fetchone()[0]
    connection.close()
    with capsys.disabled():
        print(f"\n{len(acknowledged)} acknowledged, {len(kept)} kept over {KILLS_SQLITE} kills")
    assert acknowledged <= kept
    assert attempts == len(kept), "a change and its outcome are one transaction"


def _uuid(text: str) -> str:
    return str(UUID(text))
