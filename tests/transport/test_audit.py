"""The GraphQL over HTTP audit of the graphql-http package, run by Node against a real server."""

import asyncio
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.transport.gateway import Gateway

pytestmark = [pytest.mark.anyio, pytest.mark.systems]
_HERE = Path(__file__).parent / "audit"
_CACHE = Path(__file__).parents[2] / ".cache" / "npm"
_FILES = ("package.json", "package-lock.json", ".npmrc", "audit.js")
_SECONDS = 300


@pytest.fixture(scope="module")
def audit() -> Path:
    """The audit's folder with its packages, installed once for each set of versions."""
    if missing := [name for name in ("node", "npm") if not shutil.which(name)]:
        reason = f"{' and '.join(missing)} not found; install Node.js 20 or newer"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    content = b"".join((_HERE / name).read_bytes() for name in _FILES)
    folder = _CACHE / f"audit-{hashlib.sha256(content).hexdigest()[:12]}"
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "audit.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            folder.mkdir(exist_ok=True)
            for name in _FILES:
                shutil.copy(_HERE / name, folder)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=folder, check=True, timeout=_SECONDS)
            (folder / "installed").touch()
    return folder


async def test_every_audit_passes(gateway: Gateway, audit: Path) -> None:
    """Every audit of the specification passes, the optional ones included."""
    process = await asyncio.create_subprocess_exec(
        "node", "audit.js", gateway.url, cwd=audit, stdout=asyncio.subprocess.PIPE
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    results = [json.loads(line) for line in output.splitlines()]
    assert [each for each in results if each["status"] != "ok"] == []
    assert len(results) == 61
