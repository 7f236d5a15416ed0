"""Brings the systems up as child processes, runs a command beside them, stops them all."""

import asyncio
import ctypes
import os
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from sandbox.carrier import KEY as CARRIER_KEY
from sandbox.crm import KEY as CRM_KEY
from sandbox.erp import KEY as ERP_KEY
from sandbox.hook import KEY as HOOK_KEY
from sandbox.persona import GATEWAY, MASTER_KEY
from sandbox.pos import KEY as POS_KEY
from sandbox.server import PortTakenError, listen, url_of
from sandbox.wms import KEY as WMS_KEY

SYSTEMS = ("erp", "wms", "crm", "idp", "pos", "carrier")
KEYS = {"erp": ERP_KEY, "wms": WMS_KEY, "crm": CRM_KEY, "pos": POS_KEY, "carrier": CARRIER_KEY}

_START = 20.0
_GRACE = 3.0
_COMMAND_GRACE = 6.0
_LAST_LINES = 20
_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_PR_SET_PDEATHSIG = 1


class StartError(Exception):
    """A system did not come up; the message says which one and what it last said."""


class Supervisor:
    """Owns the children: whatever it started has ended when `run` returns.

    A child notices the death of its parent, even by SIGKILL, through a pipe whose writing end only
    this process holds.
    """

    def __init__(self, port: int, size: str) -> None:
        self._port = port
        self._size = size
        self._children: dict[str, asyncio.subprocess.Process] = {}
        self._said: dict[str, deque[str]] = {}
        self._ready: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._urls: dict[str, str] = {}
        self._command: asyncio.subprocess.Process | None = None

    async def run(self, command: Sequence[str]) -> int:
        """Serves until the command ends or a signal comes; the exit status to leave with."""
        listeners = self._listen()
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in _STOPPING:
            loop.add_signal_handler(number, stopped.set)
        leash, hand = os.pipe()
        try:
            return await self._run(command, listeners, leash, stopped)
        finally:
            await self._stop()
            os.close(hand)
            for number in _STOPPING:
                loop.remove_signal_handler(number)

    async def _run(
        self,
        command: Sequence[str],
        listeners: dict[str, socket.socket],
        leash: int,
        stopped: asyncio.Event,
    ) -> int:
        stop = asyncio.create_task(stopped.wait())
        try:
            try:
                await self._start_all(listeners, leash, stop)
            finally:
                # The children hold the sockets now: a dead one's port must refuse connections.
                os.close(leash)
                for listener in listeners.values():
                    listener.close()
            if stop.done():
                return 0
            if not command:
                await stop
                return 0
            return await self._beside(command, stop)
        finally:
            stop.cancel()

    async def _start_all(
        self, listeners: dict[str, socket.socket], leash: int, stop: "asyncio.Task[bool]"
    ) -> None:
        """Returns when all are ready or the stop has come."""
        starts = [
            asyncio.create_task(self._start(name, listener, leash))
            for name, listener in listeners.items()
        ]
        ready = asyncio.gather(*starts)
        waited: set[asyncio.Future[Any]] = {ready, stop}
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                await ready
        finally:
            # After a failure or a stop the other starts must not add children any more.
            for start in starts:
                start.cancel()
            await asyncio.gather(*starts, return_exceptions=True)
            await asyncio.gather(ready, return_exceptions=True)

    def _listen(self) -> dict[str, socket.socket]:
        listeners: dict[str, socket.socket] = {}
        try:
            for offset, name in enumerate(SYSTEMS):
                listeners[name] = listen(self._port + offset if self._port else 0)
        except PortTakenError:
            for listener in listeners.values():
                listener.close()
            raise
        self._urls = {name: url_of(listener) for name, listener in listeners.items()}
        return listeners

    async def _start(self, name: str, listener: socket.socket, leash: int) -> None:
        started = time.monotonic()
        handle = listener.fileno()
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "sandbox", name, "--size", self._size),
            *("--listener", str(handle), "--leash", str(leash)),
            # Who verifies tokens must know the provider, which has no port before this moment.
            env={**os.environ, "SANDBOX_IDP_URL": self._urls["idp"]},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=(handle, leash),
            # A terminal's Ctrl-C is for this process, which stops the others in order.
            start_new_session=True,
        )
        self._children[name] = child
        self._said[name] = deque(maxlen=_LAST_LINES)
        assert child.stdout is not None
        relay = asyncio.create_task(self._relay(name, child))
        self._tasks.append(relay)
        try:
            line = await asyncio.wait_for(child.stdout.readline(), _START)
        except TimeoutError:
            raise StartError(
                f"{name} was not ready within {_START:g} s{self._last(name)}"
            ) from None
        if not line.startswith(b"ready "):
            # It has closed its output, so it is ending: its own status says more than a signal's.
            with suppress(TimeoutError):
                await asyncio.wait_for(child.wait(), _GRACE)
            await _end(child, _GRACE)
            await asyncio.wait({relay}, timeout=_GRACE)
            status = child.returncode
            raise StartError(
                f"{name} ended with status {status} before it was ready{self._last(name)}"
            )
        self._ready.add(name)
        took = time.monotonic() - started
        _say(f"sandbox: {name} ready {self._urls[name]} ({took:.1f} s)")
        self._tasks.append(asyncio.create_task(self._attend(name, child)))

    def _last(self, name: str) -> str:
        lines = self._said[name]
        return "; its last lines:\n" + "\n".join(f"  {line}" for line in lines) if lines else ""

    async def _relay(self, name: str, child: asyncio.subprocess.Process) -> None:
        assert child.stderr is not None
        while line := await _line(child.stderr):
            self._said[name].append(line)
            # Until it is ready its lines wait: if it fails, they are part of the one report.
            if name in self._ready:
                _say(f"{name}: {line}")

    async def _attend(self, name: str, child: asyncio.subprocess.Process) -> None:
        status = await child.wait()
        _say(f"sandbox: {name} ended with status {status}; the others go on")

    async def _beside(self, command: Sequence[str], stop: "asyncio.Task[bool]") -> int:
        environment = {f"SANDBOX_{name.upper()}_URL": url for name, url in self._urls.items()}
        for name, key in KEYS.items():
            variable = f"SANDBOX_{name.upper()}_KEY"
            environment[variable] = os.environ.get(variable, key)
        environment["SANDBOX_GATEWAY_SECRET"] = GATEWAY.client_secret
        environment["SANDBOX_WMS_HOOK_KEY"] = os.environ.get("SANDBOX_WMS_HOOK_KEY", HOOK_KEY)
        environment["GATEWAY_MASTER_KEY"] = os.environ.get("GATEWAY_MASTER_KEY", MASTER_KEY)
        try:
            self._command = await asyncio.create_subprocess_exec(
                *command, env={**os.environ, **environment}, preexec_fn=_die_with_parent()
            )
        except OSError as error:
            raise StartError(f"cannot run {command[0]}: {error.strerror}") from error
        ended = asyncio.create_task(self._command.wait())
        await asyncio.wait({ended, stop}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            await _end(self._command, _COMMAND_GRACE)
        status = await ended
        return status if status >= 0 else 128 - status

    async def _stop(self) -> None:
        if self._command is not None:
            await _end(self._command, _COMMAND_GRACE)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(_end(child, _GRACE) for child in self._children.values()))


async def _end(child: asyncio.subprocess.Process, grace: float) -> None:
    """Asks the child to stop, waits, then makes it."""
    if child.returncode is not None:
        return
    # os.kill and not child.terminate(), which polls, and so may take a dead child's status from
    # under the event loop's own watcher (CPython reports such a child as 255).
    with suppress(ProcessLookupError):
        os.kill(child.pid, signal.SIGTERM)
    try:
        await asyncio.wait_for(child.wait(), grace)
    except TimeoutError:
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
        await child.wait()


async def _line(stream: asyncio.StreamReader) -> str:
    """The next line that is not empty, cut at the stream's limit; empty at its end."""
    while True:
        try:
            raw = await stream.readline()
        except ValueError:
            continue  # longer than the buffer, which readline has emptied
        if not raw:
            return ""
        if text := raw.decode(errors="replace").rstrip():
            return text


def _die_with_parent() -> Callable[[], None] | None:
    """What a command runs before it starts, so that it cannot outlive a killed parent."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return tie


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
