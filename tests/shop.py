"""The gateway as its users meet it: served beside the sandbox, asked over HTTP."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import httpx

from auth.pseudonym import KeyedPseudonyms
from domain.secret import Secret
from domain.viewer import Purpose

ROOT = Path(__file__).parent.parent
_START_SECONDS = 60
_STOP_SECONDS = 15
# The sandbox chooses free ports; its command says them on and becomes the gateway.
_COMMAND = (
    'echo "erp $SANDBOX_ERP_URL"; echo "wms $SANDBOX_WMS_URL"; echo "crm $SANDBOX_CRM_URL";'
    'echo "idp $SANDBOX_IDP_URL"; echo "pos $SANDBOX_POS_URL"; echo "pid $$";'
    'echo "carrier $SANDBOX_CARRIER_URL"; exec "$0" app.py --port 0 --config "$1"'
)

_PSEUDONYM_KEY = "a key of which tests make stand-ins"
_PSEUDONYMS = KeyedPseudonyms(Secret(_PSEUDONYM_KEY))


def keyed(config: str) -> str:
    """Let a configuration make stand-ins by the key that these tests have as well."""
    return config.replace("[auth]\n", '[auth]\npseudonym_key_env = "TEST_PSEUDONYM_KEY"\n', 1)


def stand_in(id: str, purpose: str) -> str:
    """What an id is, at a gateway with that key, to who knows it by its stand-in alone."""
    return _PSEUDONYMS.stand_in(id, Purpose(purpose))


class Answer:
    """What came back for one operation."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.status = response.status_code
        body: dict[str, Any] = response.json()
        self.body = body
        self.data: Any = body.get("data")
        self.errors: list[dict[str, Any]] = body.get("errors", [])
        self.extensions: dict[str, Any] = body.get("extensions", {})

    @property
    def codes(self) -> list[str]:
        """The errors' codes, in order."""
        return [each["extensions"]["code"] for each in self.errors]

    @property
    def calls(self) -> dict[str, int]:
        """Calls per system, as staff are told."""
        calls: dict[str, int] = self.extensions["cost"]["calls"]
        return calls


class Shop:
    """The gateway and the systems behind it."""

    def __init__(self, gateway: str, systems: Mapping[str, str], pid: int) -> None:
        self.url = gateway
        self.systems = systems
        self.pid = pid
        self._client = httpx.Client(timeout=30, trust_env=False)
        self._tokens: dict[str, str] = {}

    def close(self) -> None:
        self._client.close()

    def token(self, persona: str) -> str:
        """An access token of the sandbox's identity provider."""
        if persona not in self._tokens:
            answer = self._client.post(
                f"{self.systems['idp']}/token",
                auth=(f"sandbox-{persona}", f"sandbox-{persona}-secret"),
                data={"grant_type": "client_credentials"},
            )
            self._tokens[persona] = answer.raise_for_status().json()["access_token"]
        return self._tokens[persona]

    def ask(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        persona: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Run one operation as this persona, or anonymously."""
        sent = {"Accept": "application/graphql-response+json", **(headers or {})}
        if persona:
            sent["Authorization"] = f"Bearer {self.token(persona)}"
        return Answer(
            self._client.post(
                self.url, json={"query": query, "variables": dict(variables or {})}, headers=sent
            )
        )

    def fault(self, system: str, **fault: Any) -> None:
        """Make a system misbehave until it is mended."""
        url = f"{self.systems[system]}/_admin/fault"
        self._client.put(url, json=fault).raise_for_status()

    def mend(self) -> None:
        """Make all systems well, and forget what they were asked."""
        for url in self.systems.values():
            self._client.delete(f"{url}/_admin/fault").raise_for_status()
            self._client.delete(f"{url}/_admin/requests").raise_for_status()

    def forget(self, *systems: str) -> None:
        """Make systems forget what they were asked."""
        for name in systems:
            self._client.delete(f"{self.systems[name]}/_admin/requests").raise_for_status()

    def requests(self, system: str) -> list[dict[str, Any]]:
        """What a system has been asked since it was mended."""
        answer = self._client.get(f"{self.systems[system]}/_admin/requests").raise_for_status()
        asked: list[dict[str, Any]] = answer.json()["requests"]
        return asked

    def put(self, system: str, path: str, body: Any) -> Any:
        """Change something in a system, as its own people would."""
        answer = self._client.put(self.systems[system] + path, json=body)
        return answer.raise_for_status().json()

    def post(self, system: str, path: str, body: Any, headers: Mapping[str, str]) -> Any:
        """Ask a system itself, in its own words."""
        url = self.systems[system] + path
        return self._client.post(url, json=body, headers=headers).raise_for_status().json()


def _environment() -> dict[str, str]:
    """Whatever the shell says of a sandbox or gateway of its own is not meant for this one."""
    ours = ("SANDBOX_", "GATEWAY_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@contextmanager
def serve(
    config: str | Path = "gateway.toml",
    *,
    size: str = "small",
    also: Mapping[str, str] | None = None,
    log: IO[str] | None = None,
) -> Iterator[Shop]:
    """The gateway beside the sandbox, on free ports, for the whole run.

    *Shape*: ``also`` are systems that run already, by name; the configuration finds their URLs
    in its environment, as SANDBOX_WMS_DE_URL. ``log`` is where the log goes.
    """
    urls = {f"SANDBOX_{n.upper().replace('-', '_')}_URL": url for n, url in (also or {}).items()}
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [
                *(sys.executable, "-m", "sandbox", "--port", "0", "--size", size, "--"),
                *("sh", "-c", _COMMAND, sys.executable, str(config)),
            ],
            cwd=ROOT,
            env={
                **_environment(),
                **urls,
                "PYTHONUNBUFFERED": "1",
                # What nobody asks for would else be among what tests count.
                "GATEWAY_PRICE_INTERVAL": "30d",
                "TEST_PSEUDONYM_KEY": _PSEUDONYM_KEY,
                "GATEWAY_STORE_URL": f"sqlite+aiosqlite:///{folder}/gateway.sqlite",
            },
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        systems: dict[str, str] = {**(also or {})}
        gateway, pid = None, 0
        deadline = time.monotonic() + _START_SECONDS
        for line in process.stdout:
            if found := re.fullmatch(r"(erp|wms|crm|idp|pos|carrier) (http://\S+)\n", line):
                systems[found[1]] = found[2]
            if found := re.fullmatch(r"pid (\d+)\n", line):
                pid = int(found[1])
            if found := re.fullmatch(r"ready (http://\S+)\n", line):
                gateway = found[1]
                break
            assert time.monotonic() < deadline, "the gateway did not get ready in time"
        assert gateway, f"the gateway ended with status {process.wait(_STOP_SECONDS)}"
        shop = Shop(gateway, systems, pid)
        try:
            yield shop
        finally:
            shop.close()
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
