"""The server process: its socket, its ready line, and what it does for speed once it is up."""

import asyncio
import contextlib
import gc
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from domain.configuration import ConfigurationError, Problem
from transport.http import PATH
from transport.protocol import BoundedProtocol, retire, serving
from transport.settings import Settings

# Until nobody comes for so long a gateway that stops still serves, since whoever sends the traffic
# finds out a little later that it should go elsewhere; and at most for so long.
_QUIET_SECONDS = 0.5
_RETIRE_SECONDS = 3.0
_STOP_SECONDS = 5
_LOOK_SECONDS = 0.1
# What an answer is made of holds no cycles, so that looking for them after every few hundred
# objects, as is the default, finds nothing for a fifth of a listing's time.
GARBAGE = (50_000, 20, 100)


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

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        held = [each.dup() for each in sockets or ()]
        if not self.force_exit:
            await self._retire()
        for server in self.servers:
            server.close()
        for listener in held:
            await self._let_in(listener)
        await super().shutdown(sockets)

    async def _retire(self) -> None:
        """Serve on until the traffic has gone elsewhere."""
        state = self.server_state
        retire(state.connections, self.lifespan.state)
        clock = asyncio.get_running_loop().time
        end, quiet_since, seen = clock() + _RETIRE_SECONDS, clock(), state.total_requests
        while clock() < min(end, quiet_since + _QUIET_SECONDS) and not self.force_exit:
            await asyncio.sleep(_LOOK_SECONDS)
            if state.total_requests != seen:
                quiet_since, seen = clock(), state.total_requests

    async def _let_in(self, listener: socket.socket) -> None:
        """Close a listener, and serve those who have connected to it and were not accepted yet."""
        loop, waiting = asyncio.get_running_loop(), list[socket.socket]()
        listener.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                waiting.append(listener.accept()[0])
        listener.close()
        for each in waiting:
            await loop.connect_accepted_socket(self._protocol, each)

    def _protocol(self) -> asyncio.Protocol:
        return BoundedProtocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        # Whatever start-up has made stays for good and need not be looked through again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GARBAGE)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            self._ready(f"http://{host}:{port}{PATH}")
