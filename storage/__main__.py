"""Commands for the gateway's own store: ``python -m storage --help``."""

import argparse
import asyncio
import os
import sys
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from uuid_utils import uuid7

import config
from domain.apikey import ApiKey, check, digest_of, new_text
from domain.configuration import ConfigurationError, Problem
from domain.deadline import Deadline
from domain.errors import StoreUnavailable
from domain.viewer import Channel, Purpose, Role
from storage.apikey import ApiKeyStore
from storage.backup import BackupError, backup, restore
from storage.database import Database
from storage.revision import current, downgrade, is_served, migrate, revisions
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


async def _run_api_key(settings: StorageSettings, given: argparse.Namespace) -> str:
    database = Database(settings)
    keys, deadline = ApiKeyStore(database), Deadline.after(_SECONDS)
    now = datetime.now(UTC)
    try:
        if not is_served(found := await database.read(current, deadline)):
            raise ValueError(f"the database is at migration {found or 'base'}; migrate it first")
        if given.action == "create":
            text = new_text()
            key = ApiKey(
                id=str(uuid7()),
                name=given.name,
                digest=digest_of(text) or b"",
                role=Role(given.role),
                purposes=tuple(Purpose(each) for each in given.purpose),
                store=given.store,
                channel=Channel(given.channel) if given.channel else None,
                created_at=now,
                expires_at=now + timedelta(days=given.days),
            )
            check(key)
            await keys.add(key, deadline)
            print(f"key {key.id} is good until {key.expires_at:%Y-%m-%d}", file=sys.stderr)
            return text
        if given.action == "revoke":
            if not await keys.revoke(given.id, now, deadline):
                raise ValueError(f"no good key has id {given.id}; `api-key list` shows them")
            return f"key {given.id} is revoked; it is refused everywhere within a minute"
        return "\n".join(_told(key, now) for key in await keys.listed(deadline)) or "no keys"
    finally:
        await database.close()


def _told(key: ApiKey, now: datetime) -> str:
    state = f"good until {key.expires_at:%Y-%m-%d}"
    if key.revoked_at is not None:
        state = f"revoked {key.revoked_at:%Y-%m-%d}"
    elif not key.is_good(now):
        state = f"over since {key.expires_at:%Y-%m-%d}"
    purposes = ",".join(purpose.value for purpose in key.purposes)
    return "  ".join((key.id, key.name, key.role.value, purposes, state))


def _add_api_key(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    actions = commands.add_parser("api-key", help="keys for machines").add_subparsers(
        dest="action", required=True
    )
    create = actions.add_parser("create", help="make a key and print it, this once")
    create.add_argument("name", help="the machine's: small letters, digits, dots and hyphens")
    create.add_argument("--role", required=True, choices=[role.value for role in Role])
    create.add_argument(
        "--purpose",
        required=True,
        action="append",
        choices=[purpose.value for purpose in Purpose],
        help="one that it may claim, the default first; may be repeated",
    )
    create.add_argument("--days", type=int, default=90, help="how long it is good, 90 by default")
    create.add_argument("--store", help="the key of its location, such as wms:WAW1")
    create.add_argument("--channel", choices=[channel.value for channel in Channel])
    actions.add_parser("revoke", help="end a key").add_argument("id", metavar="ID", type=UUID)
    actions.add_parser("list", help="tell of all keys; never their texts")


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
    _add_api_key(commands)
    given = parser.parse_args(arguments)
    if given.command == "key":
        print(new_master_key())
        return 0
    try:
        settings = _settings(given.config, environment)
        if given.command == "api-key":
            print(asyncio.run(_run_api_key(settings, given)))
        else:
            print(asyncio.run(_run(settings, given.command, getattr(given, "argument", None))))
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    except (BackupError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except StoreUnavailable as error:
        print(f"{error.message} ({error.__cause__})", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
