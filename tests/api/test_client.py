"""Clients as applications use them, at a real shop: what they write, and read back."""

import asyncio

import pytest

from tests.shop import Shop
from tests.transport import node

pytestmark = pytest.mark.systems
SKU = "100001001"


async def test_mutations_work_as_clients_expect(shop: Shop) -> None:
    """Apollo Client and urql write wish lists and carts, and their caches follow."""
    clients = node.installed(node.CLIENTS)
    token = await asyncio.to_thread(shop.token, "customer")
    results = await node.checks(clients, "shop.js", shop.url, token, SKU)
    assert [each for each in results if each["status"] != "ok"] == []
    assert len(results) == 6
