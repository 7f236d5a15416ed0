"""Caches in this process, and in Redis for all processes together."""

import math
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress

from redis.asyncio import Redis

from storage.redis import AwayError, Link, name

_VALUES = 50_000
_BYTES = 64 * 1024 * 1024


class LocalCache:
    """Values of this process alone; the least recently used leave first when it is full."""

    def __init__(self, values: int = _VALUES, size: int = _BYTES) -> None:
        """Make a cache of at most so many values, and so many bytes of them."""
        self._values = values
        self._size = size
        self._held = 0
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    async def read(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Read what is there."""
        now = time.monotonic()
        found = {}
        for key in keys:
            entry = self._kept.get(key)
            if entry is None:
                continue
            if entry[0] <= now:
                self._drop(key)
                continue
            self._kept.move_to_end(key)
            found[key] = entry[1]
        return found

    async def keep(self, values: Mapping[str, bytes], seconds: float) -> None:
        """Keep values for at most so long."""
        until = time.monotonic() + seconds
        for key, value in values.items():
            self._drop(key)
            self._kept[key] = until, value
            self._held += len(value)
        while self._kept and (len(self._kept) > self._values or self._held > self._size):
            self._drop(next(iter(self._kept)))

    async def forget(self, keys: Sequence[str]) -> None:
        """Forget values."""
        for key in keys:
            self._drop(key)

    def _drop(self, key: str) -> None:
        entry = self._kept.pop(key, None)
        if entry is not None:
            self._held -= len(entry[1])


class SharedCache:
    """Values in Redis; while it is away there are none."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def read(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Read what is there."""
        if not keys:
            return {}
        try:
            values = await self._link.call(lambda redis: redis.mget(_names(keys)))
        except AwayError:
            return {}
        return {key: value for key, value in zip(keys, values) if isinstance(value, bytes)}

    async def keep(self, values: Mapping[str, bytes], seconds: float) -> None:
        """Keep values for at most so long."""
        lifetime = math.floor(seconds * 1000)
        if not values or lifetime < 1:
            return

        async def write(redis: Redis) -> None:
            async with redis.pipeline(transaction=False) as pipeline:
                for key, value in values.items():
                    pipeline.set(name("cache", key), value, px=lifetime)
                await pipeline.execute()

        with suppress(AwayError):
            await self._link.call(write)

    async def forget(self, keys: Sequence[str]) -> None:
        """Forget values; while Redis is away, others see them out their time."""
        if keys:
            with suppress(AwayError):
                await self._link.call(lambda redis: redis.unlink(*_names(keys)))


def _names(keys: Sequence[str]) -> list[str]:
    return [name("cache", key) for key in keys]
