"""One function for each question, written by hand, as one would for nothing but these answers."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.contenders.serving import KEPT, UPSTREAM, serve
from bench.contenders.wire import (
    CHANNELS,
    TIERS,
    Row,
    Systems,
    available,
    band,
    by_fullness,
    conditions,
    cursor,
    english,
    minor,
    moment,
    node_id,
    node_key,
    place,
    quantity,
    state_of,
    value_of,
)

systems = Systems(UPSTREAM)


class _Kept:
    """Values for a while, by key; of use only where the cache is on."""

    def __init__(self, seconds: float, capacity: int = 10_000) -> None:
        self._seconds = seconds
        self._capacity = capacity
        self._values: dict[Any, tuple[Any, float]] = {}

    async def many(
        self, keys: Sequence[str], fetch: Callable[[Sequence[str]], Awaitable[dict[str, Any]]]
    ) -> dict[str, Any]:
        if not KEPT:
            return await fetch(keys)
        now = time.monotonic()
        found, missing = {}, []
        for key in keys:
            value = self._values.get(key)
            if value is not None and now < value[1]:
                found[key] = value[0]
            else:
                missing.append(key)
        if missing:
            fetched = await fetch(missing)
            if len(self._values) + len(fetched) > self._capacity:
                self._values.clear()
            for key, each in fetched.items():
                self._values[key] = each, now + self._seconds
            found |= fetched
        return found


_pages, _offers, _stocks = _Kept(3_600), _Kept(60), _Kept(30)


async def listing(variables: Row) -> Row:
    """A page of products with price and stock."""
    search, first, after = variables["search"], variables["first"], variables["after"]
    key = f"{search} {first} {after}"

    async def fetch(_: Sequence[str]) -> Row:
        answer = await systems.page(search, first, after)
        products = [_product(row) for row in answer["results"]]
        return {key: (products, int(answer["__count"]))}

    products, count = (await _pages.many([key], fetch))[key]
    skus = [variant["sku"] for product in products for variant in product["variants"]]
    offers, stocks = await asyncio.gather(
        _offers.many(skus, _listed_offers), _stocks.many(skus, _staff_stocks)
    )
    end = place(after) + len(products)
    return {
        "products": {
            "nodes": [
                {
                    **product,
                    "variants": [
                        {
                            **variant,
                            "offer": offers.get(variant["sku"]),
                            "availability": stocks.get(variant["sku"]),
                        }
                        for variant in product["variants"]
                    ],
                }
                for product in products
            ],
            "pageInfo": {"hasNextPage": end < count, "endCursor": cursor(end)},
        }
    }


async def detail(variables: Row) -> Row:
    """One product with price and stock."""
    answer = await systems.styles([node_key(variables["id"])])
    if not answer["results"]:
        return {"product": None}
    row = answer["results"][0]
    names = {each["ATNAM"]: each["ATBEZ"] for each in reversed(answer["CABNT"])}
    names |= {each["ATNAM"]: each["ATBEZ"] for each in answer["CABNT"] if each["SPRAS"] == "EN"}
    product = _product(row)
    skus = [variant["sku"] for variant in product["variants"]]
    prices, stocks = await asyncio.gather(systems.prices(skus), systems.stock(skus))
    offers = {each["MATNR"].lstrip("0"): _whole_offer(each) for each in prices}
    levels = {each["article"]: _availability(each["stock"], staff=False) for each in stocks}
    product["description"] = english(row["LTXT"], "TDLINE")
    product["attributes"] = [
        {
            "name": names[each["ATNAM"]],
            "value": each["ATFLV"] if "ATFLV" in each else value_of(each),
            "unit": each["MSEHI"].lower() if "MSEHI" in each else None,
        }
        for each in row["AUSP"]
    ]
    for variant, source in zip(product["variants"], row["VARIANTS"]):
        variant["gtins"] = [source["EAN11"]]
        variant["options"] = [
            {"name": names[each["ATNAM"]], "value": value_of(each)} for each in source["AUSP"]
        ]
        variant["offer"] = offers.get(variant["sku"])
        variant["availability"] = levels.get(variant["sku"])
    return {"product": product}


async def agent(variables: Row) -> Row:
    """A customer with membership, orders, and what they bought as it is today."""
    key = node_key(variables["id"])
    contacts = await systems.contacts([key])
    if not contacts:
        return {"customer": None}
    contact = contacts[0]
    number = next(each["id"] for each in contact["externalRefs"] if each["system"] == "ERP")
    accounts, ordered = await asyncio.gather(systems.accounts([key]), systems.orders([number], 10))
    rows = ordered[0]["VBAK"]
    skus = list({item["MATNR"].lstrip("0"): 0 for row in rows for item in row["VBAP"]})
    articles, prices = await asyncio.gather(systems.variants(skus), systems.prices(skus))
    offers = {}
    for price in prices:
        paid, _, _ = conditions(price)
        offers[price["MATNR"].lstrip("0")] = {"price": {"gross": _money(paid)}}
    bought = {}
    for article in articles["results"]:
        product = _product(article)
        for variant in product["variants"]:
            sku = variant["sku"]
            bought[sku] = {
                "sku": sku,
                "name": variant["name"],
                "media": product["media"],
                "offer": offers.get(sku),
            }
    return {
        "customer": {
            "id": node_id("Customer", f"crm:{key}"),
            "number": contact["id"],
            "loyalty": _loyalty(accounts[0]) if accounts else None,
            "orders": {
                "nodes": [_order(row, bought) for row in rows],
                "pageInfo": {"hasNextPage": len(rows) < ordered[0]["ANZAHL"]},
            },
        }
    }


async def hello(_: Row) -> Row:
    """The caller's role."""
    return {"viewer": {"role": "ANONYMOUS"}}


async def _listed_offers(skus: Sequence[str]) -> dict[str, Any]:
    found = {}
    for row in await systems.prices(skus):
        paid, listed, _ = conditions(row)
        found[row["MATNR"].lstrip("0")] = {
            "price": {"gross": _money(paid)},
            "listPrice": {"gross": _money(listed)},
            "isReduced": paid < listed,
        }
    return found


async def _staff_stocks(skus: Sequence[str]) -> dict[str, Any]:
    rows = await systems.stock(skus)
    return {row["article"]: _availability(row["stock"], staff=True) for row in rows}


def _product(row: Row) -> Row:
    number = row["SATNR"].lstrip("0")
    name = english(row["MAKT"], "MAKTX")
    variants = []
    for each in row["VARIANTS"]:
        sku = each["MATNR"].lstrip("0")
        variants.append(
            {
                "id": node_id("Variant", sku),
                "sku": sku,
                "name": ", ".join([name, *map(value_of, each["AUSP"])]),
            }
        )
    return {
        "id": node_id("Product", f"erp:{number}"),
        "code": number,
        "name": name,
        "brand": row["BRAND_ID"],
        "category": {"code": row["MATKL"], "name": english(row["T023T"], "WGBEZ")},
        "media": [{"url": each["PATH"], "alt": name} for each in row["MEDIA"]],
        "variants": variants,
    }


def _whole_offer(row: Row) -> Row:
    paid, listed, tax = conditions(row)
    return {
        "price": {"gross": _money(paid), "net": _money(paid - tax), "tax": _money(tax)},
        "listPrice": {"gross": _money(listed)},
        "isReduced": paid < listed,
    }


def _availability(rows: list[Row], *, staff: bool) -> Row:
    rows.sort(key=by_fullness)
    together = band(sum(map(available, rows)))
    places: list[Row] = []
    for row in rows[:5]:
        left = available(row)
        shown: Row = {"band": band(left)}
        if staff:
            shown["stock"] = {"onHand": row["qoh"], "available": left}
        places.append(shown)
    return {"band": together, "isAvailable": together != "NONE", "locations": places}


def _order(row: Row, bought: Row) -> Row:
    return {
        "id": node_id("Order", f"erp:{row['VBELN']}"),
        "number": row["VBELN"],
        "state": state_of(row),
        "placedAt": moment(row),
        "channel": CHANNELS.get(row["VTWEG"]),
        "total": {"minor": minor(row["NETWR"]) + minor(row["MWSBK"]), "currency": row["WAERK"]},
        "lines": [
            {
                "position": item["POSNR"].lstrip("0"),
                "name": item["ARKTX"],
                "quantity": quantity(item["KWMENG"]),
                "total": {
                    "minor": minor(item["NETWR"]) + minor(item["MWSBP"]),
                    "currency": row["WAERK"],
                },
                "variant": bought.get(item["MATNR"].lstrip("0")),
            }
            for item in row["VBAP"]
        ],
    }


def _loyalty(row: Row) -> Row:
    return {
        "number": row["id"],
        "points": row["balance"]["points"],
        "tier": TIERS.get(row["tier"]["code"]),
    }


def _money(amount: int) -> Row:
    return {"minor": amount, "currency": "PLN"}


_HANDLERS: dict[str, Callable[[Row], Awaitable[Row]]] = {
    "Listing": listing,
    "Detail": detail,
    "Agent": agent,
    "Hello": hello,
}


async def graphql(request: Request) -> Response:
    """Answer by the operation's name; the document is not read."""
    asked = orjson.loads(await request.body())
    handler = _HANDLERS[asked["operationName"].rstrip("0123456789")]
    answer = orjson.dumps({"data": await handler(asked["variables"])})
    return Response(answer, media_type="application/json")


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    """Keep the connections for as long as the application is served."""
    await systems.start()
    yield
    await systems.close()


app = Starlette(routes=[Route("/graphql", graphql, methods=["POST"])], lifespan=lifespan)

if __name__ == "__main__":
    serve(app)
