"""A gateway without HTTP: the published graph over a few products and customers, and a real store.

Run as a program, it becomes one process for each that it is asked for over its socket: this one
reads requests from its input, a line each, executes those of a line together, and prints their
answers.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from graphql import GraphQLError
from msgspec.structs import replace

import execution.executor
import execution.market
from auth.policy import PolicyTable
from auth.table import DEFAULT_TABLE, read_table
from domain.allocation import Allocation, AllocationRequest
from domain.ask import Ask
from domain.assortment import Assortment
from domain.availability import StockLevel
from domain.campaign import NO_CAMPAIGNS, Campaigns
from domain.cart import RULES, Rules
from domain.customer import Customer, PersonName, Trait
from domain.errors import Failure, SourceUnavailable
from domain.filter import ProductQuery, ProductSelection
from domain.holdback import NOTHING_HELD_BACK, HoldBack
from domain.holding import HOLDING, Holding
from domain.location import Location, LocationKind, LocationQuery, LocationService
from domain.money import Money, Price
from domain.offer import Offer
from domain.page import Page
from domain.port import Ports
from domain.product import Component, Product, Variant
from domain.provenance import CATALOGUE, PLACE, PRICE, PROFILE, STOCK, Provenance
from domain.secret import Secret
from domain.viewer import Channel, Purpose, Role, Viewer
from execution.executor import Executor
from execution.lineage import Lineage
from execution.offering import Offering
from execution.request import Asked, Contexts
from schema.build import Published, build
from storage.settings import StorageSettings
from storage.store import Store, open_store

ANNA = "crm:C-1"
PIOTR = "crm:C-2"


def customer(key: str, client: str = "web", **more: Any) -> Viewer:
    return Viewer(role=Role.CUSTOMER, subject=f"sub {key}", client=client, customer=key, **more)


PIECES = 50
BUNDLE = (Component("S8", 2), Component("S9", 1))
SHOP, OTHER_SHOP, DEPOT = "wms:A", "wms:B", "wms:W"
PLACES: dict[str, tuple[LocationService, ...]] = {
    SHOP: (LocationService.COLLECT,),
    OTHER_SHOP: (LocationService.COLLECT,),
    DEPOT: (LocationService.SHIPPING,),
}
GUEST = Viewer(role=Role.ANONYMOUS)
AGENT = Viewer(
    role=Role.AGENT, subject="agent", client="desk", purposes=(Purpose.CUSTOMER_SERVICE,)
)
ASSOCIATE = Viewer(
    role=Role.ASSOCIATE,
    subject="associate",
    client="till",
    purposes=(Purpose.CUSTOMER_SERVICE,),
    channel=Channel.POS,
)


class Products:
    """Every SKU that begins with S is a variant, one that begins with B a bundle of two."""

    is_away = False

    async def product_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Product]:
        return {}

    async def variant_by_sku(self, skus: Sequence[str], ask: Ask) -> Mapping[str, Variant]:
        if self.is_away:
            raise SourceUnavailable("erp", "variant_by_sku", "away")
        source = Provenance("erp", datetime.now(UTC), CATALOGUE)
        return {
            sku: Variant(
                sku=sku,
                product_key="erp:P",
                name=f"Shirt {sku}",
                components=BUNDLE if sku.startswith("B") else (),
                provenance=source,
            )
            for sku in skus
            if sku.startswith(("S", "B"))
        }

    async def variant_by_gtin(self, gtins: Sequence[str], ask: Ask) -> Mapping[str, Variant]:
        return {}

    async def products_by_query(
        self, queries: Sequence[ProductQuery], ask: Ask
    ) -> Mapping[ProductQuery, Page[Product] | Failure]:
        return {}

    async def product_count_by_query(
        self, selections: Sequence[ProductSelection], ask: Ask
    ) -> Mapping[ProductSelection, int | Failure]:
        return {}


class Offers:
    """Every variant costs the same; another price can be set for some, None for not sold."""

    minor = 1000
    is_away = False

    def __init__(self) -> None:
        self.others: dict[str, int | None] = {}

    async def offer_by_sku(self, skus: Sequence[str], ask: Ask) -> Mapping[str, Offer]:
        if self.is_away:
            raise SourceUnavailable("erp", "offer_by_sku", "away")
        source = Provenance("erp", datetime.now(UTC), PRICE)
        asked = {sku: self.others.get(sku, self.minor) for sku in skus}
        prices = {
            sku: Price.containing(Money(minor, ask.currency), Decimal(23))
            for sku, minor in asked.items()
            if minor is not None
        }
        return {
            sku: Offer(
                sku=sku,
                price=price,
                list_price=price,
                version=str(price.gross.minor),
                provenance=source,
            )
            for sku, price in prices.items()
        }


class Customers:
    """Every key of the CRM is a customer's."""

    async def customer_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Customer]:
        source = Provenance("crm", datetime.now(UTC), PROFILE)
        return {
            key: Customer(
                key=key,
                number=key,
                name=PersonName(full="Anna Nowak"),
                identities=(key,),
                provenance=source,
            )
            for key in keys
            if key.startswith("crm:")
        }

    async def customers_by_trait(
        self, traits: Sequence[Trait], ask: Ask
    ) -> Mapping[Trait, Sequence[Customer]]:
        return {}


class Stock:
    """Fifty pieces of every SKU that begins with S, at every shop, or what a test says."""

    def __init__(self) -> None:
        self.is_away = False
        self.pieces: dict[tuple[str, str], int] = {}
        self.aside: dict[str, Allocation] = {}
        self.sets_aside = 1_000
        self.observed_at: datetime | None = None

    async def stock_by_sku(
        self, skus: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[StockLevel]]:
        if self.is_away:
            raise SourceUnavailable("wms", "stock_by_sku", "away")
        source = Provenance("wms", self.observed_at or datetime.now(UTC), STOCK)
        return {
            sku: [
                StockLevel(
                    sku=sku,
                    location_key=place,
                    on_hand=self.pieces.get((sku, place), PIECES),
                    allocated=self._allocated(sku, place),
                    provenance=source,
                )
                for place in PLACES
            ]
            for sku in skus
            if sku.startswith("S")
        }

    def _allocated(self, sku: str, place: str) -> int:
        return sum(
            line.quantity
            for each in self.aside.values()
            for line in each.lines
            if line.place == (sku, place)
        )

    async def allocations_by_request(
        self, requests: Sequence[AllocationRequest], ask: Ask
    ) -> Mapping[str, Allocation | Failure]:
        if self.is_away:
            raise SourceUnavailable("wms", "allocations_by_request", "away")
        now = datetime.now(UTC)
        for each in requests:
            if each.key not in self.aside or self.aside[each.key].lines != each.lines:
                lines = tuple(
                    replace(line, quantity=min(line.quantity, self.sets_aside))
                    for line in each.lines
                )
                self.aside[each.key] = Allocation(each.key, lines, now)
        return {each.key: self.aside[each.key] for each in requests}

    async def released_by_key(self, keys: Sequence[str], ask: Ask) -> frozenset[str]:
        if self.is_away:
            raise SourceUnavailable("wms", "released_by_key", "away")
        for key in keys:
            self.aside.pop(key, None)
        return frozenset(keys)

    async def skus_by_location(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Assortment]:
        source = Provenance("wms", datetime.now(UTC), STOCK)
        return {
            key: Assortment(
                key,
                {f"S{number}": self.pieces.get((f"S{number}", key), PIECES) for number in range(9)},
                is_complete=True,
                provenance=source,
            )
            for key in keys
            if key in PLACES
        }

    async def location_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Location]:
        source = Provenance("wms", datetime.now(UTC), PLACE)
        return {
            key: Location(
                key=key,
                name=key,
                kind=LocationKind.STORE,
                services=services,
                provenance=source,
            )
            for key, services in PLACES.items()
            if key in keys
        }

    async def locations_by_query(
        self, queries: Sequence[LocationQuery], ask: Ask
    ) -> Mapping[LocationQuery, Page[Location]]:
        return {}


@lru_cache(maxsize=2)
def _published(table: Path) -> tuple[Published, PolicyTable]:
    published = build()
    return published, PolicyTable(published.classification, read_table(table))


class Shop:
    """The graph over the store."""

    def __init__(
        self,
        store: Store,
        timeout: float = 60.0,
        holding: Holding = HOLDING,
        rules: Rules = RULES,
        hold_back: HoldBack = NOTHING_HELD_BACK,
        campaigns: Campaigns = NO_CAMPAIGNS,
        table: Path = DEFAULT_TABLE,
    ) -> None:
        published, policy = _published(table)
        self.products = Products()
        self.offers = Offers()
        self.stock = Stock()
        stock, assortment = hold_back.over(self.stock, self.stock)
        self.ports = store.over(
            Ports(
                product=self.products,
                offer=self.offers,
                customer=Customers(),
                stock=stock,
                assortment=assortment,
                location=self.stock,
            )
        )
        self._executor = Executor(published.graphql, execution.executor.Settings())
        self._contexts = Contexts(
            execution.market.Settings(
                markets={"PL": ["PLN"]},
                languages=["en"],
                timeout=timeout,  # type: ignore[arg-type]
            ),
            self.ports,
            policy,
            store.own,
            store.attempts,
            cursors=store.cursors,
            holding=holding,
            rules=rules,
            hold_back=hold_back,
            offering=Offering(Lineage(), campaigns),
            buckets=store.buckets,
            actions=policy,
        )

    async def ask(
        self, document: str, viewer: Viewer, origin: str | None = None, /, **variables: Any
    ) -> dict[str, Any]:
        """Execute one operation; errors are the codes, bugs are raised."""
        context = self._contexts.open(viewer, Asked(), "request", origin)
        try:
            result = await self._executor.execute(document, variables, None, context)
        finally:
            context.loaders.close()
        return {"data": result.data, "errors": [_code(each) for each in result.errors],
                "messages": [each.message for each in result.errors],
                "calls": dict(context.calls)}  # fmt: skip

    async def open_case(self, viewer: Viewer, customer: str) -> None:
        """Let an agent open a case on a customer."""
        document = """mutation ($input: AssistStartInput!) { assistStart(input: $input) {
            case { id } } }"""
        given = {"idempotencyKey": "case-0001", "customer": customer, "reason": "a call",
                 "purpose": "CUSTOMER_SERVICE", "verification": "CODE"}  # fmt: skip
        assert not (await self.ask(document, viewer, input=given))["errors"]


def _code(error: GraphQLError) -> str:
    original = error.original_error
    if isinstance(original, Failure):
        return original.code
    if original is None or isinstance(original, GraphQLError):
        return "INVALID"
    raise original


CREATE = """mutation ($input: WishlistCreateInput!) {
  wishlistCreate(input: $input) { ...list } }"""
ADD = """mutation ($input: WishlistLinesAddInput!) {
  wishlistLinesAdd(input: $input) { ...list } }"""
REMOVE = """mutation ($input: WishlistLinesRemoveInput!) {
  wishlistLinesRemove(input: $input) { ...list } }"""
LIST = """fragment list on WishlistPayload {
  wishlist { id name version isShared lines { sku quantity note channel variant { name } } }
  notices { code }
  userErrors { __typename message path ... on VariantUnknown { skus }
    ... on WishlistFull { limit } ... on WishlistLimitReached { limit } } }"""
SHARE = """mutation ($input: WishlistShareInput!) { wishlistShare(input: $input) {
  secret wishlist { id isShared } userErrors { __typename } } }"""
MINE = """{ viewer { customer { wishlists {
  id name version lines { sku quantity note channel variant { name } } } } } }"""


async def create(shop: Shop, viewer: Viewer, key: str, name: str = "List", **more: Any) -> Any:
    return await shop.ask(
        CREATE + LIST, viewer, input={"idempotencyKey": key, "name": name, **more}
    )


async def add(shop: Shop, viewer: Viewer, key: str, wishlist: str, *lines: Any) -> Any:
    given = [each if isinstance(each, dict) else {"sku": each} for each in lines]
    return await shop.ask(
        ADD + LIST, viewer, input={"idempotencyKey": key, "wishlist": wishlist, "lines": given}
    )


class Request(msgspec.Struct):
    """One operation for a shop in another process; a client may be one of staff's."""

    document: str
    customer: str
    input: dict[str, Any]
    client: str = "web"
    channel: Channel | None = None

    @property
    def viewer(self) -> Viewer:
        """Who asks."""
        staff = {"desk": AGENT, "till": ASSOCIATE}.get(self.client)
        return staff or customer(self.customer, self.client, channel=self.channel)


class Birth(msgspec.Struct, tag=True):
    """Another process is wanted; its input and output come with the message."""

    url: str
    master_key: str
    timeout: float


class Death(msgspec.Struct, tag=True):
    """Somebody waits until this process has ended."""

    pid: int


async def _serve(url: str, master_key: str, timeout: float) -> None:
    store = open_store(StorageSettings(url=url, master_key_env=Secret(master_key), migrate=True))
    assert await store.start() is None
    shop = Shop(store, timeout)
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        requests = msgspec.json.decode(line, type=list[Request])

        async def run(number: int, each: Request) -> None:
            answer = await shop.ask(each.document, each.viewer, input=each.input)
            # An answer is acknowledged the moment it is written, not when the others are ready.
            print(msgspec.json.encode([number, answer]).decode(), flush=True)

        await asyncio.gather(*(run(number, each) for number, each in enumerate(requests)))
        print("done", flush=True)
    await store.close()


def _forked(link: socket.socket) -> Birth | None:
    """Fork for each birth that is asked for; gives it in the new process, None at the end.

    The schema is built once for all of them. Who has ended keeps its number until it is asked for.
    """
    _published(DEFAULT_TABLE)
    while True:
        text, streams, _, _ = socket.recv_fds(link, 65_536, 2)
        if not text:
            return None
        wish = msgspec.json.decode(text, type=Birth | Death)
        if isinstance(wish, Death):
            os.waitpid(wish.pid, 0)
            link.sendall(b"gone")
            continue
        pid = os.fork()
        if pid == 0:
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
        for stream in streams:
            os.close(stream)
        if pid == 0:
            link.close()
            return wish
        link.sendall(str(pid).encode())


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as asked:
        birth = _forked(asked)
    if birth is not None:
        asyncio.run(_serve(birth.url, birth.master_key, birth.timeout))
