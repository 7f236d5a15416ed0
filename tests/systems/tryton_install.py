"""Installs Tryton and fills a database for it, both once, in the user's cache folder.

Tryton is under the GPL: it lives in an environment of its own, runs as processes of its own, and
nothing of it is imported here. A first run takes a minute or two; whatever a result depends on is
part of its folder's name, so that a change makes it anew.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

DATABASE = "erp"
USER = "gateway"
PASSWORD = "garden-gate-2"  # of a throw-away database on the loopback interface

_HERE = Path(__file__).resolve().parent
_CONSTRAINTS = _HERE / "tryton.constraints.txt"
_PACKAGES = (
    "trytond",
    "trytond_sale",
    "trytond_stock",
    "trytond_sale_price_list",
    "trytond_sale_promotion_coupon",
    "trytond_web_shop",
    "trytond_stock_supply",
    "proteus",
    "gunicorn",
)
_MODULES = (
    "ir",
    "res",
    "sale",
    "stock",
    "sale_price_list",
    "sale_promotion_coupon",
    "web_shop",
    "stock_supply",
)
# Deliveries in the seed are expected 30 days after its making and later; a database is used for
# at most this long, so that they are never overdue.
_DATABASE_DAYS = 21
_KEEP_DAYS = 60
_LOCK_SECONDS = 900
_STEP_SECONDS = 600


class TrytonError(Exception):
    """Tryton cannot be installed, filled or started here; the text says which step, and why."""


class Installation:
    """The environment and the filled database; made once, then shared and left alone."""

    def __init__(self, environment: Path, database: Path) -> None:
        self.python = environment / "bin" / "python"
        self.database = database


def install(report: bool = True) -> Installation:
    """Make the environment and the filled database, or find them made; one maker at a time.

    *Errors*: ``TrytonError`` where a step fails or another maker takes too long.
    """
    cache = _cache()
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrytonError(f"cannot write {cache}: {error}; set XDG_CACHE_HOME") from error
    with _alone(cache / "lock", report):
        python = f"{sys.version} {sys.base_prefix} {_PACKAGES}"
        made_with = _digest(python.encode(), _CONSTRAINTS)
        environment = cache / f"venv-{made_with}"
        if _stale(environment):
            _say(report, "installing Tryton (once; under a minute)")
            _make_environment(environment)
        period = datetime.now().astimezone().date().toordinal() // _DATABASE_DAYS
        seed = (_HERE / "tryton_seed.py", _HERE / "tryton_assortment.toml")
        filled = cache / f"database-{_digest(f'{made_with} {_MODULES}'.encode(), *seed)}-{period}"
        if _stale(filled):
            _say(report, "making and filling its database (once; a minute or two)")
            _make_database(environment / "bin" / "python", filled)
        _forget_old(cache, environment, filled)
    return Installation(environment, filled / f"{DATABASE}.sqlite")


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "commerce-gateway" / "tryton"


def _digest(*parts: bytes | Path) -> str:
    sums = [hashlib.sha256(p if isinstance(p, bytes) else p.read_bytes()).digest() for p in parts]
    return hashlib.sha256(b"".join(sums)).hexdigest()[:16]


def _say(report: bool, text: str) -> None:
    if report:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


@contextmanager
def _alone(lock: Path, report: bool) -> Iterator[None]:
    """Hold the lock; the system frees it when its holder ends, however that comes about."""
    deadline = time.monotonic() + _LOCK_SECONDS
    with lock.open("wb") as file:
        told = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    raise TrytonError(
                        f"{lock} was held by another run for {_LOCK_SECONDS} s; "
                        "end that run, or wait for it"
                    ) from error
                if not told:
                    _say(report, "waiting for another run that makes Tryton")
                    told = True
                time.sleep(0.2)
        yield


def _stale(folder: Path) -> bool:
    """Tell whether a folder is missing or was never finished; a used one counts as new."""
    made = folder / "made"
    if not made.exists():
        return True
    made.touch()
    return False


def _forget_old(cache: Path, *used: Path) -> None:
    """Remove what no run has used for long; what others may be running from is younger."""
    limit = time.time() - _KEEP_DAYS * 86_400
    for folder in cache.iterdir():
        if folder.is_dir() and folder not in used:
            made = folder / "made"
            if (made if made.exists() else folder).stat().st_mtime < limit:
                shutil.rmtree(folder, ignore_errors=True)


def _make_environment(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    # The python that a virtual environment stands on, since this may be run from within one.
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base = Path(sys.base_exec_prefix) / "bin" / version
    python = str(base if base.exists() else Path(sys.executable))
    if _works([python, "-m", "pip", "--version"]):
        # Some systems ship pip, but not what puts it into a new environment.
        _run("making the environment", [python, "-m", "venv", "--without-pip", str(folder)])
        pip = [python, "-m", "pip", "--python", str(folder / "bin" / "python")]
    else:
        _run("making the environment", [python, "-m", "venv", str(folder)])
        pip = [str(folder / "bin" / "python"), "-m", "pip"]
    options = ["--quiet", "--disable-pip-version-check", "--no-warn-script-location"]
    _run(
        "installing Tryton",
        [*pip, "install", *options, "--constraint", str(_CONSTRAINTS), *_PACKAGES],
    )
    (folder / "made").touch()


def _make_database(python: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    config = write_config(folder)
    (folder / f"{DATABASE}.sqlite").touch()
    administrator = folder / "administrator"
    administrator.write_text(PASSWORD)
    admin = [str(python), "-m", "trytond.cli.admin"]
    _run(
        "making the database",
        [
            *(*admin, "-c", str(config), "-d", DATABASE, "--activate-dependencies"),
            *("--email", "admin@example.com", "-l", "pl", "-u", *_MODULES),
        ],
        TRYTONPASSFILE=str(administrator),
    )
    seed = [str(python), str(_HERE / "tryton_seed.py")]
    _run("filling the database", [*seed, str(config), DATABASE, USER, PASSWORD])
    (folder / "made").touch()


def write_config(folder: Path) -> Path:
    """Tell Tryton where its database lies; gives the file that says so."""
    config = folder / "trytond.conf"
    config.write_text(f"[database]\nuri = sqlite://\npath = {folder}\n")
    return config


def surroundings(**extra: str) -> dict[str, str]:
    """The surroundings for Tryton: ours, less what would lead its Python to our packages."""
    hidden = ("PYTHON", "VIRTUAL_ENV", "TRYTON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return {**kept, "HOME": str(Path.home()), **extra}


def _works(command: Sequence[str]) -> bool:
    return subprocess.run(command, capture_output=True, env=surroundings()).returncode == 0


def _run(step: str, command: Sequence[str], **environment: str) -> None:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=surroundings(**environment),
            timeout=_STEP_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TrytonError(f"{step}: {error}") from error
    if done.returncode:
        tail = done.stdout.decode(errors="replace")[-2000:]
        raise TrytonError(f"{step} ended with {done.returncode}:\n{tail}")
