"""The fault switches and the record of requests."""

import json
import socket
import threading
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.sandbox.running import NAMES, Sandbox, wait_until

BODY = {"articles": ["100001001", "100002001"]}
CALLS = {
    "erp": ("GET", "/sap/zretail/ARTICLES"),
    "wms": ("GET", "/v2/sites"),
    "crm": ("GET", "/api/v1/contacts"),
    "idp": ("GET", "/jwks"),
    "pos": ("GET", "/backoffice/feed"),
    "carrier": ("POST", "/track/v3/parcels"),
}


def _stock(sandbox: Sandbox) -> httpx.Response:
    return sandbox.clients["wms"].post("/v2/stock/query", json=BODY)


@pytest.mark.parametrize("system", NAMES)
def test_a_system_that_is_down_says_so_in_its_own_form(sandbox: Sandbox, system: str) -> None:
    """Mode down answers 503 in the system's own form, and health goes on answering."""
    sandbox.fault(system, mode="down")
    method, path = CALLS[system]
    body: dict[str, list[str]] | None = {"numbers": []} if system == "carrier" else None
    answer = sandbox.clients[system].request(method, path, json=body)
    assert answer.status_code == 503
    assert set(answer.json()) & {"error", "errors", "status", "fault", "reason"}
    assert sandbox.clients[system].get("/_admin/health").json()["status"] == "ok"
    sandbox.clients[system].delete("/_admin/fault")
    assert sandbox.clients[system].request(method, path, json=body).status_code == 200


@pytest.mark.parametrize("mode", ["drop", "drop_after"])
def test_a_dropped_connection_carries_no_answer(sandbox: Sandbox, mode: str) -> None:
    """Both drops close without a byte; the record tells whether the work was done."""
    sandbox.fault("wms", mode=mode)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        _stock(sandbox)
    [seen] = sandbox.seen("wms")["requests"]
    done = mode == "drop_after"
    assert (seen["status"], seen["outcome"]) == (
        (200, "dropped after work") if done else (None, "dropped")
    )


def test_errors_come_at_their_rate_and_alike_for_a_seed(sandbox: Sandbox) -> None:
    """The same seed fails the same requests, about as many as the rate says."""
    runs = []
    for seed in (5, 5, 6):
        sandbox.fault("wms", error_rate=0.3, status=500, seed=seed)
        runs.append([_stock(sandbox).status_code for _ in range(60)])
    assert runs[0] == runs[1] != runs[2]
    assert set(runs[0]) == {200, 500}
    assert 8 <= runs[0].count(500) <= 30


def test_a_fault_ends_after_the_requests_it_was_meant_for(sandbox: Sandbox) -> None:
    """Remaining counts covered requests down to none; paths limit what is covered."""
    sandbox.fault("wms", mode="down", remaining=2, paths=["/v2/stock"])
    assert sandbox.clients["wms"].get("/v2/sites").status_code == 200
    assert [_stock(sandbox).status_code for _ in range(3)] == [503, 503, 200]


def test_truncated_and_html_answers_are_not_json(sandbox: Sandbox) -> None:
    """Truncated JSON and an HTML page come with status 200 and do not parse."""
    for garbage, media in (("truncated", "application/json"), ("html", "text/html")):
        sandbox.fault("wms", garbage=garbage)
        answer = _stock(sandbox)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(media)
        with pytest.raises(ValueError, match=r".+"):
            answer.json()


@pytest.mark.parametrize("garbage", ["types", "nan", "currency"])
def test_spoilt_values_keep_the_shape(sandbox: Sandbox, garbage: str) -> None:
    """Wrong types, NaN and wrong currencies change values and leave the keys as they are."""
    body = {
        "MATNR": ["000000000100001001"], "VKORG": "PL01", "KONWA": "PLN", "PRSDT": "20261122",
    }  # fmt: skip
    path = "/sap/zretail/PRICES"
    good = sandbox.clients["erp"].post(path, json=body)
    sandbox.fault("erp", garbage=garbage, seed=2)
    bad = sandbox.clients["erp"].post(path, json=body)
    assert bad.json() != good.json()
    assert set(bad.json()["d"]["results"][0]) == set(good.json()["d"]["results"][0])
    assert ("NaN" in bad.text) is (garbage == "nan")
    assert ("XXX" in bad.text) is (garbage == "currency")


def test_a_cut_body_ends_before_its_length(sandbox: Sandbox) -> None:
    """A cut answer announces more than it sends."""
    sandbox.fault("wms", garbage="cut")
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        _stock(sandbox)


def test_huge_bodies_are_as_large_as_asked(sandbox: Sandbox) -> None:
    """A huge body has the size asked for; a bomb is small packed and large unpacked."""
    size = 3 << 20
    sandbox.fault("wms", garbage="huge", garbage_bytes=size)
    assert len(_stock(sandbox).json()["d"]) == size
    sandbox.fault("wms", garbage="gzip_bomb", garbage_bytes=size)
    answer = _stock(sandbox)
    assert len(answer.content) == size
    assert int(answer.headers["content-length"]) < size / 100


def test_a_dripping_body_is_whole_in_the_end(sandbox: Sandbox) -> None:
    """A drip sends the right answer one byte at a time."""
    good = sandbox.clients["idp"].get("/nothing").json()
    sandbox.fault("idp", garbage="drip", drip_ms=1)
    assert sandbox.clients["idp"].get("/nothing").json() == good


def test_latency_delays_and_notices_who_leaves(sandbox: Sandbox) -> None:
    """A client that gives up while it waits is recorded as gone, and counted out."""
    sandbox.fault("wms", latency_ms=60_000)
    where = urlsplit(sandbox.urls["wms"])
    assert where.hostname is not None
    with socket.create_connection((where.hostname, where.port or 0), timeout=10) as caller:
        caller.sendall(b"GET /v2/sites HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: sandbox.seen("wms")["in_flight"] == 1)
    wait_until(lambda: sandbox.seen("wms")["in_flight"] == 0)
    [seen] = sandbox.seen("wms")["requests"]
    assert (seen["status"], seen["outcome"]) == (None, "closed by client")


def test_requests_are_recorded_with_their_keys(sandbox: Sandbox) -> None:
    """The record holds method, path, query, body and the number of keys, and no secret."""
    _stock(sandbox)
    sandbox.clients["wms"].get("/v2/sites", params={"size": 3})
    record = sandbox.seen("wms")
    assert record["total"] == 2
    first, second = record["requests"]
    assert (first["method"], first["path"], first["status"]) == ("POST", "/v2/stock/query", 200)
    assert first["body"] == BODY
    assert first["keys"] == {"articles": 2}
    assert second["query"] == "size=3"
    assert "sandbox-wms-key" not in json.dumps(record)
    sandbox.clients["wms"].delete("/_admin/requests")
    assert sandbox.seen("wms")["total"] == 0


def test_calls_side_by_side_are_counted(sandbox: Sandbox) -> None:
    """The peak tells how many requests were in flight at once."""
    sandbox.fault("wms", latency_ms=60_000)
    stop = threading.Event()

    def call() -> None:
        with httpx.Client(trust_env=False) as client, client.stream("GET", _url) as _:
            stop.wait()

    _url = f"{sandbox.urls['wms']}/v2/sites"
    callers = [threading.Thread(target=_quietly(call), daemon=True) for _ in range(3)]
    for caller in callers:
        caller.start()
    wait_until(lambda: sandbox.seen("wms")["in_flight"] == 3)
    assert sandbox.seen("wms")["peak_in_flight"] == 3


def _quietly(call: Any) -> Any:
    def run() -> None:
        try:
            call()
        except httpx.HTTPError:
            return

    return run


def test_faults_are_checked(sandbox: Sandbox) -> None:
    """An unknown field or a value out of range is refused and changes nothing."""
    wms = sandbox.clients["wms"]
    before = wms.get("/_admin/fault").json()
    refused: list[object] = [
        {"latency": 5}, {"mode": "up!"}, {"error_rate": 2}, {"status": 200}, [],
    ]  # fmt: skip
    for wrong in refused:
        answer = wms.put("/_admin/fault", json=wrong)
        assert answer.status_code == 400
        assert answer.json()["error"]
    assert wms.get("/_admin/fault").json() == before
    assert wms.post("/_admin/fault").status_code == 405
    assert wms.get("/_admin/nothing").status_code == 404


def test_bodies_have_a_limit(sandbox: Sandbox) -> None:
    """A body over 4 MB is refused in the system's own form."""
    for system, path in (("erp", "/sap/zretail/PRICES"), ("wms", "/v2/stock/query")):
        answer = sandbox.clients[system].post(path, content=b" " * ((4 << 20) + 1))
        assert answer.status_code == 413
        assert answer.json()


def test_a_reset_connection_says_so(sandbox: Sandbox) -> None:
    """Mode reset ends the connection with RST, as a crashed peer does, without a byte."""
    sandbox.fault("wms", mode="reset")
    with pytest.raises(httpx.ReadError):
        _stock(sandbox)
    [seen] = sandbox.seen("wms")["requests"]
    assert (seen["status"], seen["outcome"]) == (None, "reset")


def test_a_silent_system_keeps_its_clients_waiting(sandbox: Sandbox) -> None:
    """Mode silent takes the request and never answers: a connection that is half open."""
    sandbox.fault("wms", mode="silent")
    with pytest.raises(httpx.ReadTimeout):
        sandbox.clients["wms"].post("/v2/stock/query", json=BODY, timeout=0.2)
    wait_until(lambda: sandbox.seen("wms")["in_flight"] == 0)
    [seen] = sandbox.seen("wms")["requests"]
    assert (seen["status"], seen["outcome"]) == (None, "silent")
