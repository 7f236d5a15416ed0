"""Every mutation of carts: sent again, twinned, and sent with other input."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest
from msgspec import Struct

from domain.campaign import Campaigns
from domain.carriage import DeliveryMode, Method
from domain.cart import Rules
from domain.promotion import Coupon, Percentage, Promotion
from domain.viewer import ANONYMOUS, Viewer
from schema.build import build
from storage.store import Store
from tests.storage.shop import ANNA, Shop, customer
from tests.storage.test_cart import add, begin

TWINS = 5
RULES = Rules(
    delivery={
        name: Method(market="PL", mode=DeliveryMode.SHIP, price={"PLN": price})
        for name, price in (("courier", "12.99"), ("express", "25"))
    }
)
HOME = {"lines": ["ul. Długa 1"], "postalCode": "00-238", "city": "Warszawa", "country": "PL"}
PROMOTIONS = [
    Promotion(
        key=code.lower(),
        name=code,
        effect=Percentage(Decimal(10)),
        coupon=Coupon(frozenset({code})),
    )
    for code in ("TEN", "ELEVEN")
]
MUTATIONS = sorted(
    name
    for name in build().graphql.mutation_type.fields  # type: ignore[union-attr]
    if name.startswith("cart")
)
WHOLE = """cart { id version state lines { key sku quantity } coupons { code }
  deliveryGroups { key method } }"""
ELSE = {"cartReserve": "reservation"}
MORE = {
    "cartReserve": "reservation { id state lines { sku quantity } }",
    "cartHandOff": "code expiresAt",
    "cartMerge": "merge { id isUndone }",
    "cartMergeUndo": "merge { id isUndone }",
    "cartClaim": "merge { id }",
}
KINDS = {"cartCouponsAdd": "CartCoupons", "cartCouponsRemove": "CartCoupons"}


class World(Struct):
    """A customer's cart, or a guest's, with two lines in it."""

    shop: Shop
    viewer: Viewer
    proof: dict[str, str]
    cart: str
    version: int
    lines: list[str]

    @property
    def own(self) -> dict[str, Any]:
        return {"cart": self.cart, **self.proof}

    async def carry_out(self, mutation: str, key: str, **input: Any) -> Any:
        kind = KINDS.get(mutation, mutation[0].upper() + mutation[1:])
        document = f"""mutation ($input: {kind}Input!) {{ {mutation}(input: $input) {{
          {"" if mutation in ELSE else WHOLE} {MORE.get(mutation, "")}
          userErrors {{ __typename }} }} }}"""
        sent = {"idempotencyKey": key, **input}
        answer = await self.shop.ask(document, self.viewer, input=sent)
        while answer["errors"] in (["STORE_UNAVAILABLE"], ["DEADLINE_EXCEEDED"]):
            # On a busy machine there was no time for it; clients send it again.
            answer = await self.shop.ask(document, self.viewer, input=sent)
        assert answer["errors"] == [], answer
        return answer["data"][mutation]

    async def seen(self) -> Any:
        document = """query ($id: ID!, $secret: String) { cart(id: $id, secret: $secret) {
          version state lines { key sku quantity } coupons { code } } }"""
        secret = self.proof.get("secret")
        answer = await self.shop.ask(document, self.viewer, id=self.cart, secret=secret)
        return answer["data"]["cart"]


Wish = tuple[dict[str, Any], dict[str, Any]]


async def _lines_add(world: World) -> Wish:
    return (
        {**world.own, "lines": [{"sku": "S1", "quantity": 2}]},
        {**world.own, "lines": [{"sku": "S1", "quantity": 3}]},
    )


async def _lines_update(world: World) -> Wish:
    own = {**world.own, "expectedVersion": world.version}
    return (
        {**own, "lines": [{"line": world.lines[0], "quantity": 8}]},
        {**own, "lines": [{"line": world.lines[1], "quantity": 8}]},
    )


async def _lines_remove(world: World) -> Wish:
    own = {**world.own, "expectedVersion": world.version}
    return {**own, "lines": world.lines[:1]}, {**own, "lines": world.lines[1:]}


async def _create(world: World) -> Wish:
    if world.proof:
        # A guest who asks for another cart under the same key has another secret, and is another.
        first = {"secret": secrets.token_urlsafe(32)}
        return first, first
    return {}, {"customer": "Q3VzdG9tZXI6Y3JtOkMtMQ"}


async def _prices(world: World) -> Wish:
    return world.own, await _other_cart(world)


async def _delivery(world: World) -> Wish:
    own = {**world.own, "address": HOME}
    return {**own, "method": "courier"}, {**own, "method": "express"}


async def _coupons(world: World) -> Wish:
    return {**world.own, "codes": ["TEN"]}, {**world.own, "codes": ["ELEVEN"]}


async def _coupons_remove(world: World) -> Wish:
    await world.carry_out("cartCouponsAdd", "before-01", **world.own, codes=["TEN", "ELEVEN"])
    return await _coupons(world)


async def _guests(world: World) -> dict[str, str]:
    secret = secrets.token_urlsafe(32)
    id = await begin(world.shop, ANONYMOUS, secret=secret)
    await add(world.shop, ANONYMOUS, "add-guest", id, ("S3", 1), secret=secret)
    return {"cart": id, "secret": secret}


async def _merge(world: World) -> Wish:
    return await _guests(world), await _guests(world)


async def _merge_undo(world: World) -> Wish:
    merges = [
        await world.carry_out("cartMerge", f"before-{n}1", **await _guests(world)) for n in range(2)
    ]
    first, other = ({"merge": each["merge"]["id"]} for each in merges)
    return first, other


async def _claim(world: World) -> Wish:
    codes = []
    for number in range(2):
        guest = World(world.shop, ANONYMOUS, {}, "", 0, [])
        made = await guest.carry_out("cartHandOff", f"hand-{number:03}", **await _guests(world))
        codes.append(made["code"])
    proof = {"secret": secrets.token_urlsafe(32)} if world.proof else {}
    return {"code": codes[0], **proof}, {"code": codes[1], **proof}


async def _other_cart(world: World) -> dict[str, Any]:
    if world.proof:
        # A secret holds one cart: of a guest nothing else can be said.
        return world.own
    return {"cart": await begin(world.shop, world.viewer, "create-7")}


RECIPES: dict[str, Callable[[World], Awaitable[Wish]]] = {
    "cartCreate": _create,
    "cartLinesAdd": _lines_add,
    "cartLinesUpdate": _lines_update,
    "cartLinesRemove": _lines_remove,
    "cartPricesAccept": _prices,
    "cartDeliverySelect": _delivery,
    "cartCouponsAdd": _coupons,
    "cartCouponsRemove": _coupons_remove,
    "cartMerge": _merge,
    "cartMergeUndo": _merge_undo,
    "cartHandOff": _prices,
    "cartClaim": _claim,
    "cartReserve": _prices,
    "cartResume": _prices,
}
CUSTOMERS_ONLY = {"cartMerge", "cartMergeUndo"}


async def _world(shop: Shop, who: str) -> World:
    viewer, proof = customer(ANNA), dict[str, str]()
    if who == "guest":
        viewer, proof = ANONYMOUS, {"secret": secrets.token_urlsafe(32)}
    cart = await begin(shop, viewer, **proof)
    payload = await add(shop, viewer, "add-world", cart, ("S1", 1), ("S2", 1), **proof)
    lines = [line["key"] for line in payload["cart"]["lines"]]
    return World(shop, viewer, proof, cart, payload["cart"]["version"], lines)


def test_every_mutation_of_carts_has_a_recipe() -> None:
    """A mutation of carts that is published is tried twice here, too."""
    assert set(MUTATIONS) == set(RECIPES)


@pytest.mark.parametrize("who", ["customer", "guest"])
@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_twins_and_replays_are_one(store: Store, mutation: str, who: str) -> None:
    """Twins happen once and are all told the same, later tries as well; the key with another
    input is a mismatch that changes nothing."""
    if who == "guest" and mutation in CUSTOMERS_ONLY:
        pytest.skip("a guest has no account to merge into")
    world = await _world(Shop(store, rules=RULES, campaigns=Campaigns(PROMOTIONS)), who)
    wish, other = await RECIPES[mutation](world)
    twins = await asyncio.gather(
        *(world.carry_out(mutation, "the-wish", **wish) for _ in range(TWINS))
    )
    assert twins[0]["userErrors"] == []
    assert twins[0][ELSE.get(mutation, "cart")]
    assert twins == [twins[0]] * TWINS
    before = await world.seen()
    if other != wish:
        mismatch = await world.carry_out(mutation, "the-wish", **other)
        assert [each["__typename"] for each in mismatch["userErrors"]] == ["IdempotencyMismatch"]
        assert mismatch[ELSE.get(mutation, "cart")] is None
        assert await world.seen() == before
    await add(world.shop, world.viewer, "add-later", world.cart, ("S9", 1), **world.proof)
    assert await world.carry_out(mutation, "the-wish", **wish) == twins[0]
    after = await world.seen()
    assert after["version"] == before["version"] + 1
    assert after["lines"][:-1] == before["lines"]


async def test_a_coupon_that_is_sent_a_hundred_times_is_entered_once(store: Store) -> None:
    """A hundred wishes for one code, all at once, enter it once and take off once."""
    world = await _world(
        Shop(store, timeout=20, rules=RULES, campaigns=Campaigns(PROMOTIONS)), "customer"
    )
    payloads = await asyncio.gather(
        *(
            world.carry_out("cartCouponsAdd", f"coupon-{n:03}", **world.own, codes=["ten"])
            for n in range(100)
        )
    )
    assert [each["userErrors"] for each in payloads] == [[]] * 100
    seen = await world.seen()
    assert seen["coupons"] == [{"code": "TEN"}]
    assert seen["version"] == world.version + 1
