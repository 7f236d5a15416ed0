"""What several systems gave, made into one: values joined, pages merged."""

import heapq
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from domain.errors import Failure, SourceFailure
from domain.page import MAX_PAGE, Page, PageRequest
from domain.partial import Partial, missing_of

# Stands beside the systems in a cursor: what was told at the place where the page ends.
_TOLD = ""
_BETWEEN = "\n"
_MAX_TOLD = 8
_Cursors = msgspec.json.Decoder(dict[str, str])


def places(page: PageRequest, systems: Collection[str]) -> dict[str, str]:
    """Take a merged cursor apart into one of each system. *Errors*: ``BadInput``."""
    if page.after is None:
        return {}
    try:
        found = _Cursors.decode(page.after)
    except ValueError:
        found = {"-": ""}
    if not found.keys() <= {*systems, _TOLD}:
        raise page.refused()
    return found


def joined(
    key: Any, answers: Sequence[tuple[str, Mapping[Any, Any] | SourceFailure]]
) -> Any | None:
    """Make one value of several systems' for a key; None where none of them has any."""
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


def merged(
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


def size(first: int, places: Mapping[str, str]) -> int:
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
