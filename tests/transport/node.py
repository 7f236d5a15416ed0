"""Programs that Node runs, their packages installed once for each set of versions."""

import asyncio
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

CLIENTS = Path(__file__).parent / "clients"
_CACHE = Path(__file__).parents[2] / ".cache" / "npm"
_LOCKED = ("package.json", "package-lock.json", ".npmrc")
_INSTALL_SECONDS = 300


def installed(source: Path) -> Path:
    """A folder with a program's files and packages; skips without Node, in CI fails."""
    if missing := [name for name in ("node", "npm") if not shutil.which(name)]:
        reason = f"{' and '.join(missing)} not found; install Node.js 20 or newer"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    content = b"".join((source / name).read_bytes() for name in _LOCKED)
    folder = _CACHE / f"{source.name}-{hashlib.sha256(content).hexdigest()[:12]}"
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / f"{source.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            folder.mkdir(exist_ok=True)
            for name in _LOCKED:
                shutil.copy(source / name, folder)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=folder, check=True, timeout=_INSTALL_SECONDS)
            (folder / "installed").touch()
        for file in source.iterdir():
            if file.name not in _LOCKED:
                shutil.copy(file, folder)
    return folder


async def run(folder: Path, *arguments: str, seconds: float = 60) -> tuple[int, bytes, bytes]:
    """Run one of its programs to the end: status, output and errors."""
    process = await asyncio.create_subprocess_exec(
        "node",
        *arguments,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await asyncio.wait_for(process.communicate(), seconds)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, output, errors


async def checks(folder: Path, *arguments: str, seconds: float = 60) -> list[dict[str, Any]]:
    """Run a program that prints a line of JSON for each of its checks."""
    status, output, errors = await run(folder, *arguments, seconds=seconds)
    assert status == 0, errors.decode()[-2000:]
    return [json.loads(line) for line in output.splitlines()]
