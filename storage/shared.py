"""What several processes of the gateway share where there is a Redis, and each has without."""

from msgspec import Struct

from domain.bucket import TokenBucket
from domain.cache import Cache
from domain.document import DocumentStore
from domain.feed import Feed
from storage.bucket import LocalBuckets, SharedBuckets
from storage.cache import LocalCache, SharedCache
from storage.document import LocalDocuments, SharedDocuments
from storage.feed import LocalFeed, SharedFeed
from storage.redis import Link
from storage.settings import RedisSettings


class Shared(Struct, frozen=True, kw_only=True):
    """The ports, and the link behind them; whoever opened it closes it."""

    buckets: TokenBucket
    cache: Cache
    documents: DocumentStore
    feed: Feed
    link: Link | None = None

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self.link is not None:
            await self.link.close()


def open_shared(settings: RedisSettings | None) -> Shared:
    """Make the forms that live in Redis, or in this process where there is none."""
    if settings is None:
        return Shared(
            buckets=LocalBuckets(),
            cache=LocalCache(),
            documents=LocalDocuments(),
            feed=LocalFeed(),
        )
    link = Link(settings)
    return Shared(
        buckets=SharedBuckets(link),
        cache=SharedCache(link),
        documents=SharedDocuments(link),
        feed=SharedFeed(link),
        link=link,
    )
