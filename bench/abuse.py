"""What it costs to refuse abuse: ``python -m bench.abuse``.

Serves the gateway beside the sandbox, sends it each of the requests of bench/attack.py, and prints
the gateway's own CPU time for the refusal beside what S5 allows. The exit status is 1 where the bar
is missed, or where an attack is answered otherwise than with an error of the caller's.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from bench.attack import attacks
from tests.shop import ROOT, Shop, serve

MILLISECONDS = 10.0
_SECONDS = 20.0


def main(arguments: Sequence[str]) -> int:
    """Measure and print; 1 where the bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.abuse", description=__doc__)
    parser.add_argument("--times", type=int, default=15, help="each attack is sent")
    asked = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory() as folder,
        (Path(folder) / "log").open("w") as log,
        serve(ROOT / "gateway.toml", log=log) as shop,
    ):
        return asyncio.run(_measure(shop, asked.times))


async def _measure(shop: Shop, times: int) -> int:
    missed = 0
    print("| attack | bytes | status | CPU of refusing it, ms: median | worst |")
    print("|---|---|---|---|---|")
    for name, body in attacks().items():
        await _send(shop.url, body)
        spent, statuses = [], set()
        for _ in range(times):
            before = _cpu(shop.pid)
            statuses.add(await _send(shop.url, body))
            spent.append((_cpu(shop.pid) - before) / 1e6)
        median = statistics.median(spent)
        is_met = median <= MILLISECONDS and max(statuses) < 500
        missed += not is_met
        told = ", ".join(map(str, sorted(statuses)))
        mark = "" if is_met else " **missed**"
        print(f"| {name} | {len(body)} | {told} | {median:.1f} | {max(spent):.1f}{mark} |")
    print("\nevery bar is met" if not missed else f"\n{missed} missed")
    return 1 if missed else 0


async def _send(url: str, body: bytes) -> int:
    """Send a body on a connection of its own; the status of the answer, 500 without an error."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        async with asyncio.timeout(_SECONDS):
            head = (
                f"POST {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: close\r\n"
                "Accept: application/graphql-response+json\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            answer = await reader.read()
            return int(answer.split(b" ", 2)[1]) if b'"errors":[' in answer else 500
    finally:
        writer.close()


def _cpu(pid: int) -> int:
    """The CPU time of a process's threads. *Units*: nanoseconds."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((each / "schedstat").read_text().split()[0]) for each in tasks)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
