"""The gateway calls the systems of its configuration and nobody else, whatever it is told."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from domain.identity import Kind
from domain.opaque import opaque
from tests.fleet import Fleet, Replica, fleet, free_ports
from tests.shop import ROOT, Shop

BOUND = 120.0
READ = """query ($id: ID!, $ids: [ID!]!, $text: String!) { node(id: $id) { id } nodes(ids: $ids) {
    id } product(id: $id) { id } category(id: $id) { id } customer(id: $id) { id } order(id: $id) {
    id } wishlist(id: $id) { id } reservation(id: $id) { id } cart(id: $id) { id } variant(sku:
    $text) { id } availability(skus: [$text]) { band } products(search: $text, after: $text) {
    nodes { id } } customer360(id: $id) { customer { id } } number: customer360(orderNumber: $text)
    { customer { id } } mail: customer360(email: $text) { customer { id } } }"""
LOOKUPS = " ".join(
    f'{system}_{kind.name}: lookup(kind: {kind.name}, system: "{system}", id: $text) {{ id }}'
    for kind in Kind
    for system in ("erp", "crm", "pos")
)
OTHER = "other: lookup(kind: ORDER, system: $text, id: $text) { id }"
LOOKUP = f"query ($text: String!) {{ {LOOKUPS} {OTHER} }}"


class Canary:
    """A server that nobody has a reason to call, and one that leads there."""

    def __init__(self) -> None:
        self.calls: list[bytes] = []
        self.led = 0
        self.url = ""
        self.lure = ""

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls.append(await reader.read(1_000))
        writer.close()

    async def lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Redirect every request, by each of the statuses in turn."""
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                status = (301, 302, 303, 307, 308)[self.led % 5]
                self.led += 1
                writer.write(
                    f"HTTP/1.1 {status} Elsewhere\r\nLocation: {self.url}/leak\r\n"
                    f"Refresh: 0; url={self.url}\r\nConnection: close\r\n"
                    "Content-Length: 0\r\n\r\n".encode()
                )
                await writer.drain()
                break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


@asynccontextmanager
async def canary() -> AsyncIterator[Canary]:
    bird = Canary()
    async with (
        await asyncio.start_server(bird.hear, "127.0.0.1", 0) as heard,
        await asyncio.start_server(bird.lead, "127.0.0.1", 0) as led,
    ):
        bird.url, bird.lure = (
            f"http://127.0.0.1:{each.sockets[0].getsockname()[1]}" for each in (heard, led)
        )
        yield bird


def _hostile(bird: Canary) -> list[str]:
    """Texts that lead elsewhere where one of them becomes a part of an address unescaped."""
    host = bird.url.removeprefix("http://")
    return [
        f"{bird.url}/leak",
        f"//{host}/leak",
        f"@{host}/leak",
        f":80@{host}/leak",
        f"\\\\{host}\\leak",
        "../../../../leak",
        "..%2f..%2f..%2fleak",
        "/leak",
        "x?leak=1",
        "x&leak=1",
        "x#leak",
        f"x\r\nHost: {host}\r\n\r\nGET /leak HTTP/1.1",
        f"x HTTP/1.1\r\nHost: {host}",
        "x/../leak",
    ]


async def _ask(url: str, query: str, variables: dict[str, Any], **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        body = {"query": query, "variables": variables}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await client.post(url, json=body, headers=given)
    assert answer.status_code < 500, answer.text
    assert "GRAPHQL_" not in answer.text, answer.text
    return answer


@pytest.mark.parametrize("persona", ["agent", "system"])
async def test_ids_lead_nowhere_else(shop: Shop, persona: str) -> None:
    """No id, key or search becomes an address, a path or a parameter of a call."""
    token = await asyncio.to_thread(shop.token, persona)
    async with asyncio.timeout(BOUND), canary() as bird:
        headers = {"Authorization": f"Bearer {token}", "Commerce_Purpose": "CUSTOMER_SERVICE"}
        for text in _hostile(bird):
            ids = [
                opaque(f"{kind.value}:{system}{text}".encode())
                for kind in Kind
                for system in ("", "erp:", "crm:", "wms:", "pos:")
            ]
            for each in (*ids[1::5], text):
                await _ask(shop.url, READ, {"id": each, "ids": ids, "text": text}, **headers)
            await _ask(shop.url, LOOKUP, {"text": text}, **headers)
        assert bird.calls == []
    asked = 0
    for system in shop.systems:
        for request in await asyncio.to_thread(shop.requests, system):
            asked += 1
            assert request["path"] != "/leak", request
            assert "leak" not in parse_qs(request["query"]), request
    assert asked


async def test_tokens_lead_nowhere_else(shop: Shop) -> None:
    """A token names its issuer and its keys' address; neither is called for that."""
    async with asyncio.timeout(BOUND), canary() as bird:
        for name in ("jku", "x5u", "jwk", "iss"):
            head = {
                "alg": "RS256",
                "typ": "at+jwt",
                "kid": f"{bird.url}/key",
                name: f"{bird.url}/k",
            }
            claims = {"iss": bird.url, "sub": "x", "aud": "commerce-gateway", "exp": 4e9}
            token = ".".join(
                base64.urlsafe_b64encode(part).rstrip(b"=").decode()
                for part in (json.dumps(head).encode(), json.dumps(claims).encode(), b"signature")
            )
            answer = await _ask(shop.url, "{ __typename }", {}, Authorization=f"Bearer {token}")
            assert answer.status_code == 401
        await _ask(shop.url, "{ __typename }", {}, Host=bird.url, X_Forwarded_Host=bird.url)
        assert bird.calls == []


async def test_a_webhook_leads_nowhere_else(shop: Shop) -> None:
    """What comes in by a webhook's address names nobody who is called back."""
    async with asyncio.timeout(BOUND), canary() as bird:
        base = shop.url.removesuffix("/graphql")
        async with httpx.AsyncClient(trust_env=False) as client:
            for path in ("wms", f"wms?url={bird.url}", bird.url, f"%2e%2e/{bird.url}"):
                for body in ({"url": bird.url, "callback": bird.url}, [bird.url]):
                    answer = await client.post(f"{base}/webhooks/{path}", json=body)
                    assert 400 <= answer.status_code < 500
        assert bird.calls == []


async def test_a_systems_redirect_is_not_followed(tmp_path: Path) -> None:
    """A system that answers with another address costs its fields, and nobody else is called."""
    text = (ROOT / "gateway.toml").read_text(encoding="utf-8")
    config = tmp_path / "gateway.toml"
    config.write_text("needs_systems_at_start = false\n" + text, encoding="utf-8")
    async with asyncio.timeout(BOUND), canary() as bird:
        # Leaving the block stops processes, and waits for them.
        started = fleet(config, tmp_path)
        replicas: Fleet = await asyncio.to_thread(started.__enter__)
        try:
            lured = {
                name: bird.lure if name.startswith("SANDBOX_") and name.endswith("_URL") else value
                for name, value in replicas.environment.items()
            }
            lured["SANDBOX_IDP_URL"] = replicas.environment["SANDBOX_IDP_URL"]
            replicas.environment = lured
            [replica] = await asyncio.to_thread(replicas.start, *free_ports(1))
            before = bird.led
            await _all_fields(replica)
            assert bird.led > before
            assert bird.calls == []
        finally:
            await asyncio.to_thread(started.__exit__, None, None, None)


async def _all_fields(replica: Replica) -> None:
    query = """{ products(first: 2) { nodes { id } } categories { id } locations { nodes { id } }
        variant(sku: "100001001") { id offer { version } availability { band } } }"""
    for _ in range(5):
        answer = await _ask(replica.url, query, {})
        codes = {each["extensions"]["code"] for each in answer.json()["errors"]}
        assert codes <= {"SOURCE_CONTRACT", "SOURCE_UNAVAILABLE", "SOURCE_REJECTED"}, codes
