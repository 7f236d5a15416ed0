"""A sandbox started for tests, in processes of its own, on ports the system chose."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 30.0
NAMES = ("erp", "wms", "crm", "idp", "pos", "carrier")
KEYS = {
    "erp": {"APIKey": "sandbox-erp-key"},
    "wms": {"Authorization": "Bearer sandbox-wms-key"},
    "crm": {"X-Api-Key": "sandbox-crm-key"},
    "idp": {},
    "pos": {"X-Till-Key": "sandbox-pos-key"},
    "carrier": {"Authorization": "Token sandbox-carrier-key"},
}


def run(*arguments: str, environment: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """Runs the sandbox's entry point to its end; status, output and errors."""
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


class Running:
    """The systems under their parent, and what the parent has said so far."""

    def __init__(
        self, *arguments: str, environment: Mapping[str, str] | None = None, wait: bool = True
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "--port", "0", *arguments],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: list[str] = []
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.urls: dict[str, str] = {}
        if wait:
            while len(self.urls) < len(NAMES):
                words = self.line_with(" ready ").split()
                self.urls[words[1]] = words[3]
        self.clients = {
            name: httpx.Client(base_url=url, headers=KEYS[name], timeout=PATIENCE, trust_env=False)
            for name, url in self.urls.items()
        }

    def line_with(self, text: str) -> str:
        """The next line of progress that contains the text."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                line = self._lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"never said {text!r}; said {self.said}") from None
            if text in line:
                return line

    def children(self) -> list[int]:
        """The process ids of everything the parent has started."""
        found = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        return [int(pid) for pid in found.stdout.split()]

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Sends the signal and waits; the exit status."""
        for client in self.clients.values():
            client.close()
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self._reader.join(PATIENCE)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return status

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line.rstrip())
            self._lines.put(line.rstrip())


class Alone:
    """One system started by itself, for one part of the data; a context manager."""

    def __init__(self, name: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", name, "--port", "0", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        # Its only line; the end of a process ends the read.
        ready, _, url = (self.process.stdout.readline().split() + [""] * 3)[:3]
        assert ready == "ready", f"{name} ended with status {self.process.wait(PATIENCE)}"
        self.url = url
        self.urls = {name: url}
        self.clients = {
            name: httpx.Client(base_url=url, headers=KEYS[name], timeout=PATIENCE, trust_env=False)
        }

    def __enter__(self) -> "Alone":
        return self

    def __exit__(self, *_: object) -> None:
        for client in self.clients.values():
            client.close()
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            assert self.process.stdout is not None
            self.process.stdout.close()


class Sandbox:
    """What tests ask the running systems, with the right key and path."""

    def __init__(self, running: "Running | Alone") -> None:
        self.urls = running.urls
        self.clients = running.clients

    def erp(self, name: str, body: Mapping[str, Any]) -> Any:
        """The results of a batch call to the ERP."""
        answer = self.clients["erp"].post(f"/sap/zretail/{name}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["d"]["results"]

    def articles(self, **parameters: object) -> Any:
        """A listing of the ERP."""
        names = {"top": "$top", "skip": "$skip", "orderby": "$orderby"}
        query = {names.get(name, name): str(value) for name, value in parameters.items()}
        answer = self.clients["erp"].get("/sap/zretail/ARTICLES", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()["d"]

    def stock(self, articles: Sequence[str], sites: Sequence[str] | None = None) -> Any:
        """Rows by article."""
        body: dict[str, Any] = {"articles": articles}
        if sites is not None:
            body["sites"] = sites
        answer = self.clients["wms"].post("/v2/stock/query", json=body)
        assert answer.status_code == 200, answer.text
        return {row["article"]: row["stock"] for row in answer.json()["articles"]}

    def crm(self, path: str, body: Mapping[str, Any]) -> Any:
        """The data of a batch call to the CRM."""
        answer = self.clients["crm"].post(f"/api/v1/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def fault(self, system: str, **fault: object) -> None:
        """Sets the system's fault."""
        answer = self.clients[system].put("/_admin/fault", json=fault)
        assert answer.status_code == 200, answer.text

    def seen(self, system: str) -> Any:
        """What the system has recorded."""
        return self.clients[system].get("/_admin/requests").json()

    def calm(self) -> None:
        """Takes all faults back and forgets all requests."""
        for client in self.clients.values():
            client.delete("/_admin/fault").raise_for_status()
            client.delete("/_admin/requests").raise_for_status()


def is_alive(pid: int) -> bool:
    """True while the process runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_until_gone(pids: Sequence[int]) -> None:
    """Waits until none of the processes runs any more."""
    end = time.monotonic() + PATIENCE
    while any(map(is_alive, pids)):
        assert time.monotonic() < end, f"still alive: {[pid for pid in pids if is_alive(pid)]}"
        time.sleep(0.02)


def wait_until(condition: Callable[[], bool]) -> None:
    """Waits until the condition holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "the condition never came true"
        time.sleep(0.02)
