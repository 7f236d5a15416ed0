"""Merging a cart into another one, as when a guest signs in, and taking that back.

Nothing is lost: what the other cart has no room for stays where it was. The report tells what
became of each line, and by it the merge is undone: as much is taken out of the one cart again as
was put in and put back into the other, whatever happened to both meanwhile.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace
from uuid_utils import uuid7

from domain.basket import MAX_COUPONS
from domain.cart import Cart, CartInput, CartOutcome, CartState, Rules
from domain.entry import CartCoupon, Entry, Touch
from domain.identity import node_id
from domain.limit import MAX_QUANTITY
from domain.line import MAX_LINES
from domain.outcome import Input


class CartMerge(CartInput, frozen=True, kw_only=True, omit_defaults=True):
    """A cart to merge into another one, or into the customer's newest; all are global ids."""

    into: str | None = None
    customer: str | None = None


class CartMergeUndo(Input, frozen=True, kw_only=True, omit_defaults=True):
    """A merge to take back, by global id."""

    merge: str


class MergeResult(Enum):
    """What became of a line."""

    ADDED = "ADDED"
    COMBINED = "COMBINED"
    LEFT = "LEFT"


class MergedLine(Struct, frozen=True, gc=False, kw_only=True):
    """What became of one line.

    *Shape*: ``line`` is its key in the cart that it came to, None where nothing of it did. *Units*:
    ``moved`` and ``left`` in pieces: what came over, and what there was no room for.
    """

    sku: str
    result: MergeResult
    moved: int
    left: int = 0
    line: str | None = None


class Merge(Struct, frozen=True, kw_only=True):
    """One merge. *Shape*: ``source`` is the cart as it was before."""

    key: str
    source: Cart
    target_key: str
    holder: str
    lines: tuple[MergedLine, ...]
    coupons: tuple[str, ...] = ()
    merged: Touch
    undone: Touch | None = None

    @property
    def id(self) -> str:
        """The global id."""
        return node_id("CartMerge", self.key)

    @property
    def merged_at(self) -> datetime:
        """When it was."""
        return self.merged.at

    @property
    def is_undone(self) -> bool:
        """Whether it was taken back."""
        return self.undone is not None


class CartMergeOutcome(CartOutcome, frozen=True, kw_only=True):
    """The cart that took the other one's lines, and what became of each."""

    merge: Merge | None = None


def merged(source: Cart, target: Cart, touched: Touch, rules: Rules) -> tuple[Cart, Cart, Merge]:
    """Merge one cart into another: quantities add, as far as there is room.

    *Shape*: the source as it is then, the target, and the report.
    """
    if not (target.entries or target.choices):
        # What is said of delivery comes along where nothing is said yet.
        target = replace(target, choices=source.choices, usual=source.usual)
    entries, lines, left = list(target.entries), list[MergedLine](), list[Entry]()
    known = {choice.key for choice in target.choices}
    for entry in source.entries:
        delivery = entry.delivery if entry.delivery in known else target.usual
        line, rest = _move(entry, delivery, entries, target.version + 1, touched)
        lines.append(line)
        left += rest
    coupons = _joined(target.coupons, source.coupons)
    changed = target.by(touched, rules, entries=tuple(entries), coupons=coupons)
    state = CartState.ACTIVE if left else CartState.MERGED
    emptied = source.by(touched, rules, entries=tuple(left), state=state)
    there = {each.code for each in target.coupons}
    report = Merge(
        key=str(uuid7()),
        source=source,
        target_key=target.key,
        holder=target.holder,
        lines=tuple(lines),
        coupons=tuple(each.code for each in coupons if each.code not in there),
        merged=touched,
    )
    return emptied, changed, report


def unmerged(
    merge: Merge, source: Cart, target: Cart, touched: Touch, rules: Rules
) -> tuple[Cart, Cart, Merge]:
    """Take a merge back; what else was done to either cart stays done."""
    taken: dict[str, int] = {}
    for line in merge.lines:
        if line.line is not None:
            taken[line.line] = taken.get(line.line, 0) + line.moved
    entries = tuple(
        replace(entry, quantity=left, changed=touched, changed_in=target.version + 1)
        if entry.key in taken
        else entry
        for entry in target.entries
        if (left := entry.quantity - taken.get(entry.key, 0)) > 0
    )
    coupons = tuple(each for each in target.coupons if each.code not in merge.coupons)
    back = _given_back(merge, source, touched)
    chosen = {choice.key for choice in source.choices}
    wanted = {entry.delivery for entry in back}
    again = (each for each in merge.source.choices if each.key in wanted.difference(chosen))
    restored = source.by(
        touched, rules, state=CartState.ACTIVE, entries=back, choices=(*source.choices, *again)
    )
    changed = target.by(touched, rules, entries=entries, coupons=coupons)
    return restored, changed, replace(merge, undone=touched)


def _given_back(merge: Merge, source: Cart, touched: Touch) -> tuple[Entry, ...]:
    """Put back what was moved, on top of what stayed or was put there since."""
    there, version = {entry.key: entry for entry in source.entries}, source.version + 1
    back: list[Entry] = []
    for before, line in zip(merge.source.entries, merge.lines):
        entry = there.pop(before.key, None)
        pieces = line.moved + (entry.quantity if entry else 0)
        if pieces:
            back.append(
                replace(entry or before, quantity=pieces, changed=touched, changed_in=version)
            )
    return (*back, *there.values())


def _move(
    entry: Entry, delivery: str | None, entries: list[Entry], version: int, touched: Touch
) -> tuple[MergedLine, Sequence[Entry]]:
    """Move a line; tells what became of it, and what stays of it."""
    place = next(
        (n for n, e in enumerate(entries) if (e.sku, e.delivery) == (entry.sku, delivery)), None
    )
    if place is None:
        if len(entries) >= MAX_LINES:
            line = MergedLine(sku=entry.sku, result=MergeResult.LEFT, moved=0, left=entry.quantity)
            return line, (entry,)
        new = replace(
            entry, key=str(uuid7()), delivery=delivery, changed=touched, changed_in=version
        )
        entries.append(new)
        line = MergedLine(
            sku=entry.sku, result=MergeResult.ADDED, moved=entry.quantity, line=new.key
        )
        return line, ()
    there = entries[place]
    moved = min(entry.quantity, MAX_QUANTITY - there.quantity)
    left = entry.quantity - moved
    entries[place] = replace(
        there, quantity=there.quantity + moved, changed=touched, changed_in=version
    )
    result = MergeResult.COMBINED if moved else MergeResult.LEFT
    line = MergedLine(
        sku=entry.sku, result=result, moved=moved, left=left, line=there.key if moved else None
    )
    return line, (replace(entry, quantity=left),) if left else ()


def _joined(ours: Sequence[CartCoupon], theirs: Iterable[CartCoupon]) -> tuple[CartCoupon, ...]:
    there = {each.code for each in ours}
    return (*ours, *(each for each in theirs if each.code not in there))[:MAX_COUPONS]


class MergeChanges(Protocol):
    """What one transaction may do to merges."""

    async def read(self, key: str) -> Merge | None:
        """Read a merge."""
        ...

    async def last_of(self, source: Cart) -> Merge | None:
        """Read the merge that a cart went into last, unless it was undone."""
        ...

    async def save(self, merge: Merge) -> None:
        """Write a merge, new or changed."""
        ...
