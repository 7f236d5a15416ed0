"""How the sandbox starts and, above all, how it ends."""

import json
import os
import signal
import socket
import sys
import time

import httpx
import pytest

from tests.sandbox.running import NAMES, PATIENCE, Running, Sandbox, is_alive, run, wait_until_gone

_ENVIRONMENT = (
    "import json, os;"
    "print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('SANDBOX_')}));"
    "raise SystemExit(7)"
)
_DEAF = (
    "import signal, sys, time;"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGINT, signal.SIG_IGN);"
    "print('deaf', file=sys.stderr, flush=True); time.sleep(600)"
)
_PATIENT = "import sys, time; print('waiting', file=sys.stderr, flush=True); time.sleep(600)"


def test_a_command_finds_the_systems_and_its_status_is_passed_on() -> None:
    """COMMAND has URLs and keys in its environment; when it ends, all ends with its status."""
    status, out, err = run("--port", "0", "--", sys.executable, "-c", _ENVIRONMENT)
    assert status == 7, err
    found = json.loads(out)
    for name in NAMES:
        assert found[f"SANDBOX_{name.upper()}_URL"].startswith("http://127.0.0.1:")
    for name in ("ERP", "WMS", "CRM", "POS", "CARRIER"):
        assert found[f"SANDBOX_{name}_KEY"]
    assert [line.split()[:3] for line in sorted(err.splitlines())] == [
        ["sandbox:", name, "ready"] for name in sorted(NAMES)
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_everything(number: signal.Signals) -> None:
    """After TERM, INT or HUP no process is left and no port answers."""
    running = Running()
    pids = running.children()
    assert len(pids) == len(NAMES)
    assert running.end(number) == 0
    wait_until_gone(pids)
    for url in running.urls.values():
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", int(url.rsplit(":", 1)[1]))) != 0


def test_a_killed_parent_leaves_no_orphan() -> None:
    """When the parent is killed outright, the systems and the command end by themselves."""
    running = Running("--", sys.executable, "-c", _PATIENT)
    running.line_with("waiting")
    pids = running.children()
    assert len(pids) == len(NAMES) + 1
    assert running.end(signal.SIGKILL) == -signal.SIGKILL
    wait_until_gone(pids)


def test_a_deaf_command_is_killed_in_the_end() -> None:
    """A command that ignores TERM is killed after a bounded wait."""
    running = Running("--", sys.executable, "-c", _DEAF)
    running.line_with("deaf")
    pids = running.children()
    assert running.end() == 128 + signal.SIGKILL
    wait_until_gone(pids)


def test_a_signal_while_starting_ends_everything() -> None:
    """TERM before the systems are ready leaves nothing behind either."""
    running = Running(wait=False)
    end = time.monotonic() + PATIENCE
    while not (pids := running.children()) and time.monotonic() < end:
        time.sleep(0.005)
    assert running.end() == 0
    wait_until_gone(pids)


def test_a_taken_port_is_one_sentence() -> None:
    """A port in use is named in one sentence with status 2, and nothing is started."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for arguments in (["--port", str(port)], ["wms", "--port", str(port)]):
            status, out, err = run(*arguments)
            assert (status, out, err.count("\n")) == (2, "", 1)
            assert f"port {port} on 127.0.0.1 is already in use" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "x"],
        ["--port", "65531"],
        ["--port", "-1"],
        ["--size", "huge"],
        ["oms"],
        ["erp", "--port", "70000"],
    ],
)
def test_bad_arguments_are_refused(arguments: list[str]) -> None:
    """An argument that is not one says what is allowed, with status 2."""
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert arguments[-1] in err


def test_a_system_that_cannot_start_is_reported() -> None:
    """A child that dies at its start is named with its last lines, and the others end."""
    status, out, err = run("--port", "0", environment={"SANDBOX_NOW": "tomorrow"})
    assert (status, out) == (1, "")
    report = err[err.index("sandbox: wms ended with status 2 before it was ready") :]
    assert "SANDBOX_NOW is 'tomorrow', allowed is" in report.splitlines()[-1]


def test_a_stopped_clock_makes_stock_the_same_to_the_last_figure() -> None:
    """With SANDBOX_NOW set, stamps and receipts are the same at every start."""
    answers = []
    for seed in ("1", "2"):
        stopped = {"SANDBOX_NOW": "2026-11-20T12:00:00Z", "PYTHONHASHSEED": seed}
        running = Running(environment=stopped)
        try:
            answers.append(Sandbox(running).stock(["100001001", "100007001"]))
        finally:
            assert running.end() == 0
    assert answers[0] == answers[1]
    assert answers[0]["100001001"]


def test_a_command_that_does_not_exist_is_reported() -> None:
    """A command that cannot be run is one sentence, and the systems end."""
    status, _, err = run("--port", "0", "--", "/no/such/command")
    assert status == 1
    assert "cannot run /no/such/command" in err.splitlines()[-1]


def test_a_system_that_dies_later_is_reported() -> None:
    """When a system dies, the sandbox says so and the others go on."""
    running = Running()
    try:
        pids = running.children()
        os.kill(pids[0], signal.SIGKILL)
        line = running.line_with("ended with status -9")
        assert "the others go on" in line
        dead = line.split()[1]
        with pytest.raises(httpx.ConnectError):
            running.clients[dead].get("/_admin/health")
        left = [client for name, client in running.clients.items() if name != dead]
        assert [client.get("/_admin/health").status_code for client in left] == [200] * (
            len(NAMES) - 1
        )
    finally:
        assert running.end() == 0
    assert not any(map(is_alive, pids))


def test_the_large_retailer_starts_as_fast() -> None:
    """The large retailer serves every store, and the persona's story holds there too."""
    running = Running("--size", "large")
    try:
        sites = running.clients["wms"].get("/v2/sites", params={"type": "S", "size": 100})
        assert len(sites.json()["sites"]) == 85
        body = {"KUNNR": ["0002064004"]}
        answer = running.clients["erp"].post("/sap/zretail/ORDER_COUNT_BY_KUNNR", json=body)
        assert answer.json()["d"]["results"][0]["ANZAHL"] == 12
        listing = running.clients["erp"].get("/sap/zretail/ARTICLES", params={"$top": "1"})
        assert listing.json()["d"]["__count"] == "2000"
    finally:
        assert running.end() == 0
