"""One checkout's part of ``bench.door``, in a process of its own.

For each line it reads, ``gateway`` or ``uvicorn``, it asks that side ``{ viewer { role } }`` on
eight connections without a socket, and tells the microseconds of CPU that a request took. It is run
on the files of other checkouts as well, so that of the bench it uses only what all of them have.
"""

import asyncio
import gc
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from msgspec.structs import replace
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

import app
import config
from bench.contenders.uvicorn.serve import app as bare
from bench.workload import BY_NAME
from domain.deadline import Duration
from transport.log import log_as_json
from transport.protocol import BoundedProtocol, serving

_CONNECTIONS = 8
_TIMES = 400
_WARM_TIMES = 4_000
_HEAD = b"POST /graphql HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n"
_TYPE = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
_ADDRESSES = {"peername": ("127.0.0.1", 5), "sockname": ("127.0.0.1", 80)}


class _Sink(asyncio.Transport):
    """A connection that takes everything."""

    def __init__(self) -> None:
        super().__init__(_ADDRESSES)
        self.taken: list[bytes] = []

    def write(self, data: Any) -> None:
        self.taken.append(data)

    def writelines(self, list_of_data: Any) -> None:
        self.taken += list_of_data

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


async def _burst(make: Any, times: int) -> bytes:
    """Ask so many times; gives the last answer of the first connection."""
    body = BY_NAME["hello"].bodies()[0]
    request = _HEAD + _TYPE % (len(body), body)
    pairs = [(make(), _Sink()) for _ in range(_CONNECTIONS)]
    for protocol, sink in pairs:
        protocol.connection_made(sink)
    for _ in range(times // _CONNECTIONS):
        for protocol, sink in pairs:
            sink.taken.clear()
            protocol.data_received(request)
        # Turns of the loop are what is waited for here.
        while not all(protocol.cycle.response_complete for protocol, _ in pairs):  # noqa: ASYNC110
            await asyncio.sleep(0)
    answer = b"".join(pairs[0][1].taken)
    for protocol, _ in pairs:
        protocol.connection_lost(OSError())
    return answer


def _protocol(kind: type[HttpToolsProtocol], settings: uvicorn.Config, state: Any) -> Any:
    settings.load()
    served = uvicorn.Server(settings).server_state
    served.default_headers = [(b"date", b"Sun, 22 Nov 2026 21:00:00 GMT")]
    return partial(kind, config=settings, server_state=served, app_state=state)


async def _serve() -> None:
    """Measure whichever side is named on a line of stdin, and tell its microseconds a request."""
    environment = {"BENCH_UPSTREAM": "http://127.0.0.1:9", "BENCH_KEY": "bench"}
    path = Path("bench/gateway.toml")
    settings = config.load(path, app.Settings, environment)
    # Whatever else the machine does makes the loop late; nobody is to be turned away for it.
    demand = replace(settings.transport.demand, lag=Duration(60))
    settings = replace(settings, transport=replace(settings.transport, demand=demand))
    read = partial(config.read, environment=environment, file=str(path))
    gateway = app.compose(settings, read)
    said: asyncio.Queue[Any] = asyncio.Queue()
    told: asyncio.Queue[Any] = asyncio.Queue()
    state: dict[str, Any] = {}
    lifespan = asyncio.ensure_future(
        gateway.app({"type": "lifespan", "state": state}, said.get, told.put)
    )
    said.put_nowait({"type": "lifespan.startup"})
    await told.get()
    quiet: dict[str, Any] = {"lifespan": "on", "log_config": None}
    sides = {
        "gateway": _protocol(
            BoundedProtocol,
            uvicorn.Config(gateway.app, **quiet, **serving(settings.transport)),
            state,
        ),
        "uvicorn": _protocol(
            HttpToolsProtocol, uvicorn.Config(bare, **quiet, access_log=False), {}
        ),
    }
    for make in sides.values():
        answer = await _burst(make, _WARM_TIMES)
        assert b'"role":"ANONYMOUS"' in answer, answer
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        began = time.process_time()
        await _burst(sides[line.strip()], _TIMES)
        print((time.process_time() - began) / _TIMES * 1e6, flush=True)
    said.put_nowait({"type": "lifespan.shutdown"})
    await lifespan


if __name__ == "__main__":
    log_as_json()
    uvloop.run(_serve())
