"""Replicas that share a Redis: one budget, one set of documents, one stream of changes."""

import asyncio
import hashlib
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest

from tests.fleet import Fleet, Replica, fleet, free_ports
from tests.servers import Redis, running
from tests.shop import ROOT

SKU = "100001001"
QUERY = "{ products(first: 2) { nodes { name } } }"
FOLLOW = f'subscription {{ availabilityChanged(skus: ["{SKU}"]) {{ cursor }} }}'
SETTINGS = """
[storage.redis]
url = "{url}"

[transport.demand.anonymous]
capacity = 1000
per_second = 0.001

[stock]
interval = "10min"
"""
BOUND = 60.0


class Group:
    """Two replicas, the sandbox beside them, and the Redis between them."""

    def __init__(self, replicas: Fleet, redis: Redis) -> None:
        self.redis = redis
        self.wms = replicas.environment["SANDBOX_WMS_URL"]
        self.one: Replica
        self.other: Replica
        self.one, self.other = replicas.start(*free_ports(2))


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Group]:
    folder = tmp_path_factory.mktemp("shared")
    with ExitStack() as owned:
        redis = owned.enter_context(running(Redis))
        text = (ROOT / "gateway.toml").read_text(encoding="utf-8")
        config: Path = folder / "gateway.toml"
        config.write_text(text + SETTINGS.format(url=redis.url), encoding="utf-8")
        yield Group(owned.enter_context(fleet(config, folder)), redis)


def _ask(replica: Replica, body: dict[str, Any], address: str | None = None) -> httpx.Response:
    headers = {"X-Forwarded-For": address} if address else {}
    return httpx.post(replica.url, json=body, headers=headers, timeout=30, trust_env=False)


def _left(answer: httpx.Response) -> int:
    return int(answer.headers["RateLimit"].split(";r=")[1].split(";")[0])


def _name(query: str) -> dict[str, Any]:
    digest = hashlib.sha256(query.encode()).hexdigest()
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest}}}


def test_one_budget_for_all_replicas(group: Group) -> None:
    """What a caller spends at one replica is missing at the other."""
    left = [
        _left(_ask(replica, {"query": QUERY}, "192.0.2.1"))
        for replica in (group.one, group.other, group.one, group.other)
    ]
    costs = {before - after for before, after in itertools.pairwise(left)}
    assert len(costs) == 1
    assert costs.pop() > 0
    assert _left(_ask(group.other, {"query": QUERY}, "192.0.2.2")) == left[0]


def test_what_was_not_needed_is_given_back(group: Group) -> None:
    """An operation is charged with what it could cost at most, and settled with what it did."""
    many = 'products(first: 20, search: "nothing has this name")'
    dear = {"query": f"{{ {many} {{ nodes {{ variants {{ availability {{ band }} }} }} }} }}"}
    charged = _left(_ask(group.one, dear, "192.0.2.5"))
    assert charged < 900
    assert _left(_ask(group.other, {"query": "{ __typename }"}, "192.0.2.5")) > 990


def test_a_document_left_at_one_replica_is_known_at_the_other(group: Group) -> None:
    """Automatic persisted queries need no client to stay with its replica."""
    named = _name(QUERY)
    unknown = _ask(group.one, named).json()["errors"][0]["extensions"]["code"]
    assert unknown == "DOCUMENT_NOT_FOUND"
    assert _ask(group.one, {"query": QUERY, **named}).json()["data"]
    assert _ask(group.other, named).json()["data"]


@asynccontextmanager
async def _following(replica: Replica) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(replica.url, protocols=["graphql-transport-ws"]) as socket,
    ):
        await socket.send_json({"type": "connection_init"})
        await socket.receive_json()
        await socket.send_json({"type": "subscribe", "id": "1", "payload": {"query": FOLLOW}})
        yield socket


async def test_what_one_replica_is_told_reaches_the_others_followers(group: Group) -> None:
    """A webhook goes to one replica; whoever follows at another is told."""
    async with (
        asyncio.timeout(BOUND),
        httpx.AsyncClient(base_url=group.wms, trust_env=False) as wms,
        _following(group.other) as socket,
    ):
        url = group.one.url.removesuffix("/graphql") + "/webhooks/wms"
        (await wms.put("/_admin/webhook", json={"url": url})).raise_for_status()
        headers = {"Authorization": "Bearer sandbox-wms-key"}
        stock = await wms.post("/v2/stock/query", json={"articles": [SKU]}, headers=headers)
        row = stock.json()["articles"][0]["stock"][0]
        told = asyncio.ensure_future(socket.receive_json())
        pieces = row["qoh"]
        while not told.done():
            # Nothing says when a subscription has been opened, so it is counted until it is told.
            pieces += 1
            count = {"article": SKU, "site": row["site"], "qoh": pieces}
            assert (await wms.put("/_admin/stock", json=count)).json()["told"] == 202
            await asyncio.wait((told,), timeout=0.2)
        assert told.result()["type"] == "next", told.result()


def test_without_redis_each_replica_goes_on_by_itself(group: Group) -> None:
    """A Redis that dies costs the sharing, and no answer."""
    group.redis.kill()
    named = {"query": QUERY, **_name(QUERY)}
    for replica in (group.one, group.other):
        for body in ({"query": QUERY}, named):
            answer = _ask(replica, body, "192.0.2.3")
            assert (answer.status_code, "errors" in answer.json()) == (200, False)
        assert _left(answer) < 1_000
    group.redis.start()
    for replica in (group.one, group.other):
        assert _ask(replica, {"query": QUERY}, "192.0.2.4").status_code == 200
