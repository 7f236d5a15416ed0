"""Merging carts: pieces are neither lost nor made, whatever lies in the two."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from domain.cart import RULES, Cart, CartState, new_cart
from domain.entry import Actor, Touch
from domain.limit import MAX_QUANTITY
from domain.line import MAX_LINES, CartAddition, with_lines
from domain.merge import merged, unmerged
from domain.viewer import Channel

NOW = Touch(channel=Channel.WEB, actor=Actor.CUSTOMER, at=datetime(2026, 1, 31, 12, tzinfo=UTC))
GOODS = st.dictionaries(
    st.integers(0, MAX_LINES + 20).map(lambda number: f"S{number}"),
    st.integers(1, MAX_QUANTITY),
    max_size=MAX_LINES,
)


def cart(holder: str | None, goods: dict[str, int]) -> Cart:
    empty = new_cart(holder, "PL", "PLN", NOW, RULES)
    filled = with_lines(
        empty, [CartAddition(sku=sku, quantity=n) for sku, n in goods.items()], NOW, RULES
    )
    assert isinstance(filled, Cart)
    return filled


def pieces(*carts: Cart) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in carts:
        for entry in each.entries:
            found[entry.sku] = found.get(entry.sku, 0) + entry.quantity
    return found


@given(GOODS, GOODS)
def test_no_piece_is_lost_or_made(theirs: dict[str, int], ours: dict[str, int]) -> None:
    """After a merge both carts together hold what both held before, within their limits, and the
    report adds up to it."""
    source, target = cart(None, theirs), cart("crm:C-1", ours)
    left, grown, report = merged(source, target, NOW, RULES)
    assert pieces(left, grown) == pieces(source, target)
    assert len(grown.entries) <= MAX_LINES
    assert all(1 <= entry.quantity <= MAX_QUANTITY for entry in grown.entries)
    assert (left.state is CartState.MERGED) == (not left.entries)
    moved = sum(line.moved for line in report.lines)
    assert moved == sum(pieces(grown).values()) - sum(pieces(target).values())
    assert sum(line.left for line in report.lines) == sum(pieces(left).values())


@given(GOODS, GOODS)
def test_undoing_gives_both_back(theirs: dict[str, int], ours: dict[str, int]) -> None:
    """A merge that is taken back leaves both carts with the goods that they had."""
    source, target = cart(None, theirs), cart("crm:C-1", ours)
    left, grown, report = merged(source, target, NOW, RULES)
    restored, shrunk, undone = unmerged(report, left, grown, NOW, RULES)
    assert pieces(restored) == pieces(source)
    assert pieces(shrunk) == pieces(target)
    assert restored.state is CartState.ACTIVE
    assert undone.is_undone
    assert shrunk.version > grown.version > target.version
