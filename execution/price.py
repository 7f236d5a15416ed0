"""Writing prices down off the request's path: those that are seen, and those nobody looks at."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import structlog
from msgspec import Struct

from domain.ask import Ask
from domain.deadline import Duration
from domain.errors import Failure
from domain.filter import ProductQuery
from domain.ledger import Place, PriceWriter, Quote
from domain.offer import Offer
from domain.page import MAX_PAGE, PageRequest
from domain.port import Ports
from domain.product import Product
from domain.task import beside
from domain.viewer import Channel
from execution.loaders import Loaders
from execution.offering import Offered, Offering

_MAX_WAITING = 10_000
_MAX_SEEN = 1_000_000
_BATCH = 500
_GATHERING = 0.25
_WRITING = 10.0
_AGAIN = 5.0
_MAX_PAGES = 10_000
_log = structlog.get_logger("execution")


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How prices are written down.

    *Units*: ``interval`` between two looks at the whole assortment. ``validity`` is how long a
    price can be sold at after its system told it, where the system says no end itself.
    """

    interval: Duration = Duration(15 * 60)
    validity: Duration = Duration(24 * 3_600)
    channels: tuple[Channel, ...] = (Channel.WEB,)

    def places(self, markets: Mapping[str, Sequence[str]]) -> list[Place]:
        """List every place whose prices are written down without anybody asking."""
        return [
            Place(market, channel, currency)
            for market, currencies in markets.items()
            for currency in currencies
            for channel in self.channels
        ]


class PriceNotes:
    """Takes note of prices as they are shown, and has one task write them; ``PriceRecorder``.

    *Shape*: only what differs from what this process has noted before waits to be written, at most
    10,000 prices; what finds no room is noted when it is seen the next time, or by the sweep.
    """

    def __init__(self, writer: PriceWriter) -> None:
        self._writer = writer
        self._seen: dict[Place, dict[str, str | None]] = {}
        self._waiting: dict[tuple[Place, str], Quote] = {}
        self._woken = asyncio.Event()

    def note(
        self,
        ask: Ask,
        skus: Sequence[str],
        asked: Sequence[Offered],
        public: Sequence[Offered],
    ) -> None:
        """Note the offers found at the place of ``ask``."""
        place = Place.of(ask)
        seen = self._seen.setdefault(place, {})
        for sku, own, offer in zip(skus, asked, public):
            if isinstance(offer, Offer):
                if seen.get(sku) == offer.version:
                    continue
            elif offer is not None or isinstance(own, Failure) or seen.get(sku, "") is None:
                continue
            if len(self._waiting) >= _MAX_WAITING:
                continue
            self._waiting[place, sku] = _quote(sku, place, own, offer)
            seen[sku] = offer.version if isinstance(offer, Offer) else None
        if self._waiting:
            self._woken.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write while the block runs, and at its end what still waits."""
        try:
            async with beside(self._run):
                yield
        finally:
            await self._write()

    async def _run(self) -> None:
        while True:
            await self._woken.wait()
            # Prices come in pages: a few moments make one batch of them.
            await asyncio.sleep(_GATHERING)
            if not await self._write():
                await asyncio.sleep(_AGAIN)

    async def _write(self) -> bool:
        while self._waiting:
            batch = dict([*self._waiting.items()][:_BATCH])
            for key in batch:
                del self._waiting[key]
            try:
                await self._writer.write([*batch.values()], _WRITING)
            except Exception as error:  # noqa: BLE001 - prices are shown, written down or not
                _log.warning("prices", written=False, count=len(batch), error=type(error).__name__)
                # So that they are noted when they are seen the next time.
                for place, sku in batch:
                    self._seen.get(place, {}).pop(sku, None)
                return False
        self._woken.clear()
        if sum(map(len, self._seen.values())) > _MAX_SEEN:
            self._seen.clear()
        return True


class PriceSweep:
    """Looks at the price of every variant now and then, seen by anybody or not.

    One process of all looks at a time. A system that fails costs its own page of this round.
    """

    def __init__(
        self,
        writer: PriceWriter,
        ports: Ports,
        offering: Offering,
        ask: Callable[[Place], Ask],
        places: Sequence[Place],
        settings: Settings,
    ) -> None:
        self._writer = writer
        self._ports = ports
        self._offering = offering
        self._ask = ask
        self._places = places
        self._settings = settings

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look while the block runs."""
        async with beside(self._run):
            yield

    async def _run(self) -> None:
        interval = self._settings.interval
        # The first look is soon, for what was never seen has no price in the ledger.
        await asyncio.sleep(interval / 20)
        while True:
            try:
                # A little less than the interval: whoever comes first may look again.
                if await self._writer.claim("price sweep", interval * 0.9):
                    await self.look()
            except Failure as failure:
                _log.info("price sweep", code=failure.code)
            except Exception:  # noqa: BLE001 - the next round is not this one's to prevent
                _log.exception("price sweep")
            await asyncio.sleep(interval)

    async def look(self) -> int:
        """Look once at all, and tell how many prices were seen. *Errors*: of the product system."""
        return sum([await self._look_at(place) for place in self._places])

    async def _look_at(self, place: Place) -> int:
        count, after = 0, None
        for _ in range(_MAX_PAGES):
            ask = self._ask(place)
            loaders = Loaders(self._ports, ask, campaigns=self._offering.campaigns)
            try:
                query = ProductQuery(PageRequest(MAX_PAGE, after))
                page = await loaders.products_by_query.load_one(query)
                if page is None or isinstance(page, Failure):
                    raise page or AssertionError("a source answers every query with a page")
                products = [each for each in page.items if isinstance(each, Product)]
                count += await self._write(products, loaders, place, ask)
            finally:
                loaders.close()
            if not page.has_next or not page.cursors:
                break
            after = page.cursors[-1]
        return count

    async def _write(
        self, products: Sequence[Product], loaders: Loaders, place: Place, ask: Ask
    ) -> int:
        """Write the prices of a page, so that what did not change is known to be so, too."""
        variants = [variant for product in products for variant in product.variants]
        skus = [variant.sku for variant in variants]
        public = await self._offering.offers(variants, loaders, ask, datetime.now(UTC))
        asked = await loaders.offer_by_sku.load(skus)
        quotes = [
            _quote(sku, place, own, offer)
            for sku, own, offer in zip(skus, asked, public)
            if not isinstance(own, Failure) and not isinstance(offer, Failure)
        ]
        for start in range(0, len(quotes), _BATCH):
            await self._writer.write(quotes[start : start + _BATCH], _WRITING)
        return len(quotes)


def _quote(sku: str, place: Place, asked: Offered, public: Offered) -> Quote:
    return Quote(
        sku=sku,
        place=place,
        asked=asked if isinstance(asked, Offer) else None,
        public=public if isinstance(public, Offer) else None,
        seen_at=datetime.now(UTC),
    )
