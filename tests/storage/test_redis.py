"""A Redis that freezes, dies or forgets: everything goes on, a bounded while later."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from domain.bucket import Rate
from domain.document import digest_of
from domain.feed import Event, FeedGapError
from storage.redis import AwayError
from storage.settings import RedisSettings
from storage.shared import Shared, open_shared
from tests.servers import Redis, running

RATE = Rate(capacity=1_000, per_second=1.0)


@pytest.fixture
def own_redis() -> Iterator[Redis]:
    """A Redis that this test may kill."""
    with running(Redis) as server:
        yield server


@pytest.fixture
async def shared(own_redis: Redis) -> AsyncIterator[Shared]:
    shared = open_shared(RedisSettings(url=own_redis.url, rest=0.2))  # type: ignore[arg-type]
    await _back(shared)
    yield shared
    await shared.close()


async def _request(shared: Shared, number: int) -> float:
    """What one operation asks of all that is shared; tells how long it took."""
    began = time.perf_counter()
    assert (await shared.buckets.take(f"client {number % 7}", 1, RATE)).is_granted
    await shared.cache.keep({f"key {number}": b"value"}, 60)
    await shared.cache.read([f"key {number}"])
    await shared.cache.forget([f"key {number}"])
    await shared.documents.read(digest_of(f"{number}"))
    await shared.feed.publish("stock", b"event")
    return time.perf_counter() - began


async def _requests(shared: Shared, count: int = 60) -> str:
    took = sorted([await _request(shared, number) for number in range(count)])
    return f"p50 {took[count // 2] * 1000:.2f} ms, slowest {took[-1] * 1000:.2f} ms"


async def _back(shared: Shared) -> None:
    assert shared.link is not None
    async with asyncio.timeout(20):
        while True:
            try:
                await shared.link.call(lambda redis: redis.ping())
            except AwayError:
                await asyncio.sleep(0.01)
            else:
                return


async def test_everything_goes_on_without_redis(
    own_redis: Redis, shared: Shared, capsys: pytest.CaptureFixture[str]
) -> None:
    """Redis frozen, killed, restarted or flushed fails nothing; what it costs is printed."""
    figures = {"well": await _requests(shared)}
    own_redis.freeze()
    figures["frozen"] = await _requests(shared)
    own_redis.thaw()
    await _back(shared)
    figures["thawed"] = await _requests(shared)
    own_redis.flush()
    figures["flushed"] = await _requests(shared)
    own_redis.kill()
    figures["killed"] = await _requests(shared)
    own_redis.start()
    await _back(shared)
    figures["restarted"] = await _requests(shared)
    with capsys.disabled():
        print("\nsix calls in a row, as one operation makes them:")
        for state, figure in figures.items():
            print(f"  redis {state:<10} {figure}")


async def test_a_frozen_redis_is_asked_once_in_a_while(own_redis: Redis, shared: Shared) -> None:
    """One caller waits for a frozen Redis, for as long as configured; the others do without."""
    assert shared.link is not None
    asked = 0

    async def ask(redis: object) -> None:
        nonlocal asked
        asked += 1
        await redis.ping()  # type: ignore[attr-defined]

    own_redis.freeze()
    for _ in range(50):
        with pytest.raises(AwayError):
            await shared.link.call(ask)
    assert asked == 1
    await asyncio.sleep(0.25)
    results = await asyncio.gather(
        *(shared.link.call(ask) for _ in range(50)), return_exceptions=True
    )
    assert all(isinstance(each, AwayError) for each in results)
    assert asked == 2
    own_redis.thaw()


async def test_answers_are_not_mixed_up_after_a_freeze(own_redis: Redis, shared: Shared) -> None:
    """A late answer to one question is never taken for the answer to another."""
    assert shared.link is not None
    for number in range(5):
        own_redis.freeze()
        await asyncio.gather(
            *(shared.cache.keep({f"key {each}": f"{each}".encode()}, 60) for each in range(20))
        )
        own_redis.thaw()
        await _back(shared)
        await shared.cache.keep({f"key {each}": f"{each}".encode() for each in range(20)}, 60)
        found = await asyncio.gather(*(shared.cache.read([f"key {each}"]) for each in range(20)))
        for each, values in enumerate(found):
            assert values in ({f"key {each}": f"{each}".encode()}, {}), number


async def _next(events: AsyncIterator[Event]) -> Event:
    async with asyncio.timeout(10):
        return await anext(events)


async def test_followers_learn_of_a_redis_that_went(own_redis: Redis, shared: Shared) -> None:
    """Who follows a feed is told of a gap when Redis dies, and when an event could not be told."""
    events = shared.feed.follow("stock")
    following = asyncio.create_task(_next(events))
    async with asyncio.timeout(10):
        assert shared.link is not None
        while not (await shared.link.call(lambda r: r.info("clients")))["blocked_clients"]:
            await asyncio.sleep(0.005)
    await shared.feed.publish("stock", b"1")
    first = await following
    assert first.payload == b"1"
    following = asyncio.create_task(_next(events))
    own_redis.kill()
    with pytest.raises(FeedGapError):
        await following
    await shared.feed.publish("stock", b"lost")
    own_redis.start()
    await _back(shared)
    await shared.feed.publish("stock", b"2")
    await shared.feed.publish("stock", b"3")
    with pytest.raises(FeedGapError):
        await _next(shared.feed.follow("stock", first.cursor))
