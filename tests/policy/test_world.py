"""Two worlds that differ in what a caller may not see are one world to that caller."""

import random

import pytest

from auth.policy import PolicyTable
from auth.table import read_table
from domain.policy import NOTHING, Condition, View
from domain.viewer import PolicyClass, Role
from sandbox.persona import CUSTOMER_CONTACT, NEIGHBOUR_CONTACT
from tests.policy.crowd import oracle_of
from tests.policy.issuer import Caller
from tests.policy.proof import SEED, caller, callers
from tests.policy.twin import Elsewhere
from tests.policy.way import PUBLISHED, THINGS, WAYS, World
from tests.policy.worlds import Worlds

TABLE = PolicyTable(PUBLISHED.classification, read_table())
_FIELDS = (
    "name", "email", "phone", "birthDate", "addresses", "segments", "language", "consents",
    "loyalty", "interactions", "orders",
)  # fmt: skip
# What the gateway keeps itself.
_KEPT = {"carts": "cart", "wishlists": "wishlist", "reservations": "reservation"}
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
            has_own = who.customer is not None
            return Elsewhere(CUSTOMER_CONTACT, None, with_consents=False, has_own=has_own)
    decisions = {name: TABLE.decide("Customer", name, policy_class) for name in _FIELDS}
    views = {name: decision.view(standing) for name, decision in decisions.items()}
    # What a view depends on tells by the view itself, and is the caller's to know.
    conditions = {each for decision in decisions.values() for each in decision.conditions}
    return Elsewhere(CUSTOMER_CONTACT, views, with_consents=bool(conditions & _CONSENTS))


def _hidden(world: World, who: Caller, *fields: str) -> list[str]:
    """Which fields a caller sees nothing of."""
    oracle = oracle_of(world, who, has_case=False)
    return [
        field
        for field in fields
        if not oracle.sees("Customer") or oracle.view("Customer", field) is View.NONE
    ]


def _is_never_seen(kind: str, who: Caller) -> bool:
    decision = TABLE.decide_type(kind, PolicyClass(who.role, who.purpose))
    return decision.view(frozenset(Condition) - {Condition.OWN, Condition.CASE}) is View.NONE


@pytest.mark.parametrize("who", _strangers(), ids=str)
def test_two_worlds_are_one(worlds: Worlds, who: Caller) -> None:
    """Answers, counts, costs and what systems are asked for are the same in both worlds."""
    dice = random.Random(f"{SEED} {who}")
    world = worlds.world
    kept = _hidden(world, who, *_KEPT)
    # By its own id a thing is as good as absent for who sees nothing of its kind.
    alone = {"order": "Order", "account": "LoyaltyAccount"}
    # Whoever has a list's link sees the list.
    others = [way for way in WAYS if way not in ("customer", "shared", *alone, *THINGS)]
    ways = ["customer", *dice.sample(others, 4), *(_KEPT[field] for field in kept)]
    ways += [way for way, kind in alone.items() if _is_never_seen(kind, who)]
    change = _elsewhere(world, who)
    here = worlds.seen_by(who, ways, None)
    for field in kept:
        world.put_in(field)
    there = worlds.seen_by(who, ways, change)
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
