"""Each role is told of its own schema, whichever way it asks, and whoever asked before."""

import asyncio
import json
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import httpx
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_introspection_query,
    get_named_type,
    introspection_from_schema,
    is_leaf_type,
)

from domain.viewer import Purpose, Role
from tests.policy.issuer import Caller
from tests.policy.proof import SEED, Proof, caller
from tests.policy.test_sight import EXCERPTS, PURPOSES, SCHEMA, hidden_names
from tests.policy.way import EVERYTHING, PERSONS, PUBLISHED

pytestmark = pytest.mark.anyio
WHOLE = get_introspection_query(
    specified_by_url=True,
    directive_is_repeatable=True,
    schema_description=True,
    input_value_deprecation=True,
    experimental_directive_deprecation=True,
    one_of=True,
)
TOLD: dict[Role, Any] = {role: introspection_from_schema(shown) for role, shown in EXCERPTS.items()}
_EVENTS, _PARTS = "text/event-stream", "multipart/mixed;deferSpec=20220824, application/json"
_TYPE = """query ($name: String!) { __type(name: $name) { ...Type } } fragment Type on __Type {
  kind name fields(includeDeprecated: true) { name args { name } type { ...Ref } }
  inputFields { name } enumValues(includeDeprecated: true) { name }
  interfaces { name possibleTypes { name } } possibleTypes { name } }
fragment Ref on __Type { name ofType { name ofType { name ofType { name ofType { name } } } } }"""
_PREVIEW = """query ($role: Role!, $purpose: Purpose!, $operation: String!) {
  accessPreview(role: $role, purpose: $purpose, operation: $operation) {
    fields { type field views { view conditions } } } }"""

Ask = Callable[[httpx.Client, Proof, Caller], Any]


def _post(text: str) -> Ask:
    def ask(client: httpx.Client, proof: Proof, who: Caller) -> Any:
        return client.post(proof.shop.url, json={"query": text}, headers=proof.headers(who)).json()[
            "data"
        ]

    return ask


def _get(client: httpx.Client, proof: Proof, who: Caller) -> Any:
    headers = {**proof.headers(who), "Apollo-Require-Preflight": "true"}
    return client.get(proof.shop.url, params={"query": WHOLE}, headers=headers).json()["data"]


def _streamed(client: httpx.Client, proof: Proof, who: Caller) -> Any:
    headers = {**proof.headers(who), "Accept": _EVENTS}
    text = client.post(proof.shop.url, json={"query": WHOLE}, headers=headers).text
    (found,) = re.findall(r"event: next\r?\ndata: (.*)", text)
    return json.loads(found)["data"]


def _deferred(client: httpx.Client, proof: Proof, who: Caller) -> Any:
    text = WHOLE.replace("__schema {", "... @defer { __schema {", 1).replace(
        "fragment FullType", "} fragment FullType", 1
    )
    headers = {**proof.headers(who), "Accept": _PARTS}
    answer = client.post(proof.shop.url, json={"query": text}, headers=headers)
    found = re.findall(r"\r\n\r\n(\{.*?\})\r\n--", answer.text, re.DOTALL)
    first, *rest = [json.loads(each) for each in found]
    for part in rest:
        for each in part.get("incremental", ()):
            first["data"].update(each["data"])
    return first["data"]


_INNER = WHOLE[WHOLE.index("{") + 1 : WHOLE.index("fragment FullType")].strip().removesuffix("}")
_FRAGMENTS = WHOLE[WHOLE.index("fragment FullType") :]
WAYS: dict[str, Ask] = {
    "posted": _post(WHOLE),
    "posted again": _post(WHOLE),
    "got": _get,
    "streamed": _streamed,
    "deferred": _deferred,
    "in a fragment": _post(f"{{ ...All }} fragment All on Query {{ {_INNER} }} {_FRAGMENTS}"),
    "under a condition": _post(f"{{ ... @include(if: true) {{ {_INNER} }} }} {_FRAGMENTS}"),
    "beside something": _post(f"{{ viewer {{ role }} {_INNER} }} {_FRAGMENTS}"),
}


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=30) as found:
        yield found


def _who(role: Role, dice: random.Random) -> Caller:
    return caller(role, dice.choice(PURPOSES[role]))


def test_every_way_of_asking_tells_the_same(proof: Proof, client: httpx.Client) -> None:
    """However it is asked for, and for whichever purpose, a role is told of its own schema.

    The roles ask in turns, so that an answer that was kept for one would be another's.
    """
    dice = random.Random(SEED)
    for name, ask in WAYS.items():
        for role in dice.sample([*Role], len(Role)):
            told = ask(client, proof, _who(role, dice))
            told.pop("viewer", None)
            assert told == TOLD[role], f"PROOF_SEED={SEED}: {role}, {name}"


async def test_a_socket_tells_the_same(proof: Proof) -> None:
    """Over a socket a role is told of its own schema."""
    dice = random.Random(SEED)
    for role in dice.sample([*Role], 3):
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(
                proof.shop.url, protocols=["graphql-transport-ws"], max_msg_size=0
            ) as socket,
        ):
            headers = proof.headers(_who(role, dice))
            await socket.send_json({"type": "connection_init", "payload": headers})
            await asyncio.wait_for(socket.receive_json(), 20)
            asked = {"type": "subscribe", "id": "1", "payload": {"query": WHOLE}}
            await socket.send_json(asked)
            message = await asyncio.wait_for(socket.receive_json(), 20)
            assert message["payload"]["data"] == TOLD[role]


def test_a_type_is_there_or_not(proof: Proof) -> None:
    """By its name, too, a type is told as it is in the role's schema; what is hidden is absent."""
    dice = random.Random(SEED)
    for role in Role:
        who, shown = _who(role, dice), EXCERPTS[role]
        gone = sorted(SCHEMA.type_map.keys() - shown.type_map.keys())
        there = sorted(name for name in shown.type_map if not name.startswith("__"))
        names = dice.sample(gone, min(4, len(gone))) + dice.sample(there, 6)
        for name in ["Node", "Query", *names]:
            told = proof.ask(who, _TYPE, {"name": name}).data["__type"]
            if name not in shown.type_map:
                assert told is None, (role, name)
                continue
            fields = {each["name"] for each in told["fields"] or ()}
            known: Any = shown.type_map[name]
            if isinstance(known, GraphQLObjectType):
                assert fields == known.fields.keys(), (role, name)
            written = set(re.findall(r"'name': '(\w+)'", repr(told)))
            assert not written & hidden_names(shown), (role, name)


def test_a_value_that_is_wrong_names_nothing_else(proof: Proof) -> None:
    """What is wrong with a variable is told without a field or value that may not be used."""
    for role, shown in EXCERPTS.items():
        who = caller(role, PURPOSES[role][0])
        for kind, hidden in _hidden_inputs(role):
            for name in hidden:
                wrong: Any = {name[:-1]: "x"} if kind.endswith("Filter") else name[:-1]
                text = f"query ($given: {kind}) {{ {_uses(kind)} }}"
                answer = proof.ask(who, text, {"given": wrong})
                assert answer.errors, (role, kind, name)
                assert name not in re.findall(r"\w+", str(answer.errors)), (role, kind, name)
                assert kind in shown.type_map


def _hidden_inputs(role: Role) -> Iterator[tuple[str, list[str]]]:
    """Inputs and enums of which a role is told, and what of them it is not."""
    for name, kind in EXCERPTS[role].type_map.items():
        whole: Any = SCHEMA.type_map.get(name)
        if isinstance(kind, GraphQLInputObjectType):
            hidden = [each for each in whole.fields if each not in kind.fields]
        elif isinstance(kind, GraphQLEnumType) and whole.name.endswith("Sort"):
            hidden = [each for each in whole.values if each not in kind.values]
        else:
            continue
        if hidden:
            yield name, hidden


def _uses(kind: str) -> str:
    """Write the query that takes a variable of some type."""
    assert SCHEMA.query_type is not None
    for name, field in SCHEMA.query_type.fields.items():
        for given, argument in field.args.items():
            if get_named_type(argument.type).name == kind:
                return f"{name}({given}: $given) {{ __typename }}"
    raise AssertionError(f"no query takes {kind}")


def test_a_preview_agrees(proof: Proof) -> None:
    """What accessPreview shows of a role for some purpose is in the schema it is told of."""
    asked = " ".join(
        f"... on {name} {{ {' '.join(_leaves(name))} }}"
        for name in sorted(PERSONS)
        if any(each.name == "Node" for each in _object(name).interfaces)
    )
    document = f'{{ node(id: "x") {{ {asked} }} }}'
    for role, shown in EXCERPTS.items():
        previewed: dict[tuple[str, str], bool] = {}
        for purpose in PURPOSES[role]:
            given = {"role": role.value, "purpose": purpose.value, "operation": document}
            answer = proof.ask(EVERYTHING, _PREVIEW, given)
            assert not answer.errors, answer.errors
            for each in answer.data["accessPreview"]["fields"]:
                # Whose own it could be, or whose case, a preview of nobody cannot know.
                can = any("OWN" not in view["conditions"] for view in each["views"])
                can = can or (role is Role.CUSTOMER and bool(each["views"]))
                place = (each["type"], each["field"])
                previewed[place] = previewed.get(place, False) or can
        assert previewed
        for (kind, name), can in previewed.items():
            known: Any = shown.type_map.get(kind)
            is_shown = known is not None and name in known.fields
            if PUBLISHED.classification.fields.get((kind, name)) is None:
                continue
            assert is_shown or not can, (role, kind, name)
            assert can or not is_shown or kind in ("Cart", "Reservation"), (role, kind, name)


def _object(name: str) -> GraphQLObjectType:
    kind = SCHEMA.type_map[name]
    assert isinstance(kind, GraphQLObjectType)
    return kind


def _leaves(name: str) -> Iterator[str]:
    """Write every field of a type that needs nothing to be said."""
    for field_name, field in _object(name).fields.items():
        below = get_named_type(field.type)
        if not any(
            str(each.type).endswith("!") and each.default is None for each in field.args.values()
        ):
            alias = f"{name}_{field_name}: {field_name}"
            yield alias if is_leaf_type(below) else f"{alias} {{ __typename }}"


def test_what_is_hidden_is_answered_as_ever(proof: Proof) -> None:
    """Who asks for what they are not told of gets null and the reason."""
    viewer: Any = EXCERPTS[Role.CUSTOMER].type_map["Viewer"]
    assert "cases" not in viewer.fields
    answer = proof.ask(caller(Role.CUSTOMER, Purpose.SHOPPING), "{ viewer { cases { id } } }")
    assert answer.data == {"viewer": {"cases": None}}
    assert [each["path"] for each in answer.extensions["access"]] == [["viewer", "cases"]]
