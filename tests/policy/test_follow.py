"""S3: who follows something is told, with every event, what they would be told if they asked."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from graphql import get_named_type

from domain.viewer import PolicyClass
from tests.policy.belonging import DUE
from tests.policy.crowd import CALLERS, TABLE
from tests.policy.issuer import Caller
from tests.policy.oracle import Oracle
from tests.policy.proof import Proof
from tests.policy.way import EVERYTHING, NODES, PUBLISHED

# How each of them is followed so that something is told at once.
_FOLLOWED = {"availabilityChanged": f'availabilityChanged(skus: ["{DUE}"], after: "long.ago")'}
_OF_VARIANT = NODES.of("Variant")


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=30) as found:
        yield found


def _first(client: httpx.Client, proof: Proof, who: Caller) -> Any:
    """Follow, and give the first that is told."""
    document = f"""subscription {{ {_FOLLOWED["availabilityChanged"]} {{
      __typename variants {{ {_OF_VARIANT} }} }} }}"""
    headers = {**proof.headers(who), "Accept": "text/event-stream"}
    with client.stream("POST", proof.shop.url, json={"query": document}, headers=headers) as answer:
        assert answer.status_code == 200, answer.read()
        for line in answer.iter_lines():
            if line.startswith("data:") and line != "data:":
                told = json.loads(line.removeprefix("data:"))
                assert "errors" not in told, told
                return told["data"]["availabilityChanged"]
    raise AssertionError("nothing was told")


def test_every_subscription_is_tried() -> None:
    """What can be followed is followed here, and each leads to what is walked."""
    subscription = PUBLISHED.graphql.subscription_type
    assert subscription is not None
    assert subscription.fields.keys() == _FOLLOWED.keys()
    change = get_named_type(subscription.fields["availabilityChanged"].type)
    assert set(getattr(change, "fields", {})) == {"cursor", "variants"}


def test_what_is_followed_is_no_more(proof: Proof, client: httpx.Client) -> None:
    """Each caller is told of a change what the table says, and staff all of it."""
    whole = _first(client, proof, EVERYTHING)
    each_role = {who.role: who for who, has_case in CALLERS if not has_case}
    shown = [(who, _first(client, proof, who)) for who in each_role.values()]
    for who, told in shown:
        policy_class = PolicyClass(who.role, who.purpose)
        oracle = Oracle(PUBLISHED.graphql, TABLE, policy_class, frozenset())
        assert not oracle.flaws("AvailabilityChange", whole, told), str(who)
    exact = [
        each["stock"] is not None
        for _, told in shown
        for each in told["variants"][0]["availability"]["locations"]
    ]
    assert True in exact
    assert False in exact
