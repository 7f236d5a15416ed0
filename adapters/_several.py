"""Several systems behind one port: asked side by side, answered as one.

A key that carries a system goes to that system alone; every other key goes to each system that may
have something for it. What one of them fails to give is missing by name, and the others' part
stands.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec

from adapters import _merge
from adapters._outcome import log_missing
from adapters._scope import Member
from domain.ask import Ask
from domain.errors import BadInput, Failure, SourceFailure
from domain.identity import external_id
from domain.page import Page, PageRequest

Q = TypeVar("Q")

# What each of the systems asked gave: its answer, or why there is none.
_Answers = Mapping[str, Mapping[Any, Any] | SourceFailure]


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
            joined = _merge.joined(key, [(name, answers[name]) for name in route])
            if joined is not None:
                found[key] = joined
        return found

    async def _pages(self, call: str, queries: Sequence[Any], ask: Ask) -> Mapping[Any, Any]:
        asked: dict[str, dict[Any, Any]] = {}
        found: dict[Any, Page[Any] | Failure] = {}
        places: dict[Any, dict[str, str]] = {}
        for query in queries:
            try:
                places[query] = _merge.places(query.page, self._members)
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
                    _merge.size(query.page.first, places[query]), places[query].get(name)
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
            found[query] = refused or _merge.merged(query, pages, places[query], failures)
        return found

    def _route(self, call: str, key: Any, ask: Ask) -> list[str]:
        """Name the systems to ask for a key."""
        if isinstance(key, str) and not call.endswith("_by_sku"):
            owner = external_id(key).system
            if owner in self._members:
                return [owner]
        members = self._members.items()
        return [name for name, member in members if member.serves(self._port, ask.market)]

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
