"""Machines, proved by their API keys."""

import asyncio
import hmac
import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from auth.clock import Clock
from auth.errors import TokenRefused
from domain.apikey import ApiKey, ApiKeyPort, digest_of
from domain.deadline import Deadline
from domain.errors import StoreUnavailable
from domain.viewer import Viewer

REFRESH = 30.0
LIMIT = 60.0
UNKNOWN_INTERVAL = 1.0
TIMEOUT = 2.0

_AWAY = "API keys cannot be checked at the moment. Try again shortly."
_log = logging.getLogger(__name__)


class Machines:
    """Proves machines from the keys that are kept, all of which it holds.

    *Freshness*: the keys are read anew where they were read 30 s ago, so that one that is revoked
    is refused within 60 s. While the store is away the last ones stay for those 60 s; after that
    nothing is accepted. A key that is not among them makes them be read at once, but never twice
    in a second: so that a new key is good at once, and a flood of wrong ones asks for little.
    """

    def __init__(self, keys: ApiKeyPort, clock: Clock) -> None:
        self._store = keys
        self._clock = clock
        self._keys: Mapping[bytes, ApiKey] = {}
        self._read_at = float("-inf")
        self._attempted = float("-inf")
        self._flight: asyncio.Task[None] | None = None

    def known(self, text: str) -> Viewer | None:
        """Prove a machine whose key was read lately; None where keys have to be read for it.

        *Errors*: ``TokenRefused``.
        """
        digest = _digest(text)
        if self._age() >= REFRESH or digest not in self._keys:
            return None
        return self._proved(digest)

    async def viewer(self, text: str) -> Viewer:
        """Prove a machine. *Errors*: ``TokenRefused``; ``StoreUnavailable`` when nobody can say."""
        digest = _digest(text)
        if self._age() >= REFRESH or (digest not in self._keys and self._may_look()):
            await self._read()
        if self._age() >= LIMIT:
            raise StoreUnavailable(_AWAY)
        return self._proved(digest)

    async def close(self) -> None:
        """Stop reading."""
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.wait({self._flight}, timeout=TIMEOUT)

    def _proved(self, digest: bytes) -> Viewer:
        key = self._keys.get(digest)
        if key is None or not hmac.compare_digest(key.digest, digest):
            raise TokenRefused("an API key that is not known, or was revoked")
        if not key.is_good(datetime.fromtimestamp(self._clock.wall(), UTC)):
            raise TokenRefused("an API key whose time is over")
        return Viewer(
            role=key.role,
            subject=f"key:{key.id}",
            client=key.name,
            store=key.store,
            purposes=key.purposes,
            channel=key.channel,
        )

    def _age(self) -> float:
        return self._clock.steady() - self._read_at

    def _may_look(self) -> bool:
        return self._flight is not None or (
            self._clock.steady() - self._attempted >= UNKNOWN_INTERVAL
        )

    async def _read(self) -> None:
        """Wait for the reading under way, or begin one where the last was long enough ago."""
        if self._flight is None:
            if self._clock.steady() - self._attempted < UNKNOWN_INTERVAL:
                return
            self._attempted = self._clock.steady()
            self._flight = asyncio.create_task(self._attempt(), name="API keys")
        await asyncio.wait({self._flight}, timeout=TIMEOUT + 1)

    async def _attempt(self) -> None:
        began = self._clock.steady()
        try:
            self._keys = await self._store.api_keys(Deadline.after(TIMEOUT))
        except StoreUnavailable as failure:
            _log.warning("API keys cannot be read: %s", failure.__cause__ or failure)
        except Exception:  # noqa: BLE001 - refused as if the store were away, and told as a bug
            _log.exception("a bug in reading API keys")
        else:
            self._read_at = began
        finally:
            self._flight = None


def _digest(text: str) -> bytes:
    digest = digest_of(text)
    if digest is None:
        raise TokenRefused("not an API key's form")
    return digest
