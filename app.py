"""The composition root: settings in, ports and a served gateway out. Nothing else composes."""

import argparse
import asyncio
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import structlog
import uvicorn
import uvloop
from msgspec import Struct
from starlette.types import ASGIApp

import config
from adapters._upstream import SystemSettings
from adapters.connect import Reader, Systems, connect, unreachable
from auth.policy import DEFAULT_TABLE, PolicyTable, unclassified
from auth.settings import AuthSettings
from auth.settings import problems as auth_problems
from auth.token import TokenVerifier
from domain.change import StockNotices
from domain.configuration import ConfigurationError, Problem
from domain.deadline import Duration
from execution.context import Contexts
from execution.context import Settings as ContextSettings
from execution.executor import Executor
from execution.executor import Settings as ExecutionSettings
from execution.poll import Settings as StockSettings
from execution.poll import StockPoll
from execution.watch import StockWatch
from schema.build import build
from storage.shared import open_shared
from transport.http import PATH, make_app
from transport.protocol import serving
from transport.settings import Settings as TransportSettings
from transport.webhook import Take

_STOP_SECONDS = 5
_REACH = Duration(1)


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole configuration file; each room describes its own table.

    *Shape*: ``unserved`` names the ports for which the retailer has no system.
    ``needs_systems_at_start`` refuses to start while a system cannot be reached; set it to false
    where the gateway must come up beside a system that is down.
    """

    context: ContextSettings
    auth: AuthSettings
    systems: dict[str, SystemSettings]
    unserved: list[str] = []
    needs_systems_at_start: bool = True
    execution: ExecutionSettings = ExecutionSettings()
    stock: StockSettings = StockSettings()
    transport: TransportSettings = TransportSettings()


class Gateway(Struct, frozen=True):
    """The composed gateway: an ASGI application, and the systems it stands on."""

    app: ASGIApp
    systems: Systems


def compose(settings: Settings, read: Reader) -> Gateway:
    """Compose the gateway; nothing is called yet, and the application closes what it opens.

    *Errors*: ``ConfigurationError`` with everything that the settings leave open.
    """
    published = build()
    problems = [
        *auth_problems(settings.auth),
        *unclassified(published.classification, published.person_fields),
    ]
    table = Path(settings.auth.policy_file) if settings.auth.policy_file else DEFAULT_TABLE
    policy, systems = None, None
    try:
        policy = PolicyTable(published.classification, table)
    except ConfigurationError as error:
        problems += error.problems
    try:
        systems = connect(settings.systems, read, settings.unserved)
    except ConfigurationError as error:
        problems += error.problems
    if problems or policy is None or systems is None:
        raise ConfigurationError(problems)

    verifier = TokenVerifier(settings.auth)
    shared = open_shared(None)
    watch = StockWatch(shared.feed)
    contexts = Contexts(settings.context, systems.ports, policy, changes=watch)
    poll = StockPoll(watch, systems.ports.stock, contexts.ask, settings.stock)
    following = AsyncExitStack()

    async def start() -> None:
        await verifier.start()
        await following.enter_async_context(watch.running())
        await following.enter_async_context(poll.running())

    async def stop() -> None:
        await following.aclose()
        await systems.close()
        await verifier.close()
        await shared.close()

    async def readiness() -> Mapping[str, bool]:
        reasons = await asyncio.gather(*(each.reach(_REACH) for each in systems.upstreams.values()))
        return {name: reason is None for name, reason in zip(systems.upstreams, reasons)}

    app = make_app(
        Executor(published.graphql, settings.execution),
        contexts,
        verifier,
        settings.transport,
        buckets=shared.buckets,
        documents=shared.documents,
        readiness=readiness,
        webhooks=_takes(settings, systems, watch),
        on_start=start,
        on_stop=stop,
    )
    return Gateway(app, systems)


def _takes(settings: Settings, systems: Systems, watch: StockWatch) -> Mapping[str, Take]:
    """Tie each webhook to the adapter that understands it."""
    takes: dict[str, Take] = {}
    for name in settings.transport.webhooks:
        adapter = systems.adapters.get(name)
        if not isinstance(adapter, StockNotices):
            able = [each for each, one in systems.adapters.items() if _sends(one)]
            found = "found a system that sends no notices" if adapter else "found no such system"
            allowed = f"allowed: {', '.join(able)}" if able else "leave it out: none sends any"
            raise ConfigurationError([Problem(f"transport.webhooks.{name}", found, allowed)])
        takes[name] = partial(_tell, adapter, watch)
    return takes


def _sends(adapter: object) -> bool:
    return isinstance(adapter, StockNotices)


async def _tell(adapter: StockNotices, watch: StockWatch, body: bytes) -> None:
    await watch.tell(adapter.changed_skus(body))


async def serve(settings: Settings, read: Reader, sock: socket.socket) -> None:
    """Serve until told to stop; prints the ready line once requests are answered.

    *Errors*: ``ConfigurationError`` before anything is served.
    """
    gateway = compose(settings, read)
    _say(f"looking for {', '.join(settings.systems)}")
    try:
        await gateway.systems.start()
    except ConfigurationError as error:
        if settings.needs_systems_at_start:
            await gateway.systems.close()
            raise
        _say(f"going on without some systems. {error}")
    server = _Server(
        uvicorn.Config(
            gateway.app,
            lifespan="on",
            log_config=None,
            **serving(settings.transport),
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
    )
    await server.serve(sockets=[sock])


async def diagnose(problems: Sequence[Problem], settings: object, read: Reader) -> list[Problem]:
    """Look for what else is wrong with a configuration, so that all is told at once.

    *Shape*: ``settings`` is what could be read of it, None where that is not enough to go on.
    What follows from a problem that is told already (a secret that is missing is missing to its
    adapter, too) is left out.
    """
    if not isinstance(settings, Settings):
        return [*problems]
    told = {problem.key for problem in problems}
    more: list[Problem] = []
    try:
        await compose(settings, read).systems.close()
    except ConfigurationError as error:
        more += error.problems
    more += await unreachable(settings.systems)
    return [*problems, *(problem for problem in more if problem.key not in told)]


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            print(f"ready http://{host}:{port}{PATH}", flush=True)


def _bind(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise ConfigurationError(
            [Problem("--port", f"{host}:{port}: {error.strerror}", "a free port; see --port")]
        ) from None
    return sock


def _say(progress: str) -> None:
    print(f"gateway: {progress}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the gateway from the command line; 2 for a configuration that cannot work."""
    parser = argparse.ArgumentParser(prog="app.py", description="Serves the gateway.")
    parser.add_argument("--config", type=Path, default=Path("gateway.toml"))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    given = parser.parse_args(arguments)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    read = partial(config.read, environment=environment, file=str(given.config))
    settings = None
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            try:
                _say("checking the configuration")
                settings = config.load(given.config, Settings, environment)
                runner.run(serve(settings, read, _bind(given.host, given.port)))
            except ConfigurationError as error:
                found = settings or error.rest
                problems = runner.run(diagnose(error.problems, found, read))
                print(ConfigurationError(problems), file=sys.stderr)
                return 2
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
