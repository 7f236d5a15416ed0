"""A system behind its adapter, and what a test may rely on it to hold."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from adapters._upstream import Upstream
from domain.ask import Ask
from domain.deadline import Deadline
from domain.errors import Failure, SourceFailure
from domain.facet import FacetQuery
from domain.filter import ProductFilter, ProductQuery, ProductSelection
from domain.interaction import InteractionQuery
from domain.location import LocationQuery
from domain.loyalty import LedgerQuery
from domain.order import OrderQuery
from domain.page import Page, PageRequest
from domain.partial import Partial
from domain.viewer import Channel

K = TypeVar("K")
V = TypeVar("V")

PAGE_CALLS = (
    "products_by_query", "orders_by_customer", "locations_by_query", "ledger_by_account",
    "interactions_by_customer",
)  # fmt: skip
Call = Callable[[Sequence[Any], Ask], Awaitable[Mapping[Any, Any]]]


class Promise(Struct, frozen=True):
    """One method of a port as a system keeps it.

    *Shape*: ``keys`` are known to the system, more than ``limit``, which is how many it takes at
    once; ``strangers`` are well-formed and unknown to it; ``foreign`` are not its to see.
    ``calls`` is how many calls so many keys may take at most: one, but for systems that cannot.
    """

    adapter: Any
    keys: Sequence[Any]
    limit: int
    strangers: Sequence[Any] = ()
    foreign: Sequence[Any] = ()
    calls: int = 1


class Counterpart(Struct, kw_only=True):
    """A retailer's systems for tests of ports, whoever made them.

    *Shape*: ``promises`` by method; ``upstreams`` by system; ``fault`` makes every system fail in
    a way of its own words until it is called without any, None where nobody can make it fail;
    ``seen`` counts the requests that really arrived, None where nobody counts.
    """

    promises: Mapping[str, Promise]
    upstreams: Mapping[str, Upstream]
    market: str = "PL"
    currency: str = "PLN"
    fault: Callable[..., None] | None = None
    seen: Callable[[], int] | None = None

    def ask(self, language: str = "en", seconds: float = 20.0) -> Ask:
        """An operation's standing request."""
        deadline = Deadline.after(seconds)
        return Ask(deadline, self.market, self.currency, language, Channel.WEB)


def is_page_call(call: str) -> bool:
    """Whether the method answers every query with a page instead of leaving unknown ones out."""
    return call in PAGE_CALLS


def product_queries(count: int) -> list[ProductQuery]:
    """Distinct pages of the whole assortment, of one product each."""
    return [ProductQuery(PageRequest(1, str(skip) if skip else None)) for skip in range(count)]


def product_selections() -> list[ProductSelection]:
    """The whole assortment, and parts of it."""
    return [ProductSelection(), ProductSelection("a"), ProductSelection("e")]


def facet_queries() -> list[FacetQuery]:
    """Some facets of the whole assortment, and all facets of parts of it."""
    return [
        FacetQuery(codes=("brand", "colour")),
        FacetQuery(search="a"),
        FacetQuery(where=ProductFilter(brands=("LIPOWA",))),
    ]


def location_queries(count: int) -> list[LocationQuery]:
    """Distinct pages of places, of one each."""
    return [LocationQuery(PageRequest(1, str(skip) if skip else None)) for skip in range(count)]


def order_queries(identities: Sequence[str], first: int = 2) -> list[OrderQuery]:
    """The first page of each customer."""
    return [OrderQuery((identity,), PageRequest(first)) for identity in identities]


def got(value: Any) -> Any:
    """The value; raises where a query's failure stands in the place of it."""
    if isinstance(value, Failure):
        raise value
    return value


def failures_in(value: Any) -> list[SourceFailure]:
    """The failures that stand in the place of a value, or of items of it."""
    inner = value.items if isinstance(value, Page) else value
    items = inner if isinstance(inner, tuple | list) else [inner]
    return [each for each in items if isinstance(each, SourceFailure)]


def is_part(value: Any, true: Any) -> bool:
    """Whether what is shown is what stands there when all is well, as ``plain`` tells it."""
    if isinstance(value, Failure):
        return True
    if isinstance(value, Partial):
        return all(plain(each) in true for each in value)
    if isinstance(value, Page):
        items, rest = value.items, {**true, "items": []}
        bare = msgspec.structs.replace(value, items=())
        return plain(bare) == rest and _are_parts(items, true["items"])
    return _are_parts(value, true) if isinstance(value, tuple | list) else plain(value) == true


def _are_parts(items: Sequence[Any], true: Sequence[Any]) -> bool:
    return len(items) == len(true) and all(
        isinstance(item, Failure) or plain(item) == whole for item, whole in zip(items, true)
    )


def whole(found: Mapping[K, V | Failure]) -> dict[K, V]:
    """A port's answer in which nothing failed; raises the first failure in it."""
    values: dict[K, V] = {}
    for key, value in found.items():
        if isinstance(value, Failure):
            raise value
        values[key] = value
    return values


def ledger_queries(accounts: Sequence[str], first: int = 2) -> list[LedgerQuery]:
    """The first page of each account's ledger."""
    return [LedgerQuery(account, PageRequest(first)) for account in accounts]


def interaction_queries(customers: Sequence[str], first: int = 2) -> list[InteractionQuery]:
    """The first page of what was said to each customer."""
    return [InteractionQuery(customer, PageRequest(first)) for customer in customers]


def plain(value: Any) -> Any:
    """The value without what differs from one reading to the next: when it was read."""
    return _without_provenance(msgspec.to_builtins(value, str_keys=False, enc_hook=str))


def plain_mapping(found: Mapping[Any, Any]) -> dict[Any, Any]:
    """The same for a port's answer."""
    return {key: plain(value) for key, value in found.items()}


def _without_provenance(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_provenance(v) for k, v in value.items() if k != "provenance"}
    if isinstance(value, list | tuple):
        return [_without_provenance(item) for item in value]
    return value
