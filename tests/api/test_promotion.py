"""Promotions on offers, as the sandbox's promotion.toml says them."""

from typing import Any

from tests.shop import Shop

OFFERS = """
query ($where: ProductFilter) {
  products(first: 20, where: $where) {
    nodes {
      id
      priceSpan { min { gross { minor } } max { gross { minor } } }
      variants {
        id
        sku
        offer {
          price { gross { minor } net { minor } tax { minor } taxes { rate } }
          listPrice { gross { minor } }
          appliedReductions { rule amount { minor } }
          appliedPromotions { promotion { key kind name endsAt } amount { minor } }
          winningRule
          version
          validUntil
        }
      }
    }
  }
}
"""
ONE = """query ($id: ID!) { node(id: $id) { ... on Variant {
  offer { price { gross { minor } } version appliedPromotions { promotion { key } } } } } }"""


def _socks(shop: Shop, **headers: str) -> list[dict[str, Any]]:
    top = shop.ask("{ categories { children { id code } } }").data["categories"]
    socks = next(each["id"] for one in top for each in one["children"] if each["code"] == "5040")
    answer = shop.ask(OFFERS, {"where": {"category": socks}}, headers=headers)
    assert answer.errors == []
    nodes: list[dict[str, Any]] = answer.data["products"]["nodes"]
    return nodes


def test_a_promotion_on_articles_is_on_every_offer_of_them(shop: Shop) -> None:
    """List, price span and single variant show one price, with the promotion that made it."""
    products = _socks(shop, **{"Accept-Language": "pl"})
    offers = [
        each["offer"] for product in products for each in product["variants"] if each["offer"]
    ]
    assert offers
    for offer in offers:
        (applied,) = offer["appliedPromotions"]
        assert applied["promotion"] == {
            "key": "sock-drawer",
            "kind": "PERCENTAGE",
            "name": "Skarpety 10 % taniej",
            "endsAt": None,
        }
        *earlier, last = offer["appliedReductions"]
        assert last == {"rule": "PROMOTION", "amount": applied["amount"]}
        asked = offer["listPrice"]["gross"]["minor"] - sum(
            each["amount"]["minor"] for each in earlier
        )
        off = applied["amount"]["minor"]
        assert abs(off * 10 - asked) <= 5
        price = offer["price"]
        assert price["gross"]["minor"] == asked - off
        assert price["net"]["minor"] + price["tax"]["minor"] == price["gross"]["minor"]
        assert offer["winningRule"] == "PROMOTION"
    for product in products:
        prices = [
            each["offer"]["price"]["gross"]["minor"]
            for each in product["variants"]
            if each["offer"]
        ]
        if prices:
            span = product["priceSpan"]
            assert [span[end]["gross"]["minor"] for end in ("min", "max")] == [
                min(prices),
                max(prices),
            ]
    variant = next(each for product in products for each in product["variants"] if each["offer"])
    alone = shop.ask(ONE, {"id": variant["id"]}).data["node"]["offer"]
    assert alone["price"]["gross"] == variant["offer"]["price"]["gross"]
    assert alone["version"] == variant["offer"]["version"]
