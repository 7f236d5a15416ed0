"""Reserve and collect, over HTTP: what is held is gone from list, filter, detail and till."""

import secrets
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.shop import Shop

CREATE = """mutation ($input: ReservationCreateInput!) { reservationCreate(input: $input) {
  reservation { id state expiresAt lines { quantity variant { sku } location { id } } }
  userErrors { __typename ... on Shortage { sku wanted available location { name } } } } }"""
RELEASE = """mutation ($input: ReservationReleaseInput!) { reservationRelease(input: $input) {
  reservation { state } userErrors { __typename } } }"""
LISTED = """query ($store: ID!) { products(where: { inStockAt: $store }, first: 100) {
  nodes { id variants { sku availability(locations: [$store]) { band
    locations { stock { available reserved } } } } } } }"""
DETAIL = """query ($sku: String!, $store: ID!) { variant(sku: $sku) {
  product { id } availability(locations: [$store]) { band isAvailable
    locations { stock { available reserved } } } } }"""


@pytest.fixture
def store(shop: Shop) -> str:
    """A shop where goods can be collected."""
    query = "{ locations(service: COLLECT, kind: STORE, first: 1) { nodes { id } } }"
    id: str = shop.ask(query).data["locations"]["nodes"][0]["id"]
    return id


@pytest.fixture
def last(shop: Shop, store: str) -> tuple[str, str, int]:
    """A product of which one variant alone lies in the shop: its id, the SKU, how many."""
    for product in shop.ask(LISTED, {"store": store}, persona="system").data["products"]["nodes"]:
        pieces = {
            variant["sku"]: sum(
                each["stock"]["available"] for each in variant["availability"]["locations"]
            )
            for variant in product["variants"]
            if variant["availability"]
        }
        there = {sku: count for sku, count in pieces.items() if count}
        if len(there) == 1:
            ((sku, count),) = there.items()
            return product["id"], sku, count
    raise AssertionError("no product has its last variant there")


class Reserving:
    """One customer or guest who reserves, and lets go in the end."""

    def __init__(self, shop: Shop, persona: str | None, secret: str | None = None) -> None:
        self._shop = shop
        self._persona = persona
        self._secret = {"secret": secret} if secret else {}
        self.made: list[str] = []

    def reserve(self, store: str, sku: str, quantity: int) -> Any:
        lines = [{"sku": sku, "quantity": quantity}]
        wish = {"location": store, "lines": lines, **self._secret}
        answer = self._send(CREATE, wish)
        assert answer.errors == []
        payload = answer.data["reservationCreate"]
        if payload["reservation"]:
            self.made.append(payload["reservation"]["id"])
        return payload

    def settle(self) -> None:
        """Let all of it go, and wait until the stock system knows."""
        self._shop.mend()
        end = time.monotonic() + 20
        is_told = not self.made
        self.release()
        while not is_told and time.monotonic() < end:
            asked = {each["path"] for each in self._shop.requests("wms")}
            is_told = "/v2/allocations/release" in asked
            time.sleep(0.1)
        assert is_told

    def release(self) -> None:
        while self.made:
            answer = self._send(RELEASE, {"reservation": self.made.pop(), **self._secret})
            assert answer.data["reservationRelease"]["reservation"]["state"] == "RELEASED"

    def _send(self, document: str, wish: dict[str, Any]) -> Any:
        given = {"input": {"idempotencyKey": str(uuid.uuid4()), **wish}}
        return self._shop.ask(document, given, persona=self._persona)


@pytest.fixture(params=["customer", "guest"])
def reserving(request: pytest.FixtureRequest, shop: Shop) -> Iterator[Reserving]:
    one = Reserving(shop, "customer")
    if request.param == "guest":
        one = Reserving(shop, None, secrets.token_urlsafe(32))
    yield one
    one.settle()


def _ids(shop: Shop, store: str) -> set[str]:
    answer = shop.ask(LISTED, {"store": store}, persona="system")
    assert answer.errors == []
    return {each["id"] for each in answer.data["products"]["nodes"]}


def test_the_last_pieces_are_gone_everywhere_once_held(
    shop: Shop, store: str, last: tuple[str, str, int], reserving: Reserving
) -> None:
    """A reserved piece is listed in stock nowhere, shown available nowhere, and reserved once."""
    product, sku, count = last
    made = reserving.reserve(store, sku, count)
    assert made["userErrors"] == []
    assert made["reservation"]["lines"] == [
        {"quantity": count, "variant": {"sku": sku}, "location": {"id": store}}
    ]
    detail = shop.ask(DETAIL, {"sku": sku, "store": store}, persona="system").data["variant"]
    assert detail["availability"] == {
        "band": "NONE",
        "isAvailable": False,
        "locations": [{"stock": {"available": 0, "reserved": count}}],
    }
    assert product not in _ids(shop, store)
    (short,) = reserving.reserve(store, sku, 1)["userErrors"]
    assert (short["__typename"], short["wanted"], short["available"]) == ("Shortage", 1, 0)
    assert short["location"]["name"]
    reserving.settle()
    assert product in _ids(shop, store)


def test_what_is_held_costs_no_further_call(
    shop: Shop, store: str, last: tuple[str, str, int], reserving: Reserving
) -> None:
    """A listing asks the systems no more often because something is held."""
    before = shop.ask(LISTED, {"store": store}, persona="system").calls
    reserving.reserve(store, last[1], 1)
    assert shop.ask(LISTED, {"store": store}, persona="system").calls == before


BUNDLES = """query ($after: String) { products(first: 100, after: $after) {
  pageInfo { hasNextPage endCursor }
  nodes { variants { sku components { sku quantity variant { name } } } } } }"""
THERE = """query ($skus: [String!]!) { availability(skus: $skus) {
  sku locations(first: 100) { location { id } stock { available } } } }"""


def test_a_bundle_is_as_many_as_its_scarcest_component_makes(shop: Shop) -> None:
    """What lies nowhere as such is promised by what it is packed of, place by place."""
    bundles: dict[str, Any] = {}
    after, more = None, True
    while more:
        answer = shop.ask(BUNDLES, {"after": after})
        assert answer.errors == []
        page = answer.data["products"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        found = [each for node in page["nodes"] for each in node["variants"] if each["components"]]
        bundles |= {each["sku"]: each["components"] for each in found}
    assert len(bundles) > 3
    for sku, components in bundles.items():
        assert all(each["variant"]["name"] for each in components)
        skus = [sku, *(each["sku"] for each in components)]
        answer = shop.ask(THERE, {"skus": skus}, persona="system")
        assert answer.errors == []
        pieces = {
            each["sku"]: {
                place["location"]["id"]: place["stock"]["available"] for place in each["locations"]
            }
            for each in answer.data["availability"]
        }
        made = [(pieces[each["sku"]], each["quantity"]) for each in components]
        everywhere = set.intersection(*(set(there) for there, _ in made))
        assert pieces[sku] == {
            key: min(there[key] // count for there, count in made) for key in everywhere
        }


def test_the_stock_system_is_told_and_nothing_counts_twice(
    shop: Shop, store: str, last: tuple[str, str, int], reserving: Reserving
) -> None:
    """While a hold passes into the stock system's own figures, what can be had stays the same."""
    _, sku, count = last
    shop.mend()
    reserving.reserve(store, sku, 1)
    query = """query ($sku: String!, $store: ID!) { variant(sku: $sku) {
      availability(locations: [$store]) {
        locations { stock { available reserved allocated } } } } }"""
    seen = set()
    end = time.monotonic() + 45
    while time.monotonic() < end and 0 not in seen:
        answer = shop.ask(query, {"sku": sku, "store": store}, persona="system")
        (place,) = answer.data["variant"]["availability"]["locations"]
        assert place["stock"]["available"] == count - 1
        seen.add(place["stock"]["reserved"])
        time.sleep(0.2)
    assert seen == {1, 0}
    assert "/v2/allocations" in {each["path"] for each in shop.requests("wms")}
