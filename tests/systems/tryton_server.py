"""A real Tryton ERP for tests and for trying the gateway: every server has a database of its own.

python -m tests.systems.tryton_server [--port N]
"""

import argparse
import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from tests.systems.tryton_install import (
    DATABASE,
    PASSWORD,
    USER,
    Installation,
    TrytonError,
    install,
    surroundings,
    write_config,
)

PORT = 8090

_HOOKS = Path(__file__).with_name("tryton_gunicorn.py")
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_START_SECONDS = 60
_STOP_SECONDS = 10


class Server:
    """A running Tryton with a database of its own; stop it, or use it in a ``with``."""

    def __init__(self, installation: Installation, port: int = 0) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="commerce-gateway-tryton-"))
        try:
            shutil.copyfile(installation.database, self._folder / f"{DATABASE}.sqlite")
            with _listen(port) as listener:
                self.port: int = listener.getsockname()[1]
                self.url = f"http://127.0.0.1:{self.port}"
                self._process = self._start(installation.python, listener)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def wait(self) -> int:
        """Wait until the server ends by itself; gives its exit code."""
        return self._process.wait()

    def stop(self) -> None:
        """End the server and throw its database away; may be called twice."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(_STOP_SECONDS)
        if self._process.stdin:
            self._process.stdin.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, python: Path, listener: socket.socket) -> subprocess.Popen[bytes]:
        config = write_config(self._folder)
        listener.set_inheritable(True)
        command = [
            *(str(python), "-m", "gunicorn", "--config", str(_HOOKS)),
            *("--bind", f"fd://{listener.fileno()}", "--workers", "2", "--threads", "4"),
            *("--graceful-timeout", "2", "--no-control-socket", "--log-level", "warning"),
            "trytond.application:app",
        ]
        environment = surroundings(TRYTOND_CONFIG=str(config), TRYTOND_DATABASE_NAMES=DATABASE)
        with (self._folder / "log").open("wb") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=self._folder,
                pass_fds=[listener.fileno()],
                start_new_session=True,
            )

    def _wait(self) -> None:
        """Wait for a first sign-in; what comes early is queued by the socket that listens already.

        Each worker loads the database by itself, so the first answer stands for one of them only.
        """
        try:
            Tryton(self.url, timeout=_START_SECONDS)
        except OSError as error:
            code = self._process.poll()
            state = "still starts" if code is None else f"ended with {code}"
            log = (self._folder / "log").read_text(errors="replace")[-2000:]
            raise TrytonError(
                f"Tryton did not answer at {self.url} ({error}); it {state}:\n{log}"
            ) from error


class Tryton:
    """Asks a running Tryton directly, as one user."""

    def __init__(self, url: str, user: str = USER, timeout: float = 30) -> None:
        self._url = f"{url}/{DATABASE}/rpc/"
        self._timeout = timeout
        self._session = ""
        credentials = [user, {"password": PASSWORD}, "en"]
        number, token, *_ = self.call("common.db.login", *credentials)
        session = base64.b64encode(f"{user}:{number}:{token}".encode())
        self._session = f"Session {session.decode()}"

    def call(self, method: str, *params: Any) -> Any:
        """Call a method; gives the bare result.

        *Errors*: ``RuntimeError`` for Tryton's own errors, ``OSError`` for HTTP's.
        """
        body = json.dumps({"id": 0, "method": method, "params": params}).encode()
        # Not compressed, although the reply's header claims it, which nothing here minds.
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if self._session:
            headers["Authorization"] = self._session
        request = urllib.request.Request(self._url, body, headers)
        with _DIRECT.open(request, timeout=self._timeout) as reply:
            answer = json.loads(reply.read())
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def find(
        self, model: str, where: Sequence[Any], *fields: str, **context: Any
    ) -> list[dict[str, Any]]:
        """Read fields of all records that fit, by id."""
        params = [where, 0, None, [["id", "ASC"]], fields, {"company": 1, **context}]
        found: list[dict[str, Any]] = self.call(f"model.{model}.search_read", *params)
        return found


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise TrytonError(f"port {port} cannot be had: {error}; choose another") from error
    listener.listen(64)
    return listener


def main(arguments: Sequence[str]) -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(
        prog="scripts/tryton", description="Serves a real Tryton ERP with a small retailer in it."
    )
    parser.add_argument("--port", type=int, default=PORT, help=f"loopback port (default {PORT})")
    port = parser.parse_args(arguments).port
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: _interrupt(stopping))
    try:
        with Server(install(), port) as server:
            sys.stdout.write(
                f"the gateway signs in as user {USER}; give it the password:\n"
                f"  export TRYTON_PASSWORD={PASSWORD}\n"
                f"ready {server.url} db={DATABASE}\n"
            )
            sys.stdout.flush()
            return server.wait()
    except TrytonError as error:
        sys.stderr.write(f"scripts/tryton: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 0


def _interrupt(stopping: threading.Event) -> None:
    """Leave whatever is being waited for, once; a second signal does not disturb the stopping."""
    if not stopping.is_set():
        stopping.set()
        raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
