"""Starting and stopping, as an operator meets them."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.persona import GATEWAY, MASTER_KEY
from tests.shop import ROOT, Shop

BOUND = 60
WRONG = """
colour = "red"
[context]
markets = { PL = ["PLN"] }
languages = ["en"]
[auth]
[systems.erp]
adapter = "sandbox_erp"
url = "http://127.0.0.1:1"
secret_env = "NO_SUCH_VARIABLE"
serves = ["product", "offer", "order"]
[systems.wms]
adapter = "sandbox_wms"
url = "http://127.0.0.1:1"
secret_env = "WMS_KEY"
serves = ["stock", "product", "location"]
"""


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "app.py", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=BOUND,
        check=False,
    )


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """An unknown key, a missing secret, a port served twice, a dead system: one message, exit 2."""
    file = tmp_path / "wrong.toml"
    file.write_text(WRONG)
    ended = run("--config", str(file), WMS_KEY="secret-of-the-wms")
    assert ended.returncode == 2
    assert ended.stdout == ""
    for part in (
        "colour: unknown key; allowed here: context, auth",
        "systems.erp.secret_env: the environment variable NO_SUCH_VARIABLE is not set; set it",
        "erp and wms both serve product",
        "adapter sandbox_wms has no product_by_key",
        "no system serves customer; add customer to serves",
        "systems.wms.url: found no connection to http://127.0.0.1:1",
    ):
        assert part in ended.stderr
    assert "secret-of-the-wms" not in ended.stderr
    assert "Traceback" not in ended.stderr


CANNOT_WORK = """
[context]
markets = { Poland = ["zloty"], PL = [], DE = ["EUR", "mark"] }
languages = ["en", "klingon", "en_US"]
timeout = "0s"
[auth]
[systems.wms]
adapter = "sandbox_wms"
url = "http://127.0.0.1:1"
secret_env = "WMS_KEY"
serves = ["stock"]
timeout = "0ms"
"""
UNTIMED = CANNOT_WORK.replace('timeout = "0s"', "").replace('timeout = "0ms"', "")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            CANNOT_WORK,
            [
                "context.timeout: found '0s'; write a length of time above zero",
                "systems.wms.timeout: found '0ms'; write a length of time above zero",
                "--port: 127.0.0.1:99999: no such port; write a free port from 1 to 65535",
            ],
        ),
        (
            UNTIMED,
            [
                "context.markets.Poland: found the market 'Poland'; allowed: the two capitals",
                "context.markets.Poland: found 'zloty'; allowed: currencies as ISO 4217",
                "context.markets.PL: found no currency; write at least one",
                "context.markets.DE: found 'mark'; allowed: currencies as ISO 4217",
                "context.languages: found 'klingon'; allowed: languages as BCP 47",
                "context.languages: found 'en_US'; allowed: languages as BCP 47",
                "--port: 127.0.0.1:99999: no such port",
                "no system serves product",
            ],
        ),
        (
            "[context]\nmarkets = {}\nlanguages = []\n[auth]\n[systems]\n",
            ["context.markets: found no market", "context.languages: found no language"],
        ),
    ],
)
def test_what_cannot_work_is_refused(tmp_path: Path, text: str, parts: list[str]) -> None:
    """Settings that every request would break on are told at the start, all of them at once."""
    file = tmp_path / "cannot.toml"
    file.write_text(text)
    ended = run("--config", str(file), "--port", "99999", WMS_KEY="secret-of-the-wms")
    assert ended.returncode == 2
    for part in parts:
        assert part in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("text", "part"),
    [("[context", "it is not TOML"), ("", "context: missing"), ("[context]\n", "markets: missing")],
)
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path, text: str, part: str) -> None:
    """Broken or missing configuration says what it is and ends with status 2."""
    file = tmp_path / "broken.toml"
    file.write_text(text)
    ended = run("--config", str(file))
    assert (ended.returncode, part in ended.stderr) == (2, True)
    assert run("--config", str(tmp_path / "none.toml")).returncode == 2


def test_a_port_that_is_taken_is_one_sentence(shop: Shop) -> None:
    """A port that somebody has is told with what to do, and nothing is left running."""
    port = re.search(r":(\d+)/", shop.url)
    assert port is not None
    ended = run(
        *("--port", port[1]),
        **{f"SANDBOX_{name.upper()}_URL": url for name, url in shop.systems.items()},
        GATEWAY_MASTER_KEY=MASTER_KEY,
        SANDBOX_WMS_HOOK_KEY="sandbox-wms-hook-key",
        SANDBOX_GATEWAY_SECRET=GATEWAY.client_secret,
        **{f"SANDBOX_{name.upper()}_KEY": f"sandbox-{name}-key" for name in shop.systems},
    )
    assert ended.returncode == 2
    assert f"127.0.0.1:{port[1]}: Address already in use" in ended.stderr


def _beside(shop: Shop, folder: Path) -> dict[str, str]:
    return {
        **{f"SANDBOX_{name.upper()}_URL": url for name, url in shop.systems.items()},
        **{f"SANDBOX_{name.upper()}_KEY": f"sandbox-{name}-key" for name in shop.systems},
        "SANDBOX_WMS_HOOK_KEY": "sandbox-wms-hook-key",
        "SANDBOX_GATEWAY_SECRET": GATEWAY.client_secret,
        "GATEWAY_MASTER_KEY": MASTER_KEY,
        "GATEWAY_STORE_URL": f"sqlite+aiosqlite:///{folder}/gateway.sqlite",
    }


def test_an_identity_provider_that_is_away_is_told(shop: Shop, tmp_path: Path) -> None:
    """A provider whose keys cannot be read keeps the gateway from starting, as a system does."""
    away = {**_beside(shop, tmp_path), "SANDBOX_IDP_URL": "http://127.0.0.1:1"}
    ended = run("--port", "0", **away)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "auth.issuers.sandbox.url: found no keys" in ended.stderr
    assert "start the identity provider, or correct the address" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_what_libraries_log_is_json() -> None:
    """A warning that a library logs is one JSON object a line, with its traceback inside."""
    code = (
        "import logging; from transport.log import log_as_json; log_as_json()\n"
        "try: 1 / 0\n"
        "except ArithmeticError: logging.getLogger('aiohttp.client').exception('lost %s', 'it')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=BOUND,
        check=True,
    )
    (line,) = ended.stderr.splitlines()
    told = json.loads(line)
    assert (told["event"], told["level"], told["logger"]) == ("lost it", "error", "aiohttp.client")
    assert "ZeroDivisionError" in told["exception"]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_all_that_was_started(stop: signal.Signals) -> None:
    """On SIGTERM or SIGINT the gateway and every sandbox system end, and their ports are free."""
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "sandbox", "--port", "0", "--"),
            *("sh", "-c", 'echo "$SANDBOX_ERP_URL"; exec "$0" app.py --port 0', sys.executable),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        addresses = []
        for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                addresses.append(int(found[1]))
            if line.startswith("ready"):
                break
        process.send_signal(stop)
        try:
            process.wait(BOUND)
        finally:
            process.kill()
    assert len(addresses) == 2
    for port in addresses:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_run_says_what_it_takes() -> None:
    """scripts/run refuses what it does not know, with what is allowed."""
    for arguments in (["--colour"], ["--port", "many"], ["--port", "70000"], ["--port", "08600"]):
        ended = subprocess.run(
            [ROOT / "scripts" / "run", *arguments],
            capture_output=True,
            text=True,
            timeout=BOUND,
            check=False,
        )
        assert ended.returncode == 2
        assert "allowed" in ended.stderr
