"""Gateways without HTTP in processes of their own, which tests ask, and kill."""

import contextlib
import json
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
_SECONDS = 60


class Process:
    """One process of a gateway."""

    def __init__(self, url: str, master_key: str, timeout: float = 10.0) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.storage.shop", url, master_key, str(timeout)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self._rest = b""

    def ready(self) -> None:
        assert self.line() == "ready"

    def send(self, requests: list[dict[str, Any]]) -> None:
        """Ask all of these together."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(requests).encode() + b"\n")

    def answers(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Give the answers as they come; they end early where the process does."""
        while (line := self.line()) not in ("done", None):
            assert line is not None
            number, answer = json.loads(line)
            yield number, answer

    def line(self) -> str | None:
        """The next line, None where the process has ended."""
        assert self._process.stdout is not None
        end = time.monotonic() + _SECONDS
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self._process.stdout], [], [], end - time.monotonic())
            assert ready, "the process says nothing"
            some = self._process.stdout.read(65_536)
            if not some:
                return None
            self._rest += some
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@contextlib.contextmanager
def processes(count: int, url: str, master_key: str, timeout: float = 10.0) -> Iterator[Any]:
    """Run several, all on one database, each ready."""
    started = [Process(url, master_key, timeout) for _ in range(count)]
    try:
        for each in started:
            each.ready()
        yield started
    finally:
        for each in started:
            each.close()
