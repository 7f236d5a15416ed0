"""The tills' words, limits and errors, and how their sales meet the ERP's books."""

from typing import Any

from sandbox.persona import CUSTOMER_CARD, CUSTOMER_KUNNR, CUSTOMER_RECEIPTS
from tests.sandbox.running import Sandbox


def _feed(sandbox: Sandbox, limit: int) -> list[Any]:
    found: list[Any] = []
    after = 0
    while True:
        query = {"after": after, "limit": limit}
        answer = sandbox.clients["pos"].get("/backoffice/feed", params=query).json()
        found += answer["receipts"]
        after = answer["next"]
        if not answer["more"]:
            return found


def test_the_feed_tells_every_sale_once_and_in_order(sandbox: Sandbox) -> None:
    """Following next shows each receipt once, by ascending number, whatever the page's size."""
    receipts = _feed(sandbox, 500)
    assert [each["seq"] for each in receipts] == sorted({each["seq"] for each in receipts})
    assert receipts == _feed(sandbox, 77)
    assert 400 < len(receipts) < 900
    assert 0 < sum(each["card"] is None for each in receipts) < len(receipts)


def test_a_receipt_adds_up(sandbox: Sandbox) -> None:
    """Lines and payments make the total, and no line is for nothing."""
    for each in _feed(sandbox, 500):
        assert sum(line["sum"] for line in each["lines"]) == each["total"]
        assert sum(paid["sum"] for paid in each["pay"]) == each["total"]
        for line in each["lines"]:
            assert line["price"] * line["qty"] == (line["sum"] + line["off"]) * 1_000


def test_the_erp_books_what_the_tills_sold(sandbox: Sandbox) -> None:
    """Every receipt up to the last booking is in the ERP once, by its number, with its sum."""
    receipts = _feed(sandbox, 500)
    numbers = [each["receipt"] for each in receipts]
    booked: dict[str, Any] = {}
    for start in range(0, len(numbers), 200):
        chunk = {"NUMMER": numbers[start : start + 200]}
        for order in sandbox.erp("ORDERS_BY_NUMMER", chunk):
            assert order["BSTNK"] not in booked
            booked[order["BSTNK"]] = order
    unbooked = [number for number in numbers if number not in booked]
    assert unbooked == numbers[-len(unbooked) :]
    assert len(unbooked) == 15
    for each in receipts[: -len(unbooked)]:
        order = booked[each["receipt"]]
        total = round((float(order["NETWR"]) + float(order["MWSBK"])) * 100)
        assert total == each["total"]


def test_a_card_leads_to_its_sales(sandbox: Sandbox) -> None:
    """Sales come by card, newest first, at most as many as asked for, before a number."""
    pos = sandbox.clients["pos"]
    [whole] = pos.post("/backoffice/cards", json={"cards": [CUSTOMER_CARD], "top": 100}).json()[
        "cards"
    ]
    numbers = [each["receipt"] for each in whole["receipts"]]
    [orders] = sandbox.erp("ORDERS_BY_KUNNR", {"KUNNR": [CUSTOMER_KUNNR], "TOP": 100})
    booked = [order["BSTNK"] for order in orders["VBAK"] if order["VTWEG"] == "10"]
    assert numbers[CUSTOMER_RECEIPTS:] == booked
    assert not whole["more"]
    page = {"cards": [CUSTOMER_CARD, "2990000000000"], "top": 2}
    [part] = pos.post("/backoffice/cards", json=page).json()["cards"]
    assert ([each["receipt"] for each in part["receipts"]], part["more"]) == (numbers[:2], True)
    more = {"cards": [CUSTOMER_CARD], "before": {CUSTOMER_CARD: part["receipts"][-1]["seq"]}}
    [rest] = pos.post("/backoffice/cards", json=more).json()["cards"]
    assert [each["receipt"] for each in rest["receipts"]] == numbers[2:]
    by_number = pos.post("/backoffice/receipts", json={"receipts": [*numbers, "WAW1-01-999999"]})
    assert by_number.json()["receipts"] == whole["receipts"]


def test_errors_come_in_the_tills_form(sandbox: Sandbox) -> None:
    """Key, path, method, limit and body errors are faults with a number."""
    pos = sandbox.clients["pos"]
    answers = {
        1: pos.get("/backoffice/feed", headers={"X-Till-Key": "x"}),
        2: pos.get("/backoffice/nothing"),
        3: pos.delete("/backoffice/feed"),
        11: pos.post("/backoffice/receipts", content=b"{"),
        12: pos.post("/backoffice/receipts", json={"receipts": ["x"] * 101}),
        13: pos.post("/backoffice/cards", json={"cards": ["x"] * 101}),
        14: pos.get("/backoffice/feed", params={"limit": "501"}),
    }
    for number, answer in answers.items():
        assert answer.status_code >= 400
        assert answer.json()["fault"]["no"] == number


def test_parcels_are_where_the_erp_sent_them(sandbox: Sandbox) -> None:
    """Every parcel that the ERP handed over is known to the carriers, with ordered events."""
    orders = sandbox.erp("ORDERS_BY_VBELN", {"VBELN": [str(4_500_000_001 + n) for n in range(200)]})
    numbers = [each["TRAID"] for order in orders for each in order["LIKP"] if each["TRAID"]]
    assert len(numbers) > 20
    body = {"numbers": [*numbers[:99], "KUR999999990"]}
    parcels = sandbox.clients["carrier"].post("/track/v3/parcels", json=body).json()["parcels"]
    assert [each["number"] for each in parcels] == numbers[:99]
    for each in parcels:
        times = [event["time"] for event in each["events"]]
        assert times == sorted(times)
        assert each["events"][0]["code"] == "PUP"
    assert {each["events"][-1]["code"] for each in parcels} == {"DLV"}
