"""Persisted documents in this process, and in Redis for all processes together."""

from collections import OrderedDict
from contextlib import suppress

from domain.document import digest_of
from storage.redis import AwayError, Link, name

_DOCUMENTS = 10_000
_KEPT_SECONDS = 30 * 86_400


class LocalDocuments:
    """Documents of this process alone, the least recently used forgotten first."""

    def __init__(self, capacity: int = _DOCUMENTS) -> None:
        self._capacity = capacity
        self._texts: OrderedDict[str, str] = OrderedDict()

    async def read(self, digest: str) -> str | None:
        """Read a document by its digest."""
        text = self._texts.get(digest)
        if text is not None:
            self._texts.move_to_end(digest)
        return text

    async def keep(self, text: str) -> str:
        """Keep a document; tells its digest."""
        key = digest_of(text)
        self._texts[key] = text
        self._texts.move_to_end(key)
        if len(self._texts) > self._capacity:
            self._texts.popitem(last=False)
        return key


class SharedDocuments:
    """Documents in Redis, and those in use in this process too: what they say never changes."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._local = LocalDocuments()

    async def read(self, digest: str) -> str | None:
        """Read a document by its digest; one that is used stays for another thirty days."""
        if (known := await self._local.read(digest)) is not None:
            return known
        try:
            found = await self._link.call(
                lambda redis: redis.getex(name("document", digest), ex=_KEPT_SECONDS)
            )
        except AwayError:
            return None
        if not isinstance(found, bytes):
            return None
        text = found.decode()
        # Whoever can write to Redis must not be able to put another text under a name.
        return text if await self._local.keep(text) == digest else None

    async def keep(self, text: str) -> str:
        """Keep a document; tells its digest."""
        key = await self._local.keep(text)
        with suppress(AwayError):
            await self._link.call(
                lambda redis: redis.set(name("document", key), text, ex=_KEPT_SECONDS)
            )
        return key
