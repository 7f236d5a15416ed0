"""What is set aside at the WMS's sites, for whoever asked for it."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

MAX_REFS = 100
_MAX_KEPT = 100_000


class Row(Struct, forbid_unknown_fields=True):
    """Pieces of one article at one site."""

    article: str
    site: str
    qty: int


class Order(Struct, forbid_unknown_fields=True):
    """What is to be set aside under one reference, and until when."""

    ref: str
    rows: list[Row]
    until: int | None = None


class Orders(Struct, forbid_unknown_fields=True):
    """Several at once."""

    orders: list[Order]


class Refs(Struct, forbid_unknown_fields=True):
    """References that are to be let go."""

    refs: list[str]


class _Kept(Struct):
    rows: list[Row]
    at: int
    until: int | None


class Allocations:
    """Everything that is set aside; `at` is when, in epoch milliseconds."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def put(
        self, order: Order, free: Mapping[tuple[str, str], int], now: int
    ) -> tuple[list[Row], int]:
        """Set aside as much as there is, instead of what the reference had; and from when on
        snapshots include it."""
        before = self._kept.get(order.ref)
        own: dict[tuple[str, str], int] = {}
        for row in before.rows if before else ():
            own[row.article, row.site] = own.get((row.article, row.site), 0) + row.qty
        rows = [
            Row(row.article, row.site, max(0, min(row.qty, left)))
            for row in order.rows
            for left in [free.get((row.article, row.site), 0) + own.get((row.article, row.site), 0)]
        ]
        at = before.at if before and before.rows == rows else now
        if len(self._kept) < _MAX_KEPT or before:
            self._kept[order.ref] = _Kept(rows, at, order.until)
        return rows, at + 1

    def release(self, refs: Iterable[str]) -> None:
        """Let go; what was never set aside is let go already."""
        for ref in refs:
            self._kept.pop(ref, None)

    def at(self, now: int, seen: int | None = None) -> dict[tuple[str, str], int]:
        """How much is set aside by article and site, as a snapshot of the moment `seen` has it."""
        found: dict[tuple[str, str], int] = {}
        for ref, kept in list(self._kept.items()):
            if kept.until is not None and kept.until <= now:
                del self._kept[ref]
            elif seen is None or kept.at < seen:
                for row in kept.rows:
                    found[row.article, row.site] = found.get((row.article, row.site), 0) + row.qty
        return found
