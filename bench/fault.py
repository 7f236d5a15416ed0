"""What broken systems do to the gateway: ``python -m bench.fault``.

Serves the large sandbox retailer and the gateway, breaks one system at a time under load, and
prints what slow systems, bad lines and garbage cost beside what is allowed, and how many calls
things take. The exit status is 1 where a bar is missed.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from msgspec import Struct

from tests.shop import ROOT, Shop, serve

DEADLINE = 1.0
LIMIT = 8
_MB = 1 << 20
_PAGE = 4_096
_POLL = 0.004

SCREEN = """query ($skus: [String!]!) {
  products(first: 3) { nodes { name variants { sku offer { price { gross { minor } } } } } }
  availability(skus: $skus) { sku band provenance { freshness }
    modes { mode band } locations(first: 3) { band location { name } } }
  locations(first: 3) { nodes { name } }
  lookup(kind: CUSTOMER, system: "crm", id: "C-000042") { ... on Customer {
    name { full { text } } email { text } loyalty { points }
    orders(first: 3) { complete nodes { number total { minor currency } } } } } }"""
ORDERS = """{ lookup(kind: CUSTOMER, system: "crm", id: "C-000042") { ... on Customer {
  orders(first: 100) { nodes { number receiptNumber total { minor currency } } } } } }"""
SKUS = [f"100{style:03d}001" for style in range(1, 6)]

SLOW = {"slow (2 s)": {"latency_ms": 2_000}}
LINES: dict[str, dict[str, Any]] = {
    "half open": {"mode": "silent"},
    "dripping": {"garbage": "drip", "drip_ms": 50},
    "reset": {"mode": "reset"},
    "dropped": {"mode": "drop"},
    "cut in the body": {"garbage": "cut"},
}
GARBAGE: dict[str, dict[str, Any]] = {
    "truncated JSON": {"garbage": "truncated"},
    "wrong types": {"garbage": "types"},
    "damaged rows": {"garbage": "rows"},
    "HTML with 200": {"garbage": "html"},
    "NaN": {"garbage": "nan"},
    "wrong currency": {"garbage": "currency"},
    "1 GB body": {"garbage": "huge"},
    "1 GB gzip bomb": {"garbage": "gzip_bomb"},
}
SYSTEMS = ("erp", "wms", "crm")


class Outcome(Struct, kw_only=True):
    """What a burst of operations met."""

    operations: int = 0
    worst: float = 0.0
    crashes: int = 0
    lost: int = 0
    wrong: int = 0
    in_flight: int = 0
    grown: float = 0.0


def main(arguments: Sequence[str]) -> int:
    """Measure and print; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.fault", description=__doc__)
    parser.add_argument("--operations", type=int, default=48, help="for each fault")
    parser.add_argument("--clients", type=int, default=8, help="side by side")
    asked = parser.parse_args(arguments)
    text = (ROOT / "gateway.toml").read_text(encoding="utf-8")
    # The operation's own deadline is what has to hold: no system is given less than it.
    text = text.replace('timeout = "3s"', f'timeout = "{DEADLINE:g}s"')
    text = text.replace('timeout = "2s"', f'timeout = "10s"\nconcurrency = {LIMIT}')
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "gateway.toml"
        config.write_text(text, encoding="utf-8")
        with (Path(folder) / "log").open("w") as log, serve(config, size="large", log=log) as shop:
            return asyncio.run(_measure(shop, asked.operations, asked.clients))


async def _measure(shop: Shop, operations: int, clients: int) -> int:
    meter = _Meter(shop, clients)
    for pid in (shop.pid, os.getpid()):
        # Where it is allowed, others on the machine do not make the gateway late.
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, pid, -19)
    try:
        await meter.warm()
        missed = 0
        print(f"{operations} operations for each fault and system, {clients} side by side;")
        print(f"deadline {DEADLINE:g} s, {LIMIT} calls to a system at a time.\n")
        for title, faults in (("slow", SLOW), ("line", LINES), ("garbage", GARBAGE)):
            print(
                f"| {title} | system | worst over deadline | in flight | crashes | lost "
                "| wrong | MB |"
            )
            print("|---|---|---|---|---|---|---|---|")
            for name, fault in faults.items():
                for system in SYSTEMS:
                    found = await meter.burst(system, fault, operations)
                    missed += _row(title, name, system, found)
            print()
        missed += await meter.calls()
    finally:
        await meter.close()
    print("every bar is met" if not missed else f"{missed} missed")
    return 1 if missed else 0


def _row(title: str, name: str, system: str, found: Outcome) -> bool:
    over = max(0.0, found.worst - DEADLINE) * 1_000
    is_met = (
        (over <= 50 or title == "garbage")
        and found.in_flight <= LIMIT
        and not found.crashes
        and not found.lost
        and not found.wrong
        and (found.grown < 50 or title != "garbage")
    )
    counts = (found.in_flight, found.crashes, found.lost, found.wrong)
    cells = [f"{over:.0f} ms", *map(str, counts), f"{found.grown:+.0f}"]
    mark = "" if is_met else " **missed**"
    print(f"| {name} | {system} | {' | '.join(cells)}{mark} |", flush=True)
    return not is_met


class _Meter:
    """Asks the gateway from many clients, and watches its memory meanwhile."""

    def __init__(self, shop: Shop, clients: int) -> None:
        self._shop = shop
        self._clients = clients
        self._headers = {
            "Authorization": f"Bearer {shop.token('system')}",
            "Accept": "application/graphql-response+json",
        }
        limits = httpx.Limits(max_connections=clients)
        self._http = httpx.AsyncClient(timeout=30, trust_env=False, limits=limits)
        self._whole: Any = None
        self._orders: list[Any] = []

    async def close(self) -> None:
        await self._http.aclose()

    async def warm(self) -> None:
        """Reach the size that the gateway has when all is well."""
        for _ in range(3):
            await self._burst(Outcome(), 2 * self._clients)
        self._whole = (await self._ask(SCREEN, {"skus": SKUS})).json()["data"]
        assert all(self._whole.values()), "the systems are not well"
        every = (await self._ask(ORDERS, {})).json()["data"]["lookup"]["orders"]["nodes"]
        # A sale at a till goes by the receipt's number while the ERP is away.
        self._orders = [
            {"number": number, "total": each["total"]}
            for each in every
            for number in (each["number"], each["receiptNumber"])
        ]

    async def burst(self, system: str, fault: dict[str, Any], operations: int) -> Outcome:
        """Break a system, ask, and mend it again."""
        self._shop.mend()
        found = Outcome()
        before = self._rss()
        self._shop.fault(system, **fault)
        watch = asyncio.create_task(self._watch(found, before))
        try:
            await self._burst(found, operations)
        finally:
            watch.cancel()
            seen = await self._http.get(f"{self._shop.systems[system]}/_admin/requests")
            found.in_flight = seen.json()["peak_in_flight"]
            self._shop.mend()
        # The next fault begins with connections that are well.
        await self._burst(Outcome(), self._clients)
        return found

    async def calls(self) -> int:
        """Count calls for one item and for a hundred, and print them."""
        missed = 0
        print("| calls | 1 item | 20 items | 100 items |")
        print("|---|---|---|---|")
        query = """query ($skus: [String!]!) { availability(skus: $skus,
            near: {latitude: 52.23, longitude: 21.01}) { band modes { mode promise { cutOff } }
            locations(first: 5) { location { name } } } }"""
        shelf = """query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Variant { product { name }
            offer { price { gross { minor } } } availability(near: {latitude: 52.23,
            longitude: 21.01}) { band modes { mode band } locations(first: 5) { band
            location { name } } } } } }"""
        listing = """query ($first: Int!) { products(first: $first) { nodes { name variants { id
            sku } } } }"""
        page = await self._ask(listing, {"first": 100})
        variants = [v for p in page.json()["data"]["products"]["nodes"] for v in p["variants"]]
        asked: dict[str, tuple[str, Callable[[int], dict[str, Any]]]] = {
            "availability near me": (query, lambda n: {"skus": [v["sku"] for v in variants[:n]]}),
            "product, price, availability": (
                shelf, lambda n: {"ids": [v["id"] for v in variants[:n]]},
            ),
            "listing": (listing, lambda n: {"first": n}),
        }  # fmt: skip
        for name, (text, variables) in asked.items():
            counts = []
            for number in (1, 20, 100):
                answer = (await self._ask(text, variables(number))).json()
                assert "errors" not in answer, answer["errors"]
                counts.append(answer["extensions"]["cost"]["calls"])
            is_met = counts[0] == counts[1] == counts[2]
            missed += not is_met
            told = (" ".join(f"{k} {v}" for k, v in sorted(each.items())) for each in counts)
            print(f"| {name} | {' | '.join(told)}{'' if is_met else ' **missed**'} |")
        print()
        return missed

    async def _burst(self, found: Outcome, operations: int) -> None:
        numbers = iter(range(operations))

        async def work() -> None:
            for _ in numbers:
                started = time.perf_counter()
                answer = await self._ask(SCREEN, {"skus": SKUS})
                found.worst = max(found.worst, time.perf_counter() - started)
                found.operations += 1
                body = answer.json()
                codes = {each["extensions"]["code"] for each in body.get("errors", ())}
                found.crashes += answer.status_code != 200 or "INTERNAL" in codes
                data = body.get("data")
                found.lost += data is None
                found.wrong += self._whole is not None and not self._is_part(data, self._whole)

        await asyncio.gather(*(work() for _ in range(self._clients)))

    async def _ask(self, query: str, variables: dict[str, Any]) -> httpx.Response:
        body = {"query": query, "variables": variables}
        return await self._http.post(self._shop.url, json=body, headers=self._headers)

    async def _watch(self, found: Outcome, before: int) -> None:
        while True:
            found.grown = max(found.grown, (self._rss() - before) / _MB)
            await asyncio.sleep(_POLL)

    def _is_part(self, part: Any, whole: Any) -> bool:
        """Whether all that is shown is as it is when all is well; null may stand anywhere.

        Of orders that say that they are not all, each is one of the customer's; stock that says
        that it is stale promises less.
        """
        if part is None:
            return True
        if isinstance(part, dict):
            if part.get("complete") is False:
                return all(each is None or each in self._orders for each in part["nodes"])
            source = part.get("provenance")
            if source is not None and source["freshness"] == "STALE":
                return True
            return all(self._is_part(part[key], whole[key]) for key in part if key != "provenance")
        if isinstance(part, list):
            return len(part) == len(whole) and all(map(self._is_part, part, whole))
        return bool(part == whole)

    def _rss(self) -> int:
        return int(Path(f"/proc/{self._shop.pid}/statm").read_text().split()[1]) * _PAGE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
