"""S2: whoever asks for somebody else's object by its id gets what they get for one that is not."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLNonNull, GraphQLObjectType, get_named_type

from auth.policy import PolicyTable
from auth.table import read_table
from domain.identity import node_id, node_key
from domain.viewer import Purpose, Role
from sandbox.persona import NEIGHBOUR_CONTACT
from schema.build import build
from tests.policy.belonging import DUE
from tests.policy.issuer import Caller
from tests.policy.proof import Proof, caller
from tests.policy.selection import Selections
from tests.shop import Answer

PUBLISHED = build()
TABLE = PolicyTable(PUBLISHED.classification, read_table())
PERSONS = PUBLISHED.classification.person_types
SELECTIONS = Selections(PUBLISHED.graphql, PERSONS)
EVERYTHING = caller(Role.SYSTEM, Purpose.LEGAL)
OWNER = caller(Role.CUSTOMER, Purpose.SHOPPING)
KINDS = sorted(
    name
    for name in PERSONS
    if isinstance(kind := PUBLISHED.graphql.type_map[name], GraphQLObjectType)
    and any(each.name == "Node" for each in kind.interfaces)
)
MINE = """{ viewer { customer { id loyalty { id } orders(first: 1) { nodes { id } }
  wishlists { id } carts { id } reservations { id } } } }"""

HOLD = """mutation ($input: ReservationCreateInput!) { reservationCreate(input: $input) {
  reservation { id } userErrors { message } } }"""


def strangers() -> list[Caller]:
    """Callers who have no right to a customer's objects: everybody but those the table names."""
    return [
        caller(Role.ANONYMOUS, Purpose.SHOPPING),
        *(caller(Role.CUSTOMER, purpose, customer=NEIGHBOUR_CONTACT) for purpose in Purpose),
        caller(Role.ASSOCIATE, Purpose.MARKETING),
        caller(Role.ASSOCIATE, Purpose.LEGAL),
        caller(Role.AGENT, Purpose.ANALYTICS),
        caller(Role.AGENT, Purpose.SHOPPING),
        caller(Role.MERCHANDISER, Purpose.CUSTOMER_SERVICE),
        caller(Role.MARKETER, Purpose.CUSTOMER_SERVICE),
        caller(Role.SYSTEM, Purpose.SHOPPING),
    ]


@pytest.fixture
def objects(proof: Proof) -> dict[str, str]:
    """One object of the sandbox's customer for each kind that the shop has one of."""
    for mutation, name in _beginnings():
        kind = PUBLISHED.graphql.type_map[name]
        assert isinstance(kind, GraphQLInputObjectType)
        document = f"mutation ($input: {name}!) {{ {mutation}(input: $input) {{ __typename }} }}"
        proof.ask(OWNER, document, {"input": _filled(kind)})
    # Which takes a place with the goods on its shelves.
    held = {
        "idempotencyKey": "proof-not-yours",
        "location": node_id("Location", "wms:WAW1"),
        "lines": [{"sku": DUE, "quantity": 1}],
    }
    made = proof.ask(OWNER, HOLD, {"input": held}).data["reservationCreate"]
    assert made["reservation"], made
    found = proof.ask(OWNER, MINE).data["viewer"]["customer"]
    ids = re.findall(r"'id': '([^']+)'", str(found))
    return {node_key(id)[0]: id for id in reversed(ids)}


def _beginnings() -> Iterator[tuple[str, str]]:
    """Every mutation that needs no id: what a customer's first objects come of."""
    mutation = PUBLISHED.graphql.mutation_type
    assert mutation is not None
    for name, field in mutation.fields.items():
        kind = get_named_type(field.args["input"].type)
        assert isinstance(kind, GraphQLInputObjectType)
        if not any(str(each.type) == "ID!" for each in kind.fields.values()):
            yield name, kind.name


def _absent(id: str) -> str:
    kind, key = node_key(id)
    system, mark, local = key.partition(":")
    other = re.sub(r"[0-9a-f]", "9", local or system)
    return node_id(kind, f"{system}:{other}" if mark else other)


def _told(answer: Answer, *ids: str) -> dict[str, Any]:
    """All that an answer tells, with the ids that were sent taken out."""
    text = answer.response.text
    for id in ids:
        text = text.replace(id, "ID").replace(node_key(id)[1], "KEY")
    headers = {
        name: value
        for name, value in answer.response.headers.items()
        if name not in ("date", "x-request-id", "ratelimit", "content-length")
    }
    text = re.sub(r'"requestId":"[^"]+"', "", text)
    return {"status": answer.status, "text": text, "headers": headers}


def _queries(kind: str) -> Iterator[tuple[str, str, bool]]:
    """Every way of the schema to an object by its id: name, document, whether it takes a list."""
    inner = SELECTIONS.of(kind)
    query = PUBLISHED.graphql.query_type
    assert query is not None
    for name, field in query.fields.items():
        target = get_named_type(field.type).name
        for argument, each in field.args.items():
            if get_named_type(each.type).name != "ID" or target not in (kind, "Node"):
                continue
            on = f"... on {kind} {{ {inner} }}" if target == "Node" else inner
            is_list = "[" in str(each.type)
            document = f"query ($id: {each.type}) {{ {name}({argument}: $id) {{ {on} }} }}"
            yield name, document, is_list


def test_every_kind_is_tried(objects: dict[str, str]) -> None:
    """There is an object of each kind that is about a person and has an id."""
    assert set(KINDS) == objects.keys()


@pytest.mark.parametrize("stranger", strangers(), ids=str)
def test_not_yours_is_absent(proof: Proof, objects: dict[str, str], stranger: Caller) -> None:
    """By no way of the schema an object of somebody else differs from one that does not exist."""
    tried = 0
    for kind, id in objects.items():
        absent = _absent(id)
        assert absent != id
        for name, document, is_list in _queries(kind):
            theirs, none = (
                proof.ask(stranger, document, {"id": [each] if is_list else each})
                for each in (id, absent)
            )
            assert theirs.status == 200, theirs.errors
            assert _told(theirs, id) == _told(none, absent), (kind, name)
            tried += 1
    assert tried >= 2 * len(objects)


@pytest.mark.parametrize("kind", KINDS)
def test_yours_is_there(proof: Proof, objects: dict[str, str], kind: str) -> None:
    """The proof can fail: by the same ways the owner has the object."""
    for name, document, is_list in _queries(kind):
        id: Any = [objects[kind]] if is_list else objects[kind]
        answer = proof.ask(OWNER, document, {"id": id})
        assert objects[kind] in answer.response.text, name


def _inputs() -> Iterator[tuple[str, str, str]]:
    """Every id that a mutation takes: the mutation, its input type, the field."""
    mutation = PUBLISHED.graphql.mutation_type
    assert mutation is not None
    for name, field in mutation.fields.items():
        kind = get_named_type(field.args["input"].type)
        assert isinstance(kind, GraphQLInputObjectType)
        for each, inner in kind.fields.items():
            if get_named_type(inner.type).name == "ID":
                yield name, kind.name, each


def _filled(
    kind: GraphQLInputObjectType, field: str | None = None, id: str | None = None
) -> dict[str, Any]:
    """The least that an input must hold, with this id in its place."""
    values: dict[str, Any] = {}
    for name, each in kind.fields.items():
        if name == field:
            values[name] = id
        elif name == "idempotencyKey":
            values[name] = "proof-not-yours"
        elif isinstance(each.type, GraphQLNonNull):
            values[name] = _value(each.type)
    return values


def _value(kind: Any) -> Any:
    inner = get_named_type(kind)
    if "[" in str(kind):
        return [_value(inner)]
    if isinstance(inner, GraphQLInputObjectType):
        return {
            name: _value(each.type)
            for name, each in inner.fields.items()
            if isinstance(each.type, GraphQLNonNull)
        }
    if hasattr(inner, "values"):
        return next(iter(inner.values))
    return {"Int": 1, "Boolean": True, "Float": 1.0}.get(inner.name, "100001001")


@pytest.mark.parametrize("place", list(_inputs()), ids=lambda place: f"{place[0]}.{place[2]}")
def test_not_yours_cannot_be_changed(
    proof: Proof, objects: dict[str, str], place: tuple[str, str, str]
) -> None:
    """A change of somebody else's object is answered like one of an object that does not exist."""
    mutation, name, field = place
    kind = PUBLISHED.graphql.type_map[name]
    assert isinstance(kind, GraphQLInputObjectType)
    document = f"mutation ($input: {name}!) {{ {mutation}(input: $input) {{ __typename }} }}"
    id = objects.get(field.capitalize(), objects["Customer"])
    absent = _absent(id)
    for stranger in strangers():
        if TABLE.permit(mutation, stranger.role).decision.is_full:
            continue  # whoever's it is, so this caller is no stranger to it
        theirs, none = (
            proof.ask(stranger, document, {"input": _filled(kind, field, each)})
            for each in (id, absent)
        )
        assert theirs.errors, (str(stranger), mutation)
        assert _told(theirs, id) == _told(none, absent), str(stranger)
