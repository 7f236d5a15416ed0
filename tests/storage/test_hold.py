"""Goods of carts: held as checkout begins, from the places that they will come from."""

import asyncio
import secrets
from typing import Any

import pytest
from sqlalchemy import select

from domain.carriage import DeliveryMode, Method
from domain.cart import Rules
from domain.deadline import Duration
from domain.holding import Holding
from domain.viewer import ANONYMOUS, Viewer
from storage.store import Store
from storage.table import HOLD
from tests.storage.reserve import BY_ID, RELEASE, RESERVED, change, made, place, refused, reserve
from tests.storage.shop import ANNA, DEPOT, OTHER_SHOP, PIECES, PIOTR, SHOP, Shop, customer
from tests.storage.test_cart import add, begin

RESERVE = "mutation ($input: CartReserveInput!) { cartReserve(input: $input) { ...reserved } }"
READ = """query ($id: ID, $secret: String) { cart(id: $id, secret: $secret) {
  reservations { id state } problems { __typename ... on ShortageProblem { sku available }
    ... on ReservationExpiringProblem { expiresAt fixes { mutation } } } } }"""
SELECT = """mutation ($input: CartDeliverySelectInput!) { cartDeliverySelect(input: $input) {
  userErrors { __typename message } } }"""
COLLECT = Rules(
    delivery={"collect": Method(mode=DeliveryMode.COLLECT, market="PL", price={"PLN": "0.00"})}
)


@pytest.fixture
def shop(store: Store) -> Shop:
    return Shop(store, rules=COLLECT)


async def hold(shop: Shop, viewer: Viewer, key: str, cart: str, **more: Any) -> Any:
    sent = {"idempotencyKey": key, "cart": cart, **more}
    return await shop.ask(RESERVE + RESERVED, viewer, input=sent)


async def _held(store: Store) -> list[tuple[str, str, int]]:
    rows = await store._database.read(
        lambda c: c.execute(
            select(HOLD.c.sku, HOLD.c.location_key, HOLD.c.quantity).order_by(
                HOLD.c.sku, HOLD.c.location_key
            )
        )
    )
    return [tuple(row) for row in rows]


async def test_a_cart_is_held_whole_and_anew(store: Store, shop: Shop) -> None:
    """Reserving a cart holds all of it; once more after a change, the new goods for the old."""
    anna = customer(ANNA)
    shop.stock.pieces["S1", DEPOT] = 2
    cart = await begin(shop, anna)
    (error,) = refused(await hold(shop, anna, "reserve-0", cart), "cartReserve")
    assert error["__typename"] == "NothingToReserve"
    await add(shop, anna, "add-0001", cart, ("S1", 2), ("B1", 1))
    first = made(await hold(shop, anna, "reserve-1", cart), "cartReserve")
    assert await _held(store) == [("S1", DEPOT, 2), ("S8", DEPOT, 2), ("S9", DEPOT, 1)]
    read = (await shop.ask(READ, anna, id=cart))["data"]["cart"]
    assert read == {
        "reservations": [{"id": first["id"], "state": "HELD"}],
        "problems": read["problems"],
    }
    assert "ShortageProblem" not in {each["__typename"] for each in read["problems"]}
    await add(shop, anna, "add-0002", cart, ("S2", 1))
    again = made(await hold(shop, anna, "reserve-2", cart), "cartReserve")
    assert [each[:2] for each in await _held(store)] == [
        ("S1", DEPOT), ("S2", DEPOT), ("S8", DEPOT), ("S9", DEPOT),
    ]  # fmt: skip
    states = [
        (await shop.ask(BY_ID, anna, id=each["id"]))["data"]["reservation"]["state"]
        for each in (first, again)
    ]
    assert states == ["RELEASED", "HELD"]
    # What this cart holds, another one lacks.
    piotr = customer(PIOTR)
    other = await begin(shop, piotr)
    await add(shop, piotr, "add-0001", other, ("S1", 1))
    (error,) = refused(await hold(shop, piotr, "reserve-1", other), "cartReserve")
    assert (error["sku"], error["wanted"], error["available"]) == ("S1", 1, 0)
    assert error["location"] is None


async def test_what_is_collected_is_held_where_it_is_collected(store: Store, shop: Shop) -> None:
    """Goods to collect come from their shop and no other; goods to send never from it."""
    anna = customer(ANNA)
    shop.stock.pieces["S1", SHOP] = 3
    cart = await begin(shop, anna)
    payload = await add(shop, anna, "add-0001", cart, ("S1", 2), ("S2", 4))
    line = next(each["key"] for each in payload["cart"]["lines"] if each["sku"] == "S1")
    chosen = {"cart": cart, "method": "collect", "location": place(SHOP), "lines": [line]}
    answer = await shop.ask(SELECT, anna, input={"idempotencyKey": "select-1", **chosen})
    assert answer["data"]["cartDeliverySelect"]["userErrors"] == []
    made(await hold(shop, anna, "reserve-1", cart), "cartReserve")
    assert await _held(store) == [("S1", SHOP, 2), ("S2", DEPOT, 4)]
    (error,) = refused(
        await reserve(shop, customer(PIOTR), "create-1", {"sku": "S1", "quantity": 2})
    )
    assert error["available"] == 1
    made(await reserve(shop, customer(PIOTR), "create-2", "S1", at=OTHER_SHOP))


async def test_a_guests_cart_is_held_for_who_has_its_secret(shop: Shop) -> None:
    """The secret of a guest's cart shows and changes what is held of it; no other does."""
    secret, other = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    cart = await begin(shop, ANONYMOUS, secret=secret)
    await add(shop, ANONYMOUS, "add-0001", cart, ("S1", 1), secret=secret)
    answer = await hold(shop, ANONYMOUS, "reserve-1", cart, secret=other)
    assert answer["errors"] == ["NOT_FOUND"]
    found = made(await hold(shop, ANONYMOUS, "reserve-1", cart, secret=secret), "cartReserve")
    read = (await shop.ask(READ, ANONYMOUS, secret=secret))["data"]["cart"]
    assert [each["id"] for each in read["reservations"]] == [found["id"]]
    for given, state in ((secret, {"id": found["id"]}), (other, None)):
        answer = await shop.ask(BY_ID, ANONYMOUS, id=found["id"], secret=given)
        assert answer["data"]["node"] == state
    answer = await change(shop, RELEASE, ANONYMOUS, "release1", found["id"], secret=other)
    assert answer["errors"] == ["NOT_FOUND"]
    answer = await change(shop, RELEASE, ANONYMOUS, "release1", found["id"], secret=secret)
    assert made(answer, "reservationRelease")["state"] == "RELEASED"


async def test_somebody_elses_cart_cannot_be_held(shop: Shop) -> None:
    """A cart that is not the viewer's is as good as none."""
    cart = await begin(shop, customer(ANNA))
    assert (await hold(shop, customer(PIOTR), "reserve-1", cart))["errors"] == ["NOT_FOUND"]


async def test_holding_a_cart_happens_once_for_its_key(store: Store, shop: Shop) -> None:
    """Sent again it is told the same, twins are one, another cart under the key is refused."""
    anna = customer(ANNA)
    carts = [await begin(shop, anna, f"create-{number}") for number in range(2)]
    for number, cart in enumerate(carts):
        await add(shop, anna, f"add-000{number}", cart, (f"S{number + 1}", 1))
    twins = await asyncio.gather(*(hold(shop, anna, "reserve-1", carts[0]) for _ in range(8)))
    assert all(each["data"] == twins[0]["data"] for each in twins)
    made(twins[0], "cartReserve")
    (error,) = refused(await hold(shop, anna, "reserve-1", carts[1]), "cartReserve")
    assert error["__typename"] == "IdempotencyMismatch"
    assert await _held(store) == [("S1", DEPOT, 1)]


async def test_carts_that_are_held_together_take_no_piece_twice(store: Store, shop: Shop) -> None:
    """Of many carts with the last pieces, as many are held as there are pieces for."""
    carts = []
    for number in range(PIECES // 10 + 3):
        viewer = customer(f"crm:C-{number + 10}")
        cart = await begin(shop, viewer)
        await add(shop, viewer, "add-0001", cart, ("S1", 10))
        carts.append((viewer, cart))
    answers = await asyncio.gather(
        *(hold(shop, viewer, "reserve-1", cart) for viewer, cart in carts)
    )
    found = [each["data"]["cartReserve"]["reservation"] for each in answers]
    assert sum(each is not None for each in found) == PIECES // 10
    assert sum(quantity for _, _, quantity in await _held(store)) == PIECES


async def test_a_cart_tells_that_its_goods_are_not_held_for_long(store: Store) -> None:
    """A few minutes before the goods go, the cart says so, and how to keep them."""
    shop = Shop(store, holding=Holding(time=Duration(60)))
    anna = customer(ANNA)
    cart = await begin(shop, anna)
    await add(shop, anna, "add-0001", cart, ("S1", 1))
    found = made(await hold(shop, anna, "reserve-1", cart), "cartReserve")
    problems = (await shop.ask(READ, anna, id=cart))["data"]["cart"]["problems"]
    assert {
        "__typename": "ReservationExpiringProblem",
        "expiresAt": found["expiresAt"],
        "fixes": [{"mutation": "reservationExtend"}],
    } in problems
