"""Locations out of Tryton's warehouses."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from adapters._row import readable
from adapters.tryton.record import identified, own_ids
from adapters.tryton.reference import References
from adapters.tryton.rpc import BY_ID, Reply, Rpc
from domain.ask import Ask
from domain.errors import BadInput, Failure
from domain.location import Address, Location, LocationKind, LocationQuery, LocationService
from domain.page import Page, PageRequest
from domain.partial import missing_of
from domain.provenance import PLACE, Provenance

_CHUNK = 200

_FIELDS = (
    *("name", "allow_pickup", "address.street", "address.postal_code", "address.city"),
    "address.country.code",
)


class _Country(Struct, frozen=True):
    code: str | None


class _Address(Struct, frozen=True, rename={"country": "country."}):
    street: str | None
    postal_code: str | None
    city: str | None
    country: _Country | None


class _Warehouse(Struct, frozen=True, rename={"address": "address."}):
    id: int
    name: str
    allow_pickup: bool | int | None
    address: _Address | None


class Locations:
    """Reads warehouses; one call for up to 200."""

    def __init__(self, rpc: Rpc, references: References, language: str) -> None:
        self._rpc = rpc
        self._references = references
        self._own_language = language
        self._system = rpc.upstream.system

    async def by_key(
        self, keys: Sequence[str], ask: Ask, call: str
    ) -> Mapping[str, Location | Failure]:
        """Read warehouses by their ids; a shop is one where customers may collect."""

        async def fetch(ids: Sequence[int]) -> list[tuple[str, Location | Failure]]:
            reference = await self._references.get(ask, call)
            rows = await self._rpc.search_read(
                "stock.location",
                [["id", "in", ids], ["type", "=", "warehouse"]],
                _FIELDS,
                len(ids),
                Reply[list[_Warehouse]],
                ask,
                call,
                BY_ID,
                company=reference.company,
                language=reference.language(ask.language, self._own_language),
            )
            provenance = Provenance(self._system, datetime.now(UTC), PLACE)
            return identified(self._system, call, rows, lambda row: self._location(row, provenance))

        chunks = await self._rpc.upstream.chunked(own_ids(keys, self._system), _CHUNK, fetch)
        return {f"{self._system}:{local}": found for chunk in chunks for local, found in chunk}

    async def by_query(
        self, queries: Sequence[LocationQuery], ask: Ask, call: str
    ) -> Mapping[LocationQuery, Page[Location] | Failure]:
        """Read a page for each query: Tryton knows no distance, and a retailer few warehouses.

        A warehouse that could not be read is in no page: whether it belongs there, and where,
        nobody can tell. Every page says that it is not whole.
        """
        found: dict[LocationQuery, Page[Location] | Failure] = {}
        offsets: dict[LocationQuery, int] = {}
        for query in queries:
            try:
                offsets[query] = _offset(query.page)
            except BadInput as failure:
                found[query] = failure
        if not offsets:
            return found
        reference = await self._references.get(ask, call)
        keys = [f"{self._system}:{each}" for each in reference.warehouses]
        read = readable((await self.by_key(keys, ask, call)).values(), self._system, ask)
        for query, offset in offsets.items():
            found[query] = read if isinstance(read, Failure) else _page(query, read, offset)
        return found

    def _location(self, row: _Warehouse, provenance: Provenance) -> Location:
        return Location(
            key=f"{self._system}:{row.id}",
            name=row.name,
            kind=LocationKind.STORE if row.allow_pickup else LocationKind.WAREHOUSE,
            address=_address(row.address) if row.address is not None else None,
            services=(LocationService.SHIPPING, LocationService.COLLECT)
            if row.allow_pickup
            else (LocationService.SHIPPING,),
            provenance=provenance,
        )


def _page(query: LocationQuery, every: Sequence[Location], offset: int) -> Page[Location]:
    wanted = sorted((each for each in every if query.wants(each)), key=query.rank)
    items = tuple(wanted[offset : offset + query.page.first])
    last = offset + len(items)
    cursors = tuple(map(str, range(offset + 1, last + 1)))
    has_next = bool(items) and last < len(wanted)
    return Page(items, cursors, has_next, len(wanted), missing_of(every))


def _offset(page: PageRequest) -> int:
    cursor = page.after
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 6):
        raise page.refused()
    return int(cursor)


def _address(row: _Address) -> Address:
    lines = (line.strip() for line in (row.street or "").splitlines())
    return Address(
        lines=tuple(line for line in lines if line),
        postal_code=row.postal_code,
        city=row.city,
        country=row.country.code if row.country is not None else None,
    )
