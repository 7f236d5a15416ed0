"""Two worlds that differ in what a caller may not see are one world to that caller."""

import random

import pytest

from auth.policy import PolicyTable
from auth.table import read_table
from domain.policy import NOTHING, Condition, View
from domain.viewer import PolicyClass, Role
from sandbox.persona import CUSTOMER_CONTACT, NEIGHBOUR_CONTACT
from tests.policy.issuer import Caller
from tests.policy.proof import SEED, caller, callers
from tests.policy.twin import Elsewhere
from tests.policy.way import PUBLISHED, WAYS, World
from tests.policy.worlds import Worlds

TABLE = PolicyTable(PUBLISHED.classification, read_table())
_FIELDS = (
    "name", "email", "phone", "birthDate", "addresses", "segments", "language", "consents",
    "loyalty", "interactions", "orders",
)  # fmt: skip
_CONSENTS = {each for each in Condition if each.value.startswith("consent:")}


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
