"""The ports' promises and the listing, over a real Tryton."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from adapters._upstream import Upstream
from adapters.tryton import Adapter
from domain.ask import Ask
from domain.customer import Trait, TraitKind
from domain.deadline import Deadline
from domain.errors import BadInput, SourceRejected
from domain.filter import ProductFilter, ProductQuery, ProductSelection, ProductSort
from domain.location import LocationKind
from domain.order import OrderQuery, OrderState
from domain.page import Page, PageRequest
from domain.product import Product
from domain.secret import Secret
from domain.viewer import Channel
from tests.adapters.counterpart import got, whole
from tests.systems.tryton_install import DATABASE, PASSWORD, USER
from tests.systems.tryton_server import Tryton

pytestmark = pytest.mark.systems


def _ask(language: str = "en", currency: str = "PLN", channel: Channel = Channel.WEB) -> Ask:
    return Ask(
        deadline=Deadline.after(60),
        market="PL",
        currency=currency,
        language=language,
        channel=channel,
    )


def _amount(value: Mapping[str, str]) -> Decimal:
    return Decimal(value["decimal"])


def _skus(tryton: Tryton) -> list[str]:
    found = tryton.find("product.product", [["salable", "=", True]], "code")
    return [each["code"] for each in found if not each["code"].startswith("TEST-")]


async def _pages(adapter: Adapter, size: int, search: str | None = None) -> list[Product]:
    found: list[Product] = []
    after: str | None = None
    while True:
        query = ProductQuery(PageRequest(size, after), search)
        page = (await adapter.products_by_query([query], _ask()))[query]
        assert isinstance(page, Page)
        found += map(got, page.items)
        if not page.has_next:
            return found
        after = page.cursors[-1]


async def test_listing_is_everything_for_sale(adapter: Adapter, tryton: Tryton) -> None:
    """Pages of any size give every product that is sold, once, and no other."""
    rows = tryton.find("product.template", [["salable", "=", True]], "name", "code")
    assert len(rows) > 30
    for size in (7, 100):
        products = await _pages(adapter, size)
        assert [(each.key, each.name, each.code) for each in products] == [
            (f"erp:{row['id']}", row["name"], row["code"]) for row in rows
        ]


async def test_variants_are_the_products_of_a_template(adapter: Adapter, tryton: Tryton) -> None:
    """A product carries all its variants, with code, GTIN and what tells them apart."""
    products = {each.key: each for each in await _pages(adapter, 100)}
    rows = tryton.find(
        "product.product",
        [["salable", "=", True], ["code", "not like", "TEST-%"]],
        *("code", "template", "description", "identifiers.code"),
    )
    found = {each.sku: each for product in products.values() for each in product.variants}
    assert {row["code"] for row in rows} == {sku for sku in found if not sku.startswith("TEST-")}
    for row in rows:
        variant = found[row["code"]]
        assert variant.product_key == f"erp:{row['template']}"
        assert variant.name == row["description"]
        assert variant.gtins == tuple(each["code"] for each in row["identifiers."])


async def test_by_key_and_by_sku_agree_with_the_listing(adapter: Adapter) -> None:
    """The same product or variant is the same by whatever way it is read."""
    listed = await _pages(adapter, 100)
    keys = [each.key for each in listed]
    skus = [variant.sku for each in listed for variant in each.variants]
    products = whole(
        await adapter.product_by_key([*keys, "erp:999999", "wms:1", "erp:x", "erp:"], _ask())
    )
    variants = whole(
        await adapter.variant_by_sku([*skus, "nothing", "\ud800", "a\0b", "", "DSP-RK-1"], _ask())
    )
    assert [*products] == keys
    assert {*variants} == {*skus}
    for each in listed:
        assert products[each.key].name == each.name
        assert [v.sku for v in products[each.key].variants] == [v.sku for v in each.variants]
        for variant in each.variants:
            assert variants[variant.sku].product_key == each.key
            assert variants[variant.sku].name == variant.name


async def test_language(adapter: Adapter, tryton: Tryton) -> None:
    """Texts come in the language asked for where Tryton has it, and say which one they are in."""
    polish = tryton.find("product.template", [["id", "=", 15]], "name", language="pl")[0]["name"]
    english = tryton.find("product.template", [["id", "=", 15]], "name", language="en")[0]["name"]
    assert polish != english
    for language, name, locale in (
        ("pl", polish, "pl"),
        ("pl-PL", polish, "pl"),
        ("en", english, "en"),
        ("de", english, "en"),
    ):
        product = (whole(await adapter.product_by_key(["erp:15"], _ask(language))))["erp:15"]
        assert (product.name, product.locale) == (name, locale)


async def test_search(adapter: Adapter, tryton: Tryton) -> None:
    """A search finds names, codes and barcodes, all its words, and takes signs for themselves."""
    (mower,) = tryton.find("product.identifier", [["product.code", "=", "MOW-BT-34"]], "code")
    for search, names in (
        ("hose", {"Reinforced hose", "Wall hose reel", "Quick hose connector"}),
        ("hose REEL", {"Wall hose reel"}),
        ("mow-bt-3", {"Battery mower"}),
        (mower["code"], {"Battery mower"}),
        ("100%", set()),
        ("_____", set()),
        ("\\", set()),
    ):
        assert {each.name for each in await _pages(adapter, 2, search)} == names, search


async def test_a_cursor_of_another_list_is_bad_input(adapter: Adapter) -> None:
    """A cursor that this list has not handed out is refused by name."""
    for cursor in ("x", "-1", "0", "1 OR 1=1", "9" * 40):
        query = ProductQuery(PageRequest(5, cursor))
        refused = (await adapter.products_by_query([query], _ask()))[query]
        assert isinstance(refused, BadInput)
        assert refused.argument == "after"


async def test_a_count_is_that_of_all_pages(adapter: Adapter) -> None:
    """What a query lists on all its pages is counted without reading them."""
    for search in (None, "hose", "nothing of this kind"):
        selection = ProductSelection(search)
        count = (await adapter.product_count_by_query([selection], _ask()))[selection]
        assert count == len(await _pages(adapter, 100, search))


async def test_a_criterion_that_tryton_lacks_is_refused(adapter: Adapter) -> None:
    """What this list cannot filter or sort by is refused by name, never left out."""
    page = PageRequest(5)
    for query, argument in (
        (ProductQuery(page, where=ProductFilter(brands=("A",))), "where.brands"),
        (ProductQuery(page, skus=frozenset({"A"})), "where.inStockAt"),
        (ProductQuery(page, sort=ProductSort.PRICE_ASC), "sort"),
    ):
        found: list[object] = [(await adapter.products_by_query([query], _ask()))[query]]
        if argument != "sort":
            own = query.selection
            found.append((await adapter.product_count_by_query([own], _ask()))[own])
        for refused in found:
            assert isinstance(refused, BadInput)
            assert refused.argument == argument


@pytest.mark.parametrize(("channel", "price_list"), [(Channel.WEB, 2), (Channel.POS, 3)])
async def test_price(adapter: Adapter, tryton: Tryton, channel: Channel, price_list: int) -> None:
    """A price is Tryton's own by the list of market and channel, with its tax, to the grosz."""
    rows = tryton.find(
        "product.product",
        [["salable", "=", True], ["code", "not like", "TEST-%"]],
        *("code", "sale_price_uom", "list_price_used"),
        "template.account_category.customer_taxes_used.rate",
        price_list=price_list,
        quantity=1,
    )
    (kept,) = tryton.find("product.price_list", [["id", "=", price_list]], "tax_included")
    offers = whole(await adapter.offer_by_sku([row["code"] for row in rows], _ask(channel=channel)))
    reduced = 0
    for row in rows:
        if row["sale_price_uom"] is None:
            assert row["code"] not in offers
            continue
        offer = offers[row["code"]]
        (tax,) = row["template."]["account_category."]["customer_taxes_used."]
        factor = 1 + _amount(tax["rate"])
        price = _amount(row["sale_price_uom"]) * (1 if kept["tax_included"] else factor)
        listed = _amount(row["list_price_used"]) * factor
        cent = Decimal("0.01")
        assert offer.price.gross.decimal == price.quantize(cent, ROUND_HALF_UP)
        assert offer.list_price.gross.decimal == listed.quantize(cent, ROUND_HALF_UP)
        assert offer.price.net + offer.price.tax == offer.price.gross
        assert [each.rate for each in offer.price.taxes] == [(factor - 1) * 100]
        assert offer.price.gross.currency == "PLN"
        reduced += offer.is_reduced
    assert (reduced > 5) == (price_list == 2)


async def test_price_in_another_currency(adapter: Adapter) -> None:
    """What is not sold in a currency has no offer in it; nothing is converted or asked."""
    ask = _ask(currency="EUR")
    assert whole(await adapter.offer_by_sku(["MOW-BT-42"], ask)) == {}
    assert ask.calls["erp"] == 0


async def test_version_is_the_prices(adapter: Adapter) -> None:
    """A version is the same as long as the price is, and differs where the price does."""
    skus = ["MOW-BT-42", "SEC-BY-16"]
    web = whole(await adapter.offer_by_sku(skus, _ask()))
    again = whole(await adapter.offer_by_sku(skus, _ask()))
    counter = whole(await adapter.offer_by_sku(skus, _ask(channel=Channel.POS)))
    assert [web[sku].version for sku in skus] == [again[sku].version for sku in skus]
    assert web["MOW-BT-42"].version != counter["MOW-BT-42"].version


def _overdue(tryton: Tryton) -> Counter[tuple[str, int]]:
    """Add up by SKU and warehouse what moves that did not happen in time will bring and take."""
    now = datetime.now().astimezone()  # the day Tryton counts, on the same machine
    today = {"__class__": "date", "year": now.year, "month": now.month, "day": now.day}
    rows = tryton.find(
        "stock.move",
        [["state", "=", "draft"], ["planned_date", "<", today]],
        *("product.code", "internal_quantity"),
        *("from_location", "to_location"),
    )
    zones = ("storage_location", "input_location", "output_location")
    warehouses = tryton.find("stock.location", [["type", "=", "warehouse"]], *zones)
    lies_in = {each[zone]: each["id"] for each in warehouses for zone in zones}
    found: Counter[tuple[str, int]] = Counter()
    for row in rows:
        for place, sign in ((row["from_location"], -1), (row["to_location"], +1)):
            if place in lies_in:
                found[row["product."]["code"], lies_in[place]] += sign * row["internal_quantity"]
    return found


async def test_stock(adapter: Adapter, tryton: Tryton) -> None:
    """Every warehouse's stock is Tryton's own, and with what is under way gives its forecast.

    But for what is overdue: Tryton's forecast drops it, while it still has to leave or to come.
    """
    skus = [sku for sku in _skus(tryton) if sku != "PLN-GD-1H"]
    overdue = _overdue(tryton)
    assert any(quantity < 0 for quantity in overdue.values())
    levels = whole(await adapter.stock_by_sku(skus, _ask()))
    warehouses = tryton.find("stock.location", [["type", "=", "warehouse"]], "name")
    assert len(warehouses) > 4
    seen = {"negative": 0, "allocated": 0, "incoming": 0}
    for warehouse in warehouses:
        rows = tryton.find(
            "product.product",
            [["code", "in", skus]],
            *("code", "quantity", "forecast_quantity"),
            locations=[warehouse["id"]],
        )
        assert len(rows) == len(skus)
        for row in rows:
            (level,) = (
                each
                for each in levels[row["code"]]
                if each.location_key == f"erp:{warehouse['id']}"
            )
            incoming = sum(each.quantity for each in level.incoming)
            assert level.on_hand == row["quantity"]
            forecast = row["forecast_quantity"] + overdue[row["code"], warehouse["id"]]
            assert level.on_hand - level.allocated + incoming == forecast
            assert level.available == max(0, level.on_hand - level.allocated)
            seen["negative"] += level.is_negative
            seen["allocated"] += level.allocated > 0
            seen["incoming"] += incoming > 0
    assert all(seen.values()), seen


async def test_stock_of_what_has_none(adapter: Adapter) -> None:
    """A service is held nowhere; an unknown SKU is absent."""
    levels = whole(await adapter.stock_by_sku(["PLN-GD-1H", "nothing", "\ud800"], _ask()))
    assert levels == {"PLN-GD-1H": ()}


async def test_locations(adapter: Adapter, tryton: Tryton) -> None:
    """The keys of stock lead to Tryton's warehouses, shops where customers may collect."""
    levels = (whole(await adapter.stock_by_sku(["SEC-BY-16"], _ask())))["SEC-BY-16"]
    keys = [each.location_key for each in levels]
    found = whole(await adapter.location_by_key([*keys, "erp:1", "erp:999999", "crm:5"], _ask()))
    rows = tryton.find(
        "stock.location",
        [["type", "=", "warehouse"]],
        *("name", "allow_pickup", "address.city", "address.postal_code", "address.country.code"),
    )
    assert {*found} == {*keys} == {f"erp:{row['id']}" for row in rows}
    for row in rows:
        location = found[f"erp:{row['id']}"]
        assert location.name == row["name"]
        assert (location.kind is LocationKind.STORE) == bool(row["allow_pickup"])
        assert location.address is not None
        assert location.address.city == row["address."]["city"]
        assert location.address.postal_code == row["address."]["postal_code"]
        assert location.address.country == row["address."]["country."]["code"]


async def test_calls(adapter: Adapter, tryton: Tryton) -> None:
    """The number of calls is the same for 1 item and for 50: one, and for stock one a warehouse."""
    skus = _skus(tryton)[:50]
    products = [each.key for each in await _pages(adapter, 100)]
    warehouses = len(tryton.find("stock.location", [["type", "=", "warehouse"]], "id"))
    for size in (1, 50):
        ask = _ask()
        await adapter.products_by_query([ProductQuery(PageRequest(size))], ask)
        assert ask.calls["erp"] == 1
        whole(await adapter.product_by_key(products[:size], ask))
        assert ask.calls["erp"] == 2
        whole(await adapter.variant_by_sku(skus[:size], ask))
        assert ask.calls["erp"] == 3
        whole(await adapter.offer_by_sku(skus[:size], ask))
        assert ask.calls["erp"] == 4
        whole(await adapter.stock_by_sku(skus[:size], ask))
        assert ask.calls["erp"] == 4 + warehouses + 1


async def test_chunks(adapter: Adapter, tryton: Tryton) -> None:
    """More keys than Tryton takes well at once are split, and arrive whole."""
    skus = _skus(tryton)
    ask = _ask()
    many = [*skus, *(f"unknown-{number}" for number in range(300 - len(skus)))]
    assert len(whole(await adapter.variant_by_sku(many, ask))) == len(skus)
    assert ask.calls["erp"] == 3


async def test_one_sign_in_for_many(upstream: Upstream) -> None:
    """Calls that come at once sign in once, and none goes without a session."""
    options = Adapter.Options(database=DATABASE, user=USER)
    adapter = Adapter(upstream, Secret(PASSWORD), options)
    asks = [_ask() for _ in range(5)]
    found = await asyncio.gather(*(adapter.location_by_key(["erp:5"], ask) for ask in asks))
    assert all(each["erp:5"] for each in found)
    # Sign-in, preferences, company, languages, price lists, places; then a call each.
    assert sum(ask.calls["erp"] for ask in asks) == 6 + 5


async def test_an_ended_session_is_renewed(adapter: Adapter, administrator: Tryton) -> None:
    """A session that Tryton has ended costs one refused call and one sign-in, and no value."""
    (user,) = administrator.find("res.user", [["login", "=", USER]], "id")
    administrator.call("model.res.user.write", [user["id"]], {"password": PASSWORD}, {})
    ask = _ask()
    assert whole(await adapter.variant_by_sku(["SEC-BY-16"], ask))
    assert ask.calls["erp"] == 3


async def test_a_refused_sign_in_is_not_repeated(upstream: Upstream) -> None:
    """A wrong password is told, and not tried again at once: Tryton would lock the user out."""
    options = Adapter.Options(database=DATABASE, user="nobody")
    adapter = Adapter(upstream, Secret("wrong"), options)
    for calls in (1, 0, 0):
        ask = _ask()
        with pytest.raises(SourceRejected, match="user and password"):
            whole(await adapter.variant_by_sku(["SEC-BY-16"], ask))
        assert ask.calls["erp"] == calls


async def test_what_tryton_refuses_is_rejected(upstream: Upstream) -> None:
    """An error that comes with status 200 is a refusal, in Tryton's words for its users."""
    options = Adapter.Options(database=DATABASE, user=USER, price_lists={"PL": 99})
    adapter = Adapter(upstream, Secret(PASSWORD), options)
    with pytest.raises(SourceRejected, match=r"UserError: .*don't exist"):
        whole(await adapter.offer_by_sku(["SEC-BY-16"], _ask()))


def _template(administrator: Tryton, code: str, **values: Any) -> int:
    (unit,) = administrator.find("product.uom", [["symbol", "=", "u"]], "id")
    (category,) = administrator.find(
        "product.category", [["accounting", "=", True], ["name", "=", "VAT 23 %"]], "id"
    )
    record = {
        "name": code,
        "type": "goods",
        "default_uom": unit["id"],
        "salable": True,
        "sale_uom": unit["id"],
        "account_category": category["id"],
        **values,
    }
    (template,) = administrator.call("model.product.template.create", [record], {"company": 1})
    number: int = template
    return number


def _counted(administrator: Tryton, code: str, quantity: float) -> None:
    """Book what a count of the first warehouse finds."""
    (product,) = administrator.find("product.product", [["code", "=", code]], "id")
    (warehouse, *_) = administrator.find(
        "stock.location", [["type", "=", "warehouse"]], "storage_location"
    )
    count = {
        "location": warehouse["storage_location"],
        "empty_quantity": "keep",
        **_create("lines", {"product": product["id"], "quantity": quantity}),
    }
    created = administrator.call("model.stock.inventory.create", [count], {"company": 1})
    administrator.call("model.stock.inventory.confirm", created, {"company": 1})


def _create(name: str, *records: Mapping[str, Any]) -> dict[str, Sequence[Any]]:
    return {name: [["create", records]]}


async def test_sold_by_the_dozen(adapter: Adapter, administrator: Tryton) -> None:
    """Price and stock count the unit that is sold, also where stock is kept in another."""
    (unit,) = administrator.find("product.uom", [["symbol", "=", "u"]], "category")
    dozen = {
        "name": "Dozen",
        "symbol": "dz",
        "category": unit["category"],
        "factor": 12.0,
        "rate": round(1 / 12, 12),
        "rounding": 1.0,
        "digits": 0,
    }
    (number,) = administrator.call("model.product.uom.create", [dozen], {})
    price = {"__class__": "Decimal", "decimal": "2.0000"}
    products = _create("products", {"suffix_code": "TEST-DZ", "list_price": price})
    _template(administrator, "Dozen eggs", sale_uom=number, **products)
    _counted(administrator, "TEST-DZ", 30.0)
    offer = (whole(await adapter.offer_by_sku(["TEST-DZ"], _ask())))["TEST-DZ"]
    assert offer.price.gross.minor == offer.list_price.gross.minor == 2952
    levels = (whole(await adapter.stock_by_sku(["TEST-DZ"], _ask())))["TEST-DZ"]
    assert [each.on_hand for each in levels if each.on_hand] == [2]


async def test_sold_by_the_metre(adapter: Adapter, administrator: Tryton) -> None:
    """Of what has fractions, only the whole units on hand can be promised."""
    (metre,) = administrator.find("product.uom", [["symbol", "=", "m"]], "id")
    products = _create("products", {"suffix_code": "TEST-ROPE"})
    _template(administrator, "Rope", default_uom=metre["id"], sale_uom=metre["id"], **products)
    _counted(administrator, "TEST-ROPE", 12.5)
    levels = (whole(await adapter.stock_by_sku(["TEST-ROPE"], _ask())))["TEST-ROPE"]
    assert [each.on_hand for each in levels if each.on_hand] == [12]


async def test_what_is_no_longer_sold_is_gone(adapter: Adapter, administrator: Tryton) -> None:
    """A variant that was put out of use is neither listed with its product nor found."""
    number = _template(
        administrator,
        "Half gone",
        **_create("products", {"suffix_code": "TEST-A"}, {"suffix_code": "TEST-B"}),
    )
    (gone,) = administrator.find("product.product", [["code", "=", "TEST-B"]], "id")
    administrator.call("model.product.product.write", [gone["id"]], {"active": False}, {})
    product = (whole(await adapter.product_by_key([f"erp:{number}"], _ask())))[f"erp:{number}"]
    assert [each.sku for each in product.variants] == ["TEST-A"]
    assert {*whole(await adapter.variant_by_sku(["TEST-A", "TEST-B"], _ask()))} == {"TEST-A"}


async def test_customers_are_parties(adapter: Adapter, tryton: Tryton) -> None:
    """A customer is a party with its name, mechanisms and addresses; the main ones come first."""
    rows = tryton.find(
        "party.party",
        [["contact_mechanisms.type", "=", "email"]],
        *("name", "code", "contact_mechanisms.type", "contact_mechanisms.value"),
        *("addresses.city", "addresses.postal_code", "addresses.country.code"),
    )
    assert len(rows) >= 20
    found = whole(await adapter.customer_by_key([f"erp:{row['id']}" for row in rows], _ask()))
    for row in rows:
        customer = found[f"erp:{row['id']}"]
        said = {each["type"]: each["value"] for each in row["contact_mechanisms."]}
        assert customer.name is not None
        assert (customer.number, customer.name.full) == (row["code"], row["name"])
        assert (customer.email, customer.phone) == (said["email"], said["mobile"])
        (address,), (there,) = customer.addresses, row["addresses."]
        assert (address.city, address.postal_code) == (there["city"], there["postal_code"])
        assert address.country == there["country."]["code"]
        assert customer.identities == (customer.key,)


@pytest.mark.parametrize(
    "names",
    [
        ("email",), ("phone",), ("name", "number"), ("addresses",), ("language", "email"),
        ("other_emails", "other_phones", "email", "phone"),
    ],
    ids=str,
)  # fmt: skip
async def test_a_customer_in_part_is_that_part_of_the_whole(
    adapter: Adapter, tryton: Tryton, names: tuple[str, ...]
) -> None:
    """What is asked for is the same as in the whole record, and nothing else of a person comes."""
    rows = tryton.find("party.party", [["contact_mechanisms.type", "=", "email"]], "id")
    keys = [f"erp:{row['id']}" for row in rows]
    every = whole(await adapter.customer_by_key(keys, _ask()))
    parts = await adapter.customer_by_key(keys, replace(_ask(), fields=frozenset(names)))
    personal = ("name", "email", "phone", "other_emails", "other_phones", "language", "addresses")
    for key, part in whole(parts).items():
        for name in (*personal, "number"):
            if name in names:
                assert getattr(part, name) == getattr(every[key], name), name
            elif name != "number":
                assert not getattr(part, name), name


async def test_a_party_category_tells_of_whom_the_processing_is_restricted(
    upstream: Upstream, administrator: Tryton
) -> None:
    """Parties of the category that the options name are restricted, whatever else is asked."""
    (category,) = administrator.call("model.party.category.create", [{"name": "Restricted"}], {})
    one, other, *_ = administrator.find(
        "party.party", [["contact_mechanisms.type", "=", "email"]], "id"
    )
    write = {"categories": [["add", [category]]]}
    administrator.call("model.party.party.write", [one["id"]], write, {})
    options = Adapter.Options(database=DATABASE, user=USER, restricted_category=category)
    adapter = Adapter(upstream, Secret(PASSWORD), options)
    keys = [f"erp:{one['id']}", f"erp:{other['id']}"]
    for fields in (None, frozenset({"is_restricted"})):
        found = whole(await adapter.customer_by_key(keys, replace(_ask(), fields=fields)))
        assert [found[key].is_restricted for key in keys] == [True, False]
    without = Adapter(upstream, Secret(PASSWORD), Adapter.Options(database=DATABASE, user=USER))
    unknown = whole(await without.customer_by_key(keys, _ask()))
    assert [unknown[key].is_restricted for key in keys] == [False, False]


async def test_customers_are_found_by_what_is_known(adapter: Adapter) -> None:
    """One call finds parties by mail in any case, by any spelling of a number, and by name."""
    mail = Trait(TraitKind.EMAIL, "Customer01@EXAMPLE.com")
    phone = Trait(TraitKind.PHONE, "+48 600-000-000")
    ask = _ask()
    found = whole(await adapter.customers_by_trait([mail, phone], ask))
    assert ask.calls["erp"] == 1
    (customer,) = found[mail]
    assert [each.key for each in found[phone]] == [customer.key]
    assert customer.name is not None
    family = Trait(TraitKind.NAME, customer.name.full.split()[-1].upper())
    full = Trait(TraitKind.NAME, customer.name.full.split()[-1], customer.name.full.split()[0])
    named = whole(await adapter.customers_by_trait([family, full], _ask()))
    assert customer.key in {each.key for each in named[family]}
    assert [each.key for each in named[full]] == [customer.key]


async def test_orders_are_sales(adapter: Adapter, tryton: Tryton) -> None:
    """An order is a sale, to the grosz: lines, sums, currency, buyer and what is under way."""
    rows = tryton.find(
        "sale.sale",
        [["state", "=", "processing"]],
        *("number", "party", "total_amount", "tax_amount", "currency.code", "shipments"),
        *("lines.product.code", "lines.quantity", "lines.amount"),
    )
    assert len(rows) == 40
    found = whole(await adapter.order_by_key([f"erp:{row['id']}" for row in rows], _ask()))
    for row in rows:
        order = found[f"erp:{row['id']}"]
        assert order.number == row["number"]
        assert order.state is OrderState.OPEN
        assert order.customer_key == f"erp:{row['party']}"
        assert order.total.decimal == _amount(row["total_amount"])
        assert order.total.currency == row["currency."]["code"] == "PLN"
        lines = [(line.sku, float(line.quantity)) for line in order.lines]
        assert lines == [(each["product."]["code"], each["quantity"]) for each in row["lines."]]
        assert order.tax is not None
        assert sum(line.total.minor for line in order.lines) == order.total.minor
        assert order.fulfillments is not None
        assert len(order.fulfillments) == len(row["shipments"])
        under_way = {
            each.position: each.quantity for part in order.fulfillments for each in part.lines
        }
        assert under_way == {line.position: line.quantity for line in order.lines}
    by_number = whole(await adapter.order_by_number([row["number"] for row in rows], _ask()))
    assert {number: order.key for number, order in by_number.items()} == {
        row["number"]: f"erp:{row['id']}" for row in rows
    }


async def test_orders_of_customers_are_theirs(adapter: Adapter, tryton: Tryton) -> None:
    """Each customer's page holds all their sales, newest first, in one call or two for many."""
    rows = tryton.find("sale.sale", [["state", "=", "processing"]], "party")
    own: dict[str, list[str]] = {}
    for row in reversed(rows):
        own.setdefault(f"erp:{row['party']}", []).append(f"erp:{row['id']}")
    queries = [OrderQuery((key,), PageRequest(100)) for key in own]
    ask = _ask()
    found = await adapter.orders_by_customer(queries, ask)
    assert ask.calls["erp"] == 2
    for query, page in found.items():
        assert isinstance(page, Page)
        assert [got(order).key for order in page.items] == own[query.identities[0]]
    ask = _ask()
    await adapter.orders_by_customer(queries[:1], ask)
    assert ask.calls["erp"] == 1
