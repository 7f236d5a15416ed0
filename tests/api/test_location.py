"""Places: what the retailer has where, and when it is open."""

from typing import Any

import pytest

from tests.shop import Shop

HERE = {"latitude": 52.2297, "longitude": 21.0122}

PLACES = """query ($near: GeoPointInput, $from: GeoPointInput!, $kind: LocationKind,
    $service: LocationService, $first: Int!, $after: String) {
  locations(near: $near, kind: $kind, service: $service, first: $first, after: $after) {
    complete pageInfo { hasNextPage endCursor }
    nodes { id name kind services distance(near: $from) } } }"""


def places(shop: Shop, **variables: Any) -> Any:
    """One page of places, as an agent sees it."""
    given = {"from": HERE, "first": 100, **variables}
    answer = shop.ask(PLACES, given, persona="system")
    assert answer.errors == []
    assert answer.calls == {"wms": 1}
    return answer.data["locations"]


def test_the_nearest_come_first_and_pages_follow_each_other(shop: Shop) -> None:
    """Sorted by distance, walked in pages of any size: every place once, with one call a page."""
    whole = places(shop, near=HERE)["nodes"]
    assert [each["distance"] for each in whole] == sorted(each["distance"] for each in whole)
    assert len(whole) == 35
    walked: list[Any] = []
    after = None
    while True:
        page = places(shop, near=HERE, first=8, after=after)
        assert page["complete"] is True
        walked += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert walked == whole


def test_places_are_chosen_by_kind_and_by_service(shop: Shop) -> None:
    """A kind and a service leave only those of the kind, and those that offer it."""
    lockers = places(shop, kind="LOCKER")["nodes"]
    assert {each["kind"] for each in lockers} == {"LOCKER"}
    kerbs = places(shop, service="KERBSIDE")["nodes"]
    assert kerbs
    assert all("KERBSIDE" in each["services"] for each in kerbs)
    assert places(shop, kind="LOCKER", service="KERBSIDE")["nodes"] == []


def test_hours_are_a_week_and_the_days_that_differ(shop: Shop) -> None:
    """A store tells its week by its own clock, and the holidays to come."""
    answer = shop.ask(
        """{ locations(kind: STORE, first: 100) { nodes { isOpen hours { timeZone
             days { weekday spans { opensAt closesAt } }
             special { day isClosed name spans { opensAt closesAt } } } } } }"""
    )
    assert answer.errors == []
    stores = answer.data["locations"]["nodes"]
    assert {each["hours"]["timeZone"] for each in stores} == {
        "Europe/Warsaw", "Europe/Berlin", "Europe/Prague",
    }  # fmt: skip
    for each in stores:
        days = each["hours"]["days"]
        assert [day["weekday"][:3] for day in days] == [
            "MON",
            "TUE",
            "WED",
            "THU",
            "FRI",
            "SAT",
            "SUN",
        ]
        assert days[0]["spans"][0]["opensAt"] in ("09:00", "10:00")
        assert days[6]["spans"] == []
        assert isinstance(each["isOpen"], bool)
        for special in each["hours"]["special"]:
            assert special["isClosed"] is (special["spans"] == [])


@pytest.mark.parametrize(
    ("variables", "argument"),
    [
        ({"near": {"latitude": 91, "longitude": 0}}, "near"),
        ({"from": {"latitude": 0, "longitude": 181}}, "near"),
        ({"first": 0}, "first"),
        ({"first": 101}, "first"),
        ({"after": "x"}, "after"),
        ({"after": "eHg"}, "after"),
    ],
)
def test_what_cannot_be_meant_is_bad_input(
    shop: Shop, variables: dict[str, Any], argument: str
) -> None:
    """A point off the globe, a size or a cursor that is none: each is named."""
    answer = shop.ask(PLACES, {"from": HERE, "first": 5, **variables})
    assert set(answer.codes) == {"BAD_INPUT"}
    assert answer.errors[0]["extensions"]["argument"] == argument
