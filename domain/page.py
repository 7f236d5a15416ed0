"""Pages of lists that can grow, as sources give them and as Relay connections show them."""

import base64
import binascii
from typing import Generic, TypeVar

from msgspec import Struct

from domain.errors import BadInput

T = TypeVar("T")

MAX_PAGE = 100
_MAX_CURSOR = 1_024


class PageRequest(Struct, frozen=True, gc=False):
    """Which page is wanted: at most ``first`` items behind the cursor ``after``."""

    first: int
    after: str | None = None


def page_request(first: int, after: str | None) -> PageRequest:
    """Check a caller's page size.

    *Errors*: ``BadInput`` for a size outside 1 to 100, or a cursor that is not one of ours.
    """
    if not 1 <= first <= MAX_PAGE:
        raise BadInput("first", first, f"1 to {MAX_PAGE}")
    return PageRequest(first, None if after is None else _place(after))


def _cursor(place: str) -> str:
    # Opaque to clients: what a source counts by is nothing to build on.
    return base64.urlsafe_b64encode(place.encode()).rstrip(b"=").decode()


def _place(cursor: str) -> str:
    try:
        if len(cursor) > _MAX_CURSOR:
            raise ValueError
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        place = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
        if not place or _cursor(place) != cursor:
            raise ValueError
    except (ValueError, binascii.Error):
        raise BadInput("after", cursor, "a cursor of this list, as its page gave it") from None
    return place


class Page(Struct, Generic[T], frozen=True):
    """What a source gives: items, a cursor behind each, and whether more follow.

    *Shape*: ``cursors`` is as long as ``items``; a cursor is any text that the same source reads
    back as ``PageRequest.after``. ``total`` is None where counting would cost a call of its own.
    ``missing`` names the systems whose items would belong to the page and did not come.
    """

    items: tuple[T, ...]
    cursors: tuple[str, ...]
    has_next: bool
    total: int | None = None
    missing: tuple[str, ...] = ()


class PageInfo(Struct, frozen=True, gc=False):
    """Relay's page information; pages go forward only."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


class Edge(Struct, Generic[T], frozen=True):
    """One item and the cursor behind it."""

    node: T
    cursor: str


class Count(Struct, frozen=True, gc=False):
    """How many there are; ``is_exact`` is false where some could not be counted."""

    value: int
    is_exact: bool = True


class Connection(Struct, Generic[T], frozen=True):
    """A page as a Relay connection, saying whether every source is in it.

    *Shape*: ``missing`` names the systems that could have added items and did not.
    """

    edges: tuple[Edge[T], ...]
    page_info: PageInfo
    complete: bool = True
    missing: tuple[str, ...] = ()

    @property
    def nodes(self) -> tuple[T, ...]:
        """The items without their cursors."""
        return tuple(edge.node for edge in self.edges)


def edges(page: Page[T]) -> tuple[Edge[T], ...]:
    """Tie each item of a source's page to its cursor."""
    return tuple(map(Edge, page.items, map(_cursor, page.cursors)))


def page_info(page: Page[T], request: PageRequest) -> PageInfo:
    """Tell where a source's page stands in its list."""
    return PageInfo(
        has_next_page=page.has_next,
        has_previous_page=request.after is not None,
        start_cursor=_cursor(page.cursors[0]) if page.cursors else None,
        end_cursor=_cursor(page.cursors[-1]) if page.cursors else None,
    )


def connection(page: Page[T], request: PageRequest) -> Connection[T]:
    """Show a source's page as a connection."""
    return Connection(
        edges(page), page_info(page, request), complete=not page.missing, missing=page.missing
    )
