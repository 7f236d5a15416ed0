"""A process that measures itself whenever it is told to, so that several take turns."""

import os
import subprocess
import sys
from pathlib import Path

_READY = "ready"
_STOP_SECONDS = 30


class Side:
    """A program of this bench, run on the files of one checkout of the project.

    *Shape*: the program prints ``ready``, and then for each line that it reads one figure.
    """

    def __init__(self, program: Path, root: Path, *, core: int | None = None) -> None:
        pinned = [] if core is None else ["taskset", "-c", str(core)]
        self._process = subprocess.Popen(
            [*pinned, sys.executable, "-P", str(program.resolve())],
            cwd=root,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(root.resolve())},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("BENCH_VERBOSE") else subprocess.DEVNULL,
            text=True,
        )
        if self._told() != _READY:
            self.stop()
            raise SystemExit(f"{root} does not measure itself; BENCH_VERBOSE=1 shows what it says")

    def measure(self, line: str) -> float:
        """Have one figure; the line says of what."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return float(self._told())

    def stop(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(_STOP_SECONDS)
        self._process.stdout.close()

    def _told(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()
