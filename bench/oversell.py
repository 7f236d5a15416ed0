"""Sells the last pieces to far too many buyers, and counts what was sold.

    .venv/bin/python -m bench.oversell [--database postgresql|sqlite] [--processes 3] [--seed N]

Every buyer clicks twice, at whichever process; one process is killed in the midst, and whoever got
no answer, or is told to try again, asks another with the same key. What is held is then counted in
the database.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

from msgspec import Struct
from sqlalchemy import func, select

from domain.secret import Secret
from storage.database import Database
from storage.settings import StorageSettings
from storage.table import HOLD
from tests.servers import Postgres, running
from tests.storage.process import Process
from tests.storage.reserve import CREATE, RESERVED, place
from tests.storage.shop import PIECES

BUYERS = 200
_KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
_SECONDS = 30.0
_TRIES = 20

Click = tuple[int, dict[str, Any]]


class Case(Struct, frozen=True):
    """What each buyer wants, all of it of goods of which there are ``PIECES``.

    *Shape*: ``lines`` as sent; ``wanted`` how many pieces of the scarce SKU that comes to.
    """

    name: str
    lines: Sequence[dict[str, Any]]
    scarce: str
    wanted: int


CASES = (
    Case("one piece each", [{"sku": "S1"}], "S1", 1),
    Case("two lines of one SKU", [{"sku": "S2"}, {"sku": "S3"}, {"sku": "S2"}], "S2", 2),
    Case("bundles", [{"sku": "B1"}], "S8", 2),
)


class Result(Struct, frozen=True):
    """What came of one case.

    *Shape*: ``held`` and ``short`` count buyers, ``ids`` reservations, ``pieces`` what the
    database holds of the scarce SKU. *Units*: ``seconds`` from the first click to the last answer.
    """

    name: str
    buyers: int
    held: int
    short: int
    other: list[Any]
    ids: int
    pieces: int
    seconds: float

    def problems(self, case: Case) -> list[str]:
        """Tell what is not as it must be."""
        found = [f"an answer is neither held nor short: {each}" for each in self.other[:3]]
        most = PIECES // case.wanted
        if self.held != most or self.ids != most:
            found.append(f"{self.held} buyers hold, with {self.ids} reservations; {most} could")
        if self.pieces != most * case.wanted:
            found.append(f"{self.pieces} pieces are held in the database")
        if self.held + self.short != self.buyers:
            found.append(f"{self.held} held and {self.short} short of {self.buyers} buyers")
        return found


class Sale:
    """Several processes of one gateway, and the buyers before them."""

    def __init__(self, url: str, processes: int, seed: int) -> None:
        self._url = url
        self._random = random.Random(seed)
        self._processes = [self._start() for _ in range(processes)]

    def _start(self) -> Process:
        process = Process(self._url, _KEY, _SECONDS)
        process.ready()
        return process

    def close(self) -> None:
        """End every process."""
        for each in self._processes:
            each.close()

    def run(self, case: Case, buyers: int = BUYERS, *, kills: bool = False) -> Result:
        """Let everybody buy, twice, all at once."""
        # Each click is an object of its own, by which its answer is known.
        clicks: list[Click] = [
            (buyer, _click(case, buyer)) for _ in range(2) for buyer in range(buyers)
        ]
        self._random.shuffle(clicks)
        parts: list[list[Click]] = [[] for _ in self._processes]
        for click in clicks:
            self._random.choice(parts).append(click)
        victim = self._random.randrange(len(parts)) if kills else None
        last = self._random.randrange(len(parts[victim])) if victim is not None else 0
        begun = time.perf_counter()
        with ThreadPoolExecutor(len(parts)) as readers:
            answers = list(
                readers.map(
                    lambda number: self._serve(
                        number, parts[number], last if number == victim else None
                    ),
                    range(len(parts)),
                )
            )
        outcomes = [each for part in answers for each in part]
        if victim is not None:
            self._processes[victim].close()
            self._processes[victim] = self._start()
        for _ in range(_TRIES):
            answered = {id(click) for click, answer in outcomes if not _is_retryable(answer)}
            lost = [each for part in parts for each in part if id(each) not in answered]
            outcomes = [(click, answer) for click, answer in outcomes if id(click) in answered]
            if not lost:
                break
            outcomes += self._serve(self._random.randrange(len(parts)), lost, None)
        seconds = time.perf_counter() - begun
        return _result(case, buyers, outcomes, asyncio.run(_pieces(self._url, case)), seconds)

    def _serve(
        self, number: int, clicks: Sequence[Click], last: int | None
    ) -> list[tuple[Click, Any]]:
        """Send clicks to one process, and kill it after so many answers."""
        process = self._processes[number]
        if not clicks:
            return []
        process.send([request for _, request in clicks])
        outcomes: list[tuple[Click, Any]] = []
        for place_of, answer in process.answers():
            outcomes.append((clicks[place_of], answer))
            if last is not None and len(outcomes) > last:
                process.kill()
        return outcomes


async def _pieces(url: str, case: Case) -> int:
    database = Database(StorageSettings(url=url, master_key_env=Secret(_KEY)))
    try:
        held = select(func.sum(HOLD.c.quantity)).where(HOLD.c.sku == case.scarce)
        return await database.read(lambda connection: connection.scalar(held)) or 0
    finally:
        await database.close()


def _is_retryable(answer: dict[str, Any]) -> bool:
    """As a client sees it that sends the same again, with the same key."""
    return bool(answer["errors"] == ["STORE_UNAVAILABLE"])


def _click(case: Case, buyer: int) -> dict[str, Any]:
    wish = {"idempotencyKey": f"{case.scarce}-buyer-{buyer}", "location": place()}
    return {
        "document": CREATE + RESERVED,
        "customer": f"crm:B-{buyer}",
        "input": wish | {"lines": list(case.lines)},
    }


def _result(
    case: Case, buyers: int, outcomes: Sequence[tuple[Click, Any]], pieces: int, seconds: float
) -> Result:
    held: dict[int, set[str]] = {}
    short: set[int] = set()
    other = []
    for (buyer, _), answer in outcomes:
        payload = (answer["data"] or {}).get("reservationCreate")
        if payload is None or answer["errors"]:
            other.append(answer)
        elif payload["reservation"] is not None:
            held.setdefault(buyer, set()).add(payload["reservation"]["id"])
        elif [each["__typename"] for each in payload["userErrors"]] == ["Shortage"]:
            short.add(buyer)
        else:
            other.append(answer)
    ids = {each for some in held.values() for each in some}
    return Result(case.name, buyers, len(held), len(short), other, len(ids), pieces, seconds)


@contextmanager
def database(kind: str) -> Iterator[str]:
    """An empty database of its own."""
    with ExitStack() as owned:
        if kind == "postgresql":
            yield owned.enter_context(running(Postgres)).database()
        else:
            folder = owned.enter_context(tempfile.TemporaryDirectory())
            yield f"sqlite+aiosqlite:///{folder}/gateway.sqlite"


def main() -> int:
    """Sell, and tell what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.oversell", description=__doc__)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--buyers", type=int, default=BUYERS)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    given = parser.parse_args()
    processes = given.processes if given.database == "postgresql" else 1
    print(f"seed {given.seed}, {processes} processes on {given.database}, {PIECES} pieces")
    wrong = 0
    with database(given.database) as url:
        sale = Sale(url, processes, given.seed)
        try:
            for case in CASES:
                found = sale.run(case, given.buyers, kills=True)
                problems = found.problems(case)
                wrong += len(problems)
                print(
                    f"{case.name:22} {found.held:4} hold {found.short:4} short "
                    f"{found.seconds:6.2f} s  {'; '.join(problems) or 'right'}"
                )
        finally:
            sale.close()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
