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
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)

from domain.policy import View
from domain.viewer import Purpose, Role
from sandbox.persona import CUSTOMER_CONTACT, NEIGHBOUR_CONTACT
from tests.policy.crowd import CALLERS, TABLE, oracle_of
from tests.policy.issuer import Caller
from tests.policy.oracle import Oracle, held
from tests.policy.proof import SEED, Proof, caller, known
from tests.policy.selection import DISGUISES
from tests.policy.test_sight import EXCERPTS
from tests.policy.way import (
    CUSTOMER,
    END,
    EVERYTHING,
    NODES,
    PUBLISHED,
    START,
    WAYS,
    World,
    ways_by,
)

PARTS = PUBLISHED.classification.parts
ALL = os.environ.get("PROOF_ALL") == "1"
_MULTIPART = "multipart/mixed;deferSpec=20220824, application/json"


def _parts(client: httpx.Client, proof: Proof, who: Caller, text: str) -> list[dict[str, Any]]:
    """Ask with @defer, and read all that comes."""
    headers = {**proof.headers(who), "Accept": _MULTIPART}
    body = {"query": text, "variables": {"id": known(who, CUSTOMER)}}
    answer = client.post(proof.shop.url, json=body, headers=headers)
    if not answer.headers["content-type"].startswith("multipart"):
        return [answer.json()]
    found = re.findall(r"\r\n\r\n(\{.*?\})\r\n--", answer.text, re.DOTALL)
    return [json.loads(each) for each in found]


_ABOVE = frozenset({"Query", "Viewer"})


def _objects(kind: Any) -> list[str]:
    """The objects that have an interface's fields; what takes input has none."""
    if isinstance(kind, GraphQLInterfaceType):
        return [each.name for each in PUBLISHED.graphql.get_implementations(kind).objects]
    return [kind.name] if isinstance(kind, GraphQLObjectType) else []


def _leading(schema: GraphQLSchema) -> set[tuple[str, str]]:
    """The fields of the root, and of the viewer, from which something classified is reached."""
    classified = {kind for kind, _ in PUBLISHED.classification.fields}
    return {
        (kind, name)
        for kind in _ABOVE
        for name, field in _fields(schema.type_map[kind]).items()
        if not classified.isdisjoint(_reached(schema, get_named_type(field.type), {kind}))
    }


def _fields(kind: Any) -> Mapping[str, GraphQLField]:
    return getattr(kind, "fields", {})


def _reached(schema: GraphQLSchema, kind: Any, seen: set[str]) -> set[str]:
    if is_leaf_type(kind) or kind.name in seen:
        return seen - _ABOVE
    seen.add(kind.name)
    for each in schema.get_possible_types(kind) if is_abstract_type(kind) else ():
        _reached(schema, each, seen)
    for field in _fields(kind).values():
        _reached(schema, get_named_type(field.type), seen)
    return seen - _ABOVE


_NAMES = [f"{who}{'/case' if has_case else ''}" for who, has_case in CALLERS]


def _is_led(who: Caller, way: str, oracle: Oracle, *, has_case: bool) -> bool:
    """Whether a way leads this caller to the customer, if they may see them."""
    if way in ("viewer", "own cart", "own reservation"):
        return who.customer == CUSTOMER_CONTACT
    if way == "case":
        return has_case
    if way == "carts":
        return oracle.sees("Cart")
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
    oracle = oracle_of(world, who, has_case=has_case)
    dice = random.Random(f"{SEED} {who}")
    ways = list(WAYS) if ALL else ["customer", *dice.sample(list(WAYS), 3)]
    tried = [(way, "plain") for way in dict.fromkeys(ways)]
    tried += [(dice.choice(list(WAYS)), disguise) for disguise in DISGUISES if disguise != "plain"]
    for way, disguise in tried:
        shown, answer = world.read(who, way, disguise)
        if way == "viewer" and who.customer == NEIGHBOUR_CONTACT:
            continue  # which leads them to themselves
        led = _is_led(who, way, oracle, has_case=has_case)
        led = led and oracle.view("Query", WAYS[way][2][0]) is not View.NONE
        whole = world.whole[way] if led else None
        if answer.codes and set(answer.codes) <= {"FORBIDDEN", "UNAUTHENTICATED"}:
            assert shown is None, (way, disguise)
            assert way in ("found", "sections", "lookup"), (way, answer.errors)
            continue
        assert answer.status == 200, answer.errors
        flaws = oracle.flaws(WAYS[way][0], whole, shown)
        if flaws and led and way != "case":
            # A day may have begun since, with other promises. The same answer has to fit what there
            # is to see now; what it shows too much, it shows whatever day it is.
            world.look()
            flaws = oracle.flaws(WAYS[way][0], world.whole[way], shown)
        assert not flaws, f"PROOF_SEED={SEED}: {way}, {disguise}: {flaws[:5]} of {len(flaws)}"
        untold = _untold(who.role, held(PUBLISHED.graphql, WAYS[way][0], shown))
        assert not untold, f"PROOF_SEED={SEED}: {way}, {disguise}: {untold}"
    if case is not None:
        world.close(who, case)


def test_every_field_was_tried(world: World) -> None:
    """The ways lead to every classified field there is, and begin at every root that leads on."""
    agent = Caller(role=Role.AGENT, purpose=Purpose.CUSTOMER_SERVICE, subject="tries-all")
    case = world.open(agent)
    oracle = oracle_of(world, EVERYTHING, has_case=False)
    for way, (kind, _, _) in WAYS.items():
        assert oracle.flaws(kind, world.whole[way], world.whole[way]) == []
    world.close(agent, case)
    schema = PUBLISHED.graphql
    began = [place for _, _, place in WAYS.values()]
    tried = set(oracle.seen) | {("Query", place[0]) for place in began}
    tried |= {("Viewer", place[1]) for place in began if place[0] == "viewer"}
    every = {
        (each, name)
        for kind, name in PUBLISHED.classification.fields
        for each in _objects(schema.type_map.get(kind))
    }
    assert every - tried == set()
    assert _leading(schema) - tried == set()


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
        oracle = oracle_of(world, who, has_case=False)
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
        oracle = oracle_of(world, who, has_case=True)
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
            oracle = oracle_of(world, again, has_case=False)
            flaws = oracle.flaws("Customer", world.whole["customer"], shown)
            assert not flaws, f"{again}: {flaws[:5]}"


def test_the_oracle_can_tell(world: World) -> None:
    """The proof can fail: who is shown a little more or a little less is noticed."""
    who = caller(Role.ASSOCIATE, Purpose.CUSTOMER_SERVICE)
    shown, _ = world.read(who, "customer")
    whole, oracle = world.whole["customer"], oracle_of(world, who, has_case=False)
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
