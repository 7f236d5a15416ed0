"""The link to Redis: each call bounded, never tried twice, and none at all while Redis rests."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from storage.settings import RedisSettings

T = TypeVar("T")

_CONNECTIONS = 50
_PREFIX = "gateway"


class AwayError(Exception):
    """Redis did not answer in time, or is left alone because it lately did not."""


class Link:
    """One Redis; whoever makes the link closes it.

    A call that fails is not made again: the caller goes on without Redis. Everybody else does then
    too, until the rest is over; then one caller tries it.
    """

    def __init__(self, settings: RedisSettings) -> None:
        self._timeout = settings.timeout
        self._rest = settings.rest
        self._client = self._connect(settings, settings.timeout)
        self._rests_until: float | None = None
        self.settings = settings

    async def call(self, command: Callable[[Redis], Awaitable[T]]) -> T:
        """Make one call. *Errors*: ``AwayError``."""
        if self._rests_until is not None:
            now = time.monotonic()
            if now < self._rests_until:
                raise AwayError
            # This caller tries; for the others it rests a while longer.
            self._rests_until = now + self._rest
        try:
            async with asyncio.timeout(self._timeout):
                answer = await command(self._client)
        except (RedisError, OSError, TimeoutError) as error:
            self._rests_until = time.monotonic() + self._rest
            raise AwayError from error
        self._rests_until = None
        return answer

    def patient(self, seconds: float) -> Redis:
        """Make a client whose calls may wait so long for an answer; the caller closes it."""
        return self._connect(self.settings, seconds)

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    @staticmethod
    def _connect(settings: RedisSettings, timeout: float) -> Redis:
        secret = settings.password_env
        options: dict[str, Any] = {} if secret is None else {"password": secret.reveal()}
        pool = BlockingConnectionPool.from_url(
            settings.url,
            max_connections=_CONNECTIONS,
            timeout=timeout,
            socket_timeout=timeout,
            socket_connect_timeout=settings.timeout,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            driver_info=None,
            **options,
        )
        return Redis.from_pool(pool)


def name(kind: str, key: str) -> str:
    """Name a thing in Redis; what the key says of anybody cannot be read there."""
    return f"{_PREFIX}:{kind}:{hashlib.blake2b(key.encode(), digest_size=20).hexdigest()}"
