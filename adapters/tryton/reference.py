"""What rarely changes in Tryton and every read needs: company, languages, price lists, places."""

import asyncio
import time
from collections.abc import Mapping, Sequence

from msgspec import Struct

from adapters.tryton.rpc import Reply, Rpc
from domain.ask import Ask
from domain.errors import SourceTimeout

# A new warehouse, language or price list is seen after this long at the latest.
_SECONDS = 600.0
_MAX_PLACES = 100_000
_MAX_FEW = 1_000


class Reference(Struct, frozen=True):
    """One reading of it.

    *Shape*: ``price_lists`` by id, whether its prices contain tax; ``places`` by id of every
    place inside a warehouse, and of the warehouse itself, the warehouse's id.
    """

    company: int
    currency: str
    languages: frozenset[str]
    price_lists: Mapping[int, bool]
    warehouses: tuple[int, ...]
    places: Mapping[int, int]

    def language(self, asked: str, own: str) -> str:
        """Choose Tryton's code for a BCP 47 language; ``own`` where the database has no such."""
        code = asked.replace("-", "_")
        for each in (code, code.partition("_")[0]):
            if each in self.languages:
                return each
        return own


class _Preferences(Struct, frozen=True):
    company: int | None = None


class _Currency(Struct, frozen=True):
    code: str


class _Company(Struct, frozen=True, rename={"currency": "currency."}):
    currency: _Currency


class _Language(Struct, frozen=True):
    code: str


class _PriceList(Struct, frozen=True):
    id: int
    tax_included: bool | int | None


class _Place(Struct, frozen=True):
    id: int
    type: str
    parent: int | None


class References:
    """Reads the reference when it is needed and keeps it for a while; one reader at a time."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self._lock = asyncio.Lock()
        self._kept: tuple[float, Reference] | None = None

    async def get(self, ask: Ask, call: str) -> Reference:
        """Give the reference, at most ten minutes old. *Errors*: ``SourceFailure``."""
        if (kept := self._current()) is not None:
            return kept
        try:
            async with asyncio.timeout(ask.deadline.remaining()), self._lock:
                if (kept := self._current()) is None:
                    kept = await self._read(ask, call)
                    self._kept = (time.monotonic() + _SECONDS, kept)
                return kept
        except TimeoutError:
            detail = "the time was over while reading company and places"
            raise SourceTimeout(self._rpc.upstream.system, call, detail) from None

    def _current(self) -> Reference | None:
        if self._kept is None or time.monotonic() >= self._kept[0]:
            return None
        return self._kept[1]

    async def _read(self, ask: Ask, call: str) -> Reference:
        preferences = await self._rpc.call(
            "model.res.user.get_preferences", [True, {}], Reply[_Preferences], ask, call
        )
        with self._rpc.upstream.contract(call, "company"):
            if preferences.company is None:
                raise ValueError("the user belongs to no company; choose one for it in Tryton")
        company = preferences.company
        assert company is not None
        companies = await self._rpc.search_read(
            "company.company",
            [["id", "=", company]],
            ["currency.code"],
            1,
            Reply[list[_Company]],
            ask,
            call,
        )
        languages = await self._rpc.search_read(
            "ir.lang",
            [["translatable", "=", True]],
            ["code"],
            _MAX_FEW,
            Reply[list[_Language]],
            ask,
            call,
        )
        price_lists = await self._rpc.search_read(
            "product.price_list",
            [["company", "=", company]],
            ["tax_included"],
            _MAX_FEW,
            Reply[list[_PriceList]],
            ask,
            call,
        )
        places = await self._rpc.read_all(
            "stock.location",
            [["type", "in", ["warehouse", "storage", "view"]]],
            ["type", "parent"],
            _MAX_PLACES,
            Reply[list[_Place]],
            ask,
            call,
        )
        with self._rpc.upstream.contract(call):
            (own,) = companies
            return Reference(
                company=company,
                currency=own.currency.code,
                languages=frozenset(each.code for each in languages),
                price_lists={each.id: bool(each.tax_included) for each in price_lists},
                warehouses=tuple(each.id for each in places if each.type == "warehouse"),
                places=_by_warehouse(places),
            )


def _by_warehouse(places: Sequence[_Place]) -> dict[int, int]:
    """Find the warehouse around each place; places of none, such as transit, are left out."""
    by_id = {place.id: place for place in places}
    found: dict[int, int] = {}
    for place in places:
        at: _Place | None = place
        # A tree is never deeper than it has nodes; data may be a loop all the same.
        for _ in range(len(places)):
            if at is None or at.type == "warehouse":
                break
            at = by_id.get(at.parent) if at.parent is not None else None
        if at is not None and at.type == "warehouse":
            found[place.id] = at.id
    return found
