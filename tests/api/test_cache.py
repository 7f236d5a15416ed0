"""What a cache between the gateway and its callers may keep."""

from typing import Any

import httpx
import pytest

from tests.shop import Shop

SHARED = '{ variant(sku: "100001001") { sku availability { band } } }'


def get(shop: Shop, query: str, **headers: str) -> httpx.Response:
    given = {"Accept": "application/graphql-response+json", **headers}
    answer = httpx.get(shop.url, params={"query": query}, headers=given, trust_env=False)
    assert answer.status_code == 200
    return answer


def test_what_every_guest_is_answered_alike_may_be_kept(shop: Shop) -> None:
    """A guest's GET of the assortment may be kept until the first of its values is not fresh."""
    answer = get(shop, SHARED)
    assert "errors" not in answer.json()
    control = answer.headers["Cache-Control"]
    assert control.startswith("public, max-age=")
    assert 0 < int(control.rpartition("=")[2]) <= 30
    for header in ("Authorization", "Accept-Language", "Commerce-Market", "Commerce-Store"):
        assert header.lower() in answer.headers["Vary"].lower()
    assert "RateLimit" not in answer.headers


@pytest.mark.parametrize(
    "query",
    [
        "{ viewer { role } }",
        '{ variant(sku: "100001001") { sku } viewer { role } }',
        '{ variant(sku: "nothing") { sku } }',
        '{ node(id: "UHJvZHVjdDplcnA6MTAwMDAx") { id } }',
        '{ variant(sku: "100001001") { availability { locations { stock { onHand } } } } }',
    ],
)
def test_all_else_is_private(shop: Shop, query: str) -> None:
    """What is a caller's own, is missing, or was withheld, is kept by nobody."""
    assert get(shop, query).headers["Cache-Control"] == "private, no-store"


def test_a_token_or_a_post_makes_it_private(shop: Shop) -> None:
    """The same answer to somebody known is theirs alone."""
    headers: dict[str, Any] = {"Authorization": f"Bearer {shop.token('customer')}"}
    assert get(shop, SHARED, **headers).headers["Cache-Control"] == "private, no-store"
    assert shop.ask(SHARED).response.headers["Cache-Control"] == "private, no-store"


def test_a_broken_system_is_not_kept(shop: Shop) -> None:
    """An answer with something missing in it is never handed on to the next caller."""
    shop.fault("wms", mode="down")
    assert get(shop, SHARED).headers["Cache-Control"] == "private, no-store"
