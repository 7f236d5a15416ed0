"""Ten thousand requests that are not as they should be, by every way in."""

import asyncio
import json
import os
import random
from typing import Any

import aiohttp
import pytest

from tests.transport.gateway import SECRET, Gateway, running
from transport.settings import DemandMode, DemandSettings, Settings

pytestmark = pytest.mark.anyio
COUNT = 10_000
SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))
QUERIES = (
    "{ hello }", "{", "", "}", "\0", "{ hello(name: ", '{ a: hello(name: "\\ud800") }', "query",
    "subscription { counts(to: 1) }", "mutation { adds }", "{ ...A } fragment A on Query { ...A }",
    "query ($a: [[[Int!]!]!]!) { hello }", "{ __schema { types { name } } }", "{ thing { id } }",
    "query @a @b @c { hello }", "{ hello @include(if: 1) }", "{ tree(in: {of: {of: 1}}) }",
    "{ number(of: 99999999999999999999) }", '{ node(id: "\u202e") { hello } }', "#" * 5_000,
    "{ thing { ... @defer { late } } }", "{ hello hello: number(of: 1) }", "\ufeff{ hello }",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1e400, 10**30, "", "a", "\0", "\ud800", [], [[]], {}, {"a": {}}, [None] * 50,
)  # fmt: skip
KEYS = ("query", "variables", "operationName", "extensions", "documentId", "id", "", "__proto__")
TYPES = ("application/json", "text/plain", "", "application/json; charset=x", "multipart/form-data")
ACCEPTS = (
    "*/*",
    "application/json",
    "text/event-stream",
    "multipart/mixed, */*",
    "text/html;q=0",
    ";",
)


def body_of(dice: random.Random) -> bytes:
    """One odd body: random JSON of the right and wrong shapes, cut, mixed up, or no JSON at all."""
    shape: Any = {"query": dice.choice(QUERIES)}
    for _ in range(dice.randrange(4)):
        shape[dice.choice(KEYS)] = dice.choice((*VALUES, *QUERIES))
    if dice.random() < 0.2:
        persisted = {"version": dice.choice(VALUES), "sha256Hash": dice.choice(VALUES)}
        shape["extensions"] = {"persistedQuery": persisted}
    if dice.random() < 0.2:
        shape = dice.choice(([shape] * dice.randrange(4), *VALUES))
    text = json.dumps(shape).encode()
    kind = dice.random()
    if kind < 0.1:
        return text[: dice.randrange(len(text) + 1)]
    if kind < 0.2:
        mixed = bytearray(text)
        for _ in range(3):
            mixed[dice.randrange(len(mixed))] = dice.randrange(256)
        return bytes(mixed)
    return dice.randbytes(dice.randrange(60)) if kind < 0.25 else text


@pytest.mark.long
async def test_ten_thousand_malformed_requests() -> None:
    """None is a server error, none shows what is inside, and each answer is GraphQL's."""
    print(f"SEED={SEED}")
    dice = random.Random(SEED)
    settings = Settings(batch=3, demand=DemandSettings(mode=DemandMode.OFF))
    async with running(settings) as gateway:

        async def one(number: int, plan: tuple[str, bytes, dict[str, str]]) -> None:
            method, body, headers = plan
            async with gateway.session.request(
                method, gateway.url, data=body, headers=headers
            ) as answer:
                text = await answer.text()
                told = (SEED, number, method, body, headers, answer.status, text[:300])
                assert answer.status < 500, told
                assert "Traceback" not in text, told
                assert SECRET not in text, told
                if answer.content_type.endswith("json"):
                    found = json.loads(text)
                    for each in found if isinstance(found, list) else [found]:
                        assert "data" in each or each["errors"], told
                        for error in each.get("errors", ()):
                            assert error["extensions"]["code"], told
                            assert error["extensions"]["code"] != "INTERNAL", told

        plans = [
            (
                dice.choice(("POST", "POST", "POST", "PUT", "DELETE")),
                body_of(dice),
                {
                    "Content-Type": dice.choice(TYPES[:1] * 4 + TYPES),
                    "Accept": dice.choice(ACCEPTS),
                },
            )
            for _ in range(COUNT)
        ]
        for start in range(0, COUNT, 50):
            several = enumerate(plans[start : start + 50], start)
            await asyncio.gather(*(one(number, plan) for number, plan in several))


async def test_a_thousand_malformed_messages(gateway: Gateway) -> None:
    """A socket answers odd messages or ends with a code of its protocol, never with a bug's."""
    print(f"SEED={SEED}")
    dice = random.Random(SEED)

    async def one() -> None:
        async with gateway.session.ws_connect(
            gateway.url, protocols=["graphql-transport-ws"]
        ) as socket:
            if dice.random() < 0.8:
                await socket.send_json(
                    {"type": "connection_init", "payload": dice.choice((None, {}))}
                )
            for number in range(dice.randrange(1, 6)):
                kind = dice.choice(("subscribe", "subscribe", "complete", "ping", "next", "start"))
                payload = dice.choice((*VALUES, *({"query": each} for each in QUERIES)))
                message = {"type": kind, "id": dice.choice((str(number), *VALUES))}
                text = json.dumps({**message, "payload": payload})
                await socket.send_str(text if dice.random() < 0.9 else text[: dice.randrange(40)])
            await socket.send_str("{}")
            async with asyncio.timeout(20):
                while (message_in := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                    assert SECRET not in message_in.data
                    assert "INTERNAL" not in message_in.data, (SEED, message_in.data)
            assert socket.close_code in (4400, 4401, 4409, 4429), (SEED, socket.close_code)

    for _ in range(10):
        await asyncio.gather(*(one() for _ in range(20)))
