"""S3: of what a caller may not see, no system is asked; their own logs of requests show it."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
)

from adapters.sandbox_crm.message import FIELDS
from domain.policy import CONSENTS, Category, Condition, View
from domain.viewer import PolicyClass, Role
from sandbox.persona import NEIGHBOUR_CONTACT
from tests.policy.crowd import CALLERS, TABLE, oracle_of
from tests.policy.proof import Proof
from tests.policy.way import CUSTOMER, EVERYTHING, PUBLISHED, World

ALL = os.environ.get("PROOF_ALL") == "1"
_SYSTEMS = ("crm", "erp", "pos", "wms")
# By these it is found out whose a record is, and whether it may be used.
_ALWAYS = frozenset({"externalRefs", "restricted"})
_ROOTS = {"crm": "/api/v1/", "erp": "/sap/zretail/", "pos": "/backoffice/"}
# Its records are told from others by what they hold: asked for alone, they come with all of that.
_BY_ALL = "identities"
# Which requests serve which field of a customer, and no other.
_FETCHES = {
    ("crm", "loyalty"): "loyalty",
    ("crm", "interactions"): "interactions",
    ("erp", "ORDERS_BY_KUNNR"): "orders",
    ("pos", "cards"): "orders",
}


def _uses() -> list[tuple[str, str]]:
    """Every argument, field of an input and value of an enum that says what it is."""
    schema = PUBLISHED.graphql.type_map
    return [
        (kind, name)
        for (kind, name), label in PUBLISHED.classification.fields.items()
        if "." in kind or isinstance(schema.get(kind), GraphQLInputObjectType | GraphQLEnumType)
        if label.category is not Category.OPERATIONAL
    ]


def _sent() -> dict[str, frozenset[str]]:
    """What the CRM calls all that a field of a customer is made of, for each that it serves."""
    kind = PUBLISHED.graphql.type_map["Customer"]
    assert isinstance(kind, GraphQLObjectType)
    found = {}
    for name, field in kind.fields.items():
        read = {field.extensions.get("attribute"), *field.extensions.get("reads", ())}
        sent = frozenset(FIELDS[each] for each in read & FIELDS.keys())
        if sent:
            found[name] = sent
    return found


def _selected(names: Iterable[str]) -> str:
    kind = PUBLISHED.graphql.type_map["Customer"]
    assert isinstance(kind, GraphQLObjectType)
    leaves = {name for name in names if is_leaf_type(get_named_type(kind.fields[name].type))}
    return " ".join(name if name in leaves else f"{name} {{ __typename }}" for name in names)


SENT = _sent()
_ROOT_OF = {
    "CustomerFilter": "findCustomers",
    "Query.customer360": "customer360",
    "Kind": "lookup",
}
_GIVEN = {
    "email": "nobody@example.com",
    "phone": "+48123456789",
    "orderNumber": "4711",
    "birthDate": "1990-01-31",
    "postalCode": "00-001",
    "name": "Nowak",
}


def _used(kind: str, name: str) -> list[str]:
    """Documents that make use of one of them, openly and in disguise, beside something harmless."""
    if kind == "CustomerFilter":
        more = f', name: "{_GIVEN["name"]}"' if name == "postalCode" else ""
        use = f'findCustomers(where: {{ {name}: "{_GIVEN[name]}"{more} }}) {{ nodes {{ id }} }}'
    elif kind == "Kind":
        use = f'lookup(kind: {name}, system: "crm", id: "nobody") {{ id }}'
    else:
        assert kind == "Query.customer360", "say how this argument is used"
        use = f'customer360({name}: "{_GIVEN[name]}") {{ customer {{ id }} }}'
    value = name if kind == "Kind" else f'"{_GIVEN[name]}"'
    harmless = "shelf: products(first: 1) { nodes { name } } locations(first: 1) { nodes { name } }"
    return [
        f"{{ {harmless} {use} }}",
        f"{{ {harmless} ...it }} fragment it on Query {{ harmless: {use} }}",
        f"query ($it: {_type(kind, name)} = {value}) {{ {harmless} {use.replace(value, '$it')} }}",
        f"{{ {harmless} ... @include(if: true) {{ ... on Query {{ {use} }} }} }}",
        f"{{ {harmless} ... @defer {{ {use} }} }}",
    ]


def _type(kind: str, name: str) -> str:
    published = PUBLISHED.graphql.type_map[kind.partition(".")[0]]
    if isinstance(published, GraphQLInputObjectType):
        return str(published.fields[name].type)
    if isinstance(published, GraphQLEnumType):
        return f"{kind}!"
    assert isinstance(published, GraphQLObjectType)
    return str(published.fields[kind.partition(".")[2]].args[name].type)


def test_what_is_denied_is_not_fetched(world: World) -> None:
    """No system is asked for what a caller may not see: their own logs of requests show it."""
    for who, has_case in CALLERS:
        if has_case:
            continue
        oracle = oracle_of(world, who, has_case=False)
        world.proof.shop.forget(*_ROOTS)
        world.read(who, "node")
        asked = {
            (system, each["path"].removeprefix(_ROOTS[system]))
            for system in _ROOTS
            for each in world.proof.shop.requests(system)
        }
        for (system, path), field in _FETCHES.items():
            called = any(name == system and each.startswith(path) for name, each in asked)
            may = oracle.sees("Customer") and oracle.view("Customer", field) is not View.NONE
            assert not called or may, (str(who), system, path)
            if who == EVERYTHING:
                assert called, (system, path)


def test_what_is_denied_is_not_asked_for(world: World) -> None:
    """The CRM is asked for the fields that are shown, and for none that is denied."""
    shop = world.proof.shop
    for who, has_case in CALLERS:
        if has_case:
            continue
        oracle = oracle_of(world, who, has_case=False)
        terms = TABLE.terms("Customer", PolicyClass(who.role, who.purpose))
        # Conditions are looked up in the same record, and what rests on them comes with it.
        on_consent = {"consents"} if any(CONSENTS & term for term in terms) else set()
        for names in (SENT.keys() - {_BY_ALL}, {_BY_ALL}):
            shop.forget("crm")
            document = f"query ($id: ID!) {{ customer(id: $id) {{ id {_selected(names)} }} }}"
            answer = world.proof.ask(who, document, {"id": CUSTOMER})
            assert answer.status == 200, answer.errors
            bodies = [each["body"] for each in shop.requests("crm") if "batch" in each["path"]]
            everything = frozenset[str]().union(*SENT.values())
            asked = {name for body in bodies for name in body.get("fields", everything)}
            seen = {
                name
                for name in names
                if oracle.sees("Customer") and oracle.view("Customer", name) is not View.NONE
            }
            perhaps = {
                name
                for name in names
                for decision in [TABLE.decide("Customer", name, PolicyClass(who.role, who.purpose))]
                if CONSENTS & decision.conditions
            }
            shown = frozenset[str]().union(*(SENT[name] for name in seen))
            allowed = shown.union(on_consent, _ALWAYS, *(SENT[name] for name in perhaps))
            assert shown <= asked <= allowed, (str(who), asked)


@pytest.mark.parametrize(("kind", "name"), _uses(), ids="{0[0]}.{0[1]}".format)
def test_no_filter_tells_what_may_not_be_read(proof: Proof, kind: str, name: str) -> None:
    """Who may never read a field cannot look by it, and nothing else of the operation is done."""
    documents = _used(kind, name)
    for number, (who, has_case) in enumerate(CALLERS):
        if has_case or who.customer == NEIGHBOUR_CONTACT:
            continue
        policy_class = PolicyClass(who.role, who.purpose)
        decision = TABLE.decide(kind, name, policy_class)
        root = ("Query", _ROOT_OF[kind])
        may = decision.is_had_by(Condition.CASE, Condition.UNRESTRICTED)
        for document in documents if ALL else [documents[number % len(documents)]]:
            answer = proof.ask(who, document)
            if may:
                assert "FORBIDDEN" not in answer.codes or who.role is Role.CUSTOMER, str(who)
                proof.shop.forget(*_SYSTEMS)
            elif TABLE.decide(*root, policy_class).is_denied:
                # Whoever may not have the field at all is refused it like any other field.
                assert _shown(answer.data) <= {"shelf", "locations"}, answer.body
                assert proof.shop.requests("crm") == [], str(who)
                proof.shop.forget(*_SYSTEMS)
            else:
                assert answer.codes == ["FORBIDDEN"], (str(who), answer.body)
                assert answer.data is None
                asked = [each for system in _SYSTEMS for each in proof.shop.requests(system)]
                assert asked == [], (str(who), document)


def _shown(data: Mapping[str, Any]) -> set[str]:
    return {name for name, value in data.items() if value is not None}
