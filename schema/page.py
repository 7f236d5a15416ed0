"""Relay connections."""

from typing import Generic, TypeVar

import domain.page
from domain.policy import Category
from schema.field import plain, publishes

T = TypeVar("T")


@publishes(domain.page.PageInfo, thing=True)
class PageInfo:
    """Where a page stands in its list. Lists are paged forward."""

    has_next_page: bool = plain("Whether more items follow.")
    has_previous_page: bool = plain("Whether the page was asked for behind a cursor.")
    start_cursor: str | None = plain("The cursor of the first item; null on an empty page.")
    end_cursor: str | None = plain("The cursor of the last item: the next page's `after`.")


@publishes(domain.page.Edge, passage=True)
class Edge(Generic[T]):
    """An item and its place in the list."""

    node: T | None = plain("The item; null where this caller may not see it.")
    cursor: str = plain("The place behind this item, opaque.")


@publishes(domain.page.Count, thing=True)
class Count:
    """How many items a list has."""

    value: int = plain("The number.")
    is_exact: bool = plain("Whether all could be counted; else there are at least so many.")


@publishes(domain.page.Connection, passage=True)
class Connection(Generic[T]):
    """A page of a list that can grow."""

    edges: list[Edge[T]] = plain("The items with their cursors.")
    nodes: list[T | None] = plain("The items without their cursors.")
    page_info: PageInfo = plain("Whether more follow, and behind which cursor.")
    complete: bool = plain("Whether every system that could add items has answered.")
    missing: list[str] | None = plain(
        "The systems whose items are not in it; for staff.", category=Category.OPERATIONAL
    )
