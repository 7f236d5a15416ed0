"""The composition root: settings in, ports and a served gateway out. Nothing else composes."""

import os
import socket
import sys
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace
from starlette.types import ASGIApp

import command
import config
from adapters.connect import Systems, SystemSettings, connect, unreachable
from auth.credential import ClientTokens
from auth.credential import problems as credential_problems
from auth.policy import PolicyTable, unclassified
from auth.pseudonym import KeyedPseudonyms
from auth.settings import AuthSettings
from auth.settings import problems as auth_problems
from auth.table import DEFAULT_TABLE, read_table
from auth.token import TokenVerifier
from auth.trail import AccessLog
from domain.campaign import NO_CAMPAIGNS, Campaigns
from domain.carriage import problems as delivery_problems
from domain.cart import RULES
from domain.cart import Rules as CartRules
from domain.configuration import ConfigurationError, Noted, Problem, Reader
from domain.holdback import HoldBack
from domain.holding import HOLDING, Holding
from domain.port import NOTHING_OWNED, UNSERVED
from domain.rule import PromotionSettings, Rulebook
from domain.rulebook import promotions
from execution.executor import Executor
from execution.executor import Settings as ExecutionSettings
from execution.lineage import Lineage
from execution.market import Settings as ContextSettings
from execution.market import problems as context_problems
from execution.offering import Offering
from execution.poll import Settings as StockSettings
from execution.poll import StockPoll
from execution.price import PriceNotes, PriceSweep
from execution.price import Settings as PriceSettings
from execution.request import Contexts
from execution.trail import AccessTrail
from execution.watch import StockWatch
from schema.build import Published, build
from storage.cursor import SealedCursors
from storage.settings import StorageSettings
from storage.shared import open_shared
from storage.store import Store, open_store
from transport.http import make_app
from transport.server import run
from transport.settings import Settings as TransportSettings


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole configuration file; each room describes its own table.

    *Shape*: ``unserved`` names the ports for which the retailer has no system.
    Without ``storage`` the gateway keeps nothing: it reads, and every mutation is refused.
    ``needs_systems_at_start`` refuses to start while a system cannot be reached; set it to false
    where the gateway must come up beside a system that is down.
    """

    context: ContextSettings
    auth: AuthSettings
    systems: dict[str, SystemSettings]
    storage: StorageSettings | None = None
    unserved: list[str] = []
    needs_systems_at_start: bool = True
    promotion: PromotionSettings | None = None
    price: PriceSettings = PriceSettings()
    execution: ExecutionSettings = ExecutionSettings()
    stock: StockSettings = StockSettings()
    reservation: Holding = HOLDING
    cart: CartRules = RULES
    transport: TransportSettings = TransportSettings()


class Gateway(Struct, frozen=True):
    """The composed gateway: an ASGI application, and what it stands on."""

    app: ASGIApp
    systems: Systems
    verifier: TokenVerifier
    store: Store | None
    settings: Settings

    async def prepare(self, say: command.Say) -> None:
        """Find what it stands on. *Errors*: ``ConfigurationError`` with all that is away."""
        if self.store is None:
            say("no [storage]: nothing is kept, every mutation is refused")
        elif (reason := await self.store.start()) is not None:
            say(f"going on without the store, until it is back: {reason}")
        say(f"looking for {', '.join(self.systems.upstreams)}")
        problems: list[Problem] = []
        with Noted(problems):
            await self.systems.start()
        for key, failure in (await self.verifier.start()).items():
            allowed = "start the identity provider, or correct the address"
            problems.append(Problem(f"{key}.url", f"found no keys ({failure})", allowed))
        if problems:
            away = ConfigurationError(problems)
            if self.settings.needs_systems_at_start:
                raise away
            say(f"going on without some systems. {away}")

    async def serve(self, sock: socket.socket, ready: command.Say) -> None:
        """Answer requests until told to stop; ``ready`` is told the URL that is answered at."""
        await run(self.app, self.settings.transport, sock, ready)

    async def close(self) -> None:
        """Close what it stands on; also where it has never served."""
        await self.systems.close()
        await self.verifier.close()
        if self.store:
            await self.store.close()


def compose(settings: Settings, read: Reader) -> Gateway:
    """Compose the gateway; nothing is called yet, and the application closes what it opens.

    *Errors*: ``ConfigurationError`` with everything that the settings leave open.
    """
    published = build()
    policy, systems, store, campaigns = _parts(settings, read, published)
    verifier = TokenVerifier(settings.auth, machines=store.api_keys if store else None)
    shared = open_shared(settings.storage.redis if settings.storage else None)
    watch = StockWatch(shared.feed, store.forget if store else None)
    hold_back = HoldBack(settings.stock.held_back)
    stock, assortment = hold_back.over(systems.ports.stock, systems.ports.assortment)
    ports = replace(systems.ports, stock=stock, assortment=assortment)
    ports = store.over(ports) if store else ports
    notes = PriceNotes(store.prices) if store else None
    offering = Offering(Lineage(), campaigns, notes)
    trail, pseudonyms = AccessTrail(), KeyedPseudonyms(settings.auth.pseudonym_key_env)
    contexts = Contexts(
        settings.context,
        ports,
        policy,
        store.own if store else NOTHING_OWNED,
        store.attempts if store else UNSERVED,
        changes=watch,
        systems=tuple(systems.upstreams),
        offering=offering,
        holding=settings.reservation,
        rules=settings.cart,
        hold_back=hold_back,
        actions=policy,
        record=trail,
        pseudonyms=pseudonyms,
        buckets=shared.buckets,
        cursors=store.cursors if store else SealedCursors(),
    )
    poll = StockPoll(watch, ports.stock, contexts.ask, settings.stock)
    following = AsyncExitStack()

    async def start() -> None:
        await following.enter_async_context(trail.running(AccessLog(pseudonyms)))
        await following.enter_async_context(watch.running())
        await following.enter_async_context(poll.running())
        if store:
            await following.enter_async_context(store.sweep.running())
            deliveries = store.deliveries(systems.allocators, contexts.ask)
            await following.enter_async_context(deliveries.running())
        if campaigns.name_goods:
            await following.enter_async_context(
                offering.lineage.running(systems.ports.category, contexts.ask)
            )
        if store and notes:
            await following.enter_async_context(notes.running())
            sweep = PriceSweep(
                store.prices,
                systems.ports,
                Offering(offering.lineage, campaigns),
                contexts.ask,
                settings.price.places(settings.context.markets),
                settings.price,
            )
            await following.enter_async_context(sweep.running())

    async def stop() -> None:
        await following.aclose()
        await gateway.close()
        await shared.close()

    app = make_app(
        Executor(published.graphql, settings.execution),
        contexts,
        verifier,
        settings.transport,
        buckets=shared.buckets,
        documents=shared.documents,
        readiness=systems.readiness,
        webhooks=systems.notices(settings.transport.webhooks, watch.tell),
        on_start=start,
        on_stop=stop,
    )
    gateway = Gateway(app, systems, verifier, store, settings)
    return gateway


class _Parts(NamedTuple):
    policy: PolicyTable
    systems: Systems
    store: Store | None
    campaigns: Campaigns


def _parts(settings: Settings, read: Reader, published: Published) -> _Parts:
    """Make what the settings can be wrong about. *Errors*: ``ConfigurationError`` with it all."""
    problems = [
        *context_problems(settings.context),
        *auth_problems(settings.auth),
        *delivery_problems(settings.cart.delivery, settings.context.markets),
        *unclassified(published.classification, published.person_fields, published.unknown),
        *(
            problem
            for name, system in settings.systems.items()
            if system.auth is not None
            for problem in credential_problems(system.auth, f"systems.{name}.auth")
        ),
    ]
    table = Path(settings.auth.policy_file) if settings.auth.policy_file else DEFAULT_TABLE
    validity = timedelta(seconds=settings.price.validity)
    policy, systems, store, campaigns = None, None, None, NO_CAMPAIGNS
    with Noted(problems):
        policy = PolicyTable(published.classification, read_table(table))
    with Noted(problems):
        markets = [*settings.context.markets]
        systems = connect(settings.systems, read, settings.unserved, markets, ClientTokens)
    with Noted(problems):
        store = open_store(settings.storage, validity) if settings.storage else None
    with Noted(problems):
        campaigns = _campaigns(settings)
    if problems or policy is None or systems is None:
        raise ConfigurationError(problems)
    return _Parts(policy, systems, store, campaigns)


def _campaigns(settings: Settings) -> Campaigns:
    """Read the promotions' file. *Errors*: ``ConfigurationError`` with all that is wrong there."""
    if settings.promotion is None:
        return NO_CAMPAIGNS
    file = settings.promotion.file
    found, problems = promotions(config.load(file, Rulebook, {}), settings.context.markets)
    if problems:
        raise ConfigurationError([replace(each, file=file) for each in problems])
    return Campaigns(found)


async def away(settings: Settings) -> list[Problem]:
    """Tell which of the configured systems cannot be reached."""
    return await unreachable(settings.systems)


if __name__ == "__main__":
    sys.exit(command.main(sys.argv[1:], os.environ, Settings, compose, away))
