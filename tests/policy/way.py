"""Every way to a customer and to what hangs on them, and what there is at its end."""

import math
import re
import time
from collections.abc import Sequence
from typing import Any

from domain.identity import node_id
from domain.policy import Condition, Standing
from domain.viewer import Purpose, Role
from sandbox.persona import ASSOCIATE_STORE, CUSTOMER_CONTACT
from schema.build import build
from tests.policy.belonging import DUE, Belongings, Market
from tests.policy.issuer import Caller
from tests.policy.proof import Proof, caller
from tests.policy.selection import DISGUISES, Selections, undisguised
from tests.policy.twin import Twin

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
_FRESH_SECONDS = 120
# What leads each caller to something of their own; the others see there what these lead to.
_LIKE = {
    "viewer": "customer",
    "own cart": "cart",
    "own reservation": "reservation",
}
START = """mutation ($input: AssistStartInput!) { assistStart(input: $input) {
  case { id customer { SELECTION } } userErrors { message } } }"""
_ARTICLE = "query ($sku: String!) { variant(sku: $sku) { product { id category { id } } } }"
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
            "CustomerConnection",
            "query ($email: String!) { findCustomers(where: { email: $email }, first: 1) { "
            "SELECTION } }",
            ("findCustomers",),
        ),
        "viewer": ("Customer", "{ viewer { customer { SELECTION } } }", ("viewer", "customer")),
        "case": ("Case", "{ viewer { cases { SELECTION } } }", ("viewer", "cases", "0")),
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
        "cart": ("Cart", "query ($cart: ID!) { cart(id: $cart) { SELECTION } }", ("cart",)),
        "own cart": ("Cart", "{ viewer { cart { SELECTION } } }", ("viewer", "cart")),
        "carts": ("CartConnection", "{ carts(first: 1) { SELECTION } }", ("carts",)),
        "reservation": (
            "Reservation",
            "query ($reservation: ID!) { reservation(id: $reservation) { SELECTION } }",
            ("reservation",),
        ),
        "own reservation": (
            "Reservation",
            "{ viewer { reservations { SELECTION } } }",
            ("viewer", "reservations", "0"),
        ),
        "wishlist": (
            "Wishlist",
            "query ($wishlist: ID!) { wishlist(id: $wishlist) { SELECTION } }",
            ("wishlist",),
        ),
        "shared": (
            "SharedWishlist",
            "query ($link: String!) { wishlistByLink(secret: $link) { SELECTION } }",
            ("wishlistByLink",),
        ),
        **_ways_to_things(),
    }


def _ways_to_things() -> dict[str, Way]:
    """Ways to what is about nobody, and has parts that only staff see."""
    variant = "query ($sku: String!) { variant(sku: $sku) { SELECTION } }"
    stock = "query ($sku: String!) { availability(skus: [$sku]) { SELECTION } }"
    shelf = "query ($sku: String!) { products(search: $sku, first: 1) { SELECTION } }"
    place = "query ($place: ID!) { node(id: $place) { ... on Location { SELECTION } } }"
    places = "{ locations(first: 2) { SELECTION } }"
    return {
        "product": (
            "Product",
            "query ($product: ID!) { product(id: $product) { SELECTION } }",
            ("product",),
        ),
        "category": (
            "Category",
            "query ($category: ID!) { category(id: $category) { SELECTION } }",
            ("category",),
        ),
        "variant": ("Variant", variant, ("variant",)),
        "availability": ("Availability", stock, ("availability", "0")),
        "shelf": ("ProductConnection", shelf, ("products",)),
        "location": ("Location", place, ("node",)),
        "locations": ("LocationConnection", places, ("locations",)),
        "categories": ("Category", "{ categories { SELECTION } }", ("categories", "0")),
    }


WAYS = {
    **ways_by(NODES),
    "edges": ("Customer", ways_by(EDGES)["customer"][1], ("customer",)),
}
THINGS = frozenset(_ways_to_things())


class World:
    """What there is to see, read by a caller who sees it all; and the cases that agents have."""

    def __init__(self, proof: Proof, twins: dict[str, Twin]) -> None:
        self.proof = proof
        self._own = Belongings(proof)
        self._own.make(Market(), twins)
        self.variables: dict[str, Any] = {
            "id": CUSTOMER,
            "sku": DUE,
            "place": node_id("Location", f"wms:{ASSOCIATE_STORE}"),
            **self._own.ids,
        }
        customer = self.read(EVERYTHING, "customer")[0]
        assert isinstance(customer, dict)
        self.variables["email"] = customer["email"]["text"]
        self.variables["order"] = customer["orders"]["nodes"][0]["id"]
        self.variables["account"] = customer["loyalty"]["id"]
        agreed = {each["purpose"] for each in customer["consents"] if each["state"] == "GRANTED"}
        self.consents = frozenset(_CONSENTS[each] for each in agreed if each in _CONSENTS)
        self.whole: dict[str, Any] = {}
        (article,) = proof.ask(EVERYTHING, _ARTICLE, {"sku": DUE}).data.values()
        self.variables["product"] = article["product"]["id"]
        self.variables["category"] = article["product"]["category"]["id"]
        self.look()

    def put_in(self, field: str) -> None:
        """Let the customer have more of what a field of theirs shows."""
        self._own.put_in(field)
        self._looked_at = -math.inf

    def refresh(self) -> None:
        """Look again before what is held can have expired, or where it has changed."""
        if time.monotonic() - self._looked_at > _FRESH_SECONDS:
            self._own.extend()
            self.look()

    def look(self) -> None:
        """See all that there is to see at this moment."""
        self._looked_at = time.monotonic()
        for name in WAYS:
            self.whole[name] = self.read(EVERYTHING, name)[0]
        for name, like in _LIKE.items():
            self.whole[name] = self.whole[like]

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
        """Open a case on the customer; None where this caller opens none.

        The case is theirs: as they see it, with the customer as there is, it is all of it.
        """
        given = {
            "idempotencyKey": f"proof-{who.subject}-{who.purpose.value}",
            "customer": CUSTOMER,
            "purpose": who.purpose.value,
            "reason": "the proof of every field",
            "verification": "SIGNED_IN",
        }
        answer = self.proof.ask(who, START.replace("SELECTION", "id"), {"input": given})
        if not answer.data["assistStart"]:
            return None
        case = self.read(who, "case")[0]
        told = {name: case[name] for name in ("purpose", "reason", "verification")}
        assert told == {name: given[name] for name in told}
        self.whole["case"] = {**case, "customer": self.whole["customer"]}
        id: str = case["id"]
        return id

    def close(self, who: Caller, case: str | None) -> None:
        """End a case, if there is one."""
        if case is not None:
            given = {"idempotencyKey": f"proof-end-{case}"[:128], "case": case}
            assert not self.proof.ask(who, END, {"input": given}).errors


def _at(data: Any, place: Sequence[str]) -> Any:
    for step in place:
        if isinstance(data, list):
            data = data[int(step)] if len(data) > int(step) else None
        elif isinstance(data, dict):
            data = data.get(step)
    return data
