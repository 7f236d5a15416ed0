"""S11: no answer, or part of one, is handed to who asked as somebody else or somewhere else."""

import os
import random
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from domain.identity import node_id
from domain.viewer import Purpose, Role
from sandbox.persona import CUSTOMER_CONTACT, NEIGHBOUR_CONTACT
from tests.policy.issuer import Caller
from tests.policy.proof import SEED, Proof, caller

PAIRS = int(os.environ.get("PROOF_PAIRS", "300"))
CUSTOMER = {"id": node_id("Customer", f"crm:{CUSTOMER_CONTACT}")}
SHELF = """{ products(search: "backpack", first: 2) { nodes { name externalIds { system id }
  variants { sku name offer { price { gross { minor currency formatted } } } } } } }"""
DOCUMENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "shelf": (SHELF, {}),
    "person": (
        "query ($id: ID!) { viewer { role } customer(id: $id) { __typename id number language "
        "email { text masked pseudonym } "
        "birthDate segments name { full { text masked } } consents { purpose state } "
        "loyalty { id points tier } "
        "orders(first: 1) { nodes { id number } } } }",
        CUSTOMER,
    ),
    "own": ("{ viewer { role purposes customer { id number loyalty { points } } } }", {}),
}
PLACES = [
    {"Commerce-Market": "PL", "Accept-Language": "pl"},
    {"Commerce-Market": "PL", "Accept-Language": "en"},
    {"Commerce-Market": "DE", "Accept-Language": "de"},
    {"Commerce-Market": "DE", "Accept-Language": "en", "Commerce-Channel": "APP"},
]

Situation = tuple[Caller, int, str]


def _callers() -> list[Caller]:
    return [
        caller(Role.ANONYMOUS, Purpose.SHOPPING),
        caller(Role.CUSTOMER, Purpose.SHOPPING),
        caller(Role.CUSTOMER, Purpose.MARKETING),
        caller(Role.CUSTOMER, Purpose.SHOPPING, customer=NEIGHBOUR_CONTACT),
        caller(Role.ASSOCIATE, Purpose.CUSTOMER_SERVICE),
        caller(Role.ASSOCIATE, Purpose.ORDER_FULFILMENT),
        caller(Role.AGENT, Purpose.CUSTOMER_SERVICE),
        caller(Role.AGENT, Purpose.FRAUD_REVIEW),
        caller(Role.MARKETER, Purpose.ANALYTICS),
        caller(Role.PRIVACY_OFFICER, Purpose.LEGAL),
        caller(Role.SYSTEM, Purpose.LEGAL),
        caller(Role.SYSTEM, Purpose.MARKETING),
    ]


def _situations() -> Iterator[Situation]:
    return product(_callers(), range(len(PLACES)), DOCUMENTS)


def _ask(proof: Proof, situation: Situation) -> Any:
    who, place, name = situation
    document, variables = DOCUMENTS[name]
    answer = proof.ask(who, document, variables, PLACES[place])
    told = answer.extensions
    return {
        "data": answer.data,
        "errors": answer.errors,
        "access": told.get("access"),
        "context": told.get("context"),
    }


def test_nothing_crosses(proof: Proof) -> None:
    """Asked in any order, as often as one likes, each caller has the answer of their situation."""
    situations = list(_situations())
    dice = random.Random(SEED)
    dice.shuffle(situations)
    alone = {each: _ask(proof, each) for each in situations}
    for (who, place, _), answer in alone.items():
        context = answer["context"]
        assert context is not None, answer["errors"]
        assert context["market"] == PLACES[place]["Commerce-Market"]
        assert context["language"] == PLACES[place]["Accept-Language"]
        assert context["purpose"] == who.purpose.value
        assert context["channel"] == PLACES[place].get("Commerce-Channel", "WEB")
    for _ in range(PAIRS):
        # The same question twice in a row, by two who differ in one thing or in all.
        name = dice.choice(list(DOCUMENTS))
        pair = [each for each in dice.sample(situations, 40) if each[2] == name][:2]
        for each in pair:
            assert _ask(proof, each) == alone[each], f"PROOF_SEED={SEED}: {each}"


def test_situations_do_differ(proof: Proof) -> None:
    """The proof can fail: what is asked has another answer in another situation."""
    answers = {each: _ask(proof, each) for each in _situations()}
    shelf = [repr(each["data"]) for (_, _, name), each in answers.items() if name == "shelf"]
    own = [repr(each["data"]) for (_, _, name), each in answers.items() if name == "own"]
    assert len(set(shelf)) >= 2 * len(PLACES)
    assert len(set(own)) >= len({each.role for each in _callers()})


@pytest.mark.parametrize("name", ["person", "own"])
def test_what_is_personal_is_nobody_elses_to_keep(proof: Proof, name: str) -> None:
    """An answer about a person may be kept by no cache on the way."""
    document, variables = DOCUMENTS[name]
    for who in _callers():
        answer = proof.ask(who, document, variables)
        assert answer.response.headers["cache-control"] == "private, no-store"
