"""Pages of lists that can grow, as sources give them and as Relay connections show them."""

from hashlib import blake2b
from itertools import repeat
from typing import Generic, Protocol, TypeVar

from msgspec import Struct, json

from domain.errors import BadInput, Failure, NotServed
from domain.opaque import content, opaque

T = TypeVar("T")

MAX_PAGE = 100
MAX_CURSOR = 1_024
_MARK_BYTES = 6


class Cursors(Protocol):
    """How places of lists are written for clients to keep; ``mark`` tells lists apart."""

    def write(self, place: str, mark: bytes) -> str:
        """Write a place of the list with this mark."""
        ...

    def read(self, cursor: str, mark: bytes) -> str:
        """Read a place. *Errors*: ``ValueError`` for what was not written for this list."""
        ...


class _OpenCursors:
    """Writes places that whoever wants to can read: of lists that are about nobody."""

    def write(self, place: str, mark: bytes) -> str:
        """Write a place of the list with this mark."""
        return opaque(mark + place.encode())

    def read(self, cursor: str, mark: bytes) -> str:
        """Read a place. *Errors*: ``ValueError`` for what was not written for this list."""
        found = content(cursor, MAX_CURSOR)
        place = found[len(mark) :].decode()
        if not place or found[: len(mark)] != mark:
            raise ValueError("a cursor of another list")
        return place


class _NoCursors:
    """Stands where nobody has a key for them."""

    def write(self, place: str, mark: bytes) -> str:  # noqa: ARG002 - of any
        """Refuse."""
        raise NotServed("cursor")

    def read(self, cursor: str, mark: bytes) -> str:  # noqa: ARG002 - of any
        """Refuse."""
        raise NotServed("cursor")


OPEN: Cursors = _OpenCursors()
NO_CURSORS: Cursors = _NoCursors()


class PageRequest(Struct, frozen=True):
    """Which page is wanted: at most ``first`` items behind the place ``after``.

    *Shape*: ``after`` is what a source gave as a cursor; ``mark`` tells lists apart, so that a
    cursor of one is nothing to another.
    """

    first: int
    after: str | None = None
    mark: bytes = b""
    cursors: Cursors = OPEN

    def cursor(self, place: str) -> str:
        """Write a place of this list as clients keep it: what a source counts by is not theirs."""
        return self.cursors.write(place, self.mark)

    def refused(self) -> BadInput:
        """Say that the source does not know the place behind which the page is wanted."""
        return _refused(None if self.after is None else self.cursor(self.after))


def page_request(
    first: int, after: str | None, *scope: object, cursors: Cursors = OPEN
) -> PageRequest:
    """Check a caller's page size and cursor.

    *Shape*: ``scope`` is all that the list follows from: the field, what it hangs on, its filters,
    each as msgspec writes it. A list that is about people has ``cursors`` that nobody reads.
    *Errors*: ``BadInput`` for a size outside 1 to 100, or a cursor that is not one of this list.
    """
    if not 1 <= first <= MAX_PAGE:
        raise BadInput("first", first, f"1 to {MAX_PAGE}")
    mark = blake2b(json.encode(scope, order="deterministic"), digest_size=_MARK_BYTES).digest()
    if after is None:
        return PageRequest(first, None, mark, cursors)
    try:
        return PageRequest(first, cursors.read(after, mark), mark, cursors)
    except ValueError:
        raise _refused(after) from None


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
    """One item, or why it could not be read, and its place in the list that was asked for."""

    node: T | Failure
    place: str
    request: PageRequest

    @property
    def cursor(self) -> str:
        """The cursor behind it."""
        return self.request.cursor(self.place)


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
    return tuple(map(Edge, page.items, page.cursors, repeat(request)))


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
