"""The whole store in one file, from either database and into either.

*Shape*: frames of MessagePack, each behind its length: a head (format, migration), then rows by
table, then a foot with the count of rows and the digest of everything before it, without which a
file is not restored. What is sealed stays sealed: a file is of no use without the master key.
"""

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import Column, DateTime, MetaData, Table, Uuid, func, select
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.deadline import Deadline
from storage.database import Database, lift_bounds
from storage.revision import current, migrate, revisions
from storage.table import MARK, METADATA

_FORMAT = 1
_BATCH = 500
_MAX_FRAME = 1 << 30
_UUID = 1
_SECONDS = 6 * 3_600.0


class BackupError(Exception):
    """A store cannot be written to a file, or a file not read into a store; says why."""


class Head(Struct, frozen=True, tag="head"):
    """What a file is."""

    format: int
    revision: str
    made_at: datetime


class Rows(Struct, frozen=True, tag="rows"):
    """Some rows of one table."""

    table: str
    columns: tuple[str, ...]
    rows: list[list[Any]]


class Foot(Struct, frozen=True, tag="foot"):
    """What a whole file ends with."""

    counts: dict[str, int]
    digest: bytes


_DECODER = msgspec.msgpack.Decoder(
    Head | Rows | Foot, ext_hook=lambda _, data: UUID(bytes=bytes(data))
)


async def backup(database: Database, file: Path) -> dict[str, int]:
    """Write everything that is kept, as it is at one moment; tells the rows by table.

    The file appears under its name once it is whole, readable by its owner alone.
    *Errors*: ``BackupError``, ``StoreUnavailable``.
    """

    async def transaction(connection: AsyncConnection) -> dict[str, int]:
        await lift_bounds(connection)
        revision = await current(connection)
        if revision != revisions()[-1]:
            raise BackupError(
                f"the database is at migration {revision}, this release at {revisions()[-1]}: "
                "back up with the release that it belongs to, or migrate first"
            )
        counts: dict[str, int] = {}
        with _Writer(file) as writer:
            writer.write(Head(_FORMAT, revision, datetime.now(UTC)))
            for table in METADATA.sorted_tables:
                name = str(table.name)
                counts[name] = 0
                columns = tuple(str(column.name) for column in table.columns)
                answer = await connection.stream(
                    select(table), execution_options={"yield_per": _BATCH}
                )
                async for some in answer.partitions():
                    rows = [[_plain(value) for value in row] for row in some]
                    counts[name] += len(rows)
                    writer.write(Rows(name, columns, rows))
            writer.finish(counts)
        return counts

    return await database.read(transaction, Deadline.after(_SECONDS))


async def restore(database: Database, file: Path) -> dict[str, int]:
    """Read a file into a database that holds nothing yet, and migrate it to this release.

    Everything or nothing is restored; tells the rows by table.
    *Errors*: ``BackupError``, ``StoreUnavailable``.
    """
    head, counts = _inspect(file)

    async def transaction(connection: AsyncConnection) -> dict[str, int]:
        await lift_bounds(connection)
        found = await current(connection)
        if found is None:
            await migrate(connection, head.revision)
        elif found != head.revision:
            raise BackupError(
                f"the database is at migration {found}, the file at {head.revision}: "
                "restore into an empty database"
            )
        tables = {each.name: each for each in await connection.run_sync(_reflected)}
        for table in tables.values():
            if table.name != MARK.name and await _is_filled(connection, table):
                raise BackupError(
                    f"table {table.name} is not empty: restore into an empty database"
                )
        await connection.execute(tables[MARK.name].delete())
        for frame in _frames(file):
            if isinstance(frame, Rows):
                table = tables[frame.table]
                columns = [table.columns[each] for each in frame.columns]
                await connection.execute(
                    table.insert(),
                    [
                        {
                            column.name: _fit(value, column)
                            for column, value in zip(columns, row, strict=True)
                        }
                        for row in frame.rows
                    ],
                )
        await migrate(connection)
        return counts

    return await database.write(transaction, Deadline.after(_SECONDS))


class _Writer:
    """Writes frames beside the file's name, and takes the name when all is there."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._part = file.with_name(f"{file.name}.part")
        self._digest = hashlib.sha256()
        self._stream: BinaryIO | None = None

    def __enter__(self) -> Self:
        try:
            descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as error:
            raise BackupError(f"{self._part}: {error.strerror}") from None
        self._stream = os.fdopen(descriptor, "wb")
        return self

    def write(self, frame: Head | Rows | Foot) -> None:
        assert self._stream is not None
        data = msgspec.msgpack.encode(frame)
        data = len(data).to_bytes(8, "big") + data
        self._digest.update(data)
        self._stream.write(data)

    def finish(self, counts: dict[str, int]) -> None:
        assert self._stream is not None
        self.write(Foot(counts, self._digest.digest()))
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._part.replace(self._file)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._stream is not None
        self._stream.close()
        self._part.unlink(missing_ok=True)


def _inspect(file: Path) -> tuple[Head, dict[str, int]]:
    """See that a file is whole, before anything of it is written anywhere."""
    head: Head | None = None
    counts: dict[str, int] = {}
    for frame in _frames(file):
        if isinstance(frame, Head):
            head = frame
        elif isinstance(frame, Rows):
            counts[frame.table] = counts.get(frame.table, 0) + len(frame.rows)
    if head is None or head.format != _FORMAT:
        raise BackupError(f"{file}: it is not a backup that this release can read")
    if head.revision not in revisions():
        raise BackupError(
            f"{file}: it is at migration {head.revision}, which this release does not know: "
            "restore with the release that made it, or a later one"
        )
    return head, counts


def _frames(file: Path) -> Iterator[Head | Rows | Foot]:
    digest, counts = hashlib.sha256(), dict[str, int]()
    try:
        with file.open("rb") as stream:
            while length := stream.read(8):
                size = int.from_bytes(length, "big")
                data = stream.read(size) if size <= _MAX_FRAME else b""
                if len(data) < max(size, 1):
                    break
                frame = _DECODER.decode(data)
                yield frame
                if isinstance(frame, Rows):
                    counts[frame.table] = counts.get(frame.table, 0) + len(frame.rows)
                if isinstance(frame, Foot):
                    told = {name: count for name, count in frame.counts.items() if count}
                    if frame.digest == digest.digest() and told == counts and not stream.read(1):
                        return
                    break
                digest.update(length + data)
    except OSError as error:
        raise BackupError(f"{file}: {error.strerror}") from None
    except msgspec.DecodeError:
        pass
    raise BackupError(f"{file}: it is damaged or not whole; nothing of it was restored")


def _reflected(sync: Connection) -> list[Table]:
    metadata = MetaData()
    metadata.reflect(sync)
    return [table for table in metadata.sorted_tables if table.name != "alembic_version"]


async def _is_filled(connection: AsyncConnection, table: Table) -> bool:
    return bool(await connection.scalar(select(func.count()).select_from(table)))


def _plain(value: Any) -> Any:
    return msgspec.msgpack.Ext(_UUID, value.bytes) if isinstance(value, UUID) else value


def _fit(value: Any, column: Column[Any]) -> Any:
    """Write a value as the reflected column has it: SQLite knows neither ids nor zones."""
    if isinstance(value, UUID) and not isinstance(column.type, Uuid):
        return value.hex
    if isinstance(value, datetime) and isinstance(column.type, DateTime):
        return value if column.type.timezone else value.astimezone(UTC).replace(tzinfo=None)
    return value
