"""Pages of lists that hang on an object, for a whole column of such objects."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from domain.errors import BadInput, Failure
from domain.page import Connection, Page, PageRequest, connection
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
    asked: list[PageRequest | BadInput] = []
    for parent in parents:
        try:
            asked.append(context.page(first, after, field, parent.key))
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
            found.append(connection(page, request))
    return found
