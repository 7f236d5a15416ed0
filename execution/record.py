"""One summary for each person that an operation showed something of, and where they wait."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

from domain.customer import Customer
from domain.policy import Category, Condition, Standing, View
from domain.record import AccessSummary
from execution.context import Context
from execution.plan import Source
from execution.run import Group
from execution.standing import rested_on

_RANK = {view: rank for rank, view in enumerate(View)}


class AccessBuffer:
    """Keeps the latest summaries until somebody takes them; implements ``AccessRecord``.

    *Shape*: at most ``capacity``; what has no room any more leaves first, and is counted in
    ``dropped``.
    """

    def __init__(self, capacity: int = 10_000) -> None:
        self._waiting: deque[AccessSummary] = deque(maxlen=capacity)
        self.dropped = 0

    def note(self, summaries: Sequence[AccessSummary]) -> None:
        """Keep what one operation showed."""
        room = (self._waiting.maxlen or 0) - len(self._waiting)
        self.dropped += max(0, len(summaries) - room)
        self._waiting.extend(summaries)

    def take(self) -> list[AccessSummary]:
        """Give all that is kept, the oldest first, and keep it no longer."""
        taken = list(self._waiting)
        self._waiting.clear()
        return taken


Seen = dict[Category, View]
Look = tuple[Sequence[Any], Seen, Standing]
"""Objects of one kind, what was seen of each, and what held for them."""


def looks(groups: Iterable[Group]) -> Iterable[Look]:
    """Tell what the groups of a run showed of people."""
    for group in groups:
        selection = group.selection
        if selection.seen is None:
            selection.seen = {}
            for step in selection.steps:
                label = step.field.extensions.get("label")
                if label is not None and step.source is not Source.DENIED:
                    _widen(selection.seen, label.category, step.view)
            selection.seen.pop(Category.OPERATIONAL, None)
        if selection.seen:
            yield group.parents, selection.seen, selection.standing


async def record(found: Iterable[Look], context: Context) -> None:
    """Hand on one summary for each person; what is about nobody is not among them."""
    people: dict[str, Seen] = {}
    rests: set[str] = set()
    names = {key: each.key for key, each in context.people.items()}
    for values, seen, standing in found:
        keys = set()
        for value in values:
            if isinstance(value, Customer):
                names.update(dict.fromkeys(value.identities, value.key))
                keys.add(value.key)
            else:
                keys.add(min(value.subjects, default=""))
        keys.discard("")
        for key in keys:
            into = people.setdefault(key, {})
            for category, view in seen.items():
                _widen(into, category, view)
        if Condition.CASE in standing:
            rests |= keys
    if not people:
        return
    merged: dict[str, Seen] = {}
    for key, seen in people.items():
        # An order knows its buyer by another system's number, which the customer's record has.
        into = merged.setdefault(names.get(key, key), {})
        for category, view in seen.items():
            _widen(into, category, view)
    cases = {
        subject: await rested_on(subject, context)
        for subject in {names.get(key, key) for key in rests}
    }
    viewer = context.viewer
    context.record.note(
        [
            AccessSummary(
                at=context.now,
                request_id=context.request_id,
                role=viewer.role,
                purpose=context.purpose,
                viewer=viewer.subject,
                client=viewer.client,
                subject=subject,
                categories=seen,
                cases=cases.get(subject, ()),
            )
            for subject, seen in merged.items()
        ]
    )


def _widen(seen: Seen, category: Category, view: View) -> None:
    if _RANK[view] > _RANK[seen.get(category, View.NONE)]:
        seen[category] = view
