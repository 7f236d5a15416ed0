"""Entry point: prints who sees what, and where personal data is; turns ids into stand-ins.

``python -m auth matrix`` and ``python -m auth map``, as Markdown or with ``--csv``. ``python -m
auth sdl ROLE`` prints the schema that this role is told of. ``python -m auth stand-in PURPOSE``
reads global ids, one a line, and prints what each is to those whom this purpose shows stand-ins
alone; it needs the key that the configuration names.
"""

import argparse
import os
import signal
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import config
from auth.policy import PolicyTable
from auth.pseudonym import KeyedPseudonyms
from auth.report import Cell, Entry, as_csv, data_map, map_page, matrix, matrix_page
from auth.settings import AuthSettings
from auth.table import DEFAULT_TABLE, read_table
from domain.configuration import ConfigurationError, Problem
from domain.errors import BadInput
from domain.identity import node_key
from domain.viewer import Purpose, Role
from execution.excerpt import excerpt
from execution.sight import sight
from schema.build import build
from schema.directive import print_labelled

_WHAT = ("matrix", "map", "sdl", "stand-in")


def main(arguments: Sequence[str]) -> int:
    """Print what is asked for; 2 for what cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m auth", description=__doc__)
    parser.add_argument("what", choices=_WHAT)
    parser.add_argument("of", nargs="?", help="the role, or the purpose")
    parser.add_argument("--csv", action="store_true", help="CSV instead of Markdown")
    parser.add_argument("--policy", type=Path, default=DEFAULT_TABLE, help="the policy table")
    parser.add_argument(
        "--config", type=Path, default=Path("gateway.toml"), help="which systems there are"
    )
    given = parser.parse_args(arguments)
    if (given.of is not None) is not (given.what in ("sdl", "stand-in")):
        parser.error("sdl needs a role, stand-in a purpose, and neither of the others takes any")
    try:
        if given.what == "stand-in":
            page = "".join(_stand_ins(given.of, given.config, os.environ))
        else:
            page = _page(given)
    except (ConfigurationError, BadInput) as error:
        print(error, file=sys.stderr)
        return 2
    except ValueError as error:
        kind = Role if given.what == "sdl" else Purpose
        print(f"{error}, allowed: {', '.join(each.value for each in kind)}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    sys.stdout.write(page)
    return 0


def _page(given: argparse.Namespace) -> str:
    published = build()
    policy = PolicyTable(published.classification, read_table(given.policy))
    if given.what == "sdl":
        seen = sight(published.graphql, Role(given.of), policy, policy)
        told = excerpt(published.graphql, seen)
        return print_labelled(told, published.classification.fields) + "\n"
    if given.what == "matrix":
        return as_csv(matrix(policy), Cell._fields) if given.csv else matrix_page(policy)
    systems = _systems(given.config)
    rows = data_map(policy, systems)
    return as_csv(rows, Entry._fields) if given.csv else map_page(policy, systems)


def _stand_ins(purpose: str, file: Path, environment: Mapping[str, str]) -> Iterator[str]:
    known = Purpose(purpose)
    said = tomllib.loads(file.read_text(encoding="utf-8")).get("auth", {})
    own = {name: value for name, value in said.items() if name == "pseudonym_key_env"}
    settings = config.read(own, AuthSettings, "auth", environment=environment, file=str(file))
    if settings.pseudonym_key_env is None:
        allowed = "the variable with the key: without one each process has stand-ins of its own"
        raise ConfigurationError([Problem("auth.pseudonym_key_env", "nothing", allowed, str(file))])
    pseudonyms = KeyedPseudonyms(settings.pseudonym_key_env)
    for line in sys.stdin:
        id = line.strip()
        node_key(id, "a line")
        yield f"{pseudonyms.stand_in(id, known)}\n"


def _systems(file: Path) -> dict[str, list[str]]:
    """Read which ports each system serves; whether the rest is right, app says when it starts."""
    written = tomllib.loads(file.read_text(encoding="utf-8")).get("systems", {})
    return {name: list(system.get("serves", ())) for name, system in written.items()}


if __name__ == "__main__":
    # Who reads the first lines only is no error.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main(sys.argv[1:]))
