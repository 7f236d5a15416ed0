"""The server process: its socket, its ready line, and what it does for speed once it is up."""

import gc
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from domain.configuration import ConfigurationError, Problem
from transport.http import PATH
from transport.protocol import serving
from transport.settings import Settings

_STOP_SECONDS = 5
# What an answer is made of holds no cycles, so that looking for them after every few hundred
# objects, as is the default, finds nothing for a fifth of a listing's time.
_GARBAGE = (50_000, 20, 100)


async def run(
    app: ASGIApp, settings: Settings, sock: socket.socket, ready: Callable[[str], None]
) -> None:
    """Serve an application until told to stop; ``ready`` is told the URL that is answered at."""
    config = uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,
        **serving(settings),
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    await _Server(config, ready).serve(sockets=[sock])


def bind(host: str, port: int) -> socket.socket:
    """Take the address to serve at. *Errors*: ``ConfigurationError``, naming ``--port``."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except (OSError, OverflowError) as error:
        sock.close()
        found = error.strerror if isinstance(error, OSError) else "no such port"
        allowed = "write a free port from 1 to 65535, or 0 for any"
        raise ConfigurationError([Problem("--port", f"{host}:{port}: {found}", allowed)]) from None
    return sock


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[str], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        # Whatever start-up has made stays for good and need not be looked through again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GARBAGE)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            self._ready(f"http://{host}:{port}{PATH}")
