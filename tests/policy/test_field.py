"""S3: every field about a person, for each role and purpose, by every way, in every disguise."""

import json
import os
import random
import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import msgspec
import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType, get_named_type

from auth.policy import PolicyTable
from auth.table import read_table
from domain.identity import node_id
from domain.policy import Category, Condition, View
from domain.viewer import PolicyClass, Purpose, Role
from sandbox.persona import ASSOCIATE_STORE, CUSTOMER_CONTACT, NEIGHBOUR_CONTACT
from tests.policy.issuer import Caller
from tests.policy.oracle import Oracle, held
from tests.policy.proof import SEED, Proof, caller
from tests.policy.selection import DISGUISES
from tests.policy.test_sight import EXCERPTS
from tests.policy.way import (
    CUSTOMER,
    END,
    EVERYTHING,
    NODES,
    PERSONS,
    PUBLISHED,
    START,
    WAYS,
    World,
    ways_by,
)

TABLE = PolicyTable(PUBLISHED.classification, read_table())
PARTS = PUBLISHED.classification.parts
STORE = node_id("Location", f"wms:{ASSOCIATE_STORE}")
ALL = os.environ.get("PROOF_ALL") == "1"
_MULTIPART = "multipart/mixed;deferSpec=20220824, application/json"


@pytest.fixture(scope="module")
def world(proving_gateway: Proof) -> World:
    proving_gateway.shop.mend()
    return World(proving_gateway)


def _callers() -> Iterator[tuple[Caller, bool]]:
    """A caller of each role and purpose; those who open cases once with one and once without."""
    for role in Role:
        for purpose in Purpose:
            if role is Role.ANONYMOUS and purpose is not Purpose.SHOPPING:
                continue
            if TABLE.permit("assistStart", role).decision.is_full:
                yield Caller(role=role, purpose=purpose, subject=f"with-{role.value}"), True
            yield caller(role, purpose), False
            if role is Role.CUSTOMER:
                yield caller(role, purpose, customer=NEIGHBOUR_CONTACT), False


_ROOTS = {"crm": "/api/v1/", "erp": "/sap/zretail/", "pos": "/backoffice/"}
# What the CRM calls a field of a customer; no condition of the table rests on one of these.
_SENT = {
    "birthDate": "birthDate",
    "addresses { country }": "addresses",
    "segments": "segments",
    "email { text }": "emails",
    "phone { text }": "phones",
}
# Which requests serve which field of a customer, and no other.
_FETCHES = {
    ("crm", "loyalty"): "loyalty",
    ("crm", "interactions"): "interactions",
    ("erp", "ORDERS_BY_KUNNR"): "orders",
    ("pos", "cards"): "orders",
}


def _uses() -> list[tuple[str, str]]:
    """Every argument and every field of an input that says what it is."""
    schema = PUBLISHED.graphql.type_map
    return [
        (kind, name)
        for (kind, name), label in PUBLISHED.classification.fields.items()
        if "." in kind or isinstance(schema.get(kind), GraphQLInputObjectType)
        if label.category is not Category.OPERATIONAL
    ]


def _used(kind: str, name: str) -> tuple[str, Mapping[str, Any]]:
    """A document that makes use of one of them."""
    given: dict[str, Any] = {
        "email": "nobody@example.com",
        "phone": "+48123456789",
        "orderNumber": "4711",
        "birthDate": "1990-01-31",
        "postalCode": "00-001",
        "name": "Nowak",
    }
    if kind == "CustomerFilter":
        where = {name: given[name]}
        if name == "postalCode":
            where["name"] = given["name"]
        return (
            "query ($where: CustomerFilter!) { findCustomers(where: $where) { nodes { id } } }",
            {"where": where},
        )
    parent, _, field = kind.partition(".")
    assert (parent, field) == ("Query", "customer360"), "say how this argument is used"
    document = f"query ($value: String!) {{ customer360({name}: $value) {{ customer {{ id }} }} }}"
    return document, {"value": given[name]}


def _parts(client: httpx.Client, proof: Proof, who: Caller, text: str) -> list[dict[str, Any]]:
    """Ask with @defer, and read all that comes."""
    headers = {**proof.headers(who), "Accept": _MULTIPART}
    body = {"query": text, "variables": {"id": CUSTOMER}}
    answer = client.post(proof.shop.url, json=body, headers=headers)
    if not answer.headers["content-type"].startswith("multipart"):
        return [answer.json()]
    found = re.findall(r"\r\n\r\n(\{.*?\})\r\n--", answer.text, re.DOTALL)
    return [json.loads(each) for each in found]


CALLERS = list(_callers())
_NAMES = [f"{who}{'/case' if has_case else ''}" for who, has_case in CALLERS]


def _oracle(world: World, who: Caller, *, has_case: bool) -> Oracle:
    policy_class = PolicyClass(who.role, who.purpose)
    standing = world.standing(who, has_case=has_case)
    store = STORE if who.store == ASSOCIATE_STORE else None
    return Oracle(PUBLISHED.graphql, TABLE, policy_class, standing, store)


def _is_led(who: Caller, way: str, *, has_case: bool) -> bool:
    """Whether a way leads this caller to the customer, if they may see them."""
    if way == "viewer":
        return who.customer == CUSTOMER_CONTACT
    if way == "case":
        return has_case
    return True


_EACH = pytest.mark.parametrize(("who", "has_case"), CALLERS, ids=_NAMES)


def _untold(role: Role, places: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Find the fields of which introspection does not tell a role, but for shells of nothing."""
    told = EXCERPTS[role].type_map
    shells = PUBLISHED.classification.passages - told.keys()
    untold = set()
    for name, field in places:
        kind: Any = PUBLISHED.graphql.type_map[name]
        is_shell = name in shells or get_named_type(kind.fields[field].type).name in shells
        if not is_shell and field not in getattr(told.get(name), "fields", {}):
            untold.add((name, field))
    return untold


@_EACH
def test_every_field_by_every_way(world: World, who: Caller, has_case: bool) -> None:
    """A caller sees of each field what the table says, whichever way and disguise they choose.

    Every field is asked for by every caller; the ways are a sample, all of them with PROOF_ALL=1.
    """
    case = world.open(who) if has_case else None
    has_case = case is not None
    oracle = _oracle(world, who, has_case=has_case)
    dice = random.Random(f"{SEED} {who}")
    ways = list(WAYS) if ALL else ["customer", *dice.sample(list(WAYS), 5)]
    tried = [(way, "plain") for way in dict.fromkeys(ways)]
    tried += [(dice.choice(list(WAYS)), disguise) for disguise in DISGUISES if disguise != "plain"]
    for way, disguise in tried:
        shown, answer = world.read(who, way, disguise)
        if way == "viewer" and who.customer == NEIGHBOUR_CONTACT:
            continue  # which leads them to themselves
        led = _is_led(who, way, has_case=has_case)
        led = led and oracle.view("Query", WAYS[way][2][0]) is not View.NONE
        whole = world.whole[way] if led else None
        if answer.codes and set(answer.codes) <= {"FORBIDDEN", "UNAUTHENTICATED"}:
            assert shown is None, (way, disguise)
            assert way in ("found", "sections", "lookup"), (way, answer.errors)
            continue
        assert answer.status == 200, answer.errors
        flaws = oracle.flaws(WAYS[way][0], whole, shown)
        assert not flaws, f"PROOF_SEED={SEED}: {way}, {disguise}: {flaws[:5]} of {len(flaws)}"
        untold = _untold(who.role, held(PUBLISHED.graphql, WAYS[way][0], shown))
        assert not untold, f"PROOF_SEED={SEED}: {way}, {disguise}: {untold}"
    if case is not None:
        given = {"idempotencyKey": f"proof-end-{case}"[:128], "case": case}
        assert not world.proof.ask(who, END, {"input": given}).errors


def test_every_field_was_tried(world: World) -> None:
    """Each field of the schema that is about a person was met, where the sandbox has a value."""
    oracle = _oracle(world, EVERYTHING, has_case=False)
    for way, (kind, _, _) in WAYS.items():
        assert oracle.flaws(kind, world.whole[way], world.whole[way]) == []
    untried = {
        (kind, name)
        for kind, name in PUBLISHED.classification.fields
        if isinstance(PUBLISHED.graphql.type_map.get(kind), GraphQLObjectType)
        and (kind in PERSONS or any(kind in parts for parts in PARTS.values()))
        and (kind, name) not in oracle.seen
    }
    # A cart without lines has no problems, and nothing of the customer's is held.
    empty = {*PARTS["Cart"], *PARTS["Reservation"], "Reservation"}
    assert {place for place in untried if place[0] not in empty} == set()


def test_what_is_denied_is_not_fetched(proof: Proof, world: World) -> None:
    """No system is asked for what a caller may not see: their own logs of requests show it."""
    for who, has_case in CALLERS:
        if has_case:
            continue
        oracle = _oracle(world, who, has_case=False)
        proof.shop.forget(*_ROOTS)
        world.read(who, "node")
        asked = {
            (system, each["path"].removeprefix(_ROOTS[system]))
            for system in _ROOTS
            for each in proof.shop.requests(system)
        }
        for (system, path), field in _FETCHES.items():
            called = any(name == system and each.startswith(path) for name, each in asked)
            may = oracle.sees("Customer") and oracle.view("Customer", field) is not View.NONE
            assert not called or may, (str(who), system, path)
            if who == EVERYTHING:
                assert called, (system, path)


def test_what_is_denied_is_not_asked_for(proof: Proof, world: World) -> None:
    """A denied field is not among those that the CRM is asked to send; a shown one is."""
    document = f"query ($id: ID!) {{ customer(id: $id) {{ id {' '.join(_SENT)} }} }}"
    for who, has_case in CALLERS:
        if has_case:
            continue
        oracle = _oracle(world, who, has_case=False)
        proof.shop.forget("crm")
        answer = proof.ask(who, document, {"id": CUSTOMER})
        assert answer.status == 200, answer.errors
        bodies = [each["body"] for each in proof.shop.requests("crm") if "batch" in each["path"]]
        asked = {name for body in bodies for name in body.get("fields", _SENT.values())}
        for field, sent in _SENT.items():
            name = field.split()[0]
            decision = TABLE.decide("Customer", name, PolicyClass(who.role, who.purpose))
            if oracle.sees("Customer") and oracle.view("Customer", name) is not View.NONE:
                assert sent in asked, (str(who), field)
            elif not any(each.value.startswith("consent:") for each in decision.conditions):
                # What rests on a consent comes with it: the CRM keeps them in one record.
                assert sent not in asked, (str(who), field)


@pytest.mark.parametrize(("kind", "name"), _uses(), ids="{0[0]}.{0[1]}".format)
def test_no_filter_tells_what_may_not_be_read(proof: Proof, kind: str, name: str) -> None:
    """Who may never read a field cannot look by it either, and no system is asked meanwhile."""
    document, variables = _used(kind, name)
    for who, has_case in CALLERS:
        if has_case or who.customer == NEIGHBOUR_CONTACT:
            continue
        policy_class = PolicyClass(who.role, who.purpose)
        decision = TABLE.decide(kind, name, policy_class)
        answer = proof.ask(who, document, variables)
        if decision.is_had_by(Condition.CASE, Condition.UNRESTRICTED):
            assert "FORBIDDEN" not in answer.codes or who.role is Role.CUSTOMER, str(who)
            proof.shop.forget("crm", "erp")
            continue
        told = [*answer.errors, *answer.extensions.get("access", ())]
        assert "FORBIDDEN" in str(told), (str(who), answer.body)
        assert answer.data is None or set(answer.data.values()) == {None}
        assert [*proof.shop.requests("crm"), *proof.shop.requests("erp")] == [], str(who)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=30) as found:
        yield found


def test_what_comes_later_is_no_more(world: World, client: httpx.Client) -> None:
    """A field that is deferred shows what it shows at once."""
    document = ways_by(NODES)["customer"][1].replace("SELECTION", "id ... @defer { SELECTION }")
    text = document.replace("SELECTION", NODES.of("Customer"))
    for who, has_case in CALLERS:
        if has_case or who.customer == NEIGHBOUR_CONTACT:
            continue
        parts = _parts(client, world.proof, who, text)
        assert "data" in parts[0], (str(who), parts)
        shown = parts[0]["data"]["customer"]
        for part in parts[1:]:
            for each in part.get("incremental", ()):
                assert each["path"] == ["customer"]
                shown.update(each["data"] or {})
        oracle = _oracle(world, who, has_case=False)
        whole = world.whole["customer"]
        flaws = oracle.flaws("Customer", whole, shown)
        assert not flaws, f"{who}: {flaws[:5]}"


def test_a_replay_shows_no_more(world: World) -> None:
    """What a change answered once is shown again as far as it may be seen at that moment."""
    selection = START.replace("SELECTION", NODES.of("Customer"))
    for role in [each for each in Role if TABLE.permit("assistStart", each).decision.is_full]:
        purpose = Purpose.LEGAL if role is Role.PRIVACY_OFFICER else Purpose.CUSTOMER_SERVICE
        who = Caller(role=role, purpose=purpose, subject=f"replay-{role.value}")
        given = {
            "idempotencyKey": "proof-replay",
            "customer": CUSTOMER,
            "purpose": purpose.value,
            "reason": "the proof of replays",
            "verification": "CODE",
        }
        first = world.proof.ask(who, selection, {"input": given})
        case = first.data["assistStart"]["case"]
        oracle = _oracle(world, who, has_case=True)
        # The case holds from the next operation on, for whoever reads it.
        assert not oracle.flaws("Customer", world.whole["customer"], world.read(who, "customer")[0])
        for other in (*Purpose, purpose):
            if other is purpose:
                done = {"idempotencyKey": "proof-replayed", "case": case["id"]}
                world.proof.ask(who, END, {"input": done})
            again = msgspec.structs.replace(who, purpose=other)
            answer = world.proof.ask(again, selection, {"input": given})
            if answer.codes:
                assert set(answer.codes) == {"FORBIDDEN"}
                continue
            shown = answer.data["assistStart"]["case"]["customer"]
            oracle = _oracle(world, again, has_case=False)
            flaws = oracle.flaws("Customer", world.whole["customer"], shown)
            assert not flaws, f"{again}: {flaws[:5]}"


def test_the_oracle_can_tell(world: World) -> None:
    """The proof can fail: who is shown a little more or a little less is noticed."""
    who = caller(Role.ASSOCIATE, Purpose.CUSTOMER_SERVICE)
    shown, _ = world.read(who, "customer")
    whole, oracle = world.whole["customer"], _oracle(world, who, has_case=False)
    assert oracle.flaws("Customer", whole, shown) == []
    for more in (
        {"birthDate": whole["birthDate"]},
        {"email": whole["email"]},
        {"email": {**shown["email"], "masked": whole["email"]["text"]}},
        {"loyalty": None},
        {"number": "another"},
        {"orders": {**shown["orders"], "nodes": shown["orders"]["nodes"][1:]}},
    ):
        assert oracle.flaws("Customer", whole, {**shown, **more}), more
