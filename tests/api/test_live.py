"""Availability as it changes: told by the WMS or found by looking, and read when it is shown."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.api.test_reservation import Reserving
from tests.shop import Shop

SKU = "100001001"
FOLLOW = """subscription ($skus: [String!]!, $after: String) {
    availabilityChanged(skus: $skus, after: $after) { cursor variants { sku
        availability { band locations(first: 100) { stock { onHand } } } } } }"""


def lies(shop: Shop) -> tuple[str, int]:
    """A site where the article lies, in the WMS's own words, and how many pieces."""
    headers = {"Authorization": "Bearer sandbox-wms-key"}
    answer = shop.post("wms", "/v2/stock/query", {"articles": [SKU]}, headers)
    row = answer["articles"][0]["stock"][0]
    return row["site"], row["qoh"]


def count(shop: Shop, site: str, pieces: int) -> Any:
    body = {"article": SKU, "site": site, "qoh": pieces}
    return shop.put("wms", "/_admin/stock", body)["told"]


def hook(shop: Shop) -> None:
    url = shop.url.removesuffix("/graphql") + "/webhooks/wms"
    shop.put("wms", "/_admin/webhook", {"url": url})


@asynccontextmanager
async def following(
    shop: Shop, persona: str | None = None, **variables: Any
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    payload = {"Authorization": f"Bearer {shop.token(persona)}"} if persona else {}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(shop.url, protocols=["graphql-transport-ws"]) as socket,
    ):
        await socket.send_json({"type": "connection_init", "payload": payload})
        await socket.receive_json()
        subscribe = {"query": FOLLOW, "variables": {"skus": [SKU], **variables}}
        await socket.send_json({"type": "subscribe", "id": "1", "payload": subscribe})
        yield socket


async def change(socket: aiohttp.ClientWebSocketResponse) -> Any:
    message = await asyncio.wait_for(socket.receive_json(), 20)
    assert message["type"] == "next", message
    return message["payload"]["data"]["availabilityChanged"]


async def first_change(
    socket: aiohttp.ClientWebSocketResponse, shop: Shop, site: str, pieces: int
) -> Any:
    """Count anew until it is told: nothing says when a subscription has been opened."""
    told = asyncio.ensure_future(change(socket))
    while not told.done():
        assert count(shop, site, pieces) == 202
        await asyncio.wait((told,), timeout=0.2)
    return told.result()


async def test_a_webhook_is_told_at_once(shop: Shop) -> None:
    """What the WMS tells reaches followers of the article, with the stock as it is then."""
    site, pieces = lies(shop)
    hook(shop)
    async with following(shop, "system") as socket:
        told = await first_change(socket, shop, site, pieces + 7)
        assert [each["sku"] for each in told["variants"]] == [SKU]
        figures = [
            each["stock"]["onHand"] for each in told["variants"][0]["availability"]["locations"]
        ]
        assert pieces + 7 in figures
        assert told["cursor"]
        count(shop, site, pieces)
        assert (await change(socket))["cursor"] != told["cursor"]


async def test_a_shopper_is_told_the_band_alone(shop: Shop) -> None:
    """The policy holds for every event: exact figures stay with the staff."""
    site, pieces = lies(shop)
    hook(shop)
    async with following(shop) as socket:
        [variant] = (await first_change(socket, shop, site, pieces))["variants"]
        assert variant["availability"]["band"]
        assert {each["stock"] for each in variant["availability"]["locations"]} == {None}


async def test_coming_back_with_an_old_cursor_shows_the_present(shop: Shop) -> None:
    """Whoever may have missed something is told everything that they follow, as it is."""
    async with following(shop, after="long.ago") as socket:
        assert [each["sku"] for each in (await change(socket))["variants"]] == [SKU]


@pytest.mark.parametrize("skus", [[], [str(n) for n in range(101)]])
async def test_so_many_articles_are_followed_at_once(shop: Shop, skus: list[str]) -> None:
    """A subscription follows 1 to 100 articles; others are refused before anything is opened."""
    async with following(shop, skus=skus) as socket, asyncio.timeout(10):
        message = await socket.receive_json()
    assert message["type"] == "error"
    assert message["payload"][0]["extensions"]["code"] == "BAD_INPUT"


async def test_what_is_held_is_told_at_once(shop: Shop) -> None:
    """Who follows an article hears of it as soon as pieces are held, or let go again."""
    query = """query ($sku: String!) { availability(skus: [$sku]) { locations(first: 100) {
      location { id kind } stock { available } } } }"""
    (found,) = shop.ask(query, {"sku": SKU}, persona="system").data["availability"]
    place = next(
        each["location"]["id"]
        for each in found["locations"]
        if each["location"]["kind"] == "STORE" and each["stock"]["available"]
    )
    one = Reserving(shop, "customer")
    async with following(shop, "system") as socket:
        told = asyncio.ensure_future(change(socket))
        while not told.done():
            one.reserve(place, SKU, 1)
            await asyncio.wait((told,), timeout=0.2)
            one.release()
        assert [each["sku"] for each in told.result()["variants"]] == [SKU]
