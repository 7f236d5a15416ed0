"""Coupons of limited number in carts: entered by many at once, kept a while, and free again."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from domain.campaign import Campaigns
from domain.cart import Rules
from domain.deadline import Duration
from domain.promotion import Coupon, Percentage, Promotion
from domain.viewer import Viewer
from storage.settings import StorageSettings
from storage.store import Store, open_store
from tests.storage.shop import ANNA, PIOTR, Shop, customer

LIMIT = 7
CAMPAIGNS = Campaigns(
    [
        Promotion(
            key="few",
            name="few",
            effect=Percentage(Decimal(10)),
            coupon=Coupon(frozenset({"FEW"}), LIMIT),
        ),
        Promotion(
            key="one",
            name="one",
            effect=Percentage(Decimal(10)),
            coupon=Coupon(frozenset({"ONE"}), 1, 1),
        ),
        Promotion(
            key="own",
            name="own",
            effect=Percentage(Decimal(10)),
            coupon=Coupon(frozenset({"OWN"}), per_customer=1),
        ),
    ]
)
CREATE = """mutation ($input: CartCreateInput!) { cartCreate(input: $input) { cart { id } } }"""
ENTER = """mutation ($input: CartCouponsInput!) { cartCouponsAdd(input: $input) {
  cart { coupons { code state } }
  userErrors { __typename ... on CouponRefused { code state } } } }"""
REMOVE = ENTER.replace("cartCouponsAdd", "cartCouponsRemove")
REFUSED = {"__typename": "CouponRefused", "state": "USED_UP"}


@pytest.fixture
def shop(store: Store) -> Shop:
    return Shop(store, timeout=60.0, campaigns=CAMPAIGNS)


async def begin(shop: Shop, viewer: Viewer, key: str = "begin-01") -> str:
    answer = await shop.ask(CREATE, viewer, input={"idempotencyKey": key})
    id: str = answer["data"]["cartCreate"]["cart"]["id"]
    return id


async def enter(shop: Shop, viewer: Viewer, cart: str, code: str, document: str = ENTER) -> Any:
    given = {"idempotencyKey": f"enter {cart[-9:]} {code} {document[43:60]}", "cart": cart}
    # A store that is full says so, and the same key tries again.
    for _ in range(10):
        answer = await shop.ask(document, viewer, input={**given, "codes": [code]})
        if answer["errors"] != ["STORE_UNAVAILABLE"]:
            break
    assert answer["errors"] == []
    (payload,) = answer["data"].values()
    return payload


async def test_a_hundred_carts_at_once_get_no_more_than_there_are(
    shop: Shop, store: Store, settings: StorageSettings
) -> None:
    """A code entered into a hundred carts at once, in two processes' stores and some of them twice,
    is in as many as its limit; the others are told that it is used up.
    """
    other = open_store(settings)
    assert await other.start() is None
    shops = (shop, Shop(other, timeout=60.0, campaigns=CAMPAIGNS))
    viewers = [customer(f"crm:C-{number}") for number in range(100)]
    try:
        carts = await asyncio.gather(*(begin(shop, viewer) for viewer in viewers))
        turns = [*range(100), *range(10)]
        payloads = await asyncio.gather(
            *(
                enter(shops[turn % 2], viewers[number], carts[number], "FEW")
                for turn, number in enumerate(turns)
            )
        )
    finally:
        await other.close()
    assert payloads[:10] == payloads[100:]
    refused = [payload["userErrors"] for payload in payloads[:100] if payload["userErrors"]]
    assert refused == [[{**REFUSED, "code": "FEW"}]] * (100 - LIMIT)


async def test_a_code_taken_out_is_free_for_the_next(shop: Shop) -> None:
    """What a cart lets go of another can have; until then it is refused."""
    anna, piotr = customer(ANNA), customer(PIOTR)
    hers, his = await begin(shop, anna), await begin(shop, piotr)
    assert (await enter(shop, anna, hers, "ONE"))["userErrors"] == []
    assert (await enter(shop, piotr, his, "ONE"))["userErrors"] == [{**REFUSED, "code": "ONE"}]
    await enter(shop, anna, hers, "ONE", REMOVE)
    assert (await enter(shop, piotr, his, "ONE"))["userErrors"] == []


async def test_a_customers_carts_share_what_is_the_customers(shop: Shop) -> None:
    """A code for each customer once is in one of their carts, and in anybody else's too."""
    anna, piotr = customer(ANNA), customer(PIOTR)
    first, second = await begin(shop, anna), await begin(shop, anna, "begin-02")
    assert (await enter(shop, anna, first, "OWN"))["userErrors"] == []
    assert (await enter(shop, anna, second, "OWN"))["userErrors"] == [{**REFUSED, "code": "OWN"}]
    his = await begin(shop, piotr)
    assert (await enter(shop, piotr, his, "OWN"))["userErrors"] == []


async def test_a_cart_that_is_left_keeps_nothing_for_long(store: Store) -> None:
    """Once its time is over another cart takes the code, and the first one says so when read."""
    short = Rules(coupon_hold=Duration(0.001))
    shop = Shop(store, timeout=60.0, campaigns=CAMPAIGNS, rules=short)
    anna, piotr = customer(ANNA), customer(PIOTR)
    hers, his = await begin(shop, anna), await begin(shop, piotr)
    assert (await enter(shop, anna, hers, "ONE"))["userErrors"] == []
    longer = Shop(store, timeout=60.0, campaigns=CAMPAIGNS)
    assert (await enter(longer, piotr, his, "ONE"))["userErrors"] == []
    read = "query ($id: ID!) { cart(id: $id) { coupons { code state } } }"
    answer = await shop.ask(read, anna, id=hers)
    assert answer["data"]["cart"]["coupons"] == [{"code": "ONE", "state": "USED_UP"}]
