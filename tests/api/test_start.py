"""Starting and stopping, as an operator meets them."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.persona import MASTER_KEY
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
        **{f"SANDBOX_{name.upper()}_KEY": f"sandbox-{name}-key" for name in shop.systems},
    )
    assert ended.returncode == 2
    assert f"127.0.0.1:{port[1]}: Address already in use" in ended.stderr


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
    for arguments in (["--colour"], ["--port", "many"], ["--port", "70000"]):
        ended = subprocess.run(
            [ROOT / "scripts" / "run", *arguments],
            capture_output=True,
            text=True,
            timeout=BOUND,
            check=False,
        )
        assert ended.returncode == 2
        assert "allowed" in ended.stderr
