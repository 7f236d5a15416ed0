"""Cursors of lists about people."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadInput
from domain.opaque import content
from domain.page import MAX_CURSOR, page_request
from storage.cursor import KEY, SealedCursors

CURSORS = SealedCursors(os.urandom(KEY))
PLACE = "pos:GDY1-03-001515"


@given(st.text(min_size=1, max_size=200))
def test_a_sealed_cursor_leads_back_to_its_place(place: str) -> None:
    """The place behind an item is found again by its cursor, which is the same every time."""
    request = page_request(1, None, "orders", "crm:1", cursors=CURSORS)
    cursor = request.cursor(place)
    assert cursor == request.cursor(place)
    assert page_request(1, cursor, "orders", "crm:1", cursors=CURSORS).after == place


def test_a_sealed_cursor_tells_nothing() -> None:
    """Neither the place nor the source's name can be read of a cursor, nor that it is another
    list's."""
    lists = [page_request(1, None, "orders", each, cursors=CURSORS) for each in ("a", "b")]
    texts = [each.cursor(PLACE) for each in lists]
    assert texts[0] != texts[1]
    for text in texts:
        assert not any(part in content(text, MAX_CURSOR) for part in (b"pos", b"GDY1", b"1515"))


@pytest.mark.parametrize("other", [CURSORS, SealedCursors(), SealedCursors(os.urandom(KEY))])
def test_a_cursor_cannot_be_made_up(other: SealedCursors) -> None:
    """Only what was written for this list, under this key, is a cursor of it."""
    own = page_request(1, None, "orders", "crm:1", cursors=CURSORS).cursor(PLACE)
    made = [
        page_request(1, None, "orders", "crm:2", cursors=other).cursor(PLACE),
        page_request(1, None, "orders", "crm:1").cursor(PLACE),
        own[:-2] + ("AA" if own[-2:] != "AA" else "BB"),
        own[:20],
        "",
    ]
    for cursor in made:
        with pytest.raises(BadInput, match="a cursor of this list"):
            page_request(1, cursor, "orders", "crm:1", cursors=CURSORS)
