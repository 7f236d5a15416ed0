"""Pages of lists that hang on an object, for a whole column of such objects."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from domain.errors import BadInput, Failure
from domain.page import Connection, Edge, Page, PageInfo, PageRequest, connection, page_request
from execution.context import Context


class Keyed(Protocol):
    """Anything with a key of its own."""

    @property
    def key(self) -> str:
        """The gateway's key for it."""
        ...


P = TypeVar("P", bound=Keyed)
Q = TypeVar("Q")
T = TypeVar("T")


async def pages_of(
    parents: Sequence[P],
    context: Context,
    field: str,
    first: int,
    after: str | None,
    query: Callable[[P, PageRequest], Q],
    load: Callable[[Sequence[Q]], Awaitable[Sequence[Page[T] | Failure | None]]],
) -> list[Connection[T] | Failure | None]:
    """List a page for each parent.

    *Errors*: ``BadInput`` for a size, and for each parent whose list the cursor is not of.
    """
    # A cursor tells by what its system counts, which is as good as an id.
    is_veiled = context.knows_by_stand_in("Customer")
    if is_veiled and after is not None:
        # What is no stand-in stays what it is, and is refused as of no list of ours.
        after = context.pseudonyms.behind(after, context.purpose) or ""
    asked: list[PageRequest | BadInput] = []
    for parent in parents:
        try:
            asked.append(page_request(first, after, field, parent.key))
        except BadInput as failure:
            asked.append(failure)
    queries = [
        query(parent, request)
        for parent, request in zip(parents, asked)
        if isinstance(request, PageRequest)
    ]
    pages = iter(await load(queries))
    found: list[Connection[T] | Failure | None] = []
    for request in asked:
        if isinstance(request, BadInput):
            found.append(request)
            continue
        page = next(pages)
        if page is None or isinstance(page, Failure):
            found.append(page)
        else:
            shown = connection(page, request)
            found.append(_veiled(shown, context) if is_veiled else shown)
    return found


def _veiled(shown: Connection[T], context: Context) -> Connection[T]:
    """Put stand-ins in the place of all cursors."""
    info = shown.page_info
    first, last = (
        None if each is None else context.stand_in(each)
        for each in (info.start_cursor, info.end_cursor)
    )
    return Connection(
        tuple(Edge(each.node, context.stand_in(each.cursor)) for each in shown.edges),
        PageInfo(info.has_next_page, info.has_previous_page, first, last),
        complete=shown.complete,
        missing=shown.missing,
    )
