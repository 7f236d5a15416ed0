"""Feeds in this process, and in Redis (streams) for all processes together.

Every event of a topic has a number, and every topic an epoch that begins when it does. A follower
who meets another epoch, or a number that is not the next one, has missed something and is told.
"""

import asyncio
import secrets
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from typing import Any

from redis.exceptions import RedisError

from domain.feed import Event, FeedGapError
from storage.redis import AwayError, Link, name

_EVENTS = 1_000
_TOPICS = 10_000
_BLOCK = 1.0
_BATCH = 100
_IDLE_SECONDS = 86_400

_PUBLISH = """
redis.call('HSETNX', KEYS[2], 'epoch', ARGV[1])
local epoch = redis.call('HGET', KEYS[2], 'epoch')
local number = redis.call('HINCRBY', KEYS[2], 'number', ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[4])
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], '*', 'e', epoch, 'n', number, 'p', ARGV[5])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return number
"""

# The place of the last event, and the epoch and number that go with it.
_LAST = """
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local kept = redis.call('HMGET', KEYS[2], 'epoch', 'number')
return {last[1] and last[1][1] or '0-0', kept[1] or '', kept[2] or '0'}
"""


class _Topic:
    def __init__(self) -> None:
        self.epoch = secrets.token_hex(4)
        self.last = 0
        self.events: deque[bytes] = deque(maxlen=_EVENTS)
        self.changed = asyncio.Event()


class LocalFeed:
    """Feeds of this process alone: the last thousand events of each topic."""

    def __init__(self, topics: int = _TOPICS) -> None:
        self._capacity = topics
        self._topics: OrderedDict[str, _Topic] = OrderedDict()

    async def publish(self, topic: str, payload: bytes) -> None:
        """Tell an event."""
        about = self._topic(topic)
        about.last += 1
        about.events.append(payload)
        about.changed.set()
        about.changed = asyncio.Event()

    async def follow(self, topic: str, after: str | None = None) -> AsyncIterator[Event]:
        """Give every event behind a cursor, or from now on, as they come; for ever."""
        about = self._topic(topic)
        at = about.last if after is None else _number(after, about.epoch)
        while True:
            # A topic that was forgotten meanwhile has begun anew for those who publish.
            if self._topics.get(topic) is not about or not (
                about.last - len(about.events) <= at <= about.last
            ):
                raise FeedGapError
            changed = about.changed
            while at < about.last:
                oldest = about.last - len(about.events)
                if at < oldest:
                    raise FeedGapError
                payload = about.events[at - oldest]
                at += 1
                yield Event(f"{about.epoch}.{at}", payload)
            await changed.wait()

    def _topic(self, topic: str) -> _Topic:
        about = self._topics.get(topic)
        if about is None:
            about = self._topics[topic] = _Topic()
            if len(self._topics) > self._capacity:
                _, forgotten = self._topics.popitem(last=False)
                forgotten.changed.set()
        self._topics.move_to_end(topic)
        return about


class SharedFeed:
    """Feeds in Redis. A follower holds a connection: one for each topic in a process is enough."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._untold: set[str] = set()

    async def publish(self, topic: str, payload: bytes) -> None:
        """Tell an event; where Redis is away, the next one that can be told shows the gap."""
        # A number left out is how followers learn that something is missing.
        step = 2 if topic in self._untold else 1
        try:
            await self._link.call(
                lambda redis: redis.eval(
                    _PUBLISH,
                    2,
                    *_keys(topic),
                    secrets.token_hex(4),
                    step,
                    _EVENTS,
                    _IDLE_SECONDS,
                    payload,
                )
            )
        except AwayError:
            if len(self._untold) < _TOPICS:
                self._untold.add(topic)
        else:
            self._untold.discard(topic)

    async def follow(self, topic: str, after: str | None = None) -> AsyncIterator[Event]:
        """Give every event behind a cursor, or from now on, as they come; for ever."""
        stream, about = _keys(topic)
        client = self._link.patient(_BLOCK + self._link.settings.timeout)
        try:
            if after is None:
                found = await client.eval(_LAST, 2, stream, about)
                place, epoch, number = found[0].decode(), found[1].decode(), int(found[2])
            else:
                place, epoch, number = _place(after)
            while True:
                answer: Any = await client.xread(
                    {stream: place}, count=_BATCH, block=int(_BLOCK * 1000)
                )
                for entry, fields in answer[0][1] if answer else ():
                    place, said = entry.decode(), fields[b"e"].decode()
                    if int(fields[b"n"]) != number + 1 or (epoch and said != epoch):
                        raise FeedGapError
                    number, epoch = number + 1, said
                    yield Event(f"{place}.{epoch}.{number}", fields[b"p"])
        except (RedisError, OSError, TimeoutError) as error:
            raise FeedGapError from error
        finally:
            await client.aclose()


def _keys(topic: str) -> tuple[str, str]:
    stream = name("feed", topic)
    return stream, f"{stream}:about"


def _number(cursor: str, epoch: str) -> int:
    said, _, number = cursor.partition(".")
    if said != epoch or not number.isdecimal():
        raise FeedGapError
    return int(number)


def _place(cursor: str) -> tuple[str, str, int]:
    try:
        place, epoch, number = cursor.split(".")
        milliseconds, count = place.split("-")
        if not (milliseconds.isdecimal() and count.isdecimal() and epoch):
            raise ValueError
        return place, epoch, int(number)
    except ValueError:
        raise FeedGapError from None
