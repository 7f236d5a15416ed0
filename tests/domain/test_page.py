"""Pages and their cursors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadInput
from domain.page import Page, PageRequest, connection, page_request


@given(st.text(min_size=1, max_size=200))
def test_a_cursor_leads_back_to_its_place(place: str) -> None:
    """The cursor that a page shows asks the source for exactly the place behind that item."""
    request = page_request(1, None, "orders", "crm:1")
    shown = connection(Page(("item",), (place,), has_next=True), request)
    after = page_request(1, shown.page_info.end_cursor, "orders", "crm:1")
    assert after == PageRequest(1, place, request.mark)


@pytest.mark.parametrize(
    "scope", [(), ("orders",), ("orders", "crm:2"), ("orderscrm:1",), ("orders", "crm:1", None)]
)
def test_a_cursor_belongs_to_one_list(scope: tuple[str | None, ...]) -> None:
    """A cursor of another field, parent or filter is refused, and shown as it was sent."""
    cursor = page_request(1, None, "orders", "crm:1").cursor("7")
    with pytest.raises(BadInput, match=cursor) as raised:
        page_request(1, cursor, *scope)
    assert raised.value.argument == "after"


def test_a_place_that_the_source_refuses_is_shown_as_it_was_sent() -> None:
    """What a cursor holds inside is never told."""
    cursor = page_request(1, None, "orders").cursor("not-a-place")
    failure = page_request(1, cursor, "orders").refused()
    assert repr(cursor) in failure.message
    assert "not-a-place" not in failure.message


@pytest.mark.parametrize("cursor", ["24", "x", "", " ", "MjQ=", "é", "A" * 2_000])
def test_a_cursor_that_no_page_gave_is_bad_input(cursor: str) -> None:
    """What no page gave as a cursor is refused by name."""
    with pytest.raises(BadInput) as raised:
        page_request(1, cursor)
    assert raised.value.argument == "after"


@pytest.mark.parametrize("first", [0, -1, 101, 2**31])
def test_a_page_has_1_to_100_items(first: int) -> None:
    """Any other size is refused, not bent."""
    with pytest.raises(BadInput, match="1 to 100"):
        page_request(first, None)


def test_a_page_without_a_systems_part_is_not_complete() -> None:
    """A connection says whether every source is in it, and which is not."""
    whole = connection(Page(("item",), ("1",), has_next=False), PageRequest(1))
    assert (whole.complete, whole.missing) == (True, ())
    part = connection(Page(("item",), ("1",), has_next=False, missing=("pos",)), PageRequest(1))
    assert (part.complete, part.missing) == (False, ("pos",))
