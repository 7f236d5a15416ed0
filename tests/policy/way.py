"""Every way to a customer and to what hangs on them, and what there is at its end."""

import re
from collections.abc import Sequence
from typing import Any

from domain.identity import node_id
from domain.policy import Condition, Standing
from domain.viewer import Purpose, Role
from sandbox.persona import CUSTOMER_CONTACT
from schema.build import build
from tests.policy.issuer import Caller
from tests.policy.proof import Proof, caller
from tests.policy.selection import DISGUISES, Selections, undisguised

PUBLISHED = build()
PERSONS = PUBLISHED.classification.person_types
NODES = Selections(PUBLISHED.graphql, PERSONS)
EDGES = Selections(PUBLISHED.graphql, PERSONS, by_edges=True)
EVERYTHING = caller(Role.SYSTEM, Purpose.LEGAL)
CUSTOMER = node_id("Customer", f"crm:{CUSTOMER_CONTACT}")
_CONSENTS = {
    "MARKETING_EMAIL": Condition.MARKETING_EMAIL,
    "MARKETING_SMS": Condition.MARKETING_SMS,
    "PROFILING": Condition.PROFILING,
    "PARTNERS": Condition.PARTNERS,
}
START = """mutation ($input: AssistStartInput!) { assistStart(input: $input) {
  case { id customer { SELECTION } } userErrors { message } } }"""
WISH = (
    "mutation ($input: WishlistCreateInput!) { wishlistCreate(input: $input) { wishlist { id } } }"
)
WISH_LINES = """mutation ($input: WishlistLinesAddInput!) { wishlistLinesAdd(input: $input) {
  wishlist { id } userErrors { message } } }"""
CART = "mutation ($input: CartCreateInput!) { cartCreate(input: $input) { cart { id } } }"
END = """mutation ($input: AssistEndInput!) { assistEnd(input: $input) { case { id } } }"""

Way = tuple[str, str, tuple[str, ...]]
"""The kind of object that a way leads to, the document, and where in the data it stands."""


def ways_by(selections: Selections) -> dict[str, Way]:
    """Every way to the customer and what hangs on them, with SELECTION in place of the fields."""
    there = "... on Customer { SELECTION }"
    by_id = "query ($id: ID!)"
    return {
        "customer": ("Customer", f"{by_id} {{ customer(id: $id) {{ SELECTION }} }}", ("customer",)),
        "node": ("Customer", f"{by_id} {{ node(id: $id) {{ {there} }} }}", ("node",)),
        "interface": (
            "Customer",
            f"{by_id} {{ node(id: $id) {{ ... on Node {{ id {there} }} }} }}",
            ("node",),
        ),
        "fragment": (
            "Customer",
            f"{by_id} {{ node(id: $id) {{ ...it }} }} fragment it on Node {{ {there} }}",
            ("node",),
        ),
        "nodes": ("Customer", f"{by_id} {{ nodes(ids: [$id]) {{ {there} }} }}", ("nodes", "0")),
        "lookup": (
            "Customer",
            f'{{ lookup(kind: CUSTOMER, system: "crm", id: "{CUSTOMER_CONTACT}") {{ {there} }} }}',
            ("lookup",),
        ),
        "found": (
            "Customer",
            "query ($email: String!) { findCustomers(where: { email: $email }, first: 1) { nodes { "
            "SELECTION } } }",
            ("findCustomers", "nodes", "0"),
        ),
        "viewer": ("Customer", "{ viewer { customer { SELECTION } } }", ("viewer", "customer")),
        "case": (
            "Customer",
            "{ viewer { cases { customer { SELECTION } } } }",
            ("viewer", "cases", "0", "customer"),
        ),
        "sections": (
            "Customer360",
            f"{by_id} {{ customer360(id: $id) {{ SELECTION }} }}",
            ("customer360",),
        ),
        "order": (
            "Order",
            "query ($order: ID!) { order(id: $order) { SELECTION } }",
            ("order",),
        ),
        "account": (
            "LoyaltyAccount",
            "query ($account: ID!) { node(id: $account) { ... on LoyaltyAccount { SELECTION } } }",
            ("node",),
        ),
    }


WAYS = {
    **ways_by(NODES),
    "edges": ("Customer", ways_by(EDGES)["customer"][1], ("customer",)),
}


class World:
    """What there is to see, read by a caller who sees it all; and the cases that agents have."""

    def __init__(self, proof: Proof) -> None:
        self.proof = proof
        self.variables: dict[str, Any] = {"id": CUSTOMER}
        self._own_something()
        customer = self.read(EVERYTHING, "customer")[0]
        assert isinstance(customer, dict)
        self.variables["email"] = customer["email"]["text"]
        self.variables["order"] = customer["orders"]["nodes"][0]["id"]
        self.variables["account"] = customer["loyalty"]["id"]
        agreed = {each["purpose"] for each in customer["consents"] if each["state"] == "GRANTED"}
        self.consents = frozenset(_CONSENTS[each] for each in agreed if each in _CONSENTS)
        self.whole = {name: self.read(EVERYTHING, name)[0] for name in WAYS}
        for name in ("viewer", "case"):
            self.whole[name] = customer

    def _own_something(self) -> None:
        """Let the customer have a wish list and a cart."""
        owner = caller(Role.CUSTOMER, Purpose.SHOPPING)
        wish = {"idempotencyKey": "proof-wish-1", "name": "a wish of the proof"}
        made = self.proof.ask(owner, WISH, {"input": wish}).data["wishlistCreate"]["wishlist"]
        lines = [{"sku": "100189001", "note": "a note of the proof"}]
        given = {"idempotencyKey": "proof-wish-2", "wishlist": made["id"], "lines": lines}
        assert not self.proof.ask(owner, WISH_LINES, {"input": given}).errors
        assert not self.proof.ask(owner, CART, {"input": {"idempotencyKey": "proof-cart-1"}}).errors

    def read(self, who: Caller, way: str, disguise: str = "plain") -> tuple[Any, Any]:
        """Ask one way: what was shown at its end, and the answer."""
        kind, document, place = WAYS[way]
        selections = EDGES if way == "edges" else NODES
        text = document.replace("SELECTION", selections.of(kind, DISGUISES[disguise]()))
        used = {name: self.variables[name] for name in re.findall(r"\$(\w+): ", text)}
        answer = self.proof.ask(who, text, used)
        return _at(undisguised(answer.data), place), answer

    def standing(self, who: Caller, *, has_case: bool) -> Standing:
        """What holds between a caller and the customer."""
        found = {Condition.UNRESTRICTED, *self.consents}
        if who.customer == CUSTOMER_CONTACT:
            found.add(Condition.OWN)
        if has_case:
            found.add(Condition.CASE)
        return frozenset(found)

    def open(self, who: Caller) -> str | None:
        """Open a case on the customer; None where this caller opens none."""
        given = {
            "idempotencyKey": f"proof-{who.subject}-{who.purpose.value}",
            "customer": CUSTOMER,
            "purpose": who.purpose.value,
            "reason": "the proof of every field",
            "verification": "SIGNED_IN",
        }
        answer = self.proof.ask(who, START.replace("SELECTION", "id"), {"input": given})
        return answer.data["assistStart"]["case"]["id"] if answer.data["assistStart"] else None


def _at(data: Any, place: Sequence[str]) -> Any:
    for step in place:
        if isinstance(data, list):
            data = data[int(step)] if len(data) > int(step) else None
        elif isinstance(data, dict):
            data = data.get(step)
    return data
