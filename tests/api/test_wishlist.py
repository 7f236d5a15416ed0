"""A customer's wish list, written and read over HTTP, in every channel."""

import uuid

from tests.shop import Shop

CREATE = """mutation ($input: WishlistCreateInput!) { wishlistCreate(input: $input) {
  userErrors { __typename message }
  wishlist { id name lines { quantity variant { sku product { name } } } } } }"""
READ = "{ viewer { customer { wishlists { id name } } } }"


def test_a_list_made_in_the_app_is_read_on_the_web(shop: Shop) -> None:
    """What the customer notes in one channel is there in the other, joined to the catalogue."""
    name = f"Birthday {uuid.uuid4()}"
    sent = {"input": {"idempotencyKey": str(uuid.uuid4()), "name": name}}
    made = shop.ask(CREATE, sent, persona="customer", headers={"Commerce-Channel": "APP"})
    assert made.errors == []
    assert made.data["wishlistCreate"]["userErrors"] == []
    read = shop.ask(READ, persona="customer", headers={"Commerce-Channel": "WEB"})
    assert name in [each["name"] for each in read.data["viewer"]["customer"]["wishlists"]]


def test_a_second_try_is_the_first(shop: Shop) -> None:
    """The same key and input give the same list; another input is a mismatch, as data."""
    key = str(uuid.uuid4())
    first, again, other = (
        shop.ask(CREATE, {"input": {"idempotencyKey": key, "name": name}}, persona="customer")
        for name in ("Summer", "Summer", "Winter")
    )
    assert first.data == again.data
    assert first.data["wishlistCreate"]["wishlist"]["id"]
    assert [each["__typename"] for each in other.data["wishlistCreate"]["userErrors"]] == [
        "IdempotencyMismatch"
    ]


def test_nobody_writes_without_a_name(shop: Shop) -> None:
    """An anonymous caller has no wish list: a failure with a code, and no trace of one."""
    answer = shop.ask(CREATE, {"input": {"idempotencyKey": str(uuid.uuid4()), "name": "x"}})
    assert answer.data is None or answer.data["wishlistCreate"] is None
    assert answer.codes[0] in ("UNAUTHENTICATED", "FORBIDDEN")


def test_a_mutation_without_a_key_is_no_mutation(shop: Shop) -> None:
    """The schema itself refuses a mutation that could not be tried again."""
    answer = shop.ask(CREATE, {"input": {"name": "x"}}, persona="customer")
    assert answer.status == 400
    assert "idempotencyKey" in answer.response.text
