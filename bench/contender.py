"""Who is measured: how each contender is installed, started, and stopped again."""

import ctypes
import fcntl
import hashlib
import importlib.metadata
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).parent.parent
INSTALLED = ROOT / ".bench"
_SOURCES = ROOT / "bench" / "contenders"
_VERSIONS = ("package.json", "package-lock.json", ".npmrc")
_START_SECONDS = 60.0
_STOP_SECONDS = 8.0
_INSTALL_SECONDS = 300
_LIBC = ctypes.CDLL(None)
BESIDE = "beside"
_READY = re.compile(r"ready (http://\S+)")


class Missing(Exception):  # noqa: N818 - says what is missing
    """A contender cannot be had here; the text says why."""


class Contender(Struct, frozen=True, kw_only=True):
    """One contender.

    *Shape*: ``cache`` is what it keeps in the warm runs, None where it has nothing of the kind;
    ``only`` the workloads it can answer, None for all; ``npm`` the folder of its packages; ``root``
    the checkout that it is of.
    """

    name: str
    says: str
    command: tuple[str, ...]
    cache: str | None = None
    only: frozenset[str] | None = None
    npm: str | None = None
    packages: tuple[str, ...] = ()
    root: Path = ROOT

    def answers(self, workload: str) -> bool:
        """Tell whether it takes part in a workload."""
        return self.only is None or workload in self.only

    def install(self) -> Path:
        """Have its packages in place; the folder it runs in. *Errors*: ``Missing``."""
        return _npm(self.npm) if self.npm else self.root

    def is_installed(self) -> bool:
        """Tell whether its packages are in place already."""
        return self.npm is None or (_folder(self.npm) / "installed").exists()

    def version(self) -> str:
        """Name the versions that are measured. *Errors*: ``Missing``."""
        if self.npm:
            modules = _npm(self.npm) / "node_modules"
            return ", ".join(f"{each} {_npm_version(modules / each)}" for each in self.packages)
        return ", ".join(f"{each} {importlib.metadata.version(each)}" for each in self.packages)


def _gateway(name: str, says: str, root: Path) -> Contender:
    """Describe the gateway of a checkout, on the bench's systems."""
    config = str(root / "bench" / "gateway.toml")
    return Contender(
        name=name,
        says=says,
        command=(sys.executable, "app.py", "--port", "0", "--config", config),
        packages=("graphql-core", "uvicorn", "starlette", "aiohttp", "msgspec", "orjson"),
        root=root,
    )


def beside(folder: Path) -> Contender:
    """Describe the gateway of another checkout of this project, on this one's packages."""
    root = folder.resolve()
    if not (root / "bench" / "gateway.toml").exists():
        raise Missing(f"{folder} is no checkout of this project: it has no bench/gateway.toml")
    return _gateway(BESIDE, f"the gateway of {folder}", root)


def _python(module: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module)


def _node(name: str, *, says: str, cache: str, packages: tuple[str, ...]) -> Contender:
    return Contender(
        name=name,
        says=says,
        command=("node", "serve.js"),
        cache=cache,
        npm=name,
        packages=packages,
    )


CONTENDERS = (
    _gateway("gateway", "this project, through app.py with the real adapters", ROOT),
    Contender(
        name="floor",
        says="one function a question, by hand: Starlette, aiohttp, orjson",
        command=_python("bench.contenders.floor.serve"),
        cache="values by key, by hand",
        packages=("starlette", "uvicorn", "aiohttp", "orjson"),
    ),
    Contender(
        name="floor-tuned",
        says="the same, with the gateway's settings of the garbage collector",
        command=(*_python("bench.contenders.floor.serve"), "--tuned"),
        cache="values by key, by hand",
        packages=("starlette", "uvicorn", "aiohttp", "orjson"),
    ),
    Contender(
        name="strawberry",
        says="Strawberry with parser and validation caches, aiohttp, aiodataloader, orjson",
        command=_python("bench.contenders.strawberry.serve"),
        packages=("strawberry-graphql", "graphql-core", "aiodataloader"),
    ),
    _node(
        "apollo",
        says="Apollo Server with DataLoader and undici",
        cache="whole answers (@apollo/server-plugin-response-cache)",
        packages=("@apollo/server", "dataloader", "graphql", "undici"),
    ),
    _node(
        "mercurius",
        says="Mercurius with JIT, its loaders and undici",
        cache="resolvers' results (mercurius-cache)",
        packages=("mercurius", "graphql-jit", "fastify", "undici"),
    ),
    _node(
        "hive",
        says="Hive Gateway over one subgraph a system, entities batched",
        cache="whole answers (responseCaching)",
        packages=("@graphql-hive/gateway-runtime", "@apollo/subgraph", "graphql", "undici"),
    ),
    _node(
        "floor-node",
        says="one function a question, by hand: Fastify, undici",
        cache="values by key, by hand",
        packages=("fastify", "undici"),
    ),
    Contender(
        name="uvicorn",
        says="bare uvicorn with the answer ready",
        command=_python("bench.contenders.uvicorn.serve"),
        only=frozenset(("hello",)),
        packages=("uvicorn", "uvloop", "httptools"),
    ),
)
BY_NAME = {each.name: each for each in CONTENDERS}


class Running:
    """A process that serves, until it is stopped."""

    def __init__(self, name: str, process: subprocess.Popen[str], url: str) -> None:
        self.name = name
        self.url = url
        self.pid = process.pid
        self._process = process

    def stop(self) -> None:
        """End the process, gently at first."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_STOP_SECONDS)
        if self._process.stdout is not None:
            self._process.stdout.close()


def start_upstream(core: int | None) -> Running:
    """Start the systems. *Errors*: ``Missing``."""
    return _start("upstream", _python("bench.upstream"), ROOT, ROOT, {}, core)


def start(contender: Contender, upstream: str, core: int | None, *, is_warm: bool) -> Running:
    """Start a contender before these systems. *Errors*: ``Missing``."""
    folder = contender.install()
    environment = {
        "BENCH_UPSTREAM": upstream,
        "BENCH_KEY": "bench",
        "BENCH_CACHE": "1" if is_warm else "0",
        "NODE_ENV": "production",
    }
    return _start(contender.name, contender.command, folder, contender.root, environment, core)


def _start(
    name: str,
    command: Sequence[str],
    folder: Path,
    root: Path,
    environment: Mapping[str, str],
    core: int | None,
) -> Running:
    pinned = [] if core is None else ["taskset", "-c", str(core)]
    process = subprocess.Popen(
        [*pinned, *command],
        cwd=folder,
        env={**os.environ, **environment, "PYTHONPATH": str(root), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=None if os.environ.get("BENCH_VERBOSE") else subprocess.DEVNULL,
        text=True,
        preexec_fn=_end_with_us,
    )
    assert process.stdout is not None
    lines: queue.Queue[str | None] = queue.Queue()
    stdout = process.stdout

    def read() -> None:
        for line in stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    deadline = time.monotonic() + _START_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        try:
            line = lines.get(timeout=left)
        except queue.Empty:
            break
        if line is None:
            break
        if found := _READY.match(line):
            return Running(name, process, found[1])
    Running(name, process, "").stop()
    raise Missing(f"{name} did not start; BENCH_VERBOSE=1 shows what it says")


def _folder(name: str) -> Path:
    content = b"".join((_SOURCES / name / file).read_bytes() for file in _VERSIONS)
    return INSTALLED / f"{name}-{hashlib.sha256(content).hexdigest()[:12]}"


def _npm(name: str) -> Path:
    """Install a contender's packages once for each set of versions."""
    for tool in ("node", "npm"):
        if not shutil.which(tool):
            raise Missing(f"{tool} is not installed; Node.js 20 or newer is needed")
    source, folder = _SOURCES / name, _folder(name)
    folder.mkdir(parents=True, exist_ok=True)
    with (INSTALLED / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            for file in _VERSIONS:
                shutil.copy(source / file, folder)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
            try:
                subprocess.run(
                    command, cwd=folder, check=True, timeout=_INSTALL_SECONDS, capture_output=True
                )
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
                raise Missing(f"npm could not install {name}: {error}") from None
            (folder / "installed").touch()
        for script in (*source.glob("*.js"), *(_SOURCES / "node").iterdir()):
            shutil.copy(script, folder)
    return folder


def _end_with_us() -> None:
    """Have Linux end this process with the bench, however that ends (PR_SET_PDEATHSIG)."""
    _LIBC.prctl(1, signal.SIGKILL)


def _npm_version(package: Path) -> str:
    return str(json.loads((package / "package.json").read_text())["version"])
