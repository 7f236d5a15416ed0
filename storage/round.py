"""Work that the store does for itself, again and again."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from domain.errors import StoreUnavailable

_log = structlog.get_logger("storage")


async def rounds(name: str, pause: float, work: Callable[[], Awaitable[object]]) -> None:
    """Work for ever, with a pause before each round; what fails is logged, and tried again."""
    while True:
        await asyncio.sleep(pause)
        try:
            await work()
        except StoreUnavailable:
            _log.info(name, problem="the store is away")
        except Exception:  # noqa: BLE001 - the next round is not this one's to prevent
            _log.exception(name)
