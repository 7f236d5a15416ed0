"""The products of the bench: the same schema and figures as in node/run.js."""

import asyncio
from collections.abc import Sequence
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema, build_schema
from msgspec import Struct

SDL = """
type Price { amount: Float!, currency: String! }
type Stock { place: String!, available: Int! }
type Product { id: ID!, name: String!, brand: String, price: Price, stock: [Stock!]! }
type Query { hello: String!, products(first: Int! = 50): [Product!]! }
"""

_LISTING = """query Listing($first: Int!) {
  products(first: $first) {
    id name brand
    price { amount currency }
    stock { place available }
  }
}"""

QUERIES: dict[str, dict[str, Any]] = {
    "50 products": {"text": _LISTING, "variables": {"first": 50}},
    "1 product": {"text": _LISTING, "variables": {"first": 1}},
    "500 products": {"text": _LISTING, "variables": {"first": 500}},
    "hello": {"text": "{ hello }", "variables": None},
}


class Price(Struct, frozen=True, gc=False):
    """A price."""

    amount: float
    currency: str


class Stock(Struct, frozen=True, gc=False):
    """What one place holds."""

    place: str
    available: int


class Product(Struct, frozen=True, gc=False):
    """A product."""

    id: str
    name: str
    brand: str | None


PRODUCTS = [
    Product(f"P{number}", f"Product {number}", f"Brand {number % 7}" if number % 3 else None)
    for number in range(500)
]
PRICES = {each.id: Price(9.5 + number, "PLN") for number, each in enumerate(PRODUCTS)}
STOCKS = {
    each.id: tuple(Stock(f"L{place}", number + place) for place in range(5))
    for number, each in enumerate(PRODUCTS)
}


async def _products(
    parents: Sequence[object],
    context: object,  # noqa: ARG001
    first: int,
) -> list[list[Product]]:
    return [PRODUCTS[:first]] * len(parents)


async def _price(parents: Sequence[Product], context: object) -> list[Price]:  # noqa: ARG001
    return [PRICES[parent.id] for parent in parents]


async def _stock(
    parents: Sequence[Product],
    context: object,  # noqa: ARG001
) -> list[tuple[Stock, ...]]:
    return [STOCKS[parent.id] for parent in parents]


async def _hello(parents: Sequence[object], context: object) -> list[str]:  # noqa: ARG001
    return ["world"] * len(parents)


_BATCHES = {
    ("Query", "hello"): _hello,
    ("Query", "products"): _products,
    ("Product", "price"): _price,
    ("Product", "stock"): _stock,
}


def schema() -> GraphQLSchema:
    """Build the schema as the gateway's own is built: attributes, batches, classes."""
    built = build_schema(SDL)
    for name, cls in (("Price", Price), ("Stock", Stock), ("Product", Product)):
        kind = built.type_map[name]
        kind.extensions["class"] = cls
    for name, kind in built.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            for field_name, field in kind.fields.items():
                if batch := _BATCHES.get((name, field_name)):
                    field.extensions["batch"] = batch
                else:
                    field.extensions["attribute"] = field_name
    return built


async def by_hand(name: str) -> dict[str, Any]:
    """Make the same answer by hand, from the same batch resolvers, side by side: the bound."""
    if name == "hello":
        return {"data": {"hello": (await _hello((None,), None))[0]}}
    (products,) = await _products((None,), None, QUERIES[name]["variables"]["first"])
    prices, stocks = await asyncio.gather(_price(products, None), _stock(products, None))
    return {
        "data": {
            "products": [
                {
                    "id": product.id,
                    "name": product.name,
                    "brand": product.brand,
                    "price": {"amount": price.amount, "currency": price.currency},
                    "stock": [
                        {"place": stock.place, "available": stock.available} for stock in levels
                    ],
                }
                for product, price, levels in zip(products, prices, stocks)
            ]
        }
    }
