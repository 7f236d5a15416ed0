"""The composition root: settings in, ports and a served gateway out. Nothing else composes."""

import argparse
import asyncio
import gc
import logging
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import orjson
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
from domain.configuration import ConfigurationError, Problem
from domain.deadline import Duration
from domain.port import Ports
from execution.context import Contexts
from execution.context import Settings as ContextSettings
from execution.executor import Executor
from execution.executor import Settings as ExecutionSettings
from schema.build import build
from storage.settings import StorageSettings
from storage.store import Store, open_store
from transport.http import PATH, make_app
from transport.protocol import BoundedProtocol
from transport.settings import Settings as TransportSettings

_STOP_SECONDS = 5
_REACH = Duration(1)
# What an answer is made of holds no cycles, so that looking for them after every few hundred
# objects, as is the default, finds nothing for a fifth of a listing's time.
_GARBAGE = (50_000, 20, 100)


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
    execution: ExecutionSettings = ExecutionSettings()
    transport: TransportSettings = TransportSettings()


class Gateway(Struct, frozen=True):
    """The composed gateway: an ASGI application, and what it stands on."""

    app: ASGIApp
    systems: Systems
    store: Store | None


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
    policy, systems, store = None, None, None
    try:
        policy = PolicyTable(published.classification, table)
    except ConfigurationError as error:
        problems += error.problems
    try:
        systems = connect(settings.systems, read, settings.unserved, [*settings.context.markets])
    except ConfigurationError as error:
        problems += error.problems
    try:
        store = open_store(settings.storage) if settings.storage else None
    except ConfigurationError as error:
        problems += error.problems
    if problems or policy is None or systems is None:
        raise ConfigurationError(problems)

    verifier = TokenVerifier(settings.auth)

    async def start() -> None:
        await verifier.start()

    async def stop() -> None:
        await systems.close()
        await verifier.close()
        if store:
            await store.close()

    async def readiness() -> Mapping[str, bool]:
        reasons = await asyncio.gather(*(each.reach(_REACH) for each in systems.upstreams.values()))
        return {name: reason is None for name, reason in zip(systems.upstreams, reasons)}

    app = make_app(
        Executor(published.graphql, settings.execution),
        _contexts(settings.context, systems.ports, policy, store),
        verifier,
        settings.transport,
        readiness=readiness,
        on_start=start,
        on_stop=stop,
    )
    return Gateway(app, systems, store)


def _contexts(
    settings: ContextSettings, ports: Ports, policy: PolicyTable, store: Store | None
) -> Contexts:
    if store is None:
        return Contexts(settings, ports, policy)
    return Contexts(settings, ports, policy, store.own, store.attempts)


async def serve(settings: Settings, read: Reader, sock: socket.socket) -> None:
    """Serve until told to stop; prints the ready line once requests are answered.

    *Errors*: ``ConfigurationError`` before anything is served.
    """
    gateway = compose(settings, read)
    try:
        await _prepare(gateway, needs_systems=settings.needs_systems_at_start)
    except ConfigurationError:
        await gateway.systems.close()
        if gateway.store:
            await gateway.store.close()
        raise
    server = _Server(
        uvicorn.Config(
            gateway.app,
            http=BoundedProtocol,
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
    )
    await server.serve(sockets=[sock])


async def _prepare(gateway: Gateway, *, needs_systems: bool) -> None:
    if gateway.store is None:
        _say("no [storage]: nothing is kept, every mutation is refused")
    elif (reason := await gateway.store.start()) is not None:
        _say(f"going on without the store, until it is back: {reason}")
    _say(f"looking for {', '.join(gateway.systems.upstreams)}")
    try:
        await gateway.systems.start()
    except ConfigurationError as error:
        if needs_systems:
            raise
        _say(f"going on without some systems. {error}")


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
        # Whatever start-up has made stays for good and need not be looked through again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GARBAGE)
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


def _log_as_json() -> None:
    """Log one JSON object a line, on stderr: stdout is for the ready line and never fills up."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )


def _json(event: object, default: Callable[[object], object]) -> bytes:
    return orjson.dumps(event, default=default)


def _say(progress: str) -> None:
    print(f"gateway: {progress}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the gateway from the command line; 2 for a configuration that cannot work."""
    parser = argparse.ArgumentParser(prog="app.py", description="Serves the gateway.")
    parser.add_argument("--config", type=Path, default=Path("gateway.toml"))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    given = parser.parse_args(arguments)
    _log_as_json()
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
