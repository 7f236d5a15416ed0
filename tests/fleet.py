"""Several gateways beside one sandbox: replicas that are started, stopped, and asked at once."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.shop import ROOT

_START_SECONDS = 60
_STOP_SECONDS = 20
# Says what it was given to find the systems by, and stays until it is told to go.
_COMMAND = "env; echo; exec cat"


class Replica:
    """One gateway's process."""

    def __init__(self, config: Path, port: int, environment: Mapping[str, str]) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}/graphql"
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed when it is stopped
        self.process = subprocess.Popen(
            [sys.executable, "app.py", "--port", str(port), "--config", str(config)],
            cwd=ROOT,
            env={**environment, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def ready(self) -> None:
        """Wait until it answers."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line.startswith("ready "):
            self._log.seek(0)
            raise AssertionError(f"the gateway ended: {self._log.read()[-2_000:]}")

    def tell_to_stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> float:
        """Tell it to stop, and wait. *Units*: seconds until it had ended."""
        started = time.monotonic()
        if self.process.poll() is None:
            self.tell_to_stop()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self._log.close()
        return time.monotonic() - started


class Fleet:
    """The replicas, and what they find the systems by."""

    def __init__(self, config: Path, environment: Mapping[str, str]) -> None:
        self._config = config
        self.environment = environment
        self.replicas: list[Replica] = []

    def start(self, *ports: int) -> list[Replica]:
        """Start replicas side by side, on these ports."""
        started = [Replica(self._config, port, self.environment) for port in ports]
        self.replicas += started
        for each in started:
            each.ready()
        return started


def free_ports(count: int) -> list[int]:
    """Find ports that nobody listens on."""
    with contextlib.ExitStack() as held:
        found = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in found]


@contextlib.contextmanager
def fleet(config: Path, folder: Path) -> Iterator[Fleet]:
    """A sandbox for replicas, which keep their own data in this folder."""
    ours = ("SANDBOX_", "GATEWAY_")
    inherited = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
    inherited["GATEWAY_STORE_URL"] = f"sqlite+aiosqlite:///{folder}/gateway.sqlite"
    sandbox = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", "0", "--", "sh", "-c", _COMMAND],
        cwd=ROOT,
        env=inherited,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    made: Fleet | None = None
    try:
        assert sandbox.stdout is not None
        found: dict[str, str] = {}
        deadline = time.monotonic() + _START_SECONDS
        while line := sandbox.stdout.readline().rstrip("\n"):
            name, _, text = line.partition("=")
            found[name] = text
            assert time.monotonic() < deadline, "the sandbox did not get ready in time"
        made = Fleet(config, {**inherited, **found})
        yield made
    finally:
        for replica in made.replicas if made is not None else ():
            replica.stop()
        sandbox.terminate()
        try:
            sandbox.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            sandbox.kill()
            sandbox.wait()
        for pipe in (sandbox.stdin, sandbox.stdout):
            if pipe is not None:
                pipe.close()
