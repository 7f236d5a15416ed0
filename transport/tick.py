"""Waiting for what comes, and for the time to look up in between."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")
_END_SECONDS = 2.0


class Came(Struct, Generic[T], frozen=True):
    """Something that came."""

    value: T


async def ticking(source: AsyncIterator[T], seconds: float) -> AsyncGenerator[Came[T] | None, None]:
    """Give what comes from a source, and None whenever nothing has come for so many seconds.

    Closing the generator ends the source too, also one that is waiting.
    """
    waiting: asyncio.Task[T] | None = None
    try:
        while True:
            if waiting is None:
                waiting = asyncio.ensure_future(_next(source))
            await asyncio.wait((waiting,), timeout=seconds)
            if not waiting.done():
                yield None
                continue
            came, waiting = waiting, None
            try:
                value = came.result()
            except StopAsyncIteration:
                return
            yield Came(value)
    finally:
        if waiting is not None:
            waiting.cancel()
            ended, _ = await asyncio.wait((waiting,), timeout=_END_SECONDS)
            for each in ended:
                if not each.cancelled():
                    each.exception()
        if isinstance(source, AsyncGenerator):
            await source.aclose()


async def _next(source: AsyncIterator[T]) -> T:
    return await anext(source)
