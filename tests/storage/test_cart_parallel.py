"""One cart that four channels write at once, over several gateway processes."""

import random
from collections.abc import Sequence
from typing import Any

from tests.storage.conftest import MASTER_KEY
from tests.storage.process import Process, processes
from tests.storage.shop import ANNA
from tests.storage.test_cart import ANNA_ID, CART

ASSIST = """mutation ($input: AssistStartInput!) { assistStart(input: $input) {
  case { id } } }"""
CHANNELS = (("web", "WEB"), ("app", "APP"), ("till", None), ("desk", None))
ROUNDS = 6
_TRIES = 10
_RETRYABLE = (["STORE_UNAVAILABLE"], ["DEADLINE_EXCEEDED"])
PROCESSES = 3


def request(mutation: str, client: str, channel: str | None, **input: Any) -> dict[str, Any]:
    kind = mutation[0].upper() + mutation[1:]
    document = f"mutation ($input: {kind}Input!) {{ {mutation}(input: $input) {{ ...cart }} }}"
    return {
        "document": document + CART,
        "customer": ANNA,
        "client": client,
        "channel": channel,
        "input": input,
    }


def payloads(
    gateways: Sequence[Process], requests: Sequence[Sequence[dict[str, Any]]]
) -> list[list[Any]]:
    """Let each process carry out its requests, all at once, and gather what they say.

    A request that there was no time for is sent again, as clients do.
    """
    found: list[list[Any]] = []
    for gateway, some in zip(gateways, requests):
        gateway.send([*some])
    for gateway, some in zip(gateways, requests):
        told: dict[int, Any] = dict(gateway.answers())
        assert len(told) == len(some)
        for number, answer in sorted(told.items()):
            for _ in range(_TRIES):
                if answer["errors"] not in _RETRYABLE:
                    break
                gateway.send([some[number]])
                ((_, answer),) = gateway.answers()
            assert answer["errors"] == []
            told[number] = answer
        found.append([next(iter(told[number]["data"].values())) for number in range(len(some))])
    return found


def test_four_channels_lose_nothing_and_meet_no_conflict(url: str) -> None:
    """Additions of four channels, each clicked twice at two processes, all count once; each
    channel sets its own line meanwhile, and nobody is told of a conflict."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with processes(PROCESSES, url, MASTER_KEY.reveal()) as gateways:
        first = gateways[0]
        case = {
            "document": ASSIST, "customer": ANNA, "client": "desk", "channel": None,
            "input": {"idempotencyKey": "case-0001", "customer": ANNA_ID, "reason": "a call",
                      "purpose": "CUSTOMER_SERVICE", "verification": "CODE"},
        }  # fmt: skip
        payloads([first], [[case]])
        created = request("cartCreate", "web", "WEB", idempotencyKey="create-1")
        ((made,),) = payloads([first], [[created]])
        cart = made["cart"]["id"]
        lines = [{"sku": f"S-{client}", "quantity": 1} for client, _ in CHANNELS]
        begun = request(
            "cartLinesAdd", "web", "WEB", idempotencyKey="begin-01", cart=cart, lines=lines
        )
        ((payload,),) = payloads([first], [[begun]])
        keys = {line["sku"]: line["key"] for line in payload["cart"]["lines"]}
        version = payload["cart"]["version"]
        asked: list[list[dict[str, Any]]] = [[] for _ in gateways]
        for client, channel in CHANNELS:
            for number in range(ROUNDS):
                addition = request(
                    "cartLinesAdd", client, channel,
                    idempotencyKey=f"add-{client}-{number:03}", cart=cart,
                    lines=[{"sku": "S"}, {"sku": f"S{number}"}],
                )  # fmt: skip
                for twin in chance.sample(range(PROCESSES), 2):
                    asked[twin].append(addition)
            wanted = [{"line": keys[f"S-{client}"], "quantity": 7}]
            setting = request(
                "cartLinesUpdate", client, channel, idempotencyKey=f"set-{client}-01",
                cart=cart, expectedVersion=version, lines=wanted,
            )  # fmt: skip
            for twin in chance.sample(range(PROCESSES), 2):
                asked[twin].append(setting)
        for some in asked:
            chance.shuffle(some)
        told = [each for some in payloads(gateways, asked) for each in some]
        assert [each["userErrors"] for each in told] == [[]] * len(told)
        again = request("cartLinesAdd", "web", "WEB", idempotencyKey="last-001", cart=cart,
                        lines=[{"sku": "S"}])  # fmt: skip
        ((last,),) = payloads([first], [[again]])
        held = {line["sku"]: line["quantity"] for line in last["cart"]["lines"]}
        assert held == {
            **{f"S-{client}": 7 for client, _ in CHANNELS},
            "S": len(CHANNELS) * ROUNDS + 1,
            **{f"S{number}": len(CHANNELS) for number in range(ROUNDS)},
        }
        # Each wish made one version, however often it was clicked.
        assert last["cart"]["version"] == version + len(CHANNELS) * (ROUNDS + 1) + 1
        actors = {line["changed"]["actor"] for line in last["cart"]["lines"]}
        assert {"CUSTOMER", "AGENT", "ASSOCIATE"} >= actors > {"CUSTOMER"}
