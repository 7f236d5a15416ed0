"""What each role is told of the schema: all that it can ever read or do, and nothing else."""

import json
import os
import random
import re
from collections.abc import Iterator
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_client_schema,
    get_introspection_query,
    get_named_type,
    introspection_from_schema,
    is_abstract_type,
    is_required_argument,
    parse,
    validate,
    validate_schema,
)

from auth.policy import PolicyTable
from auth.table import Basis, Table, read_table
from domain.action import Permit
from domain.personal import SHOWN_IN
from domain.policy import BY_SECRET, Category, Condition, Decision, Grant, Record, View
from domain.viewer import PolicyClass, Purpose, Role
from execution.document import Documents, Flawed
from execution.excerpt import excerpt
from execution.limit import Limits
from execution.sight import sight
from tests.policy.proof import SEED
from tests.policy.way import PUBLISHED
from tests.transport import node
from transport.page import FOLDER

SCHEMA = PUBLISHED.graphql
TABLE = PolicyTable(PUBLISHED.classification, read_table())
EXCERPTS = {role: excerpt(SCHEMA, sight(SCHEMA, role, TABLE, TABLE)) for role in Role}
PURPOSES = {role: [*Purpose] for role in Role} | {Role.ANONYMOUS: [Purpose.SHOPPING]}
_TABS = {"mobile": Role.ANONYMOUS, "web": Role.ANONYMOUS, "agent": Role.AGENT}
ALL = os.environ.get("PROOF_ALL") == "1"
_EACH = pytest.mark.parametrize("role", Role, ids=[each.value for each in Role])

Place = tuple[str, str]


def _objects(schema: GraphQLSchema) -> Iterator[GraphQLObjectType]:
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            yield kind


def _outcomes(decision: Decision, never: frozenset[Condition]) -> set[View]:
    """Every view that some outcome of what can hold leads to."""
    able = decision.conditions - never
    every = chain.from_iterable(combinations(able, count) for count in range(len(able) + 1))
    return {decision.view(frozenset(each)) for each in every} - {View.NONE}


class _Readable:
    """What the table alone lets a role read: tried outcome by outcome, path by path."""

    def __init__(self, role: Role) -> None:
        self.views: dict[Place, set[View]] = {}
        self._role = role
        self._never = set()
        if TABLE.permit("assistStart", role).decision.is_denied:
            self._never.add(Condition.CASE)
        if role in (Role.ANONYMOUS, Role.CUSTOMER):
            self._never.add(Condition.SAME_STORE)
        for purpose in PURPOSES[role]:
            self._class = PolicyClass(role, purpose)
            self._seen: set[tuple[str, bool]] = set()
            for root in ("Query", "Mutation", "Subscription"):
                self._visit(root, own=False)

    def _visit(self, name: str, *, own: bool) -> None:
        kind = SCHEMA.type_map[name]
        assert isinstance(kind, GraphQLObjectType)
        if name in PUBLISHED.classification.person_types:
            own = self._role is Role.CUSTOMER or name in BY_SECRET
        if (name, own) in self._seen:
            return
        self._seen.add((name, own))
        never = frozenset(self._never | (set() if own else {Condition.OWN}))
        if not _outcomes(TABLE.decide_type(name, self._class), never):
            return
        for field_name, field in kind.fields.items():
            views = _outcomes(TABLE.decide(name, field_name, self._class), never)
            action = field_name if name == "Mutation" else field.extensions.get("action")
            if action is not None:
                permit = TABLE.permit(action, self._role)
                if permit.decision.is_denied or self._class.purpose not in permit.purposes:
                    continue
            if not views:
                continue
            self.views.setdefault((name, field_name), set()).update(views)
            target = get_named_type(field.type)
            if isinstance(target, GraphQLObjectType):
                self._visit(target.name, own=own)
            elif is_abstract_type(target):
                for each in SCHEMA.get_possible_types(target):
                    self._visit(each.name, own=own)


def _shown(schema: GraphQLSchema) -> set[Place]:
    return {(kind.name, name) for kind in _objects(schema) for name in kind.fields}


@_EACH
def test_what_is_shown_can_be_read(role: Role) -> None:
    """A role is told of no field that it could not read for any purpose, whatever holds."""
    readable = _Readable(role)
    for kind, name in _shown(EXCERPTS[role]):
        assert (kind, name) in readable.views, (kind, name)
        field = SCHEMA.type_map[kind].fields[name]  # type: ignore[attr-defined]
        if get_named_type(field.type).name == "PersonalText":
            continue
        if kind == "PersonalText":
            views = {
                view
                for (other, each), some in readable.views.items()
                if get_named_type(SCHEMA.type_map[other].fields[each].type).name == kind  # type: ignore[attr-defined]
                for view in some
            }
            assert not SHOWN_IN[name].isdisjoint(views), name


@_EACH
def test_what_can_be_read_is_shown(role: Role) -> None:
    """A role is told of every field that it can read, but for what would lead it to nothing."""
    shown = EXCERPTS[role]
    passages = PUBLISHED.classification.passages
    for kind, name in _Readable(role).views.keys() - _shown(shown):
        parent: Any = SCHEMA.type_map[kind]
        target: Any = get_named_type(parent.fields[name].type)
        leads_nowhere = target.name not in shown.type_map and not hasattr(target, "values")
        given = parent.fields[name].args.values()
        needs_more = any(
            is_required_argument(each) and get_named_type(each.type).name not in shown.type_map
            for each in given
        )
        # Of what only some mutations give, and of what only holds others together.
        is_gone = kind not in shown.type_map
        is_shell = kind in passages or bool(parent.extensions.get("made_by"))
        assert leads_nowhere or needs_more or (is_gone and is_shell) or kind == "PersonalText", (
            kind,
            name,
        )


@_EACH
def test_arguments_are_what_may_be_used(role: Role) -> None:
    """An argument, a field of an input or a value of an enum is shown where it may be used."""
    shown = EXCERPTS[role]
    classes = [PolicyClass(role, purpose) for purpose in PURPOSES[role]]
    for kind, name in PUBLISHED.classification.fields:
        parent, _, field = kind.partition(".")
        seen: Any = shown.type_map.get(parent)
        if field:
            place = getattr(seen, "fields", {}).get(field)
            held = place.args if place is not None else None
        elif isinstance(SCHEMA.type_map[kind], GraphQLInputObjectType):
            held = seen.fields if seen is not None else None
        elif isinstance(SCHEMA.type_map[kind], GraphQLEnumType):
            held = seen.values if seen is not None else None
        else:
            continue
        if held is not None:
            to_find = frozenset((Condition.CASE, Condition.UNRESTRICTED))
            may = any(TABLE.decide(kind, name, each).view(to_find) is View.FULL for each in classes)
            assert (name in held) is may, (kind, name)


@_EACH
def test_changes_are_those_that_may_be_made(role: Role) -> None:
    """A mutation is shown to whom the table lets do it for some purpose."""
    mutation = EXCERPTS[role].mutation_type
    shown = set(mutation.fields) if mutation is not None else set()
    assert SCHEMA.mutation_type is not None
    may = {
        name
        for name in SCHEMA.mutation_type.fields
        if (permit := TABLE.permit(name, role)).purposes.intersection(PURPOSES[role])
        and not permit.decision.is_denied
    }
    assert shown == may


def _check(shown: GraphQLSchema) -> None:
    kwargs = shown.to_kwargs()
    kwargs["assume_valid"] = False
    assert validate_schema(GraphQLSchema(**kwargs)) == []
    told = introspection_from_schema(shown)
    built = build_client_schema(told)
    assert validate_schema(built) == []
    assert built.type_map.keys() == shown.type_map.keys()
    for kind in shown.type_map.values():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            assert kind.fields, kind.name
        if is_abstract_type(kind):
            assert shown.get_possible_types(kind), kind.name
    for kind in _objects(shown):
        for interface in kind.interfaces:
            assert kind in shown.get_possible_types(interface)


@_EACH
def test_it_is_a_schema(role: Role) -> None:
    """What a role is told is a valid schema, from which clients build theirs."""
    _check(EXCERPTS[role])


def _table(dice: random.Random) -> PolicyTable:
    """A table that says anything at all."""
    views = [View.FULL, View.MASKED, View.PSEUDONYM]

    def decision() -> Decision:
        grants = [
            Grant(view, frozenset(dice.sample([*Condition], dice.randrange(3))))
            for view in views
            if dice.random() < 0.3
        ]
        return Decision(tuple(grants))

    classes = [(role, purpose) for role in Role for purpose in Purpose]
    cells = {(*each, category): decision() for each in classes for category in Category}
    bases = {
        (record, purpose): Basis("contract", "P1Y")
        for record in Record
        for purpose in Purpose
        if dice.random() < 0.7 or purpose is Purpose.SHOPPING
    }
    actions = {
        (name, role): Permit(decision())
        for name in PUBLISHED.classification.mutations
        for role in Role
    }
    return PolicyTable(PUBLISHED.classification, Table("anything", cells, {}, bases, actions))


def test_it_is_a_schema_whatever_the_table_says() -> None:
    """No table leads to something that is no schema, or that allows more than there is."""
    dice = random.Random(SEED)
    query = parse("{ viewer { role } products { nodes { name variants { sku } } } }")
    for _ in range(3):
        table = _table(dice)
        for role in dice.sample([*Role], 3):
            shown = excerpt(SCHEMA, sight(SCHEMA, role, table, table))
            _check(shown)
            assert _shown(shown) <= _shown(SCHEMA), f"PROOF_SEED={SEED}"
            assert validate(shown, query) == []


def _names(schema: GraphQLSchema) -> set[str]:
    """Everything that a schema calls by a name."""
    found = {name for name in schema.type_map if not name.startswith("__")}
    for kind in schema.type_map.values():
        if kind.name.startswith("__"):
            continue
        fields: Any = getattr(kind, "fields", {})
        for name, field in fields.items():
            found |= {name, *getattr(field, "args", {})}
        found |= set(getattr(kind, "values", {}))
    return found


def hidden_names(shown: GraphQLSchema) -> set[str]:
    """Every name of the schema that is in no sight of whom this is shown."""
    return _names(SCHEMA) - _names(shown)


def _texts(shown: GraphQLSchema) -> Iterator[tuple[str, str]]:
    """Everything that a schema says in words."""
    told = introspection_from_schema(shown)
    waiting: list[tuple[str, Any]] = [("", told["__schema"])]
    while waiting:
        path, each = waiting.pop()
        if isinstance(each, list):
            waiting += [(path, inner) for inner in each]
        elif isinstance(each, dict):
            here = f"{path}.{each.get('name')}"
            for key in ("description", "deprecationReason"):
                if each.get(key):
                    yield here, each[key]
            waiting += [(here, inner) for inner in each.values() if not isinstance(inner, str)]


@_EACH
def test_descriptions_name_nothing_else(role: Role) -> None:
    """What is described to a role is described without naming what it is not told of."""
    hidden = hidden_names(EXCERPTS[role])
    for place, text in _texts(EXCERPTS[role]):
        if not place.startswith(".None.__"):
            quoted = set(re.findall(r"`(\w+)`", text))
            spelt = set(re.findall(r"\b[a-zA-Z]+[a-z][A-Z]\w*|\b[A-Z]+_[A-Z_]+\b", text))
            assert not (quoted | spelt) & hidden, (place, text)


@_EACH
def test_mistakes_name_nothing_else(role: Role) -> None:
    """What is wrong with a document is told without a name that the caller did not write.

    Each hidden field is asked for misspelt beside its brothers, guessed and gone on below of, and
    guessed with a wrong argument.
    """
    shown = EXCERPTS[role]
    documents = Documents(SCHEMA, Limits(), capacity=1)
    hidden = hidden_names(shown)
    missing = [(kind.name, name) for kind in _objects(SCHEMA) for name in kind.fields]
    missing = [place for place in missing if place not in _shown(shown)]
    assert missing
    dice = random.Random(SEED)
    for kind, name in missing if ALL else dice.sample(missing, min(40, len(missing))):
        for asked in (name[:-1] + "q", f"{name} {{ nonsense }}", f"{name}(nonsense: 1)"):
            text = f"query {{ __typename ...F }} fragment F on {kind} {{ {asked} }}"
            read = documents.read(text)
            assert isinstance(read, Flawed), text
            told = read.told(shown)
            assert told is not read.errors, text
            for error in told:
                named = set(re.findall(r"\w+", " ".join(re.findall(r"'([^']*)'", error.message))))
                assert not (named - set(re.findall(r"\w+", text))) & hidden, (text, error.message)


@pytest.mark.parametrize("name", _TABS)
def test_the_ready_queries_are_answered(name: str) -> None:
    """What GraphiQL opens with is found good by what its caller is told of the schema."""
    query = parse((FOLDER / "queries" / f"{name}.graphql").read_text())
    assert validate(EXCERPTS[_TABS[name]], query) == []


def test_it_is_read_by_the_usual_query() -> None:
    """The full query of introspection gives each role its own schema."""
    whole = get_introspection_query(specified_by_url=True, input_value_deprecation=True)
    assert validate(SCHEMA, parse(whole)) == []
    told = {role: str(introspection_from_schema(shown)) for role, shown in EXCERPTS.items()}
    assert len(set(told.values())) > len(Role) // 2


@pytest.mark.anyio
@pytest.mark.systems
async def test_graphql_js_builds_it(tmp_path: Path) -> None:
    """The reference's own clients build the same types of what each role is told."""
    files = []
    for role, shown in EXCERPTS.items():
        files.append(tmp_path / f"{role.value}.json")
        files[-1].write_text(json.dumps(introspection_from_schema(shown)))
    folder = node.installed(Path(node.__file__).parent / "audit")
    built = await node.checks(folder, "build.js", *map(str, files))
    for each, shown in zip(built, EXCERPTS.values(), strict=True):
        assert each["errors"] == []
        assert each["types"] == sorted(shown.type_map)
