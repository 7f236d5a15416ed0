"""What a role can ever see of a schema, found by going every way that the policy leaves open.

For each purpose that a role may have the schema is walked from its roots, as an operation would
walk it: through fields that are shown under conditions that can hold for this role, with arguments
that it may use, to objects that it may be handed. What no purpose leads to is not in sight, whether
it is denied itself or only whatever leads there. *Source*: docs/decisions/0029-introspection.md.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)
from msgspec import Struct, field

from domain.action import ActionPolicy
from domain.personal import SHOWN_IN, PersonalText
from domain.policy import BY_SECRET, Condition, Decision, FieldPolicy, View
from domain.viewer import OUTSIDE, PolicyClass, Role, purposes_of
from execution.usage import may_use

_ALL = frozenset(Condition)
_Key = tuple[str, bool]


class Sight(Struct, frozen=True):
    """What is in sight of one role.

    *Shape*: ``fields`` by published type, each with the arguments that may be used; ``inputs`` the
    fields of each input type; ``enums`` the values of each enum. ``leads`` are the types that some
    field in sight gives, and not only an interface of theirs.
    """

    fields: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    inputs: dict[str, set[str]] = field(default_factory=dict)
    enums: dict[str, set[str]] = field(default_factory=dict)
    leads: set[str] = field(default_factory=set)


def sight(schema: GraphQLSchema, role: Role, policy: FieldPolicy, actions: ActionPolicy) -> Sight:
    """Find all that a role can ever see, for whichever purpose."""
    found = Sight()
    for purpose in purposes_of(role):
        _Walk(schema, PolicyClass(role, purpose), policy, actions, found).go()
    return found


class _Way(Struct, eq=False):
    """One field that is shown, in which views; ``targets`` is None where it leads no further."""

    field: GraphQLField
    arguments: dict[str, GraphQLArgument]
    is_below: bool
    views: frozenset[View]
    targets: tuple[_Key, ...] | None


class _Node(Struct, eq=False):
    """One type at one kind of place; closed where there is nothing to see of it."""

    kind: GraphQLObjectType
    ways: dict[str, _Way] = field(default_factory=dict)
    is_open: bool = True


class _Walk:
    """One purpose's way through the schema.

    A part of a person's object is decided on by what holds for that object, so that a type is met
    apart below objects that can be the caller's own and below others: the key of a node.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        policy_class: PolicyClass,
        policy: FieldPolicy,
        actions: ActionPolicy,
        found: Sight,
    ) -> None:
        self._schema = schema
        self._class = policy_class
        self._policy = policy
        self._actions = actions
        self._found = found
        self._nodes: dict[_Key, _Node] = {}
        self._accepted: dict[tuple[str, bool], dict[str, GraphQLInputField]] = {}
        self._noted: set[tuple[str, bool]] = set()
        role = policy_class.role
        never = {Condition.OWN}
        if actions.permit("assistStart", role).decision.is_denied:
            never.add(Condition.CASE)
        if role in OUTSIDE:
            never |= {Condition.CASE, Condition.SAME_STORE}
        self._foreign = _ALL - never
        self._own = self._foreign | {Condition.OWN}

    def go(self) -> None:
        """Add what this purpose leads to."""
        schema = self._schema
        given = (schema.query_type, schema.mutation_type, schema.subscription_type)
        roots = [(each.name, False) for each in given if each is not None]
        self._expand(list(roots))
        self._close()
        self._follow([key for key in roots if self._nodes[key].is_open])

    def _expand(self, waiting: list[_Key]) -> None:
        """Find every node that the roots could lead to, as if each had something to show."""
        while waiting:
            key = waiting.pop()
            if key in self._nodes:
                continue
            kind: Any = self._schema.type_map[key[0]]
            node = self._nodes[key] = _Node(kind)
            if not self._is_handed_out(kind, own=key[1]):
                node.is_open = False
                continue
            for name, published in kind.fields.items():
                way = self._way(kind, name, published, own=key[1])
                if way is not None:
                    node.ways[name] = way
                    waiting += way.targets or ()

    def _way(
        self, kind: GraphQLObjectType, name: str, published: GraphQLField, *, own: bool
    ) -> _Way | None:
        action = published.extensions.get("action")
        if action is not None and not self._may_do(action):
            return None
        decision = self._policy.decide(kind.name, name, self._class)
        views = frozenset(self._views(decision, own=own))
        if not views:
            return None
        is_below = bool(kind.extensions.get("person"))
        arguments = {}
        for each, argument in published.args.items():
            if self._may_use((f"{kind.name}.{name}", each), argument, is_below=is_below):
                arguments[each] = argument
            elif is_required_argument(argument):
                return None
        target = get_named_type(published.type)
        targets = None if is_leaf_type(target) else tuple(self._targets(target, own=own))
        return _Way(published, arguments, is_below, views, targets)

    def _targets(self, kind: GraphQLNamedType, *, own: bool) -> Iterator[_Key]:
        for each in _objects(self._schema, kind):
            if each.extensions.get("person"):
                is_own = self._class.role is Role.CUSTOMER or each.name in BY_SECRET
                yield each.name, is_own
            else:
                yield each.name, own

    def _close(self) -> None:
        """Close, until nothing changes, what has nothing to show but ways to what is closed."""
        changed = True
        while changed:
            changed = False
            for node in self._nodes.values():
                if not node.is_open:
                    continue
                for name, way in list(node.ways.items()):
                    if way.targets is not None and not any(map(self._is_open, way.targets)):
                        del node.ways[name]
                        changed = True
                if not node.ways or self._leads_nowhere(node):
                    node.is_open = False
                    changed = True

    def _is_open(self, key: _Key) -> bool:
        return self._nodes[key].is_open

    def _leads_nowhere(self, node: _Node) -> bool:
        """Tell of what only holds others together whether none of these is in sight."""
        if not node.kind.extensions.get("passage"):
            return False
        on = [
            name
            for name, each in node.kind.fields.items()
            if any(
                not target.extensions.get("thing")
                for target in _objects(self._schema, get_named_type(each.type))
            )
        ]
        return bool(on) and node.ways.keys().isdisjoint(on)

    def _follow(self, waiting: list[_Key]) -> None:
        """Note everything that open ways lead to."""
        seen: set[_Key] = set()
        found = self._found
        while waiting:
            key = waiting.pop()
            node = self._nodes[key]
            if key in seen or not node.is_open:
                continue
            seen.add(key)
            shown = found.fields.setdefault(key[0], {})
            is_text = node.kind.extensions.get("class") is PersonalText
            for name, way in node.ways.items():
                if not is_text:
                    shown.setdefault(name, set()).update(way.arguments)
                self._note(way)
                waiting += way.targets or ()

    def _note(self, way: _Way) -> None:
        found = self._found
        target: Any = get_named_type(way.field.type)
        found.leads.add(target.name)
        if isinstance(target, GraphQLEnumType):
            found.enums.setdefault(target.name, set()).update(target.values)
        elif target.extensions.get("class") is PersonalText:
            shown = found.fields.setdefault(target.name, {})
            for name, views in SHOWN_IN.items():
                if not views.isdisjoint(way.views):
                    shown.setdefault(name, set())
        for argument in way.arguments.values():
            self._note_input(get_named_type(argument.type), is_below=way.is_below)

    def _note_input(self, kind: GraphQLNamedType, *, is_below: bool) -> None:
        if isinstance(kind, GraphQLEnumType):
            values = self._values(kind, is_below=is_below)
            self._found.enums.setdefault(kind.name, set()).update(values)
        elif isinstance(kind, GraphQLInputObjectType) and (kind.name, is_below) not in self._noted:
            self._noted.add((kind.name, is_below))
            accepted = self._accepts(kind, is_below=is_below)
            self._found.inputs.setdefault(kind.name, set()).update(accepted)
            for each in accepted.values():
                self._note_input(get_named_type(each.type), is_below=is_below)

    def _may_use(
        self, place: tuple[str, str], given: GraphQLArgument | GraphQLInputField, *, is_below: bool
    ) -> bool:
        if not may_use(*place, self._policy, self._class, is_below=is_below):
            return False
        kind = get_named_type(given.type)
        if isinstance(kind, GraphQLEnumType):
            return bool(self._values(kind, is_below=is_below))
        if isinstance(kind, GraphQLInputObjectType):
            return bool(self._accepts(kind, is_below=is_below))
        return True

    def _values(self, kind: GraphQLEnumType, *, is_below: bool) -> list[str]:
        return [
            name
            for name in kind.values
            if may_use(kind.name, name, self._policy, self._class, is_below=is_below)
        ]

    def _accepts(
        self, kind: GraphQLInputObjectType, *, is_below: bool
    ) -> Mapping[str, GraphQLInputField]:
        """Tell which fields of an input type may be used; none where a required one may not."""
        known = self._accepted.get((kind.name, is_below))
        if known is not None:
            return known
        # An input that holds itself adds nothing by that.
        self._accepted[kind.name, is_below] = dict(kind.fields)
        accepted: dict[str, GraphQLInputField] = {}
        for name, each in kind.fields.items():
            if self._may_use((kind.name, name), each, is_below=is_below):
                accepted[name] = each
            elif is_required_input_field(each):
                accepted = {}
                break
        self._accepted[kind.name, is_below] = accepted
        return accepted

    def _views(self, decision: Decision, *, own: bool) -> Iterator[View]:
        """Tell in which views a value can be shown, one that always gives way to a wider not."""
        can = self._own if own else self._foreign
        for grant in decision.grants:
            if grant.when <= can and decision.view(grant.when) is grant.view:
                yield grant.view

    def _is_handed_out(self, kind: GraphQLObjectType, *, own: bool) -> bool:
        makers = kind.extensions.get("made_by")
        if makers and not any(map(self._may_do, makers)):
            return False
        decision = self._policy.decide_type(kind.name, self._class)
        return any(self._views(decision, own=own))

    def _may_do(self, action: str) -> bool:
        permit = self._actions.permit(action, self._class.role)
        can_be = any(self._views(permit.decision, own=True))
        return can_be and self._class.purpose in permit.purposes


def _objects(schema: GraphQLSchema, kind: GraphQLNamedType) -> Iterable[GraphQLObjectType]:
    if isinstance(kind, GraphQLObjectType):
        return (kind,)
    return schema.get_possible_types(kind) if is_abstract_type(kind) else ()
