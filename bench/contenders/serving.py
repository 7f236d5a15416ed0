"""Serves a contender that is written in Python: uvicorn on uvloop, as it is run in production."""

import asyncio
import gc
import os
import socket
import sys

import uvicorn
import uvloop
from starlette.types import ASGIApp

UPSTREAM = os.environ.get("BENCH_UPSTREAM", "")
KEPT = os.environ.get("BENCH_CACHE") == "1"
"""Whether the contender's own cache is on."""


# As the gateway has it set once it has started.
_RARELY = (50_000, 20, 100)


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if "--tuned" in sys.argv:
            gc.collect()
            gc.freeze()
            gc.set_threshold(*_RARELY)
        if self.started and sockets:
            port = sockets[0].getsockname()[1]
            print(f"ready http://127.0.0.1:{port}/graphql", flush=True)


def serve(app: ASGIApp) -> None:
    """Serve until told to stop; prints the ready line."""
    sock = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    server = _Server(config)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(server.serve(sockets=[sock]))
    except KeyboardInterrupt:
        pass
