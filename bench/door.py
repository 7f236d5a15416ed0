"""``python -m bench.door``: what every request costs, from its bytes to the answer's, in CPU.

One process asks ``{ viewer { role } }`` on eight connections without a socket, of the gateway and
of bare uvicorn in turn. ``--beside DIR`` does the same in a second process for another checkout, in
turn with this one; ratios are the means of the rounds' own, with their quartiles.
"""

import argparse
import contextlib
import statistics
import sys
from functools import partial
from pathlib import Path

from bench.contender import ROOT
from bench.ratio import paired
from bench.side import Side


def main(arguments: list[str]) -> None:
    """Print a line for each side, and for the other checkout."""
    parser = argparse.ArgumentParser(prog="bench.door", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--beside", type=Path, help="another checkout of this project")
    given = parser.parse_args(arguments)
    program = Path(__file__).parent / "doorway.py"
    with contextlib.ExitStack() as owned:
        here = Side(program, ROOT)
        owned.callback(here.stop)
        turns = {
            "gateway": partial(here.measure, "gateway"),
            "uvicorn": partial(here.measure, "uvicorn"),
        }
        if given.beside:
            there = Side(program, given.beside)
            owned.callback(there.stop)
            turns["beside"] = partial(there.measure, "gateway")
        rounds = [{name: turn() for name, turn in turns.items()} for _ in range(given.rounds)]
    for name in turns:
        figures = [each[name] for each in rounds]
        line = f"{name:8} {statistics.median(figures):6.0f} µs (least {min(figures):.0f})"
        if name != "gateway":
            line += f"; gateway / {name} {paired([each['gateway'] for each in rounds], figures)}"
        print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
