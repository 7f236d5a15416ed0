"""``python -m bench.door``: what every request costs, from its bytes to the answer's, in CPU.

One process asks ``{ viewer { role } }`` on eight connections without a socket, of the gateway and
of bare uvicorn in turn. ``--beside DIR`` does the same in a second process for another checkout, in
turn with this one; ratios are medians of the rounds' own.
"""

import argparse
import asyncio
import contextlib
import gc
import statistics
import subprocess
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


class _Process:
    """A checkout's own process."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).resolve()), "--serve"],
            cwd=folder,
            env={"PYTHONPATH": str(folder.resolve())},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        if self._told() != "ready":
            raise SystemExit(f"{folder} does not serve")

    def measure(self, side: str) -> float:
        assert self._process.stdin is not None
        self._process.stdin.write(side + "\n")
        self._process.stdin.flush()
        return float(self._told())

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def _told(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def main(arguments: list[str]) -> None:
    """Print a line for each side, and for the other checkout."""
    parser = argparse.ArgumentParser(prog="bench.door", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--beside", type=Path, help="another checkout of this project")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.serve:
        log_as_json()
        uvloop.run(_serve())
        return
    with contextlib.ExitStack() as owned:
        here = _Process(Path(__file__).parent.parent)
        owned.callback(here.stop)
        turns = {
            "gateway": partial(here.measure, "gateway"),
            "uvicorn": partial(here.measure, "uvicorn"),
        }
        if given.beside:
            there = _Process(given.beside)
            owned.callback(there.stop)
            turns["beside"] = partial(there.measure, "gateway")
        rounds = [{name: turn() for name, turn in turns.items()} for _ in range(given.rounds)]
    for name in turns:
        figures = [each[name] for each in rounds]
        line = f"{name:8} {statistics.median(figures):6.0f} µs (least {min(figures):.0f})"
        if name != "gateway":
            ratio = statistics.median(each["gateway"] / each[name] for each in rounds)
            line += f"; gateway / {name} {ratio:.2f}"
        print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
