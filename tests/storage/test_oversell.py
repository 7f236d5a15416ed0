"""The last pieces, and far too many buyers: everybody is told the truth, and nothing sold twice."""

import random
from collections.abc import Iterator

import pytest

from bench.oversell import CASES, Sale

PROCESSES = {"postgresql": 3, "sqlite": 1}


@pytest.fixture
def sale(url: str) -> Iterator[Sale]:
    seed = random.SystemRandom().randrange(1 << 30)
    print(f"seed {seed}")
    sale = Sale(url, PROCESSES[url.partition("+")[0]], seed)
    yield sale
    sale.close()


@pytest.mark.long
def test_fifty_pieces_are_held_once_by_fifty_of_two_hundred(sale: Sale) -> None:
    """Of 200 buyers who click twice, at several processes of which one is killed, exactly as many
    hold the goods as there are pieces, and every other one is told of a shortage."""
    problems: dict[str, list[str]] = {}
    for case in CASES:
        problems[case.name] = sale.run(case, kills=case is CASES[0]).problems(case)
    assert problems == {case.name: [] for case in CASES}
