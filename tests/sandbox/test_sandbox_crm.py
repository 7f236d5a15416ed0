"""The CRM's words, limits, cursors and errors; and whom its contacts are."""

import json
from typing import Any

import pytest

from sandbox.persona import CUSTOMER_CARD, CUSTOMER_CONTACT, CUSTOMER_KUNNR
from tests.sandbox.running import Sandbox, run


def _all_contacts(sandbox: Sandbox) -> list[Any]:
    found: list[Any] = []
    query: dict[str, Any] = {"limit": 100}
    while True:
        answer = sandbox.clients["crm"].get("/api/v1/contacts", params=query).json()
        found += answer["data"]
        if answer["page"]["next"] is None:
            return found
        query["cursor"] = answer["page"]["next"]


def test_cursors_walk_through_all_contacts(sandbox: Sandbox) -> None:
    """Following next shows every contact once, in order."""
    ids = [contact["id"] for contact in _all_contacts(sandbox)]
    assert ids == [f"C-{n:06d}" for n in range(1, 401)]


@pytest.mark.parametrize("cursor", ["", "x", "YWZ0ZXI6LTE", "5", "YWZ0ZXI6", "ą"])
def test_foreign_cursors_are_refused(sandbox: Sandbox, cursor: str) -> None:
    """A cursor the CRM did not hand out is an error in its own form."""
    answer = sandbox.clients["crm"].get("/api/v1/contacts", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "bad_cursor")


def test_batches_take_at_most_100(sandbox: Sandbox) -> None:
    """Batches of 100 are answered, of 101 refused; unknown keys are absent."""
    crm = sandbox.clients["crm"]
    for path, name in (
        ("contacts/batch", "ids"),
        ("contacts/search", "emails"),
        ("loyalty/accounts/batch", "contactIds"),
        ("loyalty/ledger/query", "accountIds"),
    ):
        assert sandbox.crm(path, {name: [f"none-{n}" for n in range(100)]}) == []
        answer = crm.post(f"/api/v1/{path}", json={name: ["x"] * 101})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "batch_too_large")


def test_contacts_are_found_by_mail_phone_and_customer_number(sandbox: Sandbox) -> None:
    """A contact is found by e-mail in any case, by phone in any spelling, by KUNNR."""
    [contact] = sandbox.crm("contacts/batch", {"ids": [CUSTOMER_CONTACT, "C-999999", "C-42"]})
    email, phone = contact["emails"][0]["address"], contact["phones"][0]["number"]
    assert contact["externalRefs"] == [
        {"system": "ERP", "type": "KUNNR", "id": CUSTOMER_KUNNR},
        {"system": "POS", "type": "CARD", "id": CUSTOMER_CARD},
    ]
    assert sandbox.crm("contacts/search", {"emails": [email.upper()]}) == [contact]
    assert contact in sandbox.crm("contacts/search", {"phones": [phone.replace(" ", "-")]})
    assert sandbox.crm("contacts/search", {"erpNumbers": [CUSTOMER_KUNNR]}) == [contact]


def test_ledgers_are_paged_and_sum_to_the_balance(sandbox: Sandbox) -> None:
    """Following next shows every entry of an account once; their points make the balance."""
    ids = [f"C-{n:06d}" for n in range(1, 101)]
    accounts = sandbox.crm("loyalty/accounts/batch", {"contactIds": ids})
    assert 50 < len(accounts) < 100
    cursors: dict[str, str] = {}
    left = {account["id"]: account["balance"]["points"] for account in accounts}
    entries: dict[str, list[int]] = {name: [] for name in left}
    wanted = list(left)
    while wanted:
        body = {"accountIds": wanted, "limit": 3, "cursors": cursors}
        pages = sandbox.crm("loyalty/ledger/query", body)
        for page in pages:
            entries[page["accountId"]] += [entry["seq"] for entry in page["entries"]]
            left[page["accountId"]] -= sum(entry["points"] for entry in page["entries"])
        cursors = {page["accountId"]: page["next"] for page in pages if page["next"]}
        wanted = list(cursors)
    assert set(left.values()) == {0}
    assert all(found == list(range(len(found), 0, -1)) for found in entries.values())
    by_id = sandbox.crm("loyalty/accounts/batch", {"accountIds": list(left)})
    assert by_id == accounts


def test_rate_limit_is_told_and_kept(sandbox: Sandbox) -> None:
    """Every answer says what the minute still allows; beyond it the CRM answers 429."""
    first = sandbox.clients["crm"].get("/api/v1/contacts")
    assert int(first.headers["x-ratelimit-remaining"]) < int(first.headers["x-ratelimit-limit"])
    sandbox.fault("crm", rate_limit=0)
    refused = sandbox.clients["crm"].get("/api/v1/contacts")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (429, "rate_limited")
    assert 1 <= int(refused.headers["retry-after"]) <= 60


def test_errors_come_in_the_crms_form(sandbox: Sandbox) -> None:
    """Key, path, method, limit and body errors are lists of errors."""
    crm = sandbox.clients["crm"]
    answers = {
        "unauthenticated": crm.get("/api/v1/contacts", headers={"X-Api-Key": "x"}),
        "not_found": crm.get("/api/v1/nothing"),
        "method_not_allowed": crm.delete("/api/v1/contacts"),
        "bad_limit": crm.get("/api/v1/contacts", params={"limit": 101}),
        "bad_body": crm.post("/api/v1/contacts/batch", content=b"{"),
    }
    for code, answer in answers.items():
        [error] = answer.json()["errors"]
        assert (error["code"], error["status"]) == (code, str(answer.status_code))


def test_customers_have_a_believable_spread(sandbox: Sandbox) -> None:
    """Some customers lack an account, a phone, a birthday, a link; some are there twice."""
    contacts = _all_contacts(sandbox)
    linked = [
        contact
        for contact in contacts
        if any(reference["system"] == "ERP" for reference in contact["externalRefs"])
    ]
    assert 350 < len(linked) < 400
    assert 0 < sum(not contact["phones"] for contact in contacts) < 100
    assert 0 < sum(contact["birthDate"] is None for contact in contacts) < 200
    countries = [a["countryCode"] for c in contacts for a in c["addresses"][:1]]
    assert countries.count("PL") > countries.count("DE") > 0
    assert countries.count("CZ") > 0
    emails = [email["address"] for contact in contacts for email in contact["emails"]]
    assert 0 < len(emails) - len({email.lower() for email in emails}) < 20, "some share one"
    persons = [(str(c["name"]), c["birthDate"]) for c in contacts if c["birthDate"]]
    assert 0 < len(persons) - len(set(persons)) < 20


def test_a_criterion_finds_those_to_whom_all_of_it_applies(sandbox: Sandbox) -> None:
    """Each criterion has its own list of ids; the contacts found stand once, whole."""
    [contact] = sandbox.crm("contacts/batch", {"ids": [CUSTOMER_CONTACT]})
    family, post = contact["name"]["family"], contact["addresses"][0]["postalCode"]
    criteria = [
        {"email": contact["emails"][0]["address"].upper()},
        {"card": CUSTOMER_CARD},
        {"erpNumber": CUSTOMER_KUNNR},
        {"birthDate": contact["birthDate"], "familyName": family.upper()},
        {"familyName": family, "postalCode": post},
        {"familyName": family, "givenName": "Nobody"},
        {"familyName": family[:5]},
    ]
    answer = sandbox.clients["crm"].post("/api/v1/contacts/match", json={"criteria": criteria})
    rows = answer.json()["data"]
    assert all(CUSTOMER_CONTACT in row["ids"] for row in rows[:5])
    assert rows[5] == {"ids": [], "more": False}
    assert len(rows[6]["ids"]) > 1
    ids = [found["id"] for found in answer.json()["contacts"]]
    assert sorted(ids) == sorted({each for row in rows for each in row["ids"]})
    limited = {"criteria": [{"familyName": family[:3]}], "limit": 1}
    answer = sandbox.clients["crm"].post("/api/v1/contacts/match", json=limited)
    assert answer.json()["data"][0]["more"] is True
    for criterion in ("{}", '{"shoe": "42"}'):
        wrong = {"criteria": [json.loads(criterion)]}
        refused = sandbox.clients["crm"].post("/api/v1/contacts/match", json=wrong)
        assert refused.json()["errors"][0]["code"] == "bad_body"


def test_the_truth_about_twins_is_told(sandbox: Sandbox) -> None:
    """The truth table names real contacts: who registered again shares what a person keeps."""
    status, out, _ = run("truth", "--size", "small")
    assert status == 0
    rows = [line.split("\t") for line in out.splitlines()]
    kinds = {kind: sum(row[2] == kind for row in rows) for kind in ("AGAIN", "RELATIVE")}
    assert {row[2] for row in rows} == {"AGAIN", "ALIKE", "RELATIVE", "NAMESAKE"}
    assert kinds["AGAIN"] >= 5
    assert kinds["RELATIVE"] >= 5
    ids = [row[0] for row in rows] + [row[1] for row in rows]
    found = {
        contact["id"]: contact
        for start in range(0, len(ids), 100)
        for contact in sandbox.crm("contacts/batch", {"ids": ids[start : start + 100]})
    }
    for contact, other, kind, first in rows:
        assert first == (other if kind in ("AGAIN", "ALIKE") else contact)
        same = found[contact]["name"] == found[other]["name"]
        if kind in ("AGAIN", "NAMESAKE"):
            assert same
        if kind == "AGAIN":
            assert found[contact]["birthDate"] == found[other]["birthDate"]
        if kind == "RELATIVE":
            assert not same
            assert found[contact]["name"]["family"] == found[other]["name"]["family"]


def test_conversations_are_paged_newest_first(sandbox: Sandbox) -> None:
    """Going on before the last id shows every conversation of a contact once."""
    ids = [f"C-{n:06d}" for n in range(1, 101)]
    found: dict[str, list[str]] = {name: [] for name in ids}
    before: dict[str, str] = {}
    wanted = ids
    while wanted:
        body = {"contactIds": wanted, "limit": 2, "before": before}
        pages = sandbox.crm("interactions/query", body)
        for page in pages:
            found[page["contactId"]] += [each["id"] for each in page["interactions"]]
        before = {p["contactId"]: p["interactions"][-1]["id"] for p in pages if p["more"]}
        wanted = list(before)
    assert len(found[CUSTOMER_CONTACT]) == 5
    assert all(each == sorted(set(each), reverse=True) for each in found.values())
