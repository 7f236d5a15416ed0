"""Gateways without HTTP in processes of their own, which tests ask, and kill."""

import atexit
import contextlib
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tests.storage.shop import Birth, Death

ROOT = Path(__file__).parent.parent.parent
_SECONDS = 60
_STOP_SECONDS = 10


class _Parent:
    """The process that all others are forked from: what they need is imported once."""

    def __init__(self) -> None:
        self._link, theirs = socket.socketpair()
        self._link.settimeout(_SECONDS)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.storage.shop", str(theirs.fileno())],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def bear(self, birth: Birth, *streams: int) -> int:
        """Start a process with this input and output; gives its number."""
        socket.send_fds(self._link, [msgspec.json.encode(birth)], streams)
        return int(self._link.recv(100))

    def bury(self, pid: int) -> None:
        """Wait until a process has ended, by force where it takes too long."""
        self._link.settimeout(_STOP_SECONDS)
        self._link.sendall(msgspec.json.encode(Death(pid)))
        try:
            self._link.recv(100)
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            self._link.recv(100)
        finally:
            self._link.settimeout(_SECONDS)

    def close(self) -> None:
        self._link.close()
        self._process.wait(_STOP_SECONDS)


@functools.cache
def _parent() -> _Parent:
    parent = _Parent()
    atexit.register(parent.close)
    return parent


class Process:
    """One process of a gateway."""

    def __init__(self, url: str, master_key: str, timeout: float = 60.0) -> None:
        read_input, write_input = os.pipe()
        read_output, write_output = os.pipe()
        self._input = os.fdopen(write_input, "wb", buffering=0)
        self._output = os.fdopen(read_output, "rb", buffering=0)
        birth = Birth(url, master_key, timeout)
        try:
            self._pid = _parent().bear(birth, read_input, write_output)
        finally:
            os.close(read_input)
            os.close(write_output)
        self._rest = b""

    def ready(self) -> None:
        assert self.line() == "ready"

    def send(self, requests: list[dict[str, Any]]) -> None:
        """Ask all of these together."""
        self._input.write(json.dumps(requests).encode() + b"\n")

    def answers(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Give the answers as they come; they end early where the process does."""
        while (line := self.line()) not in ("done", None):
            assert line is not None
            number, answer = json.loads(line)
            yield number, answer

    def line(self) -> str | None:
        """The next line, None where the process has ended."""
        end = time.monotonic() + _SECONDS
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self._output], [], [], end - time.monotonic())
            assert ready, "the process says nothing"
            some = self._output.read(65_536)
            if not some:
                return None
            self._rest += some
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def kill(self) -> None:
        """End it at once."""
        os.kill(self._pid, signal.SIGKILL)

    def close(self) -> None:
        """Wait until it has ended, which it does at the end of its input."""
        self._input.close()
        _parent().bury(self._pid)
        self._output.close()


@contextlib.contextmanager
def processes(count: int, url: str, master_key: str, timeout: float = 60.0) -> Iterator[Any]:
    """Run several, all on one database, each ready."""
    started = [Process(url, master_key, timeout) for _ in range(count)]
    try:
        for each in started:
            each.ready()
        yield started
    finally:
        for each in started:
            each.close()
