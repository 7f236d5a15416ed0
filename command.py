"""The command line: serves what the settings compose, or tells all that is wrong with them."""

import argparse
import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import uvloop

import config
from domain.configuration import ConfigurationError, Noted, Problem, Reader
from transport.log import log_as_json
from transport.server import bind

S = TypeVar("S")
Say = Callable[[str], None]


class Composed(Protocol):
    """What can be served."""

    async def prepare(self, say: Say) -> None:
        """Find what it stands on. *Errors*: ``ConfigurationError`` with all that is away."""
        ...

    async def serve(self, sock: socket.socket, ready: Say) -> None:
        """Answer requests until told to stop; ``ready`` is told the URL that is answered at."""
        ...

    async def close(self) -> None:
        """Close what it stands on; also where it has never served."""
        ...


Compose = Callable[[S, Reader], Composed]
Look = Callable[[S], Awaitable[list[Problem]]]


def main(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    kind: type[S],
    compose: Compose[S],
    away: Look[S],
) -> int:
    """Run the gateway from the command line; 2 for a configuration that cannot work.

    *Shape*: ``kind`` are the settings that ``compose`` makes a gateway of; ``away`` tells which of
    the systems that they name cannot be reached.
    """
    parser = argparse.ArgumentParser(prog="app.py", description="Serves the gateway.")
    parser.add_argument("--config", type=Path, default=Path("gateway.toml"))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    given = parser.parse_args(arguments)
    log_as_json()
    read = partial(config.read, environment=environment, file=str(given.config))
    try:
        with ExitStack() as owned:
            runner = owned.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
            _say("checking the configuration")
            settings: object = None
            sock, problems = None, list[Problem]()
            with Noted(problems):
                sock = owned.enter_context(bind(given.host, given.port))
            try:
                settings = config.load(given.config, kind, environment)
            except ConfigurationError as error:
                problems += error.problems
                settings = error.rest
            if sock is not None and isinstance(settings, kind) and not problems:
                with Noted(problems):
                    runner.run(_serve(settings, read, compose, sock))
            if problems and isinstance(settings, kind):
                problems += runner.run(_more(problems, settings, read, compose, away))
            if problems:
                print(ConfigurationError(problems), file=sys.stderr)
                return 2
    except KeyboardInterrupt:
        pass
    return 0


async def _serve(settings: S, read: Reader, compose: Compose[S], sock: socket.socket) -> None:
    gateway = compose(settings, read)
    try:
        await gateway.prepare(_say)
    except ConfigurationError:
        await gateway.close()
        raise
    await gateway.serve(sock, _ready)


async def _more(
    problems: Sequence[Problem], settings: S, read: Reader, compose: Compose[S], away: Look[S]
) -> list[Problem]:
    """Look for what else is wrong with a configuration, so that all is told at once.

    What follows from a problem that is told already (a secret that is missing is missing to its
    adapter, too) is left out.
    """
    told = {problem.key for problem in problems}
    more: list[Problem] = []
    with Noted(more):
        await compose(settings, read).close()
    more += await away(settings)
    return [problem for problem in more if problem.key not in told]


def _ready(url: str) -> None:
    print(f"ready {url}", flush=True)


def _say(progress: str) -> None:
    print(f"gateway: {progress}", file=sys.stderr, flush=True)
