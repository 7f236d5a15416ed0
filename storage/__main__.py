"""Commands for the gateway's own store: ``python -m storage --help``."""

import argparse
import asyncio
import os
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import config
from domain.configuration import ConfigurationError, Problem
from domain.deadline import Deadline
from domain.errors import StoreUnavailable
from storage.backup import BackupError, backup, restore
from storage.database import Database
from storage.revision import current, downgrade, migrate, revisions
from storage.seal import new_master_key
from storage.settings import StorageSettings, problems

_SECONDS = 6 * 3_600.0
_TABLE = "storage"


async def _run(settings: StorageSettings, command: str, argument: str | None) -> str:
    database = Database(settings)
    try:
        if command == "backup":
            counts = await backup(database, Path(argument or ""))
            return f"backed up {sum(counts.values())} rows of {len(counts)} tables to {argument}"
        if command == "restore":
            counts = await restore(database, Path(argument or ""))
            return f"restored {sum(counts.values())} rows from {argument}"
        deadline = Deadline.after(_SECONDS)
        if command == "migrate":
            await database.write(lambda each: migrate(each, argument), deadline)
        elif command == "downgrade":
            await database.write(lambda each: downgrade(each, argument or "base"), deadline)
        found = await database.read(current, deadline)
        return f"the database is at migration {found or 'base'} of {', '.join(revisions())}"
    finally:
        await database.close()


def _settings(file: Path, environment: Mapping[str, str]) -> StorageSettings:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or "unreadable"
        problem = Problem("", reason, "name another with --config", str(file))
        raise ConfigurationError([problem]) from None
    except tomllib.TOMLDecodeError as error:
        problem = Problem("", f"it is not TOML: {error}", "correct that line", str(file))
        raise ConfigurationError([problem]) from None
    # What is sealed is not opened here: neither a migration nor a backup needs the master key.
    own = {key: value for key, value in table.get(_TABLE, {}).items() if key != "master_key_env"}
    settings = config.read(own, StorageSettings, _TABLE, environment=environment, file=str(file))
    found = [each for each in problems(settings) if not each.key.endswith("master_key_env")]
    if found:
        raise ConfigurationError(found)
    return settings


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run one command; 2 for a configuration that cannot work, 1 where it could not be done."""
    parser = argparse.ArgumentParser(prog="python -m storage", description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("gateway.toml"))
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("key", help="print a new master key")
    commands.add_parser("status", help="tell the database's migration")
    up = commands.add_parser("migrate", help="bring the database up to this release")
    up.add_argument("argument", metavar="MIGRATION", nargs="?", help="and no further than this")
    down = commands.add_parser("downgrade", help="bring the database back to a migration")
    down.add_argument("argument", metavar="MIGRATION", choices=[*revisions(), "base"])
    for name, text in (
        ("backup", "write the whole store to a file"),
        ("restore", "read a file into an empty database"),
    ):
        commands.add_parser(name, help=text).add_argument("argument", metavar="FILE")
    given = parser.parse_args(arguments)
    if given.command == "key":
        print(new_master_key())
        return 0
    try:
        settings = _settings(given.config, environment)
        print(asyncio.run(_run(settings, given.command, getattr(given, "argument", None))))
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    except BackupError as error:
        print(error, file=sys.stderr)
        return 1
    except StoreUnavailable as error:
        print(f"{error.message} ({error.__cause__})", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
