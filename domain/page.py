"""Pages of lists that can grow, as sources give them and as Relay connections show them."""

from hashlib import blake2b
from typing import Generic, TypeVar

from msgspec import Struct, json

from domain.errors import BadInput, Failure
from domain.opaque import content, opaque

T = TypeVar("T")

MAX_PAGE = 100
_MAX_CURSOR = 1_024
_MARK_BYTES = 6


class PageRequest(Struct, frozen=True, gc=False):
    """Which page is wanted: at most ``first`` items behind the place ``after``.

    *Shape*: ``after`` is what a source gave as a cursor; ``mark`` tells lists apart, so that a
    cursor of one is nothing to another.
    """

    first: int
    after: str | None = None
    mark: bytes = b""

    def cursor(self, place: str) -> str:
        """Write a place of this list as clients keep it: what a source counts by is not theirs."""
        return opaque(self.mark + place.encode())

    def refused(self) -> BadInput:
        """Say that the source does not know the place behind which the page is wanted."""
        return _refused(None if self.after is None else self.cursor(self.after))


def page_request(first: int, after: str | None, *scope: object) -> PageRequest:
    """Check a caller's page size and cursor.

    *Shape*: ``scope`` is all that the list follows from: the field, what it hangs on, its filters,
    each as msgspec writes it.
    *Errors*: ``BadInput`` for a size outside 1 to 100, or a cursor that is not one of this list.
    """
    if not 1 <= first <= MAX_PAGE:
        raise BadInput("first", first, f"1 to {MAX_PAGE}")
    mark = blake2b(json.encode(scope, order="deterministic"), digest_size=_MARK_BYTES).digest()
    if after is None:
        return PageRequest(first, None, mark)
    try:
        found = content(after, _MAX_CURSOR)
        place = found[_MARK_BYTES:].decode()
    except ValueError:
        raise _refused(after) from None
    if not place or found[:_MARK_BYTES] != mark:
        raise _refused(after)
    return PageRequest(first, place, mark)


def _refused(cursor: str | None) -> BadInput:
    return BadInput("after", cursor, "a cursor of this list, as its page gave it")


class Page(Struct, Generic[T], frozen=True):
    """What a source gives: items, a cursor behind each, and whether more follow.

    *Shape*: ``cursors`` is as long as ``items``; a cursor is any text that the same source reads
    back as ``PageRequest.after``. ``total`` is None where counting would cost a call of its own.
    In the place of an item that could not be read stands its failure. ``missing`` names the
    systems whose items would belong to the page and did not come.
    """

    items: tuple[T | Failure, ...]
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
    """One item, or why it could not be read, and the cursor behind it."""

    node: T | Failure
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
    def nodes(self) -> tuple[T | Failure, ...]:
        """The items without their cursors."""
        return tuple(edge.node for edge in self.edges)


def edges(page: Page[T], request: PageRequest) -> tuple[Edge[T], ...]:
    """Tie each item of a source's page to its cursor."""
    return tuple(map(Edge, page.items, map(request.cursor, page.cursors)))


def page_info(page: Page[T], request: PageRequest) -> PageInfo:
    """Tell where a source's page stands in its list."""
    return PageInfo(
        has_next_page=page.has_next,
        has_previous_page=request.after is not None,
        start_cursor=request.cursor(page.cursors[0]) if page.cursors else None,
        end_cursor=request.cursor(page.cursors[-1]) if page.cursors else None,
    )


def connection(page: Page[T], request: PageRequest) -> Connection[T]:
    """Show a source's page as a connection; ``request`` is the one that it answers."""
    return Connection(
        edges(page, request),
        page_info(page, request),
        complete=not page.missing,
        missing=page.missing,
    )
