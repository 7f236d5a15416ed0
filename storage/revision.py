"""Which migration the database is at, and bringing it to another; two processes take turns."""

from functools import cache
from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import lift_bounds

# Any number, the same for every process: PostgreSQL's advisory locks have no names.
_LOCK = 0x67617465
_LOCK_WAIT = "30s"


def _config(connection: Connection | None = None) -> Config:
    config = Config(output_buffer=StringIO(), stdout=StringIO())
    folder = str(Path(__file__).parent / "migration")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@cache
def revisions() -> tuple[str, ...]:
    """List every migration that this release knows, the first one first."""
    scripts = ScriptDirectory.from_config(_config())
    return tuple(reversed([each.revision for each in scripts.walk_revisions()]))


async def current(connection: AsyncConnection) -> str | None:
    """Tell the migration that the database is at, None before the first."""
    return await connection.run_sync(
        lambda sync: MigrationContext.configure(sync).get_current_revision()
    )


def is_served(revision: str | None) -> bool:
    """Tell whether this release can work on a database at that migration.

    One that this release does not know is a later release's, which keeps what this one needs.
    """
    return revision is not None and (revision not in revisions() or revision == revisions()[-1])


async def migrate(connection: AsyncConnection, target: str | None = None) -> None:
    """Bring the database up to ``target``, the newest by default, in the caller's transaction."""
    await _lock(connection)
    if target is None and is_served(await current(connection)):
        return
    wanted = target or "head"
    await connection.run_sync(lambda sync: command.upgrade(_config(sync), wanted))


async def downgrade(connection: AsyncConnection, target: str) -> None:
    """Bring the database back to ``target``, in the caller's transaction."""
    await _lock(connection)
    await connection.run_sync(lambda sync: command.downgrade(_config(sync), target))


async def _lock(connection: AsyncConnection) -> None:
    # On SQLite the transaction itself began by taking the only lock there is.
    if connection.dialect.name == "postgresql":
        await lift_bounds(connection)
        await connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_WAIT}'"))
        await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
