"""Entry point: prints who sees what, and where personal data is.

``python -m auth matrix`` and ``python -m auth map``, as Markdown or with ``--csv``.
"""

import argparse
import signal
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from auth.policy import PolicyTable
from auth.report import Cell, Entry, as_csv, data_map, map_page, matrix, matrix_page
from auth.table import DEFAULT_TABLE, read_table
from domain.configuration import ConfigurationError
from schema.build import build


def main(arguments: Sequence[str]) -> int:
    """Print what is asked for; 2 for a table that cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m auth", description=__doc__)
    parser.add_argument("what", choices=("matrix", "map"))
    parser.add_argument("--csv", action="store_true", help="CSV instead of Markdown")
    parser.add_argument("--policy", type=Path, default=DEFAULT_TABLE, help="the policy table")
    parser.add_argument(
        "--config", type=Path, default=Path("gateway.toml"), help="which systems there are"
    )
    given = parser.parse_args(arguments)
    try:
        policy = PolicyTable(build().classification, read_table(given.policy))
        if given.what == "matrix":
            page = as_csv(matrix(policy), Cell._fields) if given.csv else matrix_page(policy)
        else:
            systems = _systems(given.config)
            rows = data_map(policy, systems)
            page = as_csv(rows, Entry._fields) if given.csv else map_page(policy, systems)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    sys.stdout.write(page)
    return 0


def _systems(file: Path) -> dict[str, list[str]]:
    """Read which ports each system serves; whether the rest is right, app says when it starts."""
    written = tomllib.loads(file.read_text(encoding="utf-8")).get("systems", {})
    return {name: list(system.get("serves", ())) for name, system in written.items()}


if __name__ == "__main__":
    # Who reads the first lines only is no error.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main(sys.argv[1:]))
