"""What the policy table says a caller must see, compared with what they were shown."""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)

from auth.policy import PolicyTable
from domain.order import OrderState
from domain.policy import Condition, Standing, View
from domain.timeline import TimelineKind
from domain.viewer import PolicyClass

TEXT = "PersonalText"
# Ages, and what is counted from the moment: the same for everybody, and never twice the same.
VOLATILE = {
    ("Provenance", "observedAt"),
    ("Provenance", "ageSeconds"),
    ("Provenance", "freshness"),
    ("PickupPromise", "availableFrom"),
    ("PickupPromise", "availableUntil"),
    ("Location", "isOpen"),
}
_OPEN = {each.value for each in (OrderState.DRAFT, OrderState.OPEN, OrderState.PARTLY_FULFILLED)}
_CURSORS = frozenset(("cursor", "startCursor", "endCursor"))

Shown = Any
Flaw = tuple[str, str]


class Oracle:
    """Walks what one caller was shown beside what there is to see.

    *Shape*: ``standing`` holds between the caller and the customer; ``store`` is the global id of
    the store that the caller works in. It knows the table and the schema, and nothing of how
    either is enforced.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        table: PolicyTable,
        policy_class: PolicyClass,
        standing: Standing,
        store: str | None = None,
    ) -> None:
        self._schema = schema
        self._table = table
        self._class = policy_class
        self._standing = standing
        self._store = store
        self.seen: dict[tuple[str, str], View] = {}

    def flaws(self, kind: str, all_of_it: Shown, shown: Shown) -> list[Flaw]:
        """Tell everything about an object that is shown and should not be, or should and is not."""
        return list(self._object(kind, kind, all_of_it, shown, self._standing))

    def sees(self, kind: str) -> bool:
        """Whether the caller may have an object of this kind at all."""
        decision = self._table.decide_type(kind, self._class)
        return decision.view(self._standing) is not View.NONE

    def view(self, kind: str, field: str) -> View:
        """How much of a field the caller sees of the customer."""
        return self._table.decide(kind, field, self._class).view(self._standing)

    def _object(
        self, path: str, kind: str, whole: Shown, shown: Shown, standing: Standing
    ) -> Iterator[Flaw]:
        if whole is None:
            if shown is not None:
                yield path, "shown, and there is none"
            return
        standing = self._of(kind, whole, standing)
        if self._table.decide_type(kind, self._class).view(standing) is View.NONE:
            if shown is not None:
                yield path, "an object of this type may not be handed out"
            return
        if shown is None:
            yield path, "not shown"
            return
        published = self._schema.type_map[kind]
        assert isinstance(published, GraphQLObjectType | GraphQLInterfaceType)
        for name, value in whole.items():
            if name.startswith("__"):
                continue
            field = published.fields[name]
            yield from self._field(f"{path}.{name}", kind, field, name, value, shown, standing)

    def _field(
        self,
        path: str,
        kind: str,
        field: GraphQLField,
        name: str,
        whole: Shown,
        shown: Mapping[str, Shown],
        standing: Standing,
    ) -> Iterator[Flaw]:
        view = self._table.decide(kind, name, self._class).view(standing)
        self.seen[kind, name] = max(
            view, self.seen.get((kind, name), View.NONE), key=list(View).index
        )
        value = shown.get(name)
        below = get_named_type(field.type)
        if view is View.NONE:
            if value not in (None, []):
                yield path, "shown, and may not be"
            return
        if kind.endswith("Section") and name != "content":
            # Whether it may be seen, and from where it came if so, is the caller's own.
            hidden = self._table.decide(kind, "content", self._class).view(standing) is View.NONE
            if name == "provenance" and hidden and value:
                yield path, "tells of what may not be seen"
            return
        if is_leaf_type(below):
            if name in _CURSORS:
                # Sealed for one purpose; who sees it all has another.
                if (value is None) is not (whole is None):
                    yield path, f"is {value!r}"
                return
            yield from _leaf(path, (kind, name), view, whole, value)
        elif below.name == TEXT:
            yield from _text(path, view, whole, value)
        elif isinstance(whole, list):
            yield from self._list(path, below.name, whole, value, standing)
        else:
            target = below.name if not isinstance(whole, dict) else whole["__typename"]
            yield from self._object(path, target, whole, value, standing)

    def _list(
        self, path: str, kind: str, whole: list[Any], shown: Shown, standing: Standing
    ) -> Iterator[Flaw]:
        if not isinstance(shown, list):
            yield path, "no list"
            return
        if len(shown) != len(whole):
            # An object that is not for this caller is left out, or null in its place.
            hidden = [each for each in whole if not self._sees(kind, each, standing)]
            whole = [each for each in whole if each not in hidden]
            if len(shown) != len(whole):
                yield path, f"{len(shown)} of {len(whole)}"
                return
        for number, (each, got) in enumerate(zip(whole, shown)):
            target = each["__typename"] if each is not None else kind
            yield from self._object(f"{path}.{number}", target, each, got, standing)

    def _sees(self, kind: str, whole: Mapping[str, Any] | None, standing: Standing) -> bool:
        if whole is None:
            return True
        target = whole["__typename"]
        if target == "TimelineEntry" and whole["kind"] == TimelineKind.PAID.value:
            # What nobody asks the till for, who may not see payments, is no event either.
            return (
                self._table.decide("Order", "payments", self._class).view(standing) is not View.NONE
            )
        decision = self._table.decide_type(target, self._class)
        return decision.view(self._of(target, whole, standing)) is not View.NONE

    def _of(self, kind: str, whole: Mapping[str, Any], standing: Standing) -> Standing:
        """Add what holds for an order, whoever's it is."""
        if kind != "Order":
            return standing
        standing -= {Condition.SAME_STORE, Condition.OPEN_ORDER}
        location = whole.get("location")
        if location is not None and location["id"] == self._store:
            standing |= {Condition.SAME_STORE}
        if whole.get("state") in _OPEN:
            standing |= {Condition.OPEN_ORDER}
        return standing


def held(schema: GraphQLSchema, kind: str, shown: Shown) -> set[tuple[str, str]]:
    """Find every field in which an answer holds anything, with the type that has it."""
    found: set[tuple[str, str]] = set()
    waiting = [(kind, shown)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, list):
            waiting += [(name, each) for each in value]
        elif isinstance(value, dict):
            name = value.get("__typename", name)
            fields: Any = getattr(schema.type_map[name], "fields", {})
            for field, each in value.items():
                if not field.startswith("__") and each not in (None, []):
                    found.add((name, field))
                    waiting.append((get_named_type(fields[field].type).name, each))
    return found


def _leaf(
    path: str, place: tuple[str, str], view: View, whole: Shown, shown: Shown
) -> Iterator[Flaw]:
    # An id goes with its object, unless nobody is to be recognised by it.
    if view is View.PSEUDONYM or (view is View.MASKED and place[1] != "id"):
        if shown == whole and whole is not None:
            yield path, f"shown as it is, and may be seen {view.value}"
    elif place not in VOLATILE and shown != whole:
        yield path, f"is {shown!r}"


def _text(path: str, view: View, whole: Shown, shown: Shown) -> Iterator[Flaw]:
    if isinstance(whole, list):
        if not isinstance(shown, list) or len(shown) != len(whole):
            yield path, "not as many texts"
            return
        for number, (each, got) in enumerate(zip(whole, shown)):
            yield from _text(f"{path}.{number}", view, each, got)
        return
    if whole is None or shown is None:
        if whole is not shown:
            yield path, "not shown" if shown is None else "shown, and there is none"
        return
    text = whole["text"]
    if view is View.FULL:
        if shown["text"] != text:
            yield path, "not shown as it is"
        return
    if shown["text"] is not None or text in (shown["masked"], shown["pseudonym"]):
        yield path, f"shown as it is, and may be seen {view.value}"
    if (shown["masked"] is not None) is not (view is View.MASKED):
        yield path, f"its mask is {shown['masked']!r}, and it may be seen {view.value}"
    if (shown["pseudonym"] is not None) is not (view is View.PSEUDONYM):
        yield path, f"its stand-in is {shown['pseudonym']!r}, and it may be seen {view.value}"
