"""The schema's types, what fills them, and the loaders behind them."""

from __future__ import annotations

from collections.abc import Sequence

import strawberry
from aiodataloader import DataLoader
from strawberry.types import Info

from bench.contenders.serving import UPSTREAM
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
    quantity,
    state_of,
    value_of,
)

systems = Systems(UPSTREAM)


class Loaders:
    """One loader for each call to the systems; an operation has its own."""

    def __init__(self) -> None:
        self.prices: DataLoader[str, Row | None] = DataLoader(_prices)
        self.stocks: DataLoader[str, list[Row] | None] = DataLoader(_stocks)
        self.accounts: DataLoader[str, Row | None] = DataLoader(_accounts)
        self.orders: DataLoader[str, Row | None] = DataLoader(_orders)
        self.variants: DataLoader[str, Variant | None] = DataLoader(_variants)


async def _prices(skus: list[str]) -> list[Row | None]:
    rows = {row["MATNR"].lstrip("0"): row for row in await systems.prices(skus)}
    return [rows.get(sku) for sku in skus]


async def _stocks(skus: list[str]) -> list[list[Row] | None]:
    rows = {row["article"]: row["stock"] for row in await systems.stock(skus)}
    return [rows.get(sku) for sku in skus]


async def _accounts(keys: list[str]) -> list[Row | None]:
    rows = {row["contactId"]: row for row in await systems.accounts(keys)}
    return [rows.get(key) for key in keys]


async def _orders(numbers: list[str]) -> list[Row | None]:
    rows = {row["KUNNR"]: row for row in await systems.orders(numbers, 10)}
    return [rows.get(number) for number in numbers]


async def _variants(skus: list[str]) -> list[Variant | None]:
    answer = await systems.variants(skus)
    found = {
        variant.sku: variant
        for row in answer["results"]
        for variant in product_of(row, answer["CABNT"]).variants
    }
    return [found.get(sku) for sku in skus]


@strawberry.type
class Money:
    minor: int
    currency: str


@strawberry.type
class Price:
    gross: Money
    net: Money
    tax: Money


@strawberry.type
class Offer:
    price: Price
    list_price: Price
    is_reduced: bool


@strawberry.type
class StockLevel:
    on_hand: int
    available: int


@strawberry.type
class LocationAvailability:
    band: str
    stock: StockLevel


@strawberry.type
class Availability:
    band: str
    is_available: bool
    rows: strawberry.Private[list[Row]]

    @strawberry.field
    def locations(self, first: int = 10) -> list[LocationAvailability]:
        places = []
        for row in self.rows[:first]:
            left = available(row)
            places.append(
                LocationAvailability(
                    band=band(left), stock=StockLevel(on_hand=row["qoh"], available=left)
                )
            )
        return places


@strawberry.type
class Category:
    code: str
    name: str


@strawberry.type
class Media:
    url: str
    alt: str | None


@strawberry.type
class Option:
    name: str
    value: str


@strawberry.type
class AttributeValue:
    name: str
    value: str
    unit: str | None


@strawberry.type
class Variant:
    id: strawberry.ID
    sku: str
    name: str
    gtins: list[str]
    options: list[Option]
    media: list[Media]

    @strawberry.field
    async def offer(self, info: Info[Loaders, None]) -> Offer | None:
        row = await info.context.prices.load(self.sku)
        if row is None:
            return None
        paid, listed, tax = conditions(row)
        return Offer(
            price=_price(paid, tax), list_price=_price(listed, 0), is_reduced=paid < listed
        )

    @strawberry.field
    async def availability(self, info: Info[Loaders, None]) -> Availability | None:
        rows = await info.context.stocks.load(self.sku)
        if rows is None:
            return None
        together = band(sum(map(available, rows)))
        return Availability(
            band=together,
            is_available=together != "NONE",
            rows=sorted(rows, key=by_fullness),
        )


@strawberry.type
class Product:
    id: strawberry.ID
    code: str
    name: str
    description: str
    brand: str
    category: Category
    attributes: list[AttributeValue]
    media: list[Media]
    variants: list[Variant]


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class ProductConnection:
    nodes: list[Product]
    page_info: PageInfo


@strawberry.type
class OrderLine:
    position: str
    name: str
    quantity: str
    total: Money
    sku: strawberry.Private[str]

    @strawberry.field
    async def variant(self, info: Info[Loaders, None]) -> Variant | None:
        return await info.context.variants.load(self.sku)


@strawberry.type
class Order:
    id: strawberry.ID
    number: str
    state: str
    placed_at: str
    channel: str | None
    total: Money
    lines: list[OrderLine]


@strawberry.type
class OrderConnection:
    nodes: list[Order]
    page_info: PageInfo


@strawberry.type
class LoyaltyAccount:
    number: str
    points: int
    tier: str | None


@strawberry.type
class PersonName:
    full: str


@strawberry.type
class Address:
    lines: list[str]
    postal_code: str
    city: str
    country: str


@strawberry.type
class Customer:
    id: strawberry.ID
    number: str
    email: str | None
    phone: str | None
    name: PersonName
    addresses: list[Address]
    erp_number: strawberry.Private[str]

    @strawberry.field
    async def loyalty(self, info: Info[Loaders, None]) -> LoyaltyAccount | None:
        row = await info.context.accounts.load(self.number)
        if row is None:
            return None
        return LoyaltyAccount(
            number=row["id"],
            points=row["balance"]["points"],
            tier=TIERS.get(row["tier"]["code"]),
        )

    @strawberry.field
    async def orders(self, info: Info[Loaders, None], first: int = 10) -> OrderConnection:
        row = await info.context.orders.load(self.erp_number)
        found = row["VBAK"][:first] if row else []
        more = row is not None and len(found) < row["ANZAHL"]
        return OrderConnection(
            nodes=[_order(each) for each in found],
            page_info=PageInfo(has_next_page=more, end_cursor=cursor(len(found))),
        )


@strawberry.type
class Viewer:
    role: str


def _price(gross: int, tax: int) -> Price:
    return Price(
        gross=Money(minor=gross, currency="PLN"),
        net=Money(minor=gross - tax, currency="PLN"),
        tax=Money(minor=tax, currency="PLN"),
    )


def product_of(row: Row, named: Sequence[Row]) -> Product:
    """Read a style."""
    names = {each["ATNAM"]: each["ATBEZ"] for each in named if each["SPRAS"] == "EN"}
    number, name = row["SATNR"].lstrip("0"), english(row["MAKT"], "MAKTX")
    media = [Media(url=each["PATH"], alt=name) for each in row["MEDIA"]]
    return Product(
        id=strawberry.ID(node_id("Product", f"erp:{number}")),
        code=number,
        name=name,
        description=english(row["LTXT"], "TDLINE"),
        brand=row["BRAND_ID"],
        category=Category(code=row["MATKL"], name=english(row["T023T"], "WGBEZ")),
        attributes=[
            AttributeValue(
                name=names[each["ATNAM"]],
                value=each["ATFLV"] if "ATFLV" in each else value_of(each),
                unit=each["MSEHI"].lower() if "MSEHI" in each else None,
            )
            for each in row["AUSP"]
        ],
        media=media,
        variants=[_variant(each, name, media, names) for each in row["VARIANTS"]],
    )


def _variant(row: Row, name: str, media: list[Media], names: Row) -> Variant:
    sku = row["MATNR"].lstrip("0")
    options = [Option(name=names[each["ATNAM"]], value=value_of(each)) for each in row["AUSP"]]
    return Variant(
        id=strawberry.ID(node_id("Variant", sku)),
        sku=sku,
        name=", ".join([name, *(option.value for option in options)]),
        gtins=[row["EAN11"]],
        options=options,
        media=media,
    )


def _order(row: Row) -> Order:
    currency = row["WAERK"]
    return Order(
        id=strawberry.ID(node_id("Order", f"erp:{row['VBELN']}")),
        number=row["VBELN"],
        state=state_of(row),
        placed_at=moment(row),
        channel=CHANNELS.get(row["VTWEG"]),
        total=Money(minor=minor(row["NETWR"]) + minor(row["MWSBK"]), currency=currency),
        lines=[
            OrderLine(
                position=item["POSNR"].lstrip("0"),
                name=item["ARKTX"],
                quantity=quantity(item["KWMENG"]),
                total=Money(minor=minor(item["NETWR"]) + minor(item["MWSBP"]), currency=currency),
                sku=item["MATNR"].lstrip("0"),
            )
            for item in row["VBAP"]
        ],
    )


def customer_of(row: Row) -> Customer:
    """Read a customer."""
    name = row["name"]
    return Customer(
        id=strawberry.ID(node_id("Customer", f"crm:{row['id']}")),
        number=row["id"],
        email=next((each["address"] for each in row["emails"] if each["primary"]), None),
        phone=next((each["number"] for each in row["phones"] if each["primary"]), None),
        name=PersonName(full=f"{name['given']} {name['family']}"),
        addresses=[
            Address(
                lines=[line for line in (each["line1"], each["line2"]) if line],
                postal_code=each["postalCode"],
                city=each["city"],
                country=each["countryCode"],
            )
            for each in row["addresses"]
        ],
        erp_number=next(each["id"] for each in row["externalRefs"] if each["system"] == "ERP"),
    )
