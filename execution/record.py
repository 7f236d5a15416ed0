"""One summary for each person that an operation showed something of."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from domain.customer import Customer
from domain.policy import Category, Condition, Standing, View
from domain.record import AccessSummary
from execution.context import Context
from execution.plan import Selection, Source
from execution.run import Group
from execution.standing import rested_on

Seen = int
"""What was seen of each category: so many bits of it are set as its view is wide, and ``|`` gives
the wider view of each."""

Look = tuple[Sequence[Any], Seen, Standing]
"""Objects of one kind, what was seen of each, and what held for them."""

_UNSEEN: Seen = 0
_WIDTH = len(View) - 1
_PLACES: dict[Category, int] = {
    category: index * _WIDTH
    for index, category in enumerate(Category)
    if category is not Category.OPERATIONAL
}
_BITS = {view: (1 << rank) - 1 for rank, view in enumerate(View)}
_VIEWS = {bits: view for view, bits in _BITS.items()}
_ALL = _BITS[View.FULL]


def seen_of(category: Category, view: View) -> Seen:
    """Tell what is seen by one look; what is about nobody is not looked at."""
    place = _PLACES.get(category)
    return _UNSEEN if place is None else _BITS[view] << place


def looks(groups: Iterable[Group]) -> Iterable[Look]:
    """Tell what the groups of a run showed of people."""
    for group in groups:
        selection = group.selection
        seen = selection.seen
        if seen is None:
            seen = selection.seen = _seen_by(selection)
        if seen:
            yield group.parents, seen, selection.standing


async def record(found: Iterable[Look], context: Context) -> None:
    """Hand on one summary for each person; what is about nobody is not among them."""
    people: dict[str, Seen] = {}
    names: dict[str, str] = {}
    rests: set[str] = set()
    for values, seen, standing in found:
        keys = set()
        for value in values:
            if isinstance(value, Customer):
                keys.add(value.key)
                for identity in value.identities:
                    names[identity] = value.key
            else:
                keys.add(min(value.subjects, default=""))
        keys.discard("")
        for key in keys:
            people[key] = people.get(key, _UNSEEN) | seen
        if Condition.CASE in standing:
            rests |= keys
    if not people:
        return
    merged: dict[str, Seen] = {}
    rested: set[str] = set()
    for key, seen in people.items():
        # An order knows its buyer by another system's number, which the customer's record has.
        known = context.people.get(key)
        subject = names.get(key) or (key if known is None else known.key)
        merged[subject] = merged.get(subject, _UNSEEN) | seen
        if key in rests:
            rested.add(subject)
    cases = {subject: rested_on(subject, context) for subject in rested}
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
                categories=_views(seen),
                cases=cases.get(subject, ()),
            )
            for subject, seen in merged.items()
        ]
    )


def _seen_by(selection: Selection) -> Seen:
    seen = _UNSEEN
    for step in selection.steps:
        label = step.field.extensions.get("label")
        if label is not None and step.source is not Source.DENIED:
            seen |= seen_of(label.category, step.view)
    return seen


@lru_cache(maxsize=1024)
def _views(seen: Seen) -> Mapping[Category, View]:
    """Spell out what was seen; the few combinations that occur share their spelling."""
    found = {category: _VIEWS[seen >> place & _ALL] for category, place in _PLACES.items()}
    return {category: view for category, view in found.items() if view is not View.NONE}
