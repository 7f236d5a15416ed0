"""Two worlds that differ in what a caller may not see are one world to that caller."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from auth.policy import PolicyTable
from auth.table import read_table
from domain.policy import NOTHING, Condition, View
from domain.viewer import PolicyClass, Role
from sandbox.persona import CUSTOMER_CONTACT, NEIGHBOUR_CONTACT
from tests.policy.issuer import Caller
from tests.policy.proof import SEED, Proof, caller, callers, proving
from tests.policy.twin import Elsewhere, Twin, twins
from tests.policy.way import PUBLISHED, WAYS, World

TABLE = PolicyTable(PUBLISHED.classification, read_table())
SYSTEMS = ("crm", "erp", "pos")
_FIELDS = (
    "name", "email", "phone", "birthDate", "addresses", "segments", "language", "consents",
    "loyalty", "interactions", "orders",
)  # fmt: skip
_CONSENTS = {each for each in Condition if each.value.startswith("consent:")}
_AGES = ("observedAt", "ageSeconds")


class Worlds:
    """A gateway before systems that can be those of the one world or of the other."""

    def __init__(self, proof: Proof, found: dict[str, Twin]) -> None:
        for name, twin in found.items():
            twin.target = proof.shop.systems[name]
        self.proof = proof
        self._twins = found
        self.world = World(proof)

    def seen_by(self, who: Caller, ways: list[str], change: Elsewhere | None) -> dict[str, Any]:
        """All that a caller can tell of a world, and all that its systems were asked for."""
        for twin in self._twins.values():
            twin.change = change
        self.proof.shop.forget(*SYSTEMS)
        told: dict[str, Any] = {}
        for way in ways:
            shown = self.world.read(who, way)[1]
            told[way] = (shown.status, _without_ages(shown.body))
        told["asked"] = {
            (system, each["path"], item)
            for system in SYSTEMS
            for each in self.proof.shop.requests(system)
            # An order that a list has brought is not asked for again, if the list came first.
            if not each["path"].endswith("ORDERS_BY_VBELN")
            for item in _items(each["body"])
        }
        for twin in self._twins.values():
            twin.change = None
        return told


def _items(body: Any) -> set[str]:
    """What a request asks for, however it was put into batches: that goes by who answers first.

    Of what a record is compared with others by, for the sake of identities, the kind alone: a
    system may be asked who else has an address that the caller is not shown.
    """
    found = {"nothing"}
    for name, value in body.items() if isinstance(body, dict) else ():
        for each in value if isinstance(value, list) else [value]:
            found.add(f"{name} {sorted(each) if isinstance(each, dict) else each}")
    return found


def _without_ages(body: Any) -> Any:
    if isinstance(body, dict):
        kept = {name: _without_ages(each) for name, each in body.items() if name not in _AGES}
        if "calls" in kept:
            kept["calls"] = sorted(kept["calls"])
        return kept
    if isinstance(body, list):
        return [_without_ages(each) for each in body]
    return body


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    with twins(*SYSTEMS) as found:
        urls = {name: twin.url for name, twin in found.items()}
        with proving(tmp_path_factory.mktemp("worlds"), systems=urls) as proof:
            yield Worlds(proof, found)


def _strangers() -> list[Caller]:
    """A caller of each class to whom the customer is another person."""
    return [
        caller(who.role, who.purpose, customer=NEIGHBOUR_CONTACT)
        if who.role is Role.CUSTOMER
        else who
        for who in callers()
    ]


def _elsewhere(world: World, who: Caller) -> Elsewhere:
    policy_class = PolicyClass(who.role, who.purpose)
    standing = world.standing(who, has_case=False)
    decision = TABLE.decide_type("Customer", policy_class)
    if decision.view(standing) is View.NONE and decision.view(NOTHING) is View.NONE:
        needed = decision.conditions & _CONSENTS
        if not needed:
            return Elsewhere(CUSTOMER_CONTACT, None, with_consents=False)
    decisions = {name: TABLE.decide("Customer", name, policy_class) for name in _FIELDS}
    views = {name: decision.view(standing) for name, decision in decisions.items()}
    # What a view depends on tells by the view itself, and is the caller's to know.
    conditions = {each for decision in decisions.values() for each in decision.conditions}
    return Elsewhere(CUSTOMER_CONTACT, views, with_consents=bool(conditions & _CONSENTS))


@pytest.mark.parametrize("who", _strangers(), ids=str)
def test_two_worlds_are_one(worlds: Worlds, who: Caller) -> None:
    """Answers, counts, costs and what systems are asked for are the same in both worlds."""
    dice = random.Random(f"{SEED} {who}")
    others = [way for way in WAYS if way not in ("customer", "order", "account")]
    ways = ["customer", *dice.sample(others, 4)]
    change = _elsewhere(worlds.world, who)
    here, there = worlds.seen_by(who, ways, None), worlds.seen_by(who, ways, change)
    for part, told in here.items():
        assert there[part] == told, f"PROOF_SEED={SEED}: {part}"


def test_the_worlds_do_differ(worlds: Worlds) -> None:
    """The proof can fail: who may see it is told of the other world what they are not here."""
    officer = caller(Role.PRIVACY_OFFICER, callers()[-1].purpose)
    for who in random.Random(SEED).sample(_strangers(), 12):
        change = _elsewhere(worlds.world, who)
        here = worlds.seen_by(officer, ["customer"], None)["customer"]
        there = worlds.seen_by(officer, ["customer"], change)["customer"]
        assert (here != there) is (change.changes > 0), str(who)
