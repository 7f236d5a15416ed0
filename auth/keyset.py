"""The keys of one issuer, held ready, and read anew in time."""

import asyncio
import logging
from collections.abc import Mapping

from joserfc.jwk import Key

from auth.clock import Clock
from auth.errors import IdentityUnavailable
from auth.provider import MIN_LIFETIME, TIMEOUT, Provider, ProviderError

RETRY = 30.0
UNKNOWN_KID_INTERVAL = 30.0

_log = logging.getLogger(__name__)


class KeyCache:
    """The last good key set of one issuer.

    *Freshness*: read anew when the provider's cache-control says so, between 60 s and 24 h, 300 s
    where it says nothing; so a key that the provider withdraws is refused at most that interval
    later. While the provider cannot be read the last good set stays, and it is asked every 30 s.
    A key id that is not in the set makes it be read at once; if that does not bring it, no other
    is asked for in the next 30 s, however many come. Before the first good set, attempts come
    after 1, 2, 4 … 30 s instead.
    """

    def __init__(self, provider: Provider, clock: Clock) -> None:
        self._provider = provider
        self._clock = clock
        self._keys: Mapping[tuple[str, str], Key] | None = None
        self._due = 0.0
        self._asked = float("-inf")
        self._wanted: tuple[str, str] | None = None
        self._attempted = float("-inf")
        self._failures = 0
        self._failure: str | None = None
        self._flight: asyncio.Task[None] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._closed = False

    def held(self, kid: str, kind: str) -> Key | None:
        """Give a key of the present set, by its id and type."""
        return self._keys.get((kid, kind)) if self._keys is not None else None

    async def key(self, kid: str, kind: str) -> Key | None:
        """Give a key, reading the set anew if it lacks it and the interval allows; None without.

        *Errors*: ``IdentityUnavailable`` where the key is not held and the set could not be read.
        """
        # At most: a reading under way that began too early, one of our own, and somebody's next.
        for _ in range(3):
            found = self.held(kid, kind)
            if found is not None:
                return found
            if self._flight is None and not self._may_ask(kid, kind):
                break
            await self._read()
        found = self.held(kid, kind)
        if found is None and self._failure is not None:
            raise IdentityUnavailable(self.system, "keys", self._failure)
        return found

    @property
    def system(self) -> str:
        """What the log calls this issuer."""
        return f"auth.issuers.{self._provider.name}"

    async def start(self) -> str | None:
        """Read the set once and keep it fresh from then on; tells why it cannot be read yet."""
        await self._read()
        if self._keeper is None and not self._closed:
            self._keeper = asyncio.create_task(self._keep(), name=f"{self.system} refresh")
        return self._failure

    async def close(self) -> None:
        """Stop reading; a verification that waits for keys is told that there are none."""
        self._closed, self._failure = True, "the gateway is closing"
        tasks = [task for task in (self._keeper, self._flight) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=TIMEOUT)

    async def _keep(self) -> None:
        while True:
            # In short turns, because a reading in between may have set an earlier date.
            wait = min(MIN_LIFETIME, self._due - self._clock.steady())
            if wait > 0:
                await self._clock.sleep(wait)
            else:
                await self._read()

    def _may_ask(self, kid: str, kind: str) -> bool:
        """Take the turn for a reading that a token asks for, if one is free."""
        now = self._clock.steady()
        if self._keys is None:
            return now - self._attempted >= self._pause()
        if now - self._asked < UNKNOWN_KID_INTERVAL:
            return False
        self._asked, self._wanted = now, (kid, kind)
        return True

    def _pause(self) -> float:
        return min(RETRY, 2.0 ** (self._failures - 1)) if self._failures else 0.0

    async def _read(self) -> None:
        """Wait for the reading under way, or begin one; it goes on when its waiters leave."""
        if self._closed:
            return
        if self._flight is None:
            self._attempted = self._clock.steady()
            self._flight = asyncio.create_task(self._attempt(), name=f"{self.system} keys")
        await asyncio.wait({self._flight}, timeout=TIMEOUT + 1)

    async def _attempt(self) -> None:
        try:
            published = await self._provider.published()
        except ProviderError as error:
            self._fail(str(error))
        except Exception as error:  # noqa: BLE001 - refreshing outlives a bug in reading
            _log.exception("issuer %s: a bug in reading its keys", self._provider.name)
            self._fail(type(error).__name__)
        else:
            before = self._keys or {}
            # Equal keys stay the same objects: that is how the verified tokens know theirs.
            self._keys = {
                place: held if (held := before.get(place)) == key and held is not None else key
                for place, key in published.keys.items()
            }
            self._due = self._clock.steady() + published.lifetime
            if self._wanted in self._keys:
                # The provider did rotate: the next rotation need not wait for this turn's end.
                self._asked = float("-inf")
            if self._failure is not None:
                _log.info("issuer %s: its keys can be read again", self._provider.name)
            self._failure, self._failures = None, 0
        finally:
            self._flight, self._wanted = None, None

    def _fail(self, detail: str) -> None:
        self._failure = detail
        self._failures = min(self._failures + 1, 10)
        self._due = self._clock.steady() + (RETRY if self._keys is not None else self._pause())
        kept = "the last good set stays" if self._keys is not None else "there is no earlier set"
        _log.warning("issuer %s: no key set, %s: %s", self._provider.name, kept, detail)
