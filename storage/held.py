"""What is held, told to whoever reads stock: the systems' figures, with our own holds in them.

Every process keeps what is held in memory and reads it anew when it is a second old, so that a
listing costs no question to the database. Nothing is promised on it: reserving counts by itself.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from msgspec.structs import replace
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.ask import Ask
from domain.assortment import Assortment, AssortmentPort
from domain.availability import StockLevel, StockPort
from domain.deadline import Deadline
from domain.errors import Failure
from domain.hold import Held, with_held
from domain.partial import Partial, missing_of
from domain.provenance import Provenance
from storage.database import Database
from storage.table import HOLD

_FRESH = 1.0
_READING = 0.5
_MAX_HOLDS = 100_000
_UNKNOWN = "What the shop itself holds of it is not known at the moment."

T = TypeVar("T")
BySku = Mapping[str, Sequence[Held]]


class Holds:
    """What is held, by SKU, as this process last read it.

    *Units*: ``patience`` is how many seconds a reading may take.
    """

    def __init__(self, database: Database) -> None:
        self.patience = _READING
        self._database = database
        self._held: BySku = {}
        self._failure: Exception | None = None
        self._read_at = -_FRESH
        self._changes = 0
        self._reading: asyncio.Task[None] | None = None

    def forget(self) -> None:
        """Read anew before the next answer, because this process has changed something."""
        self._changes += 1
        self._read_at = -_FRESH

    @property
    def is_fresh(self) -> bool:
        """Whether what was read last is still good."""
        return time.monotonic() - self._read_at < _FRESH

    async def by_sku(self) -> BySku:
        """Tell what is held. *Freshness*: a second. *Errors*: ``StoreUnavailable``."""
        if self._reading is not None:
            await asyncio.wait({self._reading})
        # A reading that began before a change does not have it.
        if not self.is_fresh:
            if self._reading is None:
                self._reading = asyncio.create_task(self._read())
            # Whoever leaves, leaves the task to those who wait for it as well.
            await asyncio.wait({self._reading})
        if self._failure is not None:
            raise self._failure
        return self._held

    async def _read(self) -> None:
        seen, begun = self._changes, time.monotonic()
        try:
            self._held = await self._database.read(_all, Deadline.after(self.patience))
            self._failure = None
        except Exception as failure:  # noqa: BLE001 - told to everybody who asks
            # Asking again with every listing would make each of them wait.
            self._failure, begun = failure, time.monotonic()
        finally:
            self._reading = None
        if seen == self._changes:
            self._read_at = begun


async def _all(connection: AsyncConnection) -> BySku:
    lasting = or_(HOLD.c.expires_at.is_(None), HOLD.c.expires_at > datetime.now(UTC))
    rows = await connection.execute(select(HOLD).where(lasting).limit(_MAX_HOLDS))
    found: defaultdict[str, list[Held]] = defaultdict(list)
    for row in rows:
        found[row.sku].append(
            Held(row.sku, row.location_key, row.quantity, row.expires_at, row.included_from)
        )
    return found


class StockWithHolds:
    """The stock system's figures with our holds in them; implements ``StockPort``."""

    def __init__(self, port: StockPort, holds: Holds) -> None:
        self._port = port
        self._holds = holds

    async def stock_by_sku(
        self, skus: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[StockLevel] | Failure]:
        """Read the stock of each SKU, and how much of it is held.

        While the store is away every figure is marked: nothing is promised on it.
        """
        levels, held = await _both(self._port.stock_by_sku(skus, ask), self._holds)
        if isinstance(held, Failure):
            return {
                sku: each if isinstance(each, Failure) else _doubtful(each)
                for sku, each in levels.items()
            }
        now = datetime.now(UTC)
        concerned = levels.keys() & held.keys()
        if not concerned:
            return levels
        return {
            sku: _subtracted(each, held[sku], now)
            if sku in concerned and not isinstance(each, Failure)
            else each
            for sku, each in levels.items()
        }


class AssortmentWithHolds:
    """What locations have to sell, without what is held; implements ``AssortmentPort``."""

    def __init__(self, port: AssortmentPort, holds: Holds) -> None:
        self._port = port
        self._holds = holds

    async def skus_by_location(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Assortment | Failure]:
        """Read what each location can promise; while the store is away, what the system says."""
        found, held = await _both(self._port.skus_by_location(keys, ask), self._holds)
        if isinstance(held, Failure) or not held:
            return found
        now = datetime.now(UTC)
        return {
            key: each if isinstance(each, Failure) else _rest(each, held, now)
            for key, each in found.items()
        }


async def _both(answer: Awaitable[T], holds: Holds) -> tuple[T, BySku | Failure]:
    """Wait for a system's answer and for what is held, side by side where there is to wait."""
    if holds.is_fresh:
        return await answer, await _known(holds)
    return await asyncio.gather(answer, _known(holds))


async def _known(holds: Holds) -> BySku | Failure:
    try:
        return await holds.by_sku()
    except Failure as failure:
        return failure


def _subtracted(
    levels: Sequence[StockLevel], held: Sequence[Held], now: datetime
) -> Sequence[StockLevel]:
    by_place: defaultdict[str, list[Held]] = defaultdict(list)
    for each in held:
        by_place[each.location_key].append(each)
    return _same_kind(
        levels,
        [
            with_held(level, by_place[level.location_key], now)
            if level.location_key in by_place
            else level
            for level in levels
        ],
    )


def _doubtful(levels: Sequence[StockLevel]) -> Sequence[StockLevel]:
    marked: dict[Provenance, Provenance] = {}
    for level in levels:
        if level.provenance not in marked:
            marked[level.provenance] = replace(level.provenance, fallback_reason=_UNKNOWN)
    return _same_kind(
        levels, [replace(level, provenance=marked[level.provenance]) for level in levels]
    )


def _same_kind(before: Sequence[StockLevel], after: Iterable[StockLevel]) -> Sequence[StockLevel]:
    missing = missing_of(before)
    return Partial(after, missing) if missing else tuple(after)


def _rest(assortment: Assortment, held: BySku, now: datetime) -> Assortment:
    pieces = dict(assortment.pieces)
    for sku in pieces.keys() & held.keys():
        level = StockLevel(
            sku=sku,
            location_key=assortment.location_key,
            on_hand=pieces[sku],
            provenance=assortment.provenance,
        )
        here = [each for each in held[sku] if each.location_key == assortment.location_key]
        pieces[sku] = with_held(level, here, now).available
        if not pieces[sku]:
            del pieces[sku]
    return replace(assortment, pieces=pieces)
