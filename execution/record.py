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


Look = tuple[Any, Category, View, Standing]
"""An object, what was seen of it, how much, and what held."""


def looks(groups: Iterable[Group]) -> Iterable[Look]:
    """Tell what the groups of a run showed of people."""
    for group in groups:
        seen: dict[Category, View] = {}
        for step in group.selection.steps:
            label = step.field.extensions.get("label")
            if label is not None and step.source is not Source.DENIED:
                known = seen.get(label.category, View.NONE)
                seen[label.category] = max(known, step.view, key=_RANK.__getitem__)
        for parent in group.parents if seen else ():
            for category, view in seen.items():
                yield parent, category, view, group.selection.standing


async def record(found: Iterable[Look], context: Context) -> None:
    """Hand on one summary for each person; what is about nobody is not among them."""
    people: dict[str, dict[Category, View]] = {}
    rests: set[str] = set()
    names: dict[str, str] = {}
    for value, category, view, standing in found:
        if category is Category.OPERATIONAL or not value.subjects:
            continue
        if isinstance(value, Customer):
            names |= dict.fromkeys(value.subjects, value.key)
        key = min(value.subjects)
        if Condition.CASE in standing:
            rests.add(key)
        seen = people.setdefault(key, {})
        seen[category] = max(seen.get(category, View.NONE), view, key=_RANK.__getitem__)
    if not people:
        return
    merged: dict[str, dict[Category, View]] = {}
    cases: dict[str, tuple[str, ...]] = {}
    for key, seen in people.items():
        # An order knows its buyer by another system's number, which the customer's record has.
        subject = names.get(key, key)
        into = merged.setdefault(subject, {})
        for category, view in seen.items():
            into[category] = max(into.get(category, View.NONE), view, key=_RANK.__getitem__)
        if key in rests:
            cases[subject] = await rested_on(subject, context)
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
