"""Documents by name: automatic persisted queries, and those that the retailer trusts."""

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from domain.deadline import Duration
from tests.transport.gateway import Gateway, running
from transport.document import read_manifest
from transport.settings import DocumentMode, DocumentSettings, Settings

pytestmark = pytest.mark.anyio
HELLO = "query Hello { hello }"
OTHER = 'query Other { hello(name: "other") }'
GRAPHQL = "application/graphql-response+json"
RELAY = {"1f2e": HELLO}
APOLLO = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [{"id": "1f2e", "name": "Hello", "type": "query", "body": HELLO}],
}
TADA = {"sha256:1f2e": HELLO}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def automatic(text: str) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256(text)}}}


async def code(gateway: Gateway, body: dict[str, Any], **headers: str) -> str | None:
    """The answer's first error code; None for data."""
    _, found, _ = await gateway.post(body, **headers)
    return found["errors"][0]["extensions"]["code"] if "errors" in found else None


async def test_a_document_is_sent_once(gateway: Gateway) -> None:
    """An unknown digest asks for the text, which is kept for the next time, by POST and by GET."""
    text = 'query Once { hello(name: "once") }'
    status, body, _ = await gateway.post(automatic(text))
    assert (status, body["errors"][0]["message"]) == (200, "PersistedQueryNotFound")
    assert body["errors"][0]["extensions"]["code"] == "DOCUMENT_NOT_FOUND"
    status, _, _ = await gateway.post(automatic(text), Accept=GRAPHQL)
    assert status == 400
    assert await code(gateway, {"query": text, **automatic(text)}) is None
    assert await code(gateway, automatic(text)) is None
    assert await code(gateway, {"documentId": f"sha256:{sha256(text)}"}) is None
    params = {"extensions": json.dumps(automatic(text)["extensions"])}
    headers = {"Accept": GRAPHQL}
    async with gateway.session.get(gateway.url, params=params, headers=headers) as answer:
        assert (await answer.json(content_type=None))["data"] == {"hello": "Hello once"}


async def test_a_document_is_what_its_digest_says(gateway: Gateway) -> None:
    """Nobody can leave a text under the digest of another."""
    assert await code(gateway, {"query": HELLO, **automatic(OTHER)}) == "BAD_INPUT"
    assert await code(gateway, automatic(OTHER)) == "DOCUMENT_NOT_FOUND"


@pytest.mark.parametrize(
    "body",
    [
        {"documentId": 1},
        {"documentId": ""},
        {"documentId": "a" * 300},
        {"extensions": {"persistedQuery": {"sha256Hash": None}}},
        {"extensions": {"persistedQuery": []}},
        {"extensions": {"persistedQuery": {"sha256Hash": {"a": 1}}}},
    ],
)
async def test_odd_names_are_refused(gateway: Gateway, body: dict[str, Any]) -> None:
    """What is no name of a document is the caller's mistake."""
    assert (await gateway.post(body))[0] == 400


async def test_a_document_by_name_over_a_socket(gateway: Gateway) -> None:
    """Sockets know the same documents."""
    text = 'query Socket { hello(name: "socket") }'
    await gateway.post({"query": text, **automatic(text)})
    async with gateway.session.ws_connect(
        gateway.url, protocols=["graphql-transport-ws"]
    ) as socket:
        await socket.send_json({"type": "connection_init"})
        await socket.receive_json()
        for name, payload in (("a", automatic(text)), ("b", automatic(text + " "))):
            await socket.send_json({"type": "subscribe", "id": name, "payload": payload})
        found = [await socket.receive_json() for _ in range(3)]
    assert {each["type"]: each["id"] for each in found} == {
        "next": "a",
        "complete": "a",
        "error": "b",
    }


@pytest.mark.parametrize("manifest", [RELAY, APOLLO, TADA])
@pytest.mark.parametrize("name", ["documentId", "doc_id", "id"])
async def test_manifests_as_tools_write_them(
    tmp_path: Path, manifest: dict[str, Any], name: str
) -> None:
    """A trusted document is found by its id, whichever tool has written the list."""
    file = tmp_path / "documents.json"
    file.write_text(json.dumps(manifest))
    documents = DocumentSettings(manifest=str(file), mode=DocumentMode.REQUIRE)
    async with running(Settings(documents=documents)) as gateway:
        assert await code(gateway, {name: "1f2e"}) is None
        assert await code(gateway, {name: "nobody"}) == "DOCUMENT_NOT_FOUND"


@pytest.mark.parametrize(
    ("mode", "is_served"),
    [(DocumentMode.LOG, True), (DocumentMode.PREFER, True), (DocumentMode.REQUIRE, False)],
)
async def test_modes(tmp_path: Path, mode: DocumentMode, is_served: bool) -> None:
    """In mode require nothing is served but what is in the list, by whichever way it comes."""
    file = tmp_path / "documents.json"
    file.write_text(json.dumps(RELAY))
    settings = Settings(documents=DocumentSettings(manifest=str(file), mode=mode), batch=2)
    async with running(settings) as gateway:
        assert await code(gateway, {"query": HELLO}) is None
        expected = None if is_served else "FORBIDDEN"
        assert await code(gateway, {"query": OTHER}) == expected
        assert await code(gateway, {"query": OTHER, **automatic(OTHER)}) == expected
        assert await code(gateway, {"query": OTHER, "documentId": "1f2e"}) in (None, expected)
        found = await code(gateway, automatic(OTHER))
        assert found == (None if is_served else "DOCUMENT_NOT_FOUND")
        status, body, _ = await gateway.post([{"query": OTHER}])
        assert is_served == (status == 200 and "data" in body[0])
        async with gateway.session.ws_connect(
            gateway.url, protocols=["graphql-transport-ws"], timeout=aiohttp.ClientWSTimeout(5)
        ) as socket:
            await socket.send_json({"type": "connection_init"})
            await socket.receive_json()
            payload = {"query": OTHER}
            await socket.send_json({"type": "subscribe", "id": "1", "payload": payload})
            assert (await socket.receive_json())["type"] == ("next" if is_served else "error")


async def test_a_list_is_read_again_when_it_changes(tmp_path: Path) -> None:
    """A new list counts within moments; one that cannot be read leaves the old one in place."""
    file = tmp_path / "documents.json"
    file.write_text(json.dumps(RELAY))
    documents = DocumentSettings(
        manifest=str(file), mode=DocumentMode.REQUIRE, reload=Duration(0.02)
    )
    async with running(Settings(documents=documents)) as gateway, asyncio.timeout(10):
        assert await code(gateway, {"documentId": "2"}) == "DOCUMENT_NOT_FOUND"
        file.write_text(json.dumps({**RELAY, "2": OTHER}))
        while await code(gateway, {"documentId": "2"}):
            await asyncio.sleep(0.01)
        file.write_text("{")
        await asyncio.sleep(0.1)
        assert await code(gateway, {"documentId": "2"}) is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"a": 1}', b'{"operations": []}', b'{"operations": 1}', b"\xff"]
)
def test_what_is_no_list_is_refused(tmp_path: Path, content: bytes) -> None:
    """A gateway does not start with a list that it cannot read, and says so."""
    with pytest.raises(ValueError, match=r"."):
        read_manifest(content)
