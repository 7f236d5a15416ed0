"""The WMS's words, limits, paging and errors."""

import time
from typing import Any

import pytest

from sandbox.holiday import easter
from sandbox.place import sites
from sandbox.scale import LARGE
from tests.sandbox.running import Alone, Sandbox


def test_one_call_reads_every_site(sandbox: Sandbox) -> None:
    """A query without sites answers every site that carries the article, each once."""
    rows = sandbox.stock(["100001001"])["100001001"]
    sites = [row["site"] for row in rows]
    assert len(sites) == len(set(sites)) > 10
    assert set(sandbox.stock(["100001001"], ["WAW1", "CDC1"])["100001001"][0]) == {
        "site", "qoh", "alloc", "ss", "dmg", "trn", "due", "asof",
    }  # fmt: skip


def test_sites_filter_the_answer(sandbox: Sandbox) -> None:
    """A query with sites answers those alone, with the same figures."""
    whole = {row["site"]: row["qoh"] for row in sandbox.stock(["100002001"])["100002001"]}
    some = sandbox.stock(["100002001"], ["CDC1", "CDC2"])["100002001"]
    assert {row["site"]: row["qoh"] for row in some} == {s: whole[s] for s in ("CDC1", "CDC2")}


def test_unknown_articles_are_absent(sandbox: Sandbox) -> None:
    """An article the WMS does not know is absent; so is one with the ERP's zeros."""
    keys = ["100001001", "100001999", "999999001", "000000000100001001", "", "x"]
    assert list(sandbox.stock(keys)) == ["100001001"]


def test_batches_take_at_most_1000_articles(sandbox: Sandbox) -> None:
    """A query of 1,000 articles is answered, of 1,001 refused with the limit."""
    assert sandbox.stock([str(n) for n in range(1_000)]) == {}
    answer = sandbox.clients["wms"].post("/v2/stock/query", json={"articles": ["1"] * 1_001})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:wms:problem:too-many-articles"
    assert problem["limit"] == 1_000


def test_unknown_sites_are_refused(sandbox: Sandbox) -> None:
    """A site that does not exist is the caller's error, and named."""
    body = {"articles": ["100001001"], "sites": ["WAW1", "XXX9"]}
    answer = sandbox.clients["wms"].post("/v2/stock/query", json=body)
    assert (answer.status_code, answer.json()["sites"]) == (422, ["XXX9"])


def test_snapshots_are_recent_and_can_be_made_old(sandbox: Sandbox) -> None:
    """A snapshot is at most 20 s old, or older by what the fault switch says."""
    before = time.time_ns() // 1_000_000
    rows = sandbox.stock(["100001001"])["100001001"]
    after = time.time_ns() // 1_000_000
    assert all(before - 20_000 <= row["asof"] <= after for row in rows)
    sandbox.fault("wms", stale_ms=600_000)
    rows = sandbox.stock(["100001001"])["100001001"]
    assert all(row["asof"] <= before - 560_000 for row in rows)


def test_receipts_are_due_in_the_future(sandbox: Sandbox) -> None:
    """Goods on their way have a positive quantity and a time to come."""
    found = sandbox.stock([f"100{n:03d}001" for n in range(1, 200)])
    due = [receipt for rows in found.values() for row in rows for receipt in row["due"]]
    assert len(due) > 20
    now = time.time_ns() // 1_000_000
    assert all(receipt["qty"] > 0 and receipt["eta"] > now for receipt in due)


def test_directory_is_paged(sandbox: Sandbox) -> None:
    """Pages together show every site once; a type selects."""
    wms, found = sandbox.clients["wms"], []
    pages = wms.get("/v2/sites", params={"size": 10}).json()["pages"]
    for page in range(1, pages + 1):
        found += wms.get("/v2/sites", params={"size": 10, "page": page}).json()["sites"]
    kinds = [site["type"] for site in found]
    assert {kind: kinds.count(kind) for kind in "SWL"} == {"S": 25, "W": 2, "L": 8}
    assert len({site["code"] for site in found}) == 35
    lockers = wms.get("/v2/sites", params={"type": "L"}).json()["sites"]
    assert [site["type"] for site in lockers] == ["L"] * 8
    codes = [site["code"] for site in found]
    batch = wms.post("/v2/sites/query", json={"codes": [*codes, "XXX9"]}).json()["sites"]
    assert batch == found


def test_bad_parameters_are_problems(sandbox: Sandbox) -> None:
    """Page, size, type and body errors come as problem details."""
    wms = sandbox.clients["wms"]
    for query in ({"size": 101}, {"size": 0}, {"page": 0}, {"page": "x"}):
        assert wms.get("/v2/sites", params=query).status_code == 422
    assert wms.get("/v2/sites", params={"type": "Q"}).status_code == 422
    assert wms.post("/v2/sites/query", json={"codes": ["x"] * 101}).status_code == 422
    for body in (b"", b"{", b"[]", b'{"articles": 1}', b'{"articles": [], "more": 1}'):
        answer = wms.post("/v2/stock/query", content=body)
        assert (answer.status_code, answer.json()["title"]) == (400, "The body is malformed")


def test_key_is_required(sandbox: Sandbox) -> None:
    """Without the right bearer key the WMS answers 401 as a problem."""
    answer = sandbox.clients["wms"].get("/v2/sites", headers={"Authorization": "Bearer x"})
    assert (answer.status_code, answer.json()["status"]) == (401, 401)
    assert sandbox.clients["wms"].get("/v3").json()["type"] == "urn:wms:problem:not-found"


def test_a_site_tells_what_it_can_promise(sandbox: Sandbox) -> None:
    """The articles of a site with free pieces are those its stock rows say, in order, by page."""
    wms = sandbox.clients["wms"]
    found: list[str] = []
    after = ""
    while True:
        body = {"site": "WAW1", "after": after, "limit": 300}
        page = wms.post("/v2/stock/available", json=body).json()
        found += page["articles"]
        if page["next"] is None:
            break
        after = page["next"]
    assert found == sorted(set(found))
    listed = sandbox.articles(top=40)["results"]
    numbers = [v["MATNR"].lstrip("0") for style in listed for v in style["VARIANTS"]]
    rows = sandbox.stock(numbers, ["WAW1"])
    free = {
        article
        for article, levels in rows.items()
        for level in levels
        if level["qoh"] - level["alloc"] - level["ss"] > 0
    }
    assert free == set(numbers) & set(found)
    assert free
    whole = wms.post("/v2/stock/available", json={"site": "WAW1", "limit": 20_000}).json()
    assert (whole["articles"], whole["next"]) == (found, None)
    for wrong in ({"site": "NONE"}, {"site": "WAW1", "limit": 20_001}):
        assert wms.post("/v2/stock/available", json=wrong).status_code == 422


def test_sites_are_searched_by_distance_kind_and_service(sandbox: Sandbox) -> None:
    """A search answers a slice of what fits, nearest first, or by name, and how much fits."""
    wms = sandbox.clients["wms"]
    near = {"lat": 52.2297, "lon": 21.0122}

    def search(**body: object) -> Any:
        answer = wms.post("/v2/sites/search", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    first = search(near=near, limit=3)
    assert first["total"] == 35
    assert {site["addr"]["city"] for site in first["sites"]} == {"Warszawa"}
    assert search(near=near, offset=2, limit=1)["sites"] == first["sites"][2:]
    stores = search(types=["S"], svc=["KB"], limit=100)
    assert 0 < stores["total"] < 25
    assert all("KB" in site["svc"] and site["prep"] and site["keep"] for site in stores["sites"])
    names = [site["name"] for site in search(limit=100)["sites"]]
    assert names == sorted(names)
    for wrong in ({"limit": 101}, {"limit": 0}, {"offset": -1}, {"near": {"lat": 91, "lon": 0}}):
        assert wms.post("/v2/sites/search", json=wrong).status_code == 422


def test_holidays_have_hours_of_their_own(sandbox: Sandbox) -> None:
    """Shops tell the days that differ from their week; lockers know no holidays."""
    sites = sandbox.clients["wms"].get("/v2/sites", params={"size": 100}).json()["sites"]
    for site in sites:
        days = [special["date"] for special in site["special"]]
        assert days == sorted(set(days))
        assert site["type"] != "L" or days == []


@pytest.mark.parametrize(
    ("year", "expected"),
    [(2024, "2024-03-31"), (2025, "2025-04-20"), (2026, "2026-04-05"), (2038, "2038-04-25")],
)
def test_easter_moves(year: int, expected: str) -> None:
    """Easter Sunday lies where the church's tables have it."""
    assert easter(year).isoformat() == expected


def test_a_chain_has_its_stores_warehouses_and_lockers() -> None:
    """The large retailer has 85 stores, 3 warehouses and 40 lockers, each with its own code."""
    found = sites(LARGE.stores)
    kinds = [site.kind for site in found]
    assert {kind: kinds.count(kind) for kind in "SWL"} == {"S": 85, "W": 3, "L": 40}
    assert len({site.code for site in found}) == len(found)


def test_each_country_may_have_a_wms_of_its_own(sandbox: Sandbox) -> None:
    """The countries' systems together hold what the one for all of them holds, figure by figure."""
    whole = sandbox.stock(["100001001", "100002001", "100003001"])
    parts: dict[str, list[Any]] = {article: [] for article in whole}
    codes: list[str] = []
    for countries in (("PL", "CZ"), ("DE",)):
        with Alone("wms", "--country", *countries) as alone:
            for article, rows in Sandbox(alone).stock(list(whole)).items():
                parts[article] += rows
            found = alone.clients["wms"].get("/v2/sites", params={"size": 100}).json()["sites"]
            assert {site["addr"]["ctry"] for site in found} == set(countries)
            codes += [site["code"] for site in found]
    assert len(codes) == len(set(codes)) == 35

    def figures(rows: Any) -> Any:
        return sorted((row["site"], row["qoh"], row["alloc"], row["ss"]) for row in rows)

    assert {k: figures(v) for k, v in parts.items()} == {k: figures(v) for k, v in whole.items()}


def test_goods_are_set_aside_under_a_reference(sandbox: Sandbox) -> None:
    """A reference sets aside once, no more than there is, counts in snapshots from its moment on,
    and lets go when it is told to, or when its time is over."""
    wms = sandbox.clients["wms"]
    page = wms.post("/v2/stock/available", json={"site": "WAW1", "limit": 1}).json()
    (article,), (free,) = page["articles"], page["free"]

    def put(ref: str, pieces: int, until: int | None = None) -> Any:
        rows = [{"article": article, "site": "WAW1", "qty": pieces}]
        body = {"orders": [{"ref": ref, "rows": rows, "until": until}]}
        (order,) = wms.post("/v2/allocations", json=body).json()["orders"]
        return order["rows"][0]["qty"], order["valid"]

    first = put("a", free)
    assert first[0] == free
    assert put("a", free) == first
    assert put("b", 1)[0] == 0
    (level,) = sandbox.stock([article], ["WAW1"])[article]
    assert (level["asof"] >= first[1]) == (level["qoh"] - level["alloc"] - level["ss"] <= 0)
    for _ in range(2):
        assert wms.post("/v2/allocations/release", json={"refs": ["a"]}).json() == {"refs": ["a"]}
    assert put("b", 1)[0] == 1
    assert put("b", 1, until=1)[0] == 1
    assert put("c", free)[0] == free
    wms.post("/v2/allocations/release", json={"refs": ["b", "c"]})
    many = {"orders": [{"ref": str(n), "rows": []} for n in range(101)]}
    assert wms.post("/v2/allocations", json=many).status_code == 422
