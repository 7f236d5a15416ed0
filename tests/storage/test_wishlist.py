"""A customer's wish lists, in any channel."""

import asyncio
import stat
from pathlib import Path

import pytest

from domain.deadline import Deadline
from domain.wishlist import MAX_LINES, MAX_WISHLISTS
from storage.settings import StorageSettings
from storage.store import Store, open_store
from tests.storage.conftest import MASTER_KEY
from tests.storage.shop import (
    AGENT,
    ANNA,
    ASSOCIATE,
    LIST,
    MINE,
    PIOTR,
    REMOVE,
    SHARE,
    Shop,
    add,
    create,
    customer,
)

BY_ID = "query ($id: ID!) { wishlist(id: $id) { id name lines { sku } } node(id: $id) { id } }"
BY_LINK = """query ($secret: String!) { wishlistByLink(secret: $secret) {
  lines { sku quantity variant { name } } } }"""
OF = """query ($id: ID!) { customer(id: $id) { id wishlists { name lines { sku note } } } }"""


@pytest.fixture
def shop(store: Store) -> Shop:
    return Shop(store)


async def _list(shop: Shop, key: str = "create-1", name: str = "Winter") -> str:
    answer = await create(shop, customer(ANNA), key, name)
    assert answer["errors"] == []
    id: str = answer["data"]["wishlistCreate"]["wishlist"]["id"]
    return id


async def test_a_list_is_made_filled_emptied_and_read(shop: Shop) -> None:
    """What a customer writes on a wish list in one channel, they read in every other."""
    anna = customer(ANNA)
    id = await _list(shop)
    app = customer(ANNA, client="app")
    answer = await add(shop, app, "add-0001", id, {"sku": "S1", "note": "size M"}, "S2")
    payload = answer["data"]["wishlistLinesAdd"]
    assert payload["userErrors"] == []
    assert payload["wishlist"]["version"] == 2
    await add(shop, anna, "add-0002", id, {"sku": "S1", "quantity": 2})
    answer = await shop.ask(
        REMOVE + LIST, anna, input={"idempotencyKey": "remove-1", "wishlist": id, "skus": ["S2"]}
    )
    line = {
        "sku": "S1", "quantity": 3, "note": "size M", "channel": "WEB",
        "variant": {"name": "Shirt S1"},
    }  # fmt: skip
    assert answer["data"]["wishlistLinesRemove"]["wishlist"]["lines"] == [line]
    answer = await shop.ask(MINE, customer(ANNA, client="till"))
    assert answer["errors"] == []
    (found,) = answer["data"]["viewer"]["customer"]["wishlists"]
    assert found == {"id": id, "name": "Winter", "version": 4, "lines": [line]}


async def test_many_lists_are_read_in_one_batch(shop: Shop) -> None:
    """Own data is read in batches like any system's: two lists in one document are one call."""
    first, second = await _list(shop), await _list(shop, "create-2", "Summer")
    document = """query ($a: ID!, $b: ID!) { a: wishlist(id: $a) { name } b: wishlist(id: $b)
      { name } }"""
    answer = await shop.ask(document, customer(ANNA), a=first, b=second)
    assert answer["data"] == {"a": {"name": "Winter"}, "b": {"name": "Summer"}}
    assert answer["calls"]["store"] == 1


async def test_nobody_else_s_list_can_be_seen_or_changed(shop: Shop) -> None:
    """Somebody else's wish list is as good as none, for reading and for changing."""
    id = await _list(shop)
    piotr = customer(PIOTR)
    answer = await shop.ask(BY_ID, piotr, id=id)
    assert answer["data"] == {"wishlist": None, "node": None}
    answer = await add(shop, piotr, "add-0001", id, "S1")
    assert answer["errors"] == ["NOT_FOUND"]
    answer = await create(shop, piotr, "create-9", customer="Q3VzdG9tZXI6Y3JtOkMtMQ")
    assert answer["errors"] == ["NOT_FOUND"]
    answer = await shop.ask(BY_ID, customer(ANNA), id=id)
    assert answer["data"]["wishlist"] == {"id": id, "name": "Winter", "lines": []}


async def test_staff_see_and_serve_customers(shop: Shop) -> None:
    """Staff see customers' lists as far as the policy lets them, and make them for a customer."""
    anna = "Q3VzdG9tZXI6Y3JtOkMtMQ"
    answer = await create(shop, AGENT, "create-1", "By phone", customer=anna)
    assert answer["errors"] == ["NOT_FOUND"]
    await shop.open_case(AGENT, anna)
    answer = await create(shop, AGENT, "create-2", "By phone", customer=anna)
    id = answer["data"]["wishlistCreate"]["wishlist"]["id"]
    await add(shop, AGENT, "add-0001", id, {"sku": "S1", "note": "for her birthday"})
    answer = await shop.ask(OF, AGENT, id=anna)
    line = {"sku": "S1", "note": "for her birthday"}
    assert answer["data"]["customer"]["wishlists"] == [{"name": "By phone", "lines": [line]}]
    answer = await shop.ask(OF, ASSOCIATE, id=anna)
    assert answer["data"]["customer"]["wishlists"] == [
        {"name": None, "lines": [{"sku": "S1", "note": None}]}
    ]
    answer = await create(shop, AGENT, "create-3")
    assert answer["errors"] == ["BAD_INPUT"]


async def test_a_link_shows_the_list_and_not_whose_it_is(shop: Shop) -> None:
    """Who has the link reads the list; a new link ends the one before."""
    id, anna = await _list(shop), customer(ANNA)
    await add(shop, anna, "add-0001", id, {"sku": "S1", "note": "secret note"})
    secrets = []
    for key in ("share-01", "share-02"):
        answer = await shop.ask(SHARE, anna, input={"idempotencyKey": key, "wishlist": id})
        payload = answer["data"]["wishlistShare"]
        assert payload["wishlist"] == {"id": id, "isShared": True}
        secrets.append(payload["secret"])
    lines = [{"sku": "S1", "quantity": 1, "variant": {"name": "Shirt S1"}}]
    for viewer in (customer(PIOTR), AGENT):
        answer = await shop.ask(BY_LINK, viewer, secret=secrets[1])
        assert answer["data"]["wishlistByLink"] == {"lines": lines}
    answer = await shop.ask(BY_LINK, anna, secret=secrets[0])
    assert answer["data"]["wishlistByLink"] is None


async def test_limits_are_user_errors_and_change_nothing(shop: Shop) -> None:
    """What cannot be done is said in types that tell what to do, and nothing has changed."""
    id, anna = await _list(shop), customer(ANNA)
    answer = await add(shop, anna, "add-0001", id, "S1", "X1")
    (error,) = answer["data"]["wishlistLinesAdd"]["userErrors"]
    assert (error["__typename"], error["skus"]) == ("VariantUnknown", ["X1"])
    for number in range(MAX_LINES // 100):
        skus = [f"S{number}-{each}" for each in range(100)]
        answer = await add(shop, anna, f"add-many{number}", id, *skus)
        assert answer["data"]["wishlistLinesAdd"]["userErrors"] == []
    answer = await add(shop, anna, "add-over", id, "S-over")
    payload = answer["data"]["wishlistLinesAdd"]
    assert payload["wishlist"] is None
    assert (payload["userErrors"][0]["__typename"], payload["userErrors"][0]["limit"]) == (
        "WishlistFull",
        MAX_LINES,
    )
    for number in range(1, MAX_WISHLISTS):
        await create(shop, anna, f"create-many{number}")
    answer = await create(shop, anna, "create-over")
    (error,) = answer["data"]["wishlistCreate"]["userErrors"]
    assert (error["__typename"], error["limit"]) == ("WishlistLimitReached", MAX_WISHLISTS)


async def test_a_wish_is_noted_though_products_are_away(shop: Shop) -> None:
    """A product system that is down costs the check, not the wish, and the answer says so."""
    id = await _list(shop)
    shop.products.is_away = True
    answer = await add(shop, customer(ANNA), "add-0001", id, "S1")
    payload = answer["data"]["wishlistLinesAdd"]
    assert [each["code"] for each in payload["notices"]] == ["VARIANTS_UNCHECKED"]
    assert payload["wishlist"]["lines"][0]["sku"] == "S1"


@pytest.mark.parametrize("line", [{"sku": ""}, {"sku": "S1", "note": "n" * 501}])
async def test_malformed_input_is_refused(shop: Shop, line: dict[str, object]) -> None:
    """Input of the wrong form is the caller's mistake and reaches no table."""
    id = await _list(shop)
    answer = await add(shop, customer(ANNA), "add-0001", id, line)
    assert answer["errors"] == ["BAD_INPUT"]


@pytest.mark.parametrize("quantity", [0, -1, 1_000])
async def test_what_is_no_quantity_is_refused(shop: Shop, quantity: int) -> None:
    """No wish is for nothing, less than nothing or too much; that is told as it is of carts."""
    id = await _list(shop)
    answer = await add(shop, customer(ANNA), "add-0001", id, {"sku": "S1", "quantity": quantity})
    payload = answer["data"]["wishlistLinesAdd"]
    assert [each["__typename"] for each in payload["userErrors"]] == ["QuantityOutOfRange"]
    assert payload["wishlist"] is None


async def test_a_shredded_customer_s_lists_are_gone(store: Store, shop: Shop) -> None:
    """After erasure nothing of a customer can be read, by id, by link or by replay."""
    id, anna = await _list(shop), customer(ANNA)
    await add(shop, anna, "add-0001", id, "S1")
    answer = await shop.ask(SHARE, anna, input={"idempotencyKey": "share-01", "wishlist": id})
    secret = answer["data"]["wishlistShare"]["secret"]
    assert await store.shred([ANNA, PIOTR], Deadline.after(5)) == 1
    assert (await shop.ask(BY_ID, anna, id=id))["data"]["wishlist"] is None
    assert (await shop.ask(BY_LINK, anna, secret=secret))["data"]["wishlistByLink"] is None
    assert (await shop.ask(MINE, anna))["data"]["viewer"]["customer"]["wishlists"] == []
    assert (await add(shop, anna, "add-0001", id, "S1"))["errors"] == ["NOT_FOUND"]
    assert (await create(shop, anna, "create-1", "Winter"))["errors"] == []


async def test_changes_at_once_all_count(shop: Shop) -> None:
    """Many who add to one list together lose nothing of each other's, and get no conflict."""
    id = await _list(shop)
    anna = customer(ANNA)
    answers = await asyncio.gather(
        *(add(shop, anna, f"add-many{number}", id, "S", f"S{number}") for number in range(30))
    )
    assert {tuple(each["errors"]) for each in answers} == {()}
    versions = {each["data"]["wishlistLinesAdd"]["wishlist"]["version"] for each in answers}
    assert versions == set(range(2, 32))
    mine = (await shop.ask(MINE, anna))["data"]["viewer"]["customer"]["wishlists"][0]
    assert {line["sku"]: line["quantity"] for line in mine["lines"]} == {
        "S": 30,
        **{f"S{number}": 1 for number in range(30)},
    }


async def test_a_limit_holds_against_many_at_once(shop: Shop) -> None:
    """However many lists are begun together, no customer gets more than they may have."""
    anna = customer(ANNA)
    answers = await asyncio.gather(
        *(create(shop, anna, f"create-{number}") for number in range(MAX_WISHLISTS + 10))
    )
    made = [each["data"]["wishlistCreate"]["wishlist"] for each in answers]
    assert sum(each is not None for each in made) == MAX_WISHLISTS


def test_a_database_file_is_its_owners_alone(tmp_path: Path) -> None:
    """The embedded database can be read by the gateway's own user only."""
    file = tmp_path / "new" / "gateway.sqlite"
    open_store(StorageSettings(url=f"sqlite+aiosqlite:///{file}", master_key_env=MASTER_KEY))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
