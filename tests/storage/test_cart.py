"""Carts of customers and guests, in any channel."""

import asyncio
import secrets
from typing import Any

import pytest

from domain.cart import MAX_CARTS
from domain.deadline import Deadline
from domain.viewer import ANONYMOUS, Viewer
from storage.store import Store
from tests.storage.shop import AGENT, ANNA, ASSOCIATE, PIOTR, Shop, customer

CART = """fragment cart on CartPayload {
  cart { id version state isGuest quantity
    lines { key sku quantity added { channel actor } changed { actor } variant { name } } }
  notices { code }
  userErrors { __typename message path ... on VersionConflict { version lines }
    ... on QuantityOutOfRange { quantity maximum } ... on CartFull { limit }
    ... on CartLimitReached { limit } ... on VariantUnknown { skus } } }"""
READ = """query ($id: ID, $secret: String) { cart(id: $id, secret: $secret) {
  id version lines { sku quantity } } }"""
NODE = "query ($id: ID!) { node(id: $id) { id } }"
MINE = "{ viewer { cart { id lines { sku quantity } } customer { carts { id } } } }"
OF = "query ($id: ID!) { customer(id: $id) { carts { id lines { sku quantity } } } }"
SHORT = """query ($id: ID!) { cart(id: $id) { problems {
  __typename line ... on ShortageProblem { wanted available } } } }"""
ANNA_ID = "Q3VzdG9tZXI6Y3JtOkMtMQ"


@pytest.fixture
def shop(store: Store) -> Shop:
    return Shop(store)


async def do(shop: Shop, viewer: Viewer, mutation: str, key: str, **input: Any) -> Any:
    """Carry out a mutation; gives its payload, or the errors where there is none."""
    kind = mutation[0].upper() + mutation[1:]
    document = f"mutation ($input: {kind}Input!) {{ {mutation}(input: $input) {{ ...cart }} }}"
    answer = await shop.ask(document + CART, viewer, input={"idempotencyKey": key, **input})
    return answer["data"][mutation] or answer["errors"]


async def begin(shop: Shop, viewer: Viewer, key: str = "create-1", **input: Any) -> str:
    payload = await do(shop, viewer, "cartCreate", key, **input)
    id: str = payload["cart"]["id"]
    return id


async def add(
    shop: Shop, viewer: Viewer, key: str, cart: str, *lines: tuple[str, int], **more: Any
) -> Any:
    given = [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
    return await do(shop, viewer, "cartLinesAdd", key, cart=cart, lines=given, **more)


def held(payload: Any) -> dict[str, int]:
    return {line["sku"]: line["quantity"] for line in payload["cart"]["lines"]}


async def test_a_customers_cart_follows_them(shop: Shop) -> None:
    """What a customer puts into a cart in one channel lies in it in every other."""
    anna = customer(ANNA)
    id = await begin(shop, anna)
    payload = await add(shop, anna, "add-0001", id, ("S1", 1), ("S2", 2))
    assert payload["userErrors"] == []
    payload = await add(shop, customer(ANNA, client="app"), "add-0001", id, ("S1", 2))
    assert held(payload) == {"S1": 3, "S2": 2}
    assert payload["cart"]["version"] == 3
    line = payload["cart"]["lines"][0]
    assert line["added"] == {"channel": "WEB", "actor": "CUSTOMER"}
    answer = await shop.ask(MINE, customer(ANNA, client="till"))
    lines = [{"sku": "S1", "quantity": 3}, {"sku": "S2", "quantity": 2}]
    assert answer["data"]["viewer"] == {
        "cart": {"id": id, "lines": lines},
        "customer": {"carts": [{"id": id}]},
    }


async def test_a_guests_cart_is_reached_by_its_secret_alone(shop: Shop) -> None:
    """Who holds the secret has the cart; its id, or another secret, shows nobody anything."""
    mine, other = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    id = await begin(shop, ANONYMOUS, secret=mine)
    payload = await add(shop, ANONYMOUS, "add-0001", id, ("S1", 1), secret=mine)
    assert payload["cart"]["lines"][0]["added"]["actor"] == "GUEST"
    for variables in ({"id": id, "secret": mine}, {"secret": mine}):
        answer = await shop.ask(READ, ANONYMOUS, **variables)
        assert answer["data"]["cart"]["lines"] == [{"sku": "S1", "quantity": 1}]
    for viewer in (ANONYMOUS, customer(PIOTR)):
        for variables in ({"id": id}, {"id": id, "secret": other}, {"secret": other}):
            answer = await shop.ask(READ, viewer, **variables)
            assert answer["data"] == {"cart": None}
        assert (await shop.ask(NODE, viewer, id=id))["data"] == {"node": None}
        assert await add(shop, viewer, "add-0002", id, ("S1", 1), secret=other) == ["NOT_FOUND"]
    assert await add(shop, ANONYMOUS, "add-0003", id, ("S1", 1)) == ["UNAUTHENTICATED"]


async def test_another_guest_with_the_same_key_gets_a_cart_of_their_own(shop: Shop) -> None:
    """Guests are told apart by their secrets: a key that two of them chose is two wishes."""
    one, two = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    first = await begin(shop, ANONYMOUS, "create-1", secret=one)
    assert await begin(shop, ANONYMOUS, "create-1", secret=two) != first
    assert await begin(shop, ANONYMOUS, "create-1", secret=one) == first
    payload = await do(shop, ANONYMOUS, "cartCreate", "create-2", secret=one)
    assert [each["__typename"] for each in payload["userErrors"]] == ["SecretTaken"]
    assert payload["cart"] is None
    assert await do(shop, ANONYMOUS, "cartCreate", "create-3") == ["UNAUTHENTICATED"]
    for weak in ("a" * 43, "0123456789" * 4, "short"):
        assert await do(shop, ANONYMOUS, "cartCreate", "create-4", secret=weak) == ["BAD_INPUT"]


async def test_nobody_elses_cart_can_be_seen_or_changed(shop: Shop) -> None:
    """Somebody else's cart is as good as none, for reading and for changing."""
    id = await begin(shop, customer(ANNA))
    piotr = customer(PIOTR)
    assert (await shop.ask(READ, piotr, id=id))["data"] == {"cart": None}
    assert (await shop.ask(NODE, piotr, id=id))["data"] == {"node": None}
    assert await add(shop, piotr, "add-0001", id, ("S1", 1)) == ["NOT_FOUND"]
    removal = {"cart": id, "expectedVersion": 1, "lines": ["x"]}
    assert await do(shop, piotr, "cartLinesRemove", "remove-1", **removal) == ["NOT_FOUND"]
    assert await do(shop, piotr, "cartCreate", "create-9", customer=ANNA_ID) == ["NOT_FOUND"]


async def test_staff_serve_customers_and_guests(shop: Shop) -> None:
    """Staff find a customer's carts, go on with them, and begin carts for both kinds of people."""
    assert await do(shop, AGENT, "cartCreate", "create-0", customer=ANNA_ID) == ["NOT_FOUND"]
    await shop.open_case(AGENT, ANNA_ID)
    id = await begin(shop, AGENT, customer=ANNA_ID)
    payload = await add(shop, AGENT, "add-0001", id, ("S1", 1))
    assert payload["cart"]["lines"][0]["added"] == {"channel": "WEB", "actor": "AGENT"}
    answer = await shop.ask(OF, AGENT, id=ANNA_ID)
    assert answer["data"]["customer"]["carts"] == [
        {"id": id, "lines": [{"sku": "S1", "quantity": 1}]}
    ]
    secret = secrets.token_urlsafe(32)
    walk_in = await begin(shop, ASSOCIATE, secret=secret)
    answer = await shop.ask(READ, ANONYMOUS, id=walk_in, secret=secret)
    assert answer["data"]["cart"]["id"] == walk_in
    assert await do(shop, AGENT, "cartCreate", "create-2") == ["BAD_INPUT"]


async def test_what_is_no_quantity_is_refused(shop: Shop) -> None:
    """No cart holds none, less than none, or beyond its limit; each is a typed error."""
    anna = customer(ANNA)
    id = await begin(shop, anna)
    for quantity in (0, -1, 1000, 2**31 - 1):
        payload = await add(shop, anna, f"add-{quantity:08}", id, ("S1", quantity))
        assert [each["__typename"] for each in payload["userErrors"]] == ["QuantityOutOfRange"]
        assert payload["cart"]["lines"] == []
    for wrong in (1.5, 2**31, "2"):
        line = {"sku": "S1", "quantity": wrong}
        payload = await shop.ask(
            """mutation ($input: CartLinesAddInput!) { cartLinesAdd(input: $input) {
              cart { id } } }""",
            anna,
            input={"idempotencyKey": "add-wrong", "cart": id, "lines": [line]},
        )
        assert payload["data"] is None
        assert payload["errors"]
    payload = await add(shop, anna, "add-full1", id, ("S1", 999))
    payload = await add(shop, anna, "add-full2", id, ("S1", 1))
    assert [each["__typename"] for each in payload["userErrors"]] == ["CartFull"]
    assert held(payload) == {"S1": 999}


async def test_parallel_additions_all_count_and_conflict_with_nobody(shop: Shop) -> None:
    """Many who add to one cart together lose nothing of each other's, and get no conflict."""
    anna = customer(ANNA)
    id = await begin(shop, anna)
    await shop.open_case(AGENT, ANNA_ID)
    payloads = await asyncio.gather(
        *(
            add(shop, anna if number % 2 else AGENT, f"add-{number:05}", id, ("S1", 1), (sku, 1))
            for number in range(20)
            for sku in [f"S-{number}"]
        )
    )
    assert [each["userErrors"] for each in payloads] == [[]] * 20
    answer = await shop.ask(READ, anna, id=id)
    lines = {line["sku"]: line["quantity"] for line in answer["data"]["cart"]["lines"]}
    assert lines == {"S1": 20, **{f"S-{number}": 1 for number in range(20)}}
    assert answer["data"]["cart"]["version"] == 21


async def test_only_a_change_of_the_same_line_conflicts(shop: Shop) -> None:
    """Setting and removing conflict with a change of that line since, and show the cart as it is;
    changes of other lines disturb nobody."""
    anna = customer(ANNA)
    id = await begin(shop, anna)
    payload = await add(shop, anna, "add-0001", id, ("S1", 1), ("S2", 1))
    await shop.open_case(AGENT, ANNA_ID)
    one, two = (line["key"] for line in payload["cart"]["lines"])
    await add(shop, AGENT, "add-0002", id, ("S1", 1), ("S3", 1))

    def wish(line: str, quantity: int, version: int = 2) -> dict[str, Any]:
        lines = [{"line": line, "quantity": quantity}]
        return {"cart": id, "expectedVersion": version, "lines": lines}

    payload = await do(shop, anna, "cartLinesUpdate", "update-1", **wish(two, 5))
    assert payload["userErrors"] == []
    payload = await do(shop, anna, "cartLinesUpdate", "update-2", **wish(one, 5))
    (error,) = payload["userErrors"]
    assert (error["__typename"], error["version"], error["lines"]) == ("VersionConflict", 4, [one])
    assert held(payload) == {"S1": 2, "S2": 5, "S3": 1}
    gone = {"cart": id, "expectedVersion": 2, "lines": [one]}
    payload = await do(shop, anna, "cartLinesRemove", "remove-1", **gone)
    assert [each["__typename"] for each in payload["userErrors"]] == ["VersionConflict"]
    payload = await do(shop, anna, "cartLinesRemove", "remove-2", **gone | {"expectedVersion": 4})
    assert held(payload) == {"S2": 5, "S3": 1}
    payload = await do(shop, anna, "cartLinesRemove", "remove-3", **gone | {"expectedVersion": 4})
    assert (payload["userErrors"], payload["cart"]["version"]) == ([], 5)
    payload = await do(shop, anna, "cartLinesUpdate", "update-3", **wish(one, 5, 5))
    assert [each["__typename"] for each in payload["userErrors"]] == ["VersionConflict"]
    payload = await do(shop, anna, "cartLinesUpdate", "update-4", **wish(two, 5, 9))
    assert [each["__typename"] for each in payload["userErrors"]] == ["VersionConflict"]


async def test_a_customer_has_so_many_carts(shop: Shop) -> None:
    """However many carts are begun together, nobody gets more than they may have."""
    anna = customer(ANNA)
    payloads = await asyncio.gather(
        *(do(shop, anna, "cartCreate", f"create-{number}") for number in range(MAX_CARTS + 5))
    )
    assert sum(each["cart"] is not None for each in payloads) == MAX_CARTS
    refused = [each["userErrors"][0]["limit"] for each in payloads if each["userErrors"]]
    assert refused == [MAX_CARTS] * 5


async def test_unknown_goods_change_nothing(shop: Shop) -> None:
    """What is no variant's SKU is refused by name; with nobody to ask it is taken at its word."""
    anna = customer(ANNA)
    id = await begin(shop, anna)
    payload = await add(shop, anna, "add-0001", id, ("S1", 1), ("X1", 1))
    assert payload["userErrors"][0]["skus"] == ["X1"]
    assert held(payload) == {}
    shop.products.is_away = True
    payload = await add(shop, anna, "add-0002", id, ("S1", 1))
    assert "VARIANTS_UNCHECKED" in [each["code"] for each in payload["notices"]]
    assert held(payload) == {"S1": 1}


async def test_an_erased_customers_carts_are_gone(store: Store, shop: Shop) -> None:
    """After erasure nothing of a customer's carts can be read, by id or by replay."""
    anna = customer(ANNA)
    id = await begin(shop, anna)
    await add(shop, anna, "add-0001", id, ("S1", 1))
    assert await store.shred([ANNA], Deadline.after(5)) == 1
    assert (await shop.ask(READ, anna, id=id))["data"] == {"cart": None}
    assert await add(shop, anna, "add-0001", id, ("S1", 1)) == ["NOT_FOUND"]


async def test_carts_of_one_document_are_one_batch(shop: Shop) -> None:
    """Own data is read in batches like any system's: two carts in one document are one call."""
    anna = customer(ANNA)
    first, second = await begin(shop, anna), await begin(shop, anna, "create-2")
    document = "query ($a: ID!, $b: ID!) { a: cart(id: $a) { id } b: cart(id: $b) { id } }"
    answer = await shop.ask(document, anna, a=first, b=second)
    assert answer["data"] == {"a": {"id": first}, "b": {"id": second}}
    assert answer["calls"]["store"] == 1


async def test_a_bundle_and_what_it_is_made_of_draw_on_the_same_goods(shop: Shop) -> None:
    """A cart tells of a shortage wherever its lines together want more than there is."""
    anna = customer(ANNA)
    id = await begin(shop, anna)
    # 50 pieces lie in each of three places; a bundle takes two of the one and one of the other.
    payload = await add(shop, anna, "add-0001", id, ("B1", 60), ("S8", 30))
    assert await _short(shop, anna, id) == []
    await add(shop, anna, "add-0002", id, ("S8", 1))
    line = payload["cart"]["lines"][1]["key"]
    assert await _short(shop, anna, id) == [
        {"__typename": "ShortageProblem", "line": line, "wanted": 31, "available": 30}
    ]
    shop.products.is_away = True
    assert await _short(shop, anna, id) == []


async def _short(shop: Shop, viewer: Viewer, id: str) -> list[Any]:
    answer = await shop.ask(SHORT, viewer, id=id)
    problems = answer["data"]["cart"]["problems"]
    return [each for each in problems if each["__typename"] == "ShortageProblem"]
