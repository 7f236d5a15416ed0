"""Serves one sandbox system on a loopback socket until it is told to stop or its parent is gone."""

import errno
import os
import socket
import sys
import threading

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.wire import TRANSPORT

HOST = "127.0.0.1"


class PortTakenError(Exception):
    """The port cannot be served on; the message says why and what to do."""

    def __init__(self, port: int, error: OSError) -> None:
        reason = "is already in use: stop what serves there or"
        if error.errno != errno.EADDRINUSE:
            reason = f"cannot be used ({error.strerror}):"
        super().__init__(f"port {port} on {HOST} {reason} choose another with --port")


class _Protocol(HttpToolsProtocol):
    """HTTP/1.1 whose requests know their connection, so that a fault can cut it."""

    def on_headers_complete(self) -> None:
        """Adds the connection to the request's scope."""
        connection: dict[object, object] = {"connection": self.transport}
        self.scope["extensions"] = {TRANSPORT: connection}
        super().on_headers_complete()


class _Server(uvicorn.Server):
    """A server that says when it can answer."""

    def __init__(self, config: uvicorn.Config, announcement: str) -> None:
        super().__init__(config)
        self._announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts listening, then announces it on standard output."""
        await super().startup(sockets)
        if self.started:
            print(self._announcement, flush=True)


def listen(port: int) -> socket.socket:
    """A listening loopback socket; port 0 lets the system choose one."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((HOST, port))
        found.listen(1024)
    except OSError as error:
        found.close()
        raise PortTakenError(port, error) from error
    return found


def url_of(listener: socket.socket) -> str:
    """The base URL of what serves on the socket."""
    return f"http://{HOST}:{listener.getsockname()[1]}"


def serve(name: str, app: ASGIApp, listener: socket.socket, leash: int | None) -> None:
    """Serves until TERM or INT; also ends when the other end of the leash, a pipe, is closed."""
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=75,
    )
    if leash is not None:
        threading.Thread(target=_watch, args=(leash,), name="leash", daemon=True).start()
    _Server(config, f"ready {name} {url_of(listener)}").run(sockets=[listener])


def _watch(leash: int) -> None:
    # A killed parent cannot tell its children to stop, but the kernel closes its end of the pipe.
    while os.read(leash, 1):
        pass
    sys.stderr.flush()
    os._exit(0)
