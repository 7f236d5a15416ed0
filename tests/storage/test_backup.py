"""Backup and restore: one file, from either database and into either."""

import hashlib
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from storage.__main__ import main
from storage.backup import BackupError, backup, restore
from storage.database import Database
from storage.revision import revisions
from storage.settings import StorageSettings
from storage.store import Store, open_store
from storage.table import METADATA
from tests.servers import Postgres
from tests.storage.conftest import MASTER_KEY
from tests.storage.process import ROOT
from tests.storage.shop import ANNA, MINE, PIOTR, SHARE, Shop, add, create, customer

BY_LINK = "query ($secret: String!) { wishlistByLink(secret: $secret) { lines { sku } } }"


async def _write(store: Store) -> str:
    shop = Shop(store)
    for key in (ANNA, PIOTR):
        answer = await create(shop, customer(key), "create-1", f"of {key}")
        id = answer["data"]["wishlistCreate"]["wishlist"]["id"]
        await add(shop, customer(key), "add-0001", id, {"sku": "S1", "note": "size M"}, "S2")
    answer = await shop.ask(SHARE, customer(PIOTR), input={
        "idempotencyKey": "share-01", "wishlist": id})  # fmt: skip
    secret: str = answer["data"]["wishlistShare"]["secret"]
    return secret


async def _read(store: Store, secret: str) -> list[Any]:
    shop = Shop(store)
    return [
        await shop.ask(MINE, customer(ANNA)),
        await shop.ask(MINE, customer(PIOTR)),
        (await shop.ask(BY_LINK, customer(ANNA), secret=secret))["data"],
        # A replay: what was done before the backup is known after it.
        await create(shop, customer(ANNA), "create-1", f"of {ANNA}"),
    ]


async def _restore(url: str, file: Path) -> dict[str, int]:
    database = Database(StorageSettings(url=url))
    try:
        return await restore(database, file)
    finally:
        await database.close()


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
async def test_a_backup_is_restored_and_read(
    store: Store, target: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """What was backed up is there again, in a database of either kind, retries included."""
    secret = await _write(store)
    before = await _read(store, secret)
    file = tmp_path / "backup"
    counts = await backup(store._database, file)
    assert (counts["subject"], counts["wishlist_line"], counts["attempt"]) == (2, 4, 5)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    if target == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path}/restored.sqlite"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.database()
    restored = open_store(StorageSettings(url=url, master_key_env=MASTER_KEY, migrate=False))
    assert await _restore(url, file) == {name: count for name, count in counts.items() if count}
    assert await restored.start() is None
    assert await _read(restored, secret) == before
    await restored.close()


async def test_a_damaged_file_is_refused_whole(store: Store, tmp_path: Path, url: str) -> None:
    """A file with a byte changed, an end missing or something added restores nothing at all."""
    await _write(store)
    file = tmp_path / "backup"
    await backup(store._database, file)
    content = file.read_bytes()
    empty = Database(StorageSettings(url=f"sqlite+aiosqlite:///{tmp_path}/empty.sqlite"))
    middle = len(content) // 2
    for damaged in (
        content[:-1],
        content[:middle],
        content + b"x",
        content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
        b"",
        b"something else",
    ):
        file.write_bytes(damaged)
        with pytest.raises(BackupError, match=r"damaged|not a backup"):
            await restore(empty, file)
    with pytest.raises(BackupError, match="No such file"):
        await restore(empty, tmp_path / "absent")
    await empty.close()


async def test_nothing_is_restored_over_anything(store: Store, tmp_path: Path) -> None:
    """A database that holds something already is left as it is."""
    await _write(store)
    file = tmp_path / "backup"
    await backup(store._database, file)
    with pytest.raises(BackupError, match="empty database"):
        await restore(store._database, file)


async def test_an_older_release_s_file_is_restored_and_migrated(
    store: Store, tmp_path: Path
) -> None:
    """A backup made before a migration is read as what it is, and then brought up to date."""
    secret = await _write(store)
    file = tmp_path / "backup"
    await backup(store._database, file)
    _as_of_0002(file)
    url = f"sqlite+aiosqlite:///{tmp_path}/restored.sqlite"
    restored = open_store(StorageSettings(url=url, master_key_env=MASTER_KEY))
    await _restore(url, file)
    assert await restored.start() is None
    mine, _, shared, _ = await _read(restored, secret)
    assert [
        line["sku"] for line in mine["data"]["viewer"]["customer"]["wishlists"][0]["lines"]
    ] == [
        "S1",
        "S2",
    ]
    assert shared == {"wishlistByLink": None}
    await restored.close()


def _as_of_0002(file: Path) -> None:
    """Write the file anew as the release before would have: without links."""
    content, frames = file.read_bytes(), []
    while content:
        size = int.from_bytes(content[:8], "big")
        frames.append(msgspec.msgpack.decode(content[8 : 8 + size]))
        content = content[8 + size :]
    written, digest = b"", hashlib.sha256()
    for frame in frames:
        if frame["type"] == "head":
            frame["revision"] = "0002"
        elif frame["type"] == "rows" and frame["table"] == "wishlist":
            place = frame["columns"].index("link")
            frame["columns"].pop(place)
            for row in frame["rows"]:
                row.pop(place)
        elif frame["type"] == "foot":
            frame["digest"] = digest.digest()
        data = msgspec.msgpack.encode(frame)
        data = len(data).to_bytes(8, "big") + data
        digest.update(data)
        written += data
    file.write_bytes(written)


def test_one_command_each(
    empty_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Key, migration up and down, backup and restore are one command each, with plain answers."""
    config = tmp_path / "gateway.toml"
    config.write_text(f'[storage]\nurl = "{empty_url}"\nmaster_key_env = "ABSENT"\n')
    other = tmp_path / "other.toml"
    other.write_text(f'[storage]\nurl = "sqlite+aiosqlite:///{tmp_path}/other.sqlite"\n')
    file = tmp_path / "backup"

    def run(*arguments: object, of: Path = config) -> tuple[int, str]:
        code = main(["--config", str(of), *map(str, arguments)], {})
        said = capsys.readouterr()
        return code, said.out + said.err

    assert len(run("key")[1].strip()) == 44
    known = revisions()
    there = f"the database is at migration {known[-1]}"
    assert run("migrate") == (0, f"{there} of {', '.join(known)}\n")
    assert run("downgrade", known[-2])[1].startswith(f"the database is at migration {known[-2]}")
    assert run("backup", file)[0] == 1
    assert run("migrate")[0] == 0
    assert run("backup", file) == (
        0,
        f"backed up 0 rows of {len(METADATA.tables)} tables to {file}\n",
    )
    assert run("restore", file, of=other) == (0, f"restored 0 rows from {file}\n")
    assert run("status", of=other)[1].startswith(there)
    code, text = run("migrate", of=tmp_path / "absent.toml")
    assert (code, "absent.toml" in text) == (2, True)
    other.write_text('[storage]\nurl = "mysql://host/db"\n')
    code, text = run("migrate", of=other)
    assert (code, "storage.url" in text) == (2, True)


def test_the_commands_are_a_program() -> None:
    """The commands are reached as ``python -m storage``, without a configuration for a key."""
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-m", "storage", "key"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert len(answer.stdout.strip()) == 44
