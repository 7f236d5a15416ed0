"""Everything that the gateway keeps itself, opened and closed together."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.allocation import Allocator
from domain.ask import Ask
from domain.attempt import Attempts
from domain.configuration import ConfigurationError, Problem
from domain.deadline import Deadline
from domain.errors import StoreUnavailable
from domain.port import OwnPorts, Ports
from storage.apikey import ApiKeyStore
from storage.cart import CartReader
from storage.case import CaseReader
from storage.coupon import CouponReader
from storage.cursor import SealedCursors
from storage.database import Database
from storage.delivery import Deliveries
from storage.held import AssortmentWithHolds, Holds, StockWithHolds
from storage.idempotency import OnceOnly
from storage.price import PriceStore
from storage.reservation import ReservationReader
from storage.revision import current, is_served, migrate, revisions
from storage.seal import Seal
from storage.settings import SQLITE, StorageSettings, problems
from storage.shared import open_shared
from storage.subject import Subjects
from storage.sweep import Sweep
from storage.table import MARK
from storage.wishlist import WishlistReader

_STARTING = 60.0
_MARK = "master key"


class Store:
    """The gateway's own store; whoever opens it starts and closes it.

    ``own`` is read in batches like any system, ``attempts`` carries out mutations, ``api_keys``
    are what machines prove themselves with; ``buckets``,
    ``cache``, ``documents`` and ``feed`` are in Redis where there is one, else in this process.
    """

    def __init__(self, settings: StorageSettings, validity: timedelta = timedelta(days=1)) -> None:
        found = problems(settings)
        if found or settings.master_key_env is None:
            raise ConfigurationError(found)
        self._settings = settings
        self._seal = Seal(settings.master_key_env)
        self._database = Database(settings, self._check)
        self._subjects = Subjects(self._database, self._seal)
        self._migrates = settings.migrate
        if self._migrates is None:
            self._migrates = settings.database.drivername == SQLITE
        self.cursors = SealedCursors(self._seal.cursor_key)
        self.api_keys = ApiKeyStore(self._database)
        self.prices = PriceStore(self._database, validity)
        self.own = OwnPorts(
            wishlist=WishlistReader(self._database, self._seal, self._subjects),
            reservation=ReservationReader(self._database, self._subjects),
            case=CaseReader(self._database, self._seal, self._subjects),
            cart=CartReader(self._database, self._seal, self._subjects),
            coupon=CouponReader(self._database, self._subjects),
            price=self.prices,
        )
        shared = self._shared = open_shared(settings.redis)
        self.buckets, self.cache = shared.buckets, shared.cache
        self.documents, self.feed = shared.documents, shared.feed
        self.sweep = Sweep(self._database)
        self._holds = Holds(self._database)
        self._allocators: dict[str, Allocator] = {}
        self.attempts: Attempts = OnceOnly(
            self._database, self._seal, self._subjects, self._holds, self._allocators
        )

    async def start(self) -> str | None:
        """Bring the embedded database up to date, and see that it is this gateway's.

        A database that cannot be reached keeps nobody from starting: every call then fails until
        it is back. Tells why it is away, None where it is not.

        *Errors*: ``ConfigurationError`` for a database that waits for the migration command, or
        was written under another master key.
        """
        try:
            await self._database.check(Deadline.after(_STARTING))
        except StoreUnavailable as failure:
            return str(failure.__cause__ or failure)
        return None

    def forget(self) -> None:
        """Read what is held anew before the next figure of stock: another process changed it."""
        self._holds.forget()

    def deliveries(self, allocators: Mapping[str, Allocator], ask: Callable[[], Ask]) -> Deliveries:
        """Have these systems told, by name, what is held from here on."""
        self._allocators.update(allocators)
        return Deliveries(self._database, self._holds, self._allocators, ask)

    def over(self, ports: Ports) -> Ports:
        """Put what we hold into what the retailer's systems tell of stock."""
        return replace(
            ports,
            stock=StockWithHolds(ports.stock, self._holds),
            assortment=AssortmentWithHolds(ports.assortment, self._holds),
        )

    async def reach(self, deadline: Deadline) -> bool:
        """Tell whether the database answers."""
        try:
            await self._database.read(_nothing, deadline)
        except StoreUnavailable:
            return False
        return True

    async def shred(self, customer_keys: Sequence[str], deadline: Deadline) -> int:
        """Make everything that is kept about these customers unreadable, for good.

        Tells how many of them anything was kept about. *Errors*: ``StoreUnavailable``.
        """
        return await self._database.write(
            lambda connection: self._subjects.shred(connection, customer_keys), deadline
        )

    async def close(self) -> None:
        """Let what has begun end, and close every connection."""
        await self._database.close()
        await self._shared.close()

    async def _check(self, connection: AsyncConnection) -> None:
        if self._migrates:
            await migrate(connection)
        found = await current(connection)
        if not is_served(found):
            wanted = f"{revisions()[-1]}, by `python -m storage migrate`"
            problem = Problem("storage.url", f"the database is at migration {found}", wanted)
            raise ConfigurationError([problem])
        mine = self._seal.blind(_MARK, "")
        await connection.execute(
            self._database.insert(MARK)
            .values(name=_MARK, value=mine)
            .on_conflict_do_nothing(index_elements=[MARK.c.name])
        )
        kept = await connection.scalar(select(MARK.c.value).where(MARK.c.name == _MARK))
        if kept != mine:
            problem = Problem(
                "storage.master_key_env",
                "the database was written under another key",
                "the key that it was begun with",
            )
            raise ConfigurationError([problem])


async def _nothing(_: AsyncConnection) -> None:
    """See that a transaction can be had."""


def open_store(settings: StorageSettings, validity: timedelta = timedelta(days=1)) -> Store:
    """Make the store; nothing is opened before ``start``.

    ``validity`` is how long a price is one to sell at, where its system says no end.

    *Errors*: ``ConfigurationError`` with everything that is wrong with the settings.
    """
    return Store(settings, validity)
