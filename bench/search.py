"""What search, facets and a filter by stock cost the gateway, over the sandbox at real size.

``python -m bench.search`` serves the large sandbox and the gateway beside it, asks each question
over and over, and prints the gateway's own CPU and the whole time for each, with the calls made.
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from tests.shop import Shop, serve

_TICK = os.sysconf("SC_CLK_TCK")

_FACETS = """facets { __typename code name count
  ... on ChoiceFacet { choices { code text count } }
  ... on CategoryFacet { categories { count category { id name } } }
  ... on NumberFacet { min max unit }
  ... on PriceFacet { lowest { minor currency } highest { minor currency } } }"""
_CARDS = """pageInfo { hasNextPage endCursor } totalCount { value isExact }
  nodes { id name brand media { url } category { name }
    priceSpan { min { gross { minor currency } } max { gross { minor currency } } } }"""
_PRIOR = """nodes { name variants { sku options { code choice value } offer {
    price { gross { minor currency } } listPrice { gross { minor } } isReduced
    priorPrice { price { gross { minor } } percentOff } } } }"""

QUESTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "search, 48 cards": (_CARDS, {"search": "dress"}),
    "filter and sort, 48 cards": (
        _CARDS,
        {
            "where": {
                "options": [{"code": "colour", "values": ["BLK", "NVY"]}],
                "price": {"min": "50", "max": "300"},
            },
            "sort": "PRICE_ASC",
        },
    ),
    "facets alone": (_FACETS, {}),
    "listing of 48 with facets": (f"{_CARDS} {_FACETS}", {}),
    "the same, in stock at a store": (f"{_CARDS} {_FACETS}", {"where": {"inStockAt": None}}),
    "48 with every variant's prior price": (_PRIOR, {"where": {"isReduced": True}}),
}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.search", description=__doc__)
    parser.add_argument("--times", type=int, default=40, help="how often each is asked")
    times = parser.parse_args().times
    with serve(size="large") as shop:
        pid = _gateway(shop)
        store = _store(shop)
        print("variants 12,110; CPU is the gateway's process alone")
        print(f"{'question':38} {'cpu ms':>7} {'p50 ms':>7} {'kB':>5}  calls")
        for name, (selection, variables) in QUESTIONS.items():
            where = variables.get("where")
            if where and "inStockAt" in where:
                variables = {**variables, "where": {"inStockAt": store}}
            print(_row(shop, pid, name, selection, variables, times), flush=True)
    return 0


def _row(
    shop: Shop, pid: int, name: str, selection: str, variables: dict[str, Any], times: int
) -> str:
    query = f"""query Q($search: String, $where: ProductFilter, $sort: ProductSort! = RELEVANCE) {{
        products(search: $search, where: $where, sort: $sort, first: 48) {{ {selection} }} }}"""
    for _ in range(5):
        answer = shop.ask(query, variables, persona="system")
        assert answer.errors == [], answer.errors
    spent, before = [], _cpu(pid)
    for _ in range(times):
        start = time.perf_counter()
        answer = shop.ask(query, variables, persona="system")
        spent.append(time.perf_counter() - start)
    cpu = (_cpu(pid) - before) / times
    size = len(answer.response.content) // 1_000
    calls = ", ".join(f"{system} {count}" for system, count in sorted(answer.calls.items()))
    return f"{name:38} {cpu * 1e3:7.1f} {statistics.median(spent) * 1e3:7.1f} {size:5}  {calls}"


def _store(shop: Shop) -> str:
    query = """{ variant(sku: "100001001") {
        availability { locations(first: 100) { location { id kind } } } } }"""
    places = shop.ask(query).data["variant"]["availability"]["locations"]
    return next(str(p["location"]["id"]) for p in places if p["location"]["kind"] == "STORE")


def _gateway(shop: Shop) -> int:
    """The process that listens where the gateway answers."""
    port = int(shop.url.rsplit(":", 1)[1].split("/")[0])
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    inode = next(
        row.split()[9]
        for row in rows
        if row.split()[1].endswith(f":{port:04X}") and row.split()[3] == "0A"
    )
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(f.readlink()) == f"socket:[{inode}]" for f in (folder / "fd").iterdir()):
                return int(folder.name)
        except OSError:
            continue
    raise RuntimeError("found no process that serves the gateway")


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


if __name__ == "__main__":
    sys.exit(main())
