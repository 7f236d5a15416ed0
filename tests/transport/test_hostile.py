"""Bodies that nobody honest sends: each is answered with a GraphQL error, none breaks anything."""

import asyncio
import gzip
import json
import os
import random
from typing import Any

import pytest

from tests.transport.gateway import SECRET, Gateway, connected, running
from transport.settings import Settings

pytestmark = pytest.mark.anyio
SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(10**6)))
GRAPHQL = "application/graphql-response+json"


def _nested(depth: int) -> bytes:
    return b'{"query":"{hello}","variables":{"a":' + b"[" * depth + b"]" * depth + b"}}"


BODIES = {
    "empty": b"",
    "blank": b"  ",
    "null": b"null",
    "true": b"true",
    "number": b"12",
    "huge number": b"9" * 5_000,
    "infinite number": b"1e999",
    "text": b'"query"',
    "array": b"[]",
    "array of requests": b'[{"query":"{hello}"}]',
    "empty object": b"{}",
    "not a number": b'{"query":"{hello}","variables":{"a":NaN}}',
    "infinity": b'{"query":"{hello}","variables":{"a":-Infinity}}',
    "query null": b'{"query":null}',
    "query number": b'{"query":1}',
    "query object": b'{"query":{}}',
    "name number": b'{"query":"{hello}","operationName":1}',
    "name array": b'{"query":"{hello}","operationName":[]}',
    "variables text": b'{"query":"{hello}","variables":"{}"}',
    "variables array": b'{"query":"{hello}","variables":[]}',
    "variables false": b'{"query":"{hello}","variables":false}',
    "extensions number": b'{"query":"{hello}","extensions":0}',
    "invalid utf-8": b'{"query":"{hello \xff}"}',
    "overlong utf-8": b'{"query":"{hello \xc0\xaf}"}',
    "lone surrogate": b'{"query":"{hello(name:\\"\\ud800\\")}"}',
    "lone surrogate in a name": b'{"query":"{hello}","operationName":"\\udfff"}',
    "byte order mark": b'\xef\xbb\xbf{"query":"{hello}"}',
    "utf-16": '{"query":"{hello}"}'.encode("utf-16"),
    "nul": b'{"query":"{hello}"}\x00',
    "trailing text": b'{"query":"{hello}"} {"query":"{hello}"}',
    "unfinished": b'{"query":"{hello}"',
    "comment": b'{"query":"{hello}" /* */}',
    "single quotes": b"{'query':'{hello}'}",
    "gzip": gzip.compress(b'{"query":"{hello}"}'),
    "form": b"query=%7Bhello%7D",
    "deep variables": _nested(65),
    "very deep variables": _nested(5_000),
    "brackets": b"[" * 200_000,
    "braces": b'{"a":' * 50_000,
    "deep document": json.dumps({"query": "{node(id:1)" * 8_000}).encode(),
    "deep list in a document": json.dumps({"query": "{hello(name:" + "[" * 50_000}).encode(),
    "unknown operation": b'{"query":"{hello}","operationName":"Other"}',
    "subscription": b'{"query":"subscription{hello}"}',
    "number for text": b'{"query":"query($a:String){hello(name:$a)}","variables":{"a":1}}',
    "number too large": b'{"query":"query($a:Int!){number(of:$a)}","variables":{"a":1e30}}',
}
WELL = {
    "key given twice": b'{"query":"{","query":"{hello}"}',
    "unknown keys": b'{"query":"{hello}","id":1,"":null,"__proto__":{}}',
    "all null": b'{"query":"{hello}","operationName":null,"variables":null,"extensions":null}',
    "unknown variables": b'{"query":"{hello}","variables":{"a":1}}',
    "variables not too deep": _nested(60),
    "empty variables": b'{"query":"{hello}","variables":{"":""},"extensions":{}}',
}


def _is_error(body: Any) -> bool:
    return (
        set(body) <= {"errors", "data", "extensions"}
        and len(body["errors"]) > 0
        and all(
            isinstance(error["message"], str)
            and isinstance(error["extensions"]["code"], str)
            and "Traceback" not in str(error)
            and ".py" not in str(error)
            for error in body["errors"]
        )
    )


@pytest.mark.parametrize("name", BODIES)
async def test_a_bad_body_is_a_well_formed_error(gateway: Gateway, name: str) -> None:
    """Whatever is not a request is 400 with a GraphQL error that gives nothing away."""
    status, body, _ = await gateway.post(BODIES[name], Accept=GRAPHQL)
    assert status == 400
    assert _is_error(body)


@pytest.mark.parametrize("name", WELL)
async def test_an_odd_body_is_read(gateway: Gateway, name: str) -> None:
    """What the specification lets through is answered: the last of equal keys, no unknown ones."""
    status, body, _ = await gateway.post(WELL[name], Accept=GRAPHQL)
    assert (status, body["data"]) == (200, {"hello": "Hello world"})


async def test_two_thousand_mutations_of_good_bodies(gateway: Gateway) -> None:
    """No change of a good body gets a 5xx, a trace, or anything but GraphQL's form."""
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    seeds = [*BODIES.values(), *WELL.values()]
    seeds = [each for each in seeds if 0 < len(each) < 10_000]
    limit = asyncio.Semaphore(16)

    async def attack(body: bytes) -> None:
        async with limit:
            status, answer, _ = await gateway.post(body, Accept=GRAPHQL)
        assert status in (200, 400), f"seed {SEED}: {status} for {body!r}"
        assert status == 200 or _is_error(answer), f"seed {SEED}: {answer} for {body!r}"

    await asyncio.gather(*(attack(_mutated(chance, seeds)) for _ in range(2_000)))
    assert (await gateway.post({"query": "{ hello }"}))[0] == 200


def _mutated(chance: random.Random, seeds: list[bytes]) -> bytes:
    body = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(body) + 1)
        match chance.randrange(5):
            case 0:
                body[place:place] = chance.choice(
                    [b'"', b"{", b"}", b"[", b"]", b"\\u0000", b"\\", b"null", b"\xff", b"$", b"@"]
                )
            case 1:
                del body[place : place + chance.randint(1, 8)]
            case 2 if place < len(body):
                body[place] = chance.randrange(256)
            case 3:
                body[place:place] = body[: chance.randint(0, 40)]
            case _:
                other = chance.choice(seeds)
                body[place:] = other[chance.randrange(len(other)) :]
    return bytes(body[:20_000])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Accept", "," * 5_000),
        ("Accept", ";q=;q=1,a/b;;;=,*/*;q=1;q=0"),
        ("Accept", "application/json;q=nan, */*;q=-1"),
        ("Accept-Language", "-" * 1_000 + ",;q=x,*,pl;q=NaN,en_x-;q=1e400"),
        ("Content-Type", "application/json;" + "charset;" * 500),
        ("Commerce-Market", "' OR 1=1 --"),
        ("Commerce-Store", "=" * 5_000),
        ("Authorization", "Bearer " + "." * 10_000),
        ("Authorization", "\x7f\x80\xff"),
        ("X-Request-Id", "\xff" * 64),
    ],
)
async def test_odd_headers_are_no_server_errors(gateway: Gateway, name: str, value: str) -> None:
    """No header's text reaches anything that would break on it."""
    async with connected(gateway) as (reader, writer):
        body = b'{"query":"{hello}"}'
        head = f"POST /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{name}: {value}\r\n"
        if name != "Content-Type":
            head += "Content-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body)
        async with asyncio.timeout(10):
            status = int((await reader.readline()).split()[1])
        assert 200 <= status < 500


@pytest.mark.parametrize("name", ["Content-Type", "Authorization", "Commerce-Purpose"])
async def test_repeated_headers_are_refused(gateway: Gateway, name: str) -> None:
    """A header given twice could be read differently by two readers, and is read by none."""
    headers = [("Content-Type", "application/json"), (name, "text/plain"), (name, "text/plain")]
    async with gateway.session.post(
        gateway.url, data=b'{"query":"{hello}"}', headers=headers
    ) as answer:
        assert answer.status == 400


async def test_messages_are_bounded() -> None:
    """An error repeats a bounded part of what it is about, however much was sent."""
    async with running(Settings()) as gateway:
        status, body, _ = await gateway.post(
            {"query": "query($a: Int!){number(of: $a)}", "variables": {"a": SECRET * 10_000}},
            Accept=GRAPHQL,
        )
        assert status == 400
        assert len(json.dumps(body)) < 2_000
