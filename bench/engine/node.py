"""graphql-js in a process of its own, asked line by line."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_HERE = Path(__file__).parent / "node"
_FILES = ("package.json", "package-lock.json", ".npmrc", "run.js")
_BENCH = Path(__file__).parents[2] / ".bench"
_SECONDS = 300


def installed() -> Path:
    """Give the folder with the packages, installed once for each set of versions."""
    content = b"".join((_HERE / name).read_bytes() for name in _FILES)
    folder = _BENCH / f"engine-{hashlib.sha256(content).hexdigest()[:12]}"
    if not (folder / "installed").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in _FILES:
            shutil.copy(_HERE / name, folder)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(command, cwd=folder, check=True, timeout=_SECONDS)
        (folder / "installed").touch()
    return folder


class Node:
    """A running Node; leaving the context ends it."""

    def __init__(self, queries: dict[str, dict[str, Any]]) -> None:
        plain = {name.replace(" ", "-"): each for name, each in queries.items()}
        self._process = subprocess.Popen(
            ["node", "run.js", json.dumps(plain)],
            cwd=installed(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()

    def microseconds(self, name: str, times: int) -> float:
        """Tell the CPU time of one execution."""
        return float(self._ask(f"{name.replace(' ', '-')} {times}"))

    def answer(self, name: str) -> Any:
        """Give the answer itself."""
        return json.loads(self._ask(f"answer {name.replace(' ', '-')}"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate(timeout=_SECONDS)
