"""What processes share: every promise holds in this process and in Redis."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from domain.bucket import Grant, Rate
from domain.document import digest_of
from domain.feed import Event, FeedGapError
from storage.cache import LocalCache
from storage.document import LocalDocuments
from storage.feed import LocalFeed
from storage.redis import name
from storage.settings import RedisSettings
from storage.shared import Shared, open_shared
from tests.servers import Redis

SLOW = Rate(capacity=10, per_second=0.001)


@pytest.fixture(params=["process", "redis"])
async def shared(request: pytest.FixtureRequest) -> AsyncIterator[Shared]:
    settings = None
    if request.param == "redis":
        server: Redis = request.getfixturevalue("redis")
        server.flush()
        # A machine that runs all tests at once is slower than the bound that production keeps.
        settings = RedisSettings(url=server.url, timeout=2.0)  # type: ignore[arg-type]
    shared = open_shared(settings)
    yield shared
    await shared.close()


async def test_a_bucket_gives_what_it_holds(shared: Shared) -> None:
    """A new bucket is full; tokens are given all or none; each key has a bucket of its own."""
    assert await shared.buckets.take("a", 7, SLOW) == Grant(is_granted=True, remaining=3)
    grant = await shared.buckets.take("a", 4, SLOW)
    assert (grant.is_granted, grant.remaining) == (False, 3)
    assert grant.retry_after is not None
    assert 900 < grant.retry_after <= 1_000
    assert (await shared.buckets.take("a", 3, SLOW)).is_granted
    assert (await shared.buckets.take("b", 10, SLOW)).is_granted
    never = await shared.buckets.take("c", 11, SLOW)
    assert never == Grant(is_granted=False, remaining=10, retry_after=None)


async def test_a_bucket_fills_again(shared: Shared) -> None:
    """Tokens come back with time, up to what the bucket holds."""
    fast = Rate(capacity=5, per_second=100.0)
    assert (await shared.buckets.take("a", 5, fast)).is_granted
    async with asyncio.timeout(5):
        while not (await shared.buckets.take("a", 5, fast)).is_granted:
            await asyncio.sleep(0.01)


async def test_takers_at_once_share_a_bucket(shared: Shared) -> None:
    """However many take together, no more is given than there is."""
    grants = await asyncio.gather(*(shared.buckets.take("a", 1, SLOW) for _ in range(40)))
    assert sum(each.is_granted for each in grants) == 10


async def test_a_cache_keeps_and_forgets(shared: Shared) -> None:
    """What is kept is read, as long as its time and nobody forgot it."""
    assert await shared.cache.read(["a", "b"]) == {}
    await shared.cache.keep({"a": b"1", "b": b"", "c": b"\x00\xff"}, 60)
    assert await shared.cache.read(["a", "b", "x"]) == {"a": b"1", "b": b""}
    await shared.cache.forget(["a", "x"])
    assert await shared.cache.read(["a", "c"]) == {"c": b"\x00\xff"}
    await shared.cache.keep({"c": b"2"}, 0.02)
    async with asyncio.timeout(5):
        while await shared.cache.read(["c"]):
            await asyncio.sleep(0.01)
    assert await shared.cache.read([]) == {}


async def test_a_document_is_what_its_digest_says(shared: Shared) -> None:
    """A document is had by its digest, and nothing else is."""
    text = "{ viewer { role } } # ąę"
    assert await shared.documents.keep(text) == digest_of(text)
    assert await shared.documents.read(digest_of(text)) == text
    assert await shared.documents.read(digest_of("other")) is None


async def _first(events: AsyncIterator[Event], count: int) -> list[Event]:
    async with asyncio.timeout(10):
        return [await anext(events) for _ in range(count)]


async def test_a_feed_is_followed_in_order_and_resumed(shared: Shared) -> None:
    """A follower gets every event once and in order, also after coming back with a cursor."""
    feed = shared.feed
    await feed.publish("stock", b"before")
    events = feed.follow("stock")
    following = asyncio.create_task(_first(events, 3))
    await _followed(shared, "stock")
    for each in (b"1", b"2", b"3"):
        await feed.publish("stock", each)
        await feed.publish("price", b"other")
    first = await following
    assert [each.payload for each in first] == [b"1", b"2", b"3"]
    await events.aclose()  # type: ignore[attr-defined]
    await feed.publish("stock", b"4")
    again = feed.follow("stock", first[1].cursor)
    assert [each.payload for each in await _first(again, 2)] == [b"3", b"4"]
    await again.aclose()  # type: ignore[attr-defined]


async def _followed(shared: Shared, topic: str) -> None:
    """Wait until a follower waits; there is nothing else to see of it."""
    if shared.link is None:
        await asyncio.sleep(0)
        return
    async with asyncio.timeout(10):
        while True:
            info = await shared.link.call(lambda redis: redis.info("clients"))
            if info["blocked_clients"]:
                return
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("cursor", ["", "nonsense", "1-2", "0123abcd.1", "1-0.abc.7"])
async def test_a_cursor_that_is_not_known_is_a_gap(shared: Shared, cursor: str) -> None:
    """Who comes with a cursor of another life is told to read anew, not given something else."""
    await shared.feed.publish("stock", b"1")
    with pytest.raises(FeedGapError):
        await _first(shared.feed.follow("stock", cursor), 1)


async def test_a_follower_too_far_behind_is_told(shared: Shared) -> None:
    """Events that are no longer kept are a gap, never left out silently."""
    events = shared.feed.follow("stock")
    following = asyncio.create_task(_first(events, 1))
    await _followed(shared, "stock")
    await shared.feed.publish("stock", b"0")
    (first,) = await following
    for _ in range(40):
        await asyncio.gather(*(shared.feed.publish("stock", b"x") for _ in range(50)))
    with pytest.raises(FeedGapError):
        await _first(shared.feed.follow("stock", first.cursor), 1)
    await events.aclose()  # type: ignore[attr-defined]


async def test_what_a_process_keeps_is_bounded() -> None:
    """Nothing that a process keeps grows without end."""
    cache = LocalCache(values=3, size=100)
    await cache.keep({str(number): b"x" for number in range(5)}, 60)
    assert set(await cache.read(list("01234"))) == {"2", "3", "4"}
    await cache.keep({"big": b"x" * 99}, 60)
    assert set(await cache.read(["2", "3", "4", "big"])) == {"4", "big"}
    documents = LocalDocuments(capacity=1)
    names = [await documents.keep(text) for text in ("one", "two")]
    assert [await documents.read(each) for each in names] == [None, "two"]
    feed = LocalFeed(topics=1)
    events = feed.follow("one")
    following = asyncio.create_task(_first(events, 1))
    await asyncio.sleep(0)
    await feed.publish("two", b"2")
    with pytest.raises(FeedGapError):
        await following


async def test_another_text_under_a_digest_is_not_believed(redis: Redis) -> None:
    """Whoever can write to Redis still cannot make a document say something else."""
    shared = open_shared(RedisSettings(url=redis.url, timeout=2.0))  # type: ignore[arg-type]
    assert shared.link is not None
    digest = digest_of("{ viewer { role } }")
    await shared.link.call(lambda client: client.set(name("document", digest), "{ other }"))
    assert await shared.documents.read(digest) is None
    await shared.close()
