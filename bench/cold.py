"""The yardstick of cold documents: what parsing and validating one takes by itself.

It is a process of its own that takes its turn with the contenders, on their core, with the
gateway's schema and its settings of the garbage collector. For each line it reads, a number of
seconds, it works for as long and tells the CPU seconds that a document took.
"""

import gc
import sys
import time
from pathlib import Path

from graphql import build_schema, parse, validate

from bench.side import Side
from bench.workload import BY_NAME
from transport.server import GARBAGE

NAME = "parse and validate"
_WARM_SECONDS = 0.5


def start(core: int | None) -> Side:
    """Start the process."""
    return Side(Path(__file__), Path(__file__).parent.parent, core=core)


def main() -> None:
    """Measure for as long as there are lines."""
    schema = build_schema(Path("schema/schema.graphql").read_text())
    document = BY_NAME["cold"].document
    count = 0

    def work(seconds: float) -> float:
        nonlocal count
        before, first = time.process_time(), count
        while (spent := time.process_time() - before) < seconds or count == first:
            count += 1
            fresh = document.replace("query Detail", f"query Detail{count:09d}", 1)
            assert not validate(schema, parse(fresh))
        return spent / (count - first)

    work(_WARM_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    print("ready", flush=True)
    for line in sys.stdin:
        work(0.0)
        print(work(float(line)), flush=True)


if __name__ == "__main__":
    main()
