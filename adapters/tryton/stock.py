"""Stock out of Tryton's quantities and open moves, warehouse by warehouse."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import NamedTuple

from msgspec import Struct

from adapters._body import exact, whole
from adapters._row import Rows, told
from adapters.tryton.record import by_code, conversion, plausible
from adapters.tryton.reference import Reference, References
from adapters.tryton.rpc import BY_CODE, Day, Reply, Rpc
from domain.ask import Ask
from domain.availability import StockLevel, Supply
from domain.errors import Failure
from domain.provenance import STOCK, Provenance

# 500 take Tryton 0.6 s for each warehouse.
_CHUNK = 200
_MAX_MOVES = 20_000

_PRODUCT = (
    *("code", "quantity", "template.type"),
    *("default_uom.factor", "default_uom.digits", "template.sale_uom.factor"),
)
_MOVE = ("product.code", "internal_quantity", "from_location", "to_location", "planned_date")


class _Unit(Struct, frozen=True):
    factor: Decimal


class _CountedUnit(_Unit, frozen=True):
    digits: int


class _Template(Struct, frozen=True, rename={"sold": "sale_uom."}):
    type: str
    sold: _Unit | None


class _Row(Struct, frozen=True, rename={"counted": "default_uom.", "template": "template."}):
    code: str | None
    quantity: Decimal
    counted: _CountedUnit
    template: _Template


class _Product(Struct, frozen=True):
    code: str | None


class _Move(Struct, frozen=True, rename={"product": "product."}):
    id: int
    product: _Product
    internal_quantity: Decimal
    from_location: int
    to_location: int
    planned_date: Day | None


_MOVED = (Rows(("result",), ("product./code",)),)


class _Moved(NamedTuple):
    """So many units of stock on their way between two of Tryton's locations."""

    source: int
    target: int
    quantity: Decimal
    day: datetime | None


class _Open:
    """What is under way for one product at one warehouse, in units of stock."""

    __slots__ = ("incoming", "outgoing")

    def __init__(self) -> None:
        self.outgoing = Decimal(0)
        self.incoming: dict[datetime, Decimal] = defaultdict(Decimal)


class Stocks:
    """Reads quantities; one call for each warehouse and one for the moves, side by side.

    Tryton sums over the locations it is asked for, so that none can be saved.
    """

    def __init__(self, rpc: Rpc, references: References) -> None:
        self._rpc = rpc
        self._references = references
        self._system = rpc.upstream.system

    async def by_sku(
        self, skus: Sequence[str], ask: Ask, call: str
    ) -> Mapping[str, Sequence[StockLevel] | Failure]:
        """Read what every warehouse holds of each SKU; of a service there is nothing to hold."""
        reference = await self._references.get(ask, call)

        async def fetch(codes: Sequence[str]) -> dict[str, Sequence[StockLevel] | Failure]:
            return await self._read(codes, reference, ask, call)

        chunks = await self._rpc.upstream.chunked(plausible(skus), _CHUNK, fetch)
        return {sku: levels for chunk in chunks for sku, levels in chunk.items()}

    async def _read(
        self, codes: Sequence[str], reference: Reference, ask: Ask, call: str
    ) -> dict[str, Sequence[StockLevel] | Failure]:

        async def count(warehouse: Sequence[int]) -> tuple[list[_Row], Provenance]:
            rows = await self._rpc.search_read(
                "product.product",
                [["code", "in", codes]],
                _PRODUCT,
                # One more than asked for, so that a code that stands twice shows.
                len(codes) + 1,
                Reply[list[_Row]],
                ask,
                call,
                BY_CODE,
                company=reference.company,
                locations=warehouse,
            )
            return rows, Provenance(self._system, datetime.now(UTC), STOCK)

        try:
            async with asyncio.TaskGroup() as group:
                moving = group.create_task(self._moves(codes, reference, ask, call))
                counting = group.create_task(
                    self._rpc.upstream.chunked(reference.warehouses, 1, count)
                )
        except BaseExceptionGroup as failed:
            first = failed.exceptions[0]
        else:
            moves, damaged = self._under_way(moving.result(), reference, call)
            found = self._levels(codes, counting.result(), moves, reference, call)
            return {**found, **{code: damaged[code] for code in found.keys() & damaged.keys()}}
        raise first

    def _levels(
        self,
        codes: Sequence[str],
        counts: Sequence[tuple[list[_Row], Provenance]],
        under_way: Mapping[tuple[str, int], _Open],
        reference: Reference,
        call: str,
    ) -> dict[str, Sequence[StockLevel] | Failure]:
        levels: dict[str, list[StockLevel]] = {}
        failures: dict[str, Failure] = {}
        for warehouse, (rows, provenance) in zip(reference.warehouses, counts):

            def level(
                code: str,
                row: _Row,
                warehouse: int = warehouse,
                provenance: Provenance = provenance,
            ) -> StockLevel | None:
                if row.template.type == "service":
                    return None
                place = f"{self._system}:{warehouse}"
                return _level(code, place, row, under_way.get((code, warehouse)), provenance)

            for code, found in by_code(self._system, call, rows, codes, level).items():
                held = levels.setdefault(code, [])
                if isinstance(found, Failure):
                    failures[code] = found
                elif found is not None:
                    held.append(found)
        return {**{code: tuple(held) for code, held in levels.items()}, **failures}

    async def _moves(
        self, codes: Sequence[str], reference: Reference, ask: Ask, call: str
    ) -> Sequence[_Move]:
        """Read what is planned or assigned and not done."""
        return await self._rpc.read_all(
            "stock.move",
            [
                ["product.code", "in", codes],
                ["state", "in", ["draft", "assigned"]],
                ["company", "=", reference.company],
            ],
            _MOVE,
            _MAX_MOVES,
            Reply[list[_Move]],
            ask,
            call,
            _MOVED,
            company=reference.company,
        )

    def _under_way(
        self, moves: Sequence[_Move], reference: Reference, call: str
    ) -> tuple[Mapping[tuple[str, int], _Open], Mapping[str, Failure]]:
        """Add up what leaves and what enters each warehouse; moves within one do not count.

        *Shape*: with it the codes for which nobody can tell, since a move of theirs is damaged.
        *Errors*: ``SourceContract`` for a damaged move without a code: any could be meant.
        """
        found: dict[tuple[str, int], _Open] = defaultdict(_Open)
        damaged: dict[str, Failure] = {}
        for codes, moved in told(self._system, call, moves, _codes, _moved):
            if isinstance(moved, Failure):
                if not codes:
                    raise moved
                damaged |= dict.fromkeys(codes, moved)
                continue
            source = reference.places.get(moved.source)
            target = reference.places.get(moved.target)
            for code in codes if source != target else ():
                if source is not None:
                    found[code, source].outgoing += moved.quantity
                if target is not None and moved.day is not None:
                    found[code, target].incoming[moved.day] += moved.quantity
        return found, damaged


def _codes(move: _Move) -> tuple[str, ...]:
    return () if move.product.code is None else (move.product.code,)


def _moved(move: _Move) -> _Moved:
    quantity = exact(move.internal_quantity)
    if quantity < 0:
        raise ValueError("found a move of less than nothing")
    day = None if move.planned_date is None else move.planned_date.value()
    return _Moved(move.from_location, move.to_location, quantity, day)


def _level(
    sku: str, place: str, row: _Row, open_: _Open | None, provenance: Provenance
) -> StockLevel:
    sold = row.template.sold or row.counted
    piece = conversion(exact(row.counted.factor), exact(sold.factor))
    is_whole = row.counted.digits == 0
    allocated, incoming = 0, []
    if open_ is not None:
        allocated = _pieces(open_.outgoing, piece, ROUND_CEILING, is_whole=is_whole)
        incoming = [
            Supply(pieces, day)
            for day, quantity in sorted(open_.incoming.items())
            if (pieces := _pieces(quantity, piece, ROUND_FLOOR, is_whole=is_whole)) > 0
        ]
    return StockLevel(
        sku=sku,
        location_key=place,
        on_hand=_pieces(row.quantity, piece, ROUND_FLOOR, is_whole=is_whole),
        allocated=allocated,
        incoming=tuple(incoming),
        provenance=provenance,
    )


def _pieces(quantity: Decimal, piece: Decimal, rounding: str, *, is_whole: bool) -> int:
    """Count whole units of sale: what does not fill one cannot be sold.

    *Shape*: ``piece`` as ``conversion`` gives it; ``is_whole`` where stock is kept in a unit that
    has no fractions.
    *Errors*: ``ValueError`` for a fraction of such a unit, and for numbers beyond reason.
    """
    if is_whole and exact(quantity) != quantity.to_integral_value():
        raise ValueError("found a quantity that is not whole")
    return whole(int((exact(quantity) / piece).to_integral_value(rounding)))
