"""Connections to the gateway's own database: one for each batch or transaction, in bounded time.

Nobody shares a connection. A transaction runs in a task of its own: its caller waits until the
deadline and no longer, however slowly a broken connection lets go, and a change that has begun goes
on to its end though its caller leaves. Whatever a driver, the pool or a clock says goes through one
place and comes out as ``StoreUnavailable``.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
from sqlalchemy import event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.schema import Table

from domain.ask import Ask
from domain.configuration import ConfigurationError
from domain.deadline import Deadline
from domain.errors import StoreUnavailable
from storage.settings import SQLITE, StorageSettings

# Raised as they are while connecting: before there is a connection, nobody wraps them.
_DRIVER: tuple[type[BaseException], ...]
try:
    import asyncpg
except ImportError:  # PostgreSQL is an extra
    _DRIVER = ()
else:
    _DRIVER = (asyncpg.PostgresError, asyncpg.InterfaceError)

T = TypeVar("T")

Transaction = Callable[[AsyncConnection], Awaitable[T]]
Check = Callable[[AsyncConnection], Awaitable[None]]

_AWAY: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    DisconnectionError,
    PoolTimeoutError,
    DBAPIError,
    *_DRIVER,
)
_BUGS = (DataError, IntegrityError, ProgrammingError)
_MESSAGE = (
    "The gateway's own store cannot be reached at the moment. Try again shortly; a mutation with "
    "the same idempotencyKey happens once, however often it is sent."
)
# All statements of a reading see the same moment, as they do on SQLite; it costs no round trip.
_ONE_MOMENT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_CLOSING = 5.0
_CONNECTING = 2.0
_LOCKED = 0.02


class Database:
    """The pool of connections, and the only way to them."""

    def __init__(self, settings: StorageSettings, check: Check | None = None) -> None:
        """Make the pool; nothing is opened yet.

        ``check`` runs in a transaction of its own before the first one that can be had, and again
        before the next as long as it raises.
        """
        self._settings = settings
        self._check = check
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_sqlite = settings.database.drivername == SQLITE
        self._turn = asyncio.Lock()
        self._checking = asyncio.Lock()
        self.engine = _sqlite(settings) if self._is_sqlite else _postgresql(settings)

    async def check(self, deadline: Deadline) -> None:
        """Make the check now. *Errors*: ``StoreUnavailable``; whatever the check raises."""
        await _until(self._begin(self._make_check(deadline)), deadline)

    async def read(self, transaction: Transaction[T], deadline: Deadline | None = None) -> T:
        """Read in one transaction; a caller who leaves ends it. *Errors*: ``StoreUnavailable``."""
        deadline = deadline or Deadline.after(self._settings.timeout)
        task = self._begin(self._run(transaction, deadline, is_write=False))
        try:
            return await _until(task, deadline)
        finally:
            task.cancel()

    async def answer(self, transaction: Transaction[T], ask: Ask) -> T:
        """Read for an operation, within its deadline; for staff it counts like a system's call."""
        ask.calls["store"] += 1
        return await self.read(transaction, ask.deadline)

    async def write(self, transaction: Transaction[T], deadline: Deadline | None = None) -> T:
        """Write in one transaction, which goes on to its end though the caller leaves.

        *Errors*: ``StoreUnavailable``; whatever the transaction raises, with nothing written.
        """
        deadline = deadline or Deadline.after(self._settings.timeout)
        return await _until(self._begin(self._run(transaction, deadline, is_write=True)), deadline)

    def insert(self, table: Table) -> "sqlite.Insert | postgresql.Insert":
        """Begin an insert that may say what to do on a conflict."""
        return sqlite.insert(table) if self._is_sqlite else postgresql.insert(table)

    async def close(self) -> None:
        """Let what has begun end, within bounds, and close every connection."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CLOSING)
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CLOSING)
        with _edge():
            async with asyncio.timeout(_CLOSING):
                await self.engine.dispose()

    def _begin(self, run: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        if len(self._tasks) >= self._settings.waiting:
            run.close()
            raise StoreUnavailable(_MESSAGE)
        task = asyncio.create_task(run)
        self._tasks.add(task)
        task.add_done_callback(self._end)
        return task

    def _end(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()

    async def _run(self, transaction: Transaction[T], deadline: Deadline, *, is_write: bool) -> T:
        if self._check is not None:
            try:
                await self._make_check(deadline)
            except ConfigurationError as error:
                raise StoreUnavailable(_MESSAGE) from error
        return await self._transact(transaction, deadline, is_write=is_write)

    async def _make_check(self, deadline: Deadline) -> None:
        with _edge():
            async with asyncio.timeout(deadline.remaining()), self._checking:
                if self._check is not None:
                    await self._transact(self._check, deadline, is_write=True)
                    self._check = None

    async def _transact(
        self, transaction: Transaction[T], deadline: Deadline, *, is_write: bool
    ) -> T:
        with _edge():
            async with (
                asyncio.timeout(deadline.remaining()),
                self._take_turn(is_write),
                self.engine.connect() as connection,
            ):
                await connection.execution_options(
                    gateway_write=is_write,
                    gateway_wait=deadline.remaining(),
                    **({} if is_write or self._is_sqlite else _ONE_MOMENT),
                )
                async with connection.begin():
                    return await transaction(connection)

    @asynccontextmanager
    async def _take_turn(self, is_write: bool) -> AsyncIterator[None]:
        # SQLite lets one writer in at a time and makes the others poll; here they queue, in order.
        if is_write and self._is_sqlite:
            async with self._turn:
                yield
        else:
            yield


async def lift_bounds(connection: AsyncConnection) -> None:
    """Let the statements of this transaction take as long as they need."""
    if connection.dialect.name == "postgresql":
        for bound in ("statement_timeout", "idle_in_transaction_session_timeout"):
            await connection.execute(text(f"SET LOCAL {bound} = 0"))


async def _until(task: asyncio.Task[T], deadline: Deadline) -> T:
    # A task that is late has been told by its own timeout, but may still wait for a dead peer.
    done, _ = await asyncio.wait({task}, timeout=deadline.remaining() + 0.01)
    if not done or task.cancelled():
        raise StoreUnavailable(_MESSAGE)
    return task.result()


@contextmanager
def _edge() -> Iterator[None]:
    """Translate everything that can go wrong between us and the database."""
    try:
        yield
    except _BUGS:
        raise
    except _AWAY as error:
        raise StoreUnavailable(_MESSAGE) from error
    except SQLAlchemyError as error:
        # A connection that broke while it was being given back is told in the library's own words.
        if isinstance(error.__cause__ or error.__context__, _AWAY):
            raise StoreUnavailable(_MESSAGE) from error
        raise


def _sqlite(settings: StorageSettings) -> AsyncEngine:
    url = settings.database
    file = Path(url.database or "").absolute()
    # Where this fails, so will the first connection, which says why.
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(0o600)
    engine = create_async_engine(
        url,
        pool_size=settings.connections,
        max_overflow=0,
        pool_timeout=settings.timeout,
        pool_use_lifo=True,
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # The driver begins nothing by itself; the listener below says how.
        connection.isolation_level = None
        connection.run_async(partial(_prepare, seconds=settings.timeout))

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        wait = int(options.get("gateway_wait", settings.timeout) * 1000)
        connection.exec_driver_sql(f"PRAGMA busy_timeout={wait}")
        # A transaction that read first and wrote then could not wait for another writer.
        is_write = options.get("gateway_write", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")

    return engine


async def _prepare(connection: aiosqlite.Connection, seconds: float) -> None:
    end = Deadline.after(seconds)
    await connection.execute(f"PRAGMA busy_timeout={int(seconds * 1000)}")
    while True:
        try:
            await connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            # Of several processes that find a new file one changes its mode; SQLite does not make
            # the others wait for that, but turns them away.
            if not end.remaining():
                raise
            await asyncio.sleep(_LOCKED)
        else:
            break
    for pragma in (
        "synchronous=FULL",
        "foreign_keys=ON",
        # What was deleted is overwritten: a shredded key must not lie about in free pages.
        "secure_delete=ON",
    ):
        await connection.execute(f"PRAGMA {pragma}")


def _postgresql(settings: StorageSettings) -> AsyncEngine:
    bound = str(int(settings.timeout * 1000))
    engine = create_async_engine(
        settings.database,
        pool_size=settings.connections,
        max_overflow=0,
        pool_timeout=settings.timeout,
        pool_use_lifo=True,
        pool_recycle=1_800,
        hide_parameters=True,
        connect_args={
            "timeout": min(_CONNECTING, settings.timeout),
            "server_settings": {
                "application_name": "commerce-gateway",
                "timezone": "UTC",
                # The server's own bounds, for a gateway that can no longer say that it gave up.
                "statement_timeout": bound,
                "lock_timeout": bound,
                "idle_in_transaction_session_timeout": bound,
            },
        },
    )

    @event.listens_for(engine.sync_engine, "checkout")
    def look(connection: Any, _record: Any, _proxy: Any) -> None:
        # The event loop has already seen a server go that has closed its sockets; asking the
        # connection costs no round trip, and the pool then opens another.
        if connection.driver_connection.is_closed():
            raise DisconnectionError

    return engine
