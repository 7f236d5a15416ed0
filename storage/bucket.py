"""Token buckets in this process, and in Redis for all processes together."""

import math
import time
from collections import OrderedDict

from domain.bucket import Grant, Rate
from storage.redis import AwayError, Link, name

_BUCKETS = 100_000

# The clock is Redis's own, so that processes need not agree on theirs.
_TAKE = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local capacity, per_second, tokens = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local kept = redis.call('HMGET', KEYS[1], 'level', 'at')
local level = capacity
if kept[1] then
    level = math.min(capacity, tonumber(kept[1]) + math.max(0, now - tonumber(kept[2])) * per_second)
end
local granted = 0
if tokens <= level then
    granted = 1
    level = level - tokens
end
redis.call('HSET', KEYS[1], 'level', string.format('%.9f', level), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((capacity - level) / per_second * 1000) + 1000)
return {granted, string.format('%.9f', level)}
"""  # noqa: E501 - Lua


class LocalBuckets:
    """Buckets of this process alone, the least recently used forgotten first."""

    def __init__(self, capacity: int = _BUCKETS) -> None:
        self._capacity = capacity
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def take(self, key: str, tokens: int, rate: Rate) -> Grant:
        """Take tokens, all or none."""
        now = time.monotonic()
        level, at = self._levels.pop(key, (float(rate.capacity), now))
        level = min(rate.capacity, level + (now - at) * rate.per_second)
        is_granted = tokens <= level
        if is_granted:
            level -= tokens
        self._levels[key] = level, now
        if len(self._levels) > self._capacity:
            self._levels.popitem(last=False)
        return _grant(is_granted, level, tokens, rate)


class SharedBuckets:
    """Buckets in Redis; while it is away each process counts for itself."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._local = LocalBuckets()

    async def take(self, key: str, tokens: int, rate: Rate) -> Grant:
        """Take tokens, all or none."""
        try:
            granted, level = await self._link.call(
                lambda redis: redis.eval(
                    _TAKE, 1, name("bucket", key), rate.capacity, rate.per_second, tokens
                )
            )
        except AwayError:
            return await self._local.take(key, tokens, rate)
        return _grant(bool(granted), float(level), tokens, rate)


def _grant(is_granted: bool, level: float, tokens: int, rate: Rate) -> Grant:
    remaining = math.floor(level)
    if is_granted:
        return Grant(is_granted=True, remaining=remaining)
    wait = (tokens - level) / rate.per_second if tokens <= rate.capacity else None
    return Grant(is_granted=False, remaining=remaining, retry_after=wait)
