"""Several systems behind one port: asked side by side, answered as one.

A key that carries a system goes to that system alone; every other key goes to each system that may
have something for it. What one of them fails to give is missing by name, and the others' part
stands.
"""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec

from adapters._outcome import log_missing
from adapters._scope import Member
from domain.ask import Ask
from domain.errors import BadInput, Failure, SourceFailure
from domain.identity import external_id
from domain.page import MAX_PAGE, Page, PageRequest
from domain.partial import Partial, missing_of

Q = TypeVar("Q")

# What each of the systems asked gave: its answer, or why there is none.
_Answers = Mapping[str, Mapping[Any, Any] | SourceFailure]
# Stands beside the systems in a cursor: what was told at the place where the page ends.
_TOLD = ""
_BETWEEN = "\n"
_MAX_TOLD = 8
_Cursors = msgspec.json.Decoder(dict[str, str])


class Several:
    """Stands before the systems that share a port, with the port's own methods.

    *Shape*: per key, values of which there is one come from the first system that has it; lists
    are joined, ``Partial`` where a part is missing; counts are added up, and a value that can be
    told ``together`` with others is; pages are merged, in the order of the query's ``rank`` where
    it has one and else in turns, their cursors holding one place per system; a query that says
    why it can be answered ``alone`` only is refused for that reason. What several systems tell of
    one thing, as the query's ``identity`` knows it, stands there once, in the words of the first
    system. A key for which nothing came while a system was silent has that system's failure as
    its value.
    """

    def __init__(self, port: str, calls: Sequence[str], members: Sequence[Member]) -> None:
        self._port = port
        self._members = {member.system: member for member in members}
        for call in calls:
            setattr(self, call, partial(self._read, call))

    def __getattr__(self, call: str) -> Callable[..., Awaitable[Mapping[Any, Any]]]:
        # Only for what the port does not have: its methods were set when it was made.
        raise AttributeError(f"port {self._port} has no {call}")

    async def _read(self, call: str, keys: Sequence[Any], ask: Ask) -> Mapping[Any, Any]:
        distinct = list(dict.fromkeys(keys))
        if any(isinstance(getattr(key, "page", None), PageRequest) for key in distinct):
            return await self._pages(call, distinct, ask)
        routes = {key: self._route(call, key, ask) for key in distinct}
        answers = await self._ask(call, _by_system(routes), ask)
        found = {}
        for key, route in routes.items():
            joined = _joined(key, [(name, answers[name]) for name in route])
            if joined is not None:
                found[key] = joined
        return found

    async def _pages(self, call: str, queries: Sequence[Any], ask: Ask) -> Mapping[Any, Any]:
        asked: dict[str, dict[Any, Any]] = {}
        found: dict[Any, Page[Any] | Failure] = {}
        places: dict[Any, dict[str, str]] = {}
        for query in queries:
            try:
                places[query] = self._places(query.page)
            except BadInput as failure:
                found[query] = failure
        for query in tuple(places):
            route = self._route(call, query, ask)
            if len(route) > 1 and (refusal := getattr(query, "alone", None)) is not None:
                found[query] = refusal
                del places[query]
                continue
            for name in route:
                wanted = PageRequest(
                    _size(query.page.first, places[query]), places[query].get(name)
                )
                asked.setdefault(name, {})[query] = msgspec.structs.replace(query, page=wanted)
        keys = {name: list(own.values()) for name, own in asked.items()}
        answers = await self._ask(call, keys, ask)
        for query in places:
            pages: dict[str, Page[Any]] = {}
            failures: list[SourceFailure] = []
            refused: Failure | None = None
            for name, own in asked.items():
                answer = answers[name]
                if query not in own:
                    continue
                page = answer if isinstance(answer, SourceFailure) else answer.get(own[query])
                if isinstance(page, SourceFailure):
                    failures.append(page)
                    if page is not answer:
                        log_missing(page, ask)
                elif isinstance(page, Failure):
                    refused = page
                elif page is not None:
                    pages[name] = page
            found[query] = refused or _merged(query, pages, places[query], failures)
        return found

    def _route(self, call: str, key: Any, ask: Ask) -> list[str]:
        """Name the systems to ask for a key."""
        if isinstance(key, str) and not call.endswith("_by_sku"):
            owner = external_id(key).system
            if owner in self._members:
                return [owner]
        members = self._members.items()
        return [name for name, member in members if member.serves(self._port, ask.market)]

    def _places(self, page: PageRequest) -> dict[str, str]:
        """Take a merged cursor apart into one of each system. *Errors*: ``BadInput``."""
        after = page.after
        if after is None:
            return {}
        try:
            places = _Cursors.decode(after)
        except ValueError:
            places = {"-": ""}
        if not places.keys() <= {*self._members, _TOLD}:
            raise page.refused()
        return places

    async def _ask(self, call: str, keys: Mapping[str, Sequence[Any]], ask: Ask) -> _Answers:
        """Ask each system for its keys, side by side. *Errors*: whatever is not a source's."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {
                    name: group.create_task(self._ask_one(name, call, own, ask))
                    for name, own in keys.items()
                }
        except BaseExceptionGroup as failed:
            first = failed.exceptions[0]
        else:
            return {name: task.result() for name, task in tasks.items()}
        raise first

    async def _ask_one(
        self, name: str, call: str, keys: Sequence[Any], ask: Ask
    ) -> Mapping[Any, Any] | SourceFailure:
        read = getattr(self._members[name].adapter, call)
        try:
            found: Mapping[Any, Any] = await read(keys, ask)
        except SourceFailure as failure:
            log_missing(failure, ask)
            return failure
        return found


def _by_system(routes: Mapping[Any, Sequence[str]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for key, names in routes.items():
        for name in names:
            found.setdefault(name, []).append(key)
    return found


def _joined(
    key: Any, answers: Sequence[tuple[str, Mapping[Any, Any] | SourceFailure]]
) -> Any | None:
    values, failures, missing = [], [], []
    for name, answer in answers:
        value = answer if isinstance(answer, SourceFailure) else answer.get(key)
        if isinstance(value, SourceFailure):
            failures.append(value)
            missing.append(name)
        elif isinstance(value, Failure):
            return value  # what one system cannot do is not left out of its part
        elif value is not None:
            values.append(value)
            missing += missing_of(value)
    if not values:
        return failures[0] if failures else None
    if type(values[0]) is int:
        return sum(values)
    if hasattr(values[0], "together"):
        return values[0].together(values)
    if not isinstance(values[0], tuple | list):
        return values[0]
    items = [item for value in values for item in value]
    return Partial(items, missing) if missing else tuple(items)


def _merged(
    query: Any,
    pages: Mapping[str, Page[Any]],
    places: Mapping[str, str],
    failures: Sequence[SourceFailure],
) -> Page[Any] | SourceFailure:
    """Make one page of several; nothing that was not shown is passed by its cursors."""
    if failures and not pages:
        return failures[0]
    reached = {name: place for name, place in places.items() if name != _TOLD}
    told = _Told(getattr(query, "identity", None), places.get(_TOLD))
    items: list[Any] = []
    cursors: list[str] = []
    passed = 0
    left = {name: len(page.items) for name, page in pages.items()}
    is_unsure = False
    rank = getattr(query, "rank", None)
    heads = [_ranked(number, name, page, rank) for number, (name, page) in enumerate(pages.items())]
    for (place, _), name, item, cursor in heapq.merge(*heads, key=lambda head: head[0]):
        known = told.has(item)
        if (is_unsure or len(items) == query.page.first) and not known:
            break
        passed += 1
        left[name] -= 1
        # Behind the last item that a system gave, others' may come too early.
        is_unsure = is_unsure or (not left[name] and pages[name].has_next)
        reached[name] = cursor
        if known:
            if cursors:
                # The page goes on behind it, or it would be told again on the next one.
                cursors[-1] = _cursor(reached, told)
            continue
        told.add(item, place)
        items.append(item)
        cursors.append(_cursor(reached, told))
    totals = [page.total for page in pages.values()]
    lost = [system for page in pages.values() for system in page.missing]
    shown = sum(len(page.items) for page in pages.values())
    return Page(
        tuple(items),
        tuple(cursors),
        has_next=shown > passed or any(page.has_next for page in pages.values()),
        total=None if failures or told.identity is not None else _total(totals),
        missing=tuple(dict.fromkeys([*(failure.system for failure in failures), *lost])),
    )


def _size(first: int, places: Mapping[str, str]) -> int:
    """How many to ask a system for: what was told on the page before may be among them."""
    told = places.get(_TOLD)
    return min(MAX_PAGE, first + (len(told.split(_BETWEEN)) if told else 0))


class _Told:
    """What stands on a page already, and at its end, for the next one: what shares its last rank.

    Two systems' words on one thing have one rank, but need not fall on one page.
    """

    def __init__(self, identity: Callable[[Any], str] | None, before: str | None) -> None:
        self.identity = identity
        self._last: list[str] = before.split(_BETWEEN) if before else []
        self._known = set(self._last)
        self._place: Any = None

    def has(self, item: Any) -> bool:
        """Whether another system's word on it has been told."""
        if self.identity is None or isinstance(item, Failure):
            return False
        return self.identity(item) in self._known

    def add(self, item: Any, place: Any) -> None:
        """Note what is told now, at this place in the order."""
        if self.identity is None or isinstance(item, Failure):
            return
        if self._place is not None and place != self._place:
            self._last.clear()
        self._place = place
        self._last.append(self.identity(item))
        self._known.add(self._last[-1])
        del self._last[:-_MAX_TOLD]

    def kept(self) -> str:
        """What the next page has to know."""
        return _BETWEEN.join(self._last)


def _cursor(reached: Mapping[str, str], told: _Told) -> str:
    kept = {_TOLD: told.kept()} if told.identity is not None else {}
    return msgspec.json.encode({**reached, **kept}, order="sorted").decode()


def _total(totals: Sequence[int | None]) -> int | None:
    return None if None in totals else sum(total or 0 for total in totals)


def _ranked(
    number: int, name: str, page: Page[Any], rank: Callable[[Any], Any] | None
) -> Iterator[tuple[tuple[Any, int], str, Any, str]]:
    # What could not be read does not say where it belongs: it stands where it was met.
    last: tuple[int, Any] = (0, 0)
    for place, (item, cursor) in enumerate(zip(page.items, page.cursors)):
        if rank is None:
            last = (1, place)
        elif not isinstance(item, Failure):
            last = (1, rank(item))
        yield (last, number), name, item, cursor
