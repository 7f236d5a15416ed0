"""What the sandbox's adapters make of their systems' words, against the systems' own answers."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from msgspec import structs

from adapters._system import SystemSettings
from adapters._upstream import Upstream
from adapters.sandbox_crm import Adapter as CrmAdapter
from adapters.sandbox_crm import message as crm_message
from adapters.sandbox_crm.translation import Reader as CrmReader
from adapters.sandbox_erp import Adapter as ErpAdapter
from adapters.sandbox_erp import message, sale
from adapters.sandbox_erp.document import Neighbours
from adapters.sandbox_erp.document import order as booked
from adapters.sandbox_erp.price import ORGANISATIONS, offer
from adapters.sandbox_wms import Adapter as WmsAdapter
from domain.attribute import NumberAttribute
from domain.configuration import ConfigurationError
from domain.errors import BadInput
from domain.filter import ProductQuery
from domain.identity import external_id
from domain.location import LocationKind
from domain.money import Money
from domain.offer import Offer
from domain.order import OrderQuery, OrderState
from domain.page import PageRequest
from domain.product import Option
from domain.provenance import PRICE, Provenance
from domain.viewer import Channel
from sandbox.persona import CUSTOMER_CONTACT, CUSTOMER_KUNNR, CUSTOMER_ORDERS, NEIGHBOUR_KUNNR
from tests.adapters.counterpart import Counterpart, plain
from tests.sandbox.running import Sandbox

PROVENANCE = Provenance("erp", datetime(2026, 11, 22, tzinfo=UTC), PRICE)
ME, NEIGHBOUR = f"erp:{CUSTOMER_KUNNR}", f"erp:{NEIGHBOUR_KUNNR}"


@pytest.fixture
def counterpart(sandbox_counterpart: Counterpart) -> Counterpart:
    """The sandbox behind its adapters."""
    return sandbox_counterpart


def _adapter(counterpart: Counterpart, call: str) -> Any:
    return counterpart.promises[call].adapter


def _priced(*rows: tuple[str, str, str, str, str], rate: str = "23.00") -> message.Priced:
    conditions = [
        {
            "KSCHL": kind, "KBETR": amount, "KPEIN": per, "KONWA": currency,
            "DATAB": "20260901", "DATBI": last,
        }
        for kind, amount, per, currency, last in rows
    ]  # fmt: skip
    row = {
        "MATNR": "000000000100001001", "VKORG": "PL01", "KONP": conditions,
        "MWST": {"MWSKZ": "P1", "KBETR": rate, "KONWA": "%"},
    }  # fmt: skip
    return msgspec.json.decode(msgspec.json.encode(row), type=message.Priced)


def _offer(priced: message.Priced) -> Offer:
    found = offer(priced, ORGANISATIONS["PL"], PROVENANCE)
    assert found is not None
    return found


async def test_offers_are_the_erps_prices_in_every_market(
    sandbox: Sandbox, counterpart: Counterpart
) -> None:
    """The sale price is paid where there is one, per piece, with the tax it contains."""
    promise = counterpart.promises["offer_by_sku"]
    for market, organisation in ORGANISATIONS.items():
        today = datetime.now(ZoneInfo(organisation.zone))
        body = {
            "MATNR": [sku.zfill(18) for sku in promise.keys[:200]],
            "VKORG": organisation.code, "KONWA": organisation.currency, "PRSDT": f"{today:%Y%m%d}",
        }  # fmt: skip
        rows = {row["MATNR"].lstrip("0"): row for row in sandbox.erp("PRICES", body)}
        counterpart.market, counterpart.currency = market, organisation.currency
        offers = await promise.adapter.offer_by_sku(promise.keys[:200], counterpart.ask())
        assert set(offers) == set(rows)
        for sku, found in offers.items():
            amounts = {
                c["KSCHL"]: Decimal(c["KBETR"]) / Decimal(c["KPEIN"]) for c in rows[sku]["KONP"]
            }
            paid = found.price
            assert paid.gross.decimal == amounts.get("ZSAL", amounts["PR00"])
            assert found.list_price.gross.decimal == amounts["PR00"]
            assert found.is_reduced is ("ZSAL" in amounts)
            assert paid.net + paid.tax == paid.gross
            assert paid.gross.currency == organisation.currency
            assert paid.taxes[0].rate == Decimal(rows[sku]["MWST"]["KBETR"])


async def test_nothing_is_offered_where_nobody_sells(counterpart: Counterpart) -> None:
    """A market without an organisation, or a currency it does not sell in, has no offers."""
    promise = counterpart.promises["offer_by_sku"]
    for market, currency in (("FR", "EUR"), ("PL", "EUR")):
        counterpart.market, counterpart.currency = market, currency
        ask = counterpart.ask()
        assert await promise.adapter.offer_by_sku(promise.keys[:5], ask) == {}
        assert ask.calls.total() == 0


def test_a_price_for_ten_pieces_is_told_for_one() -> None:
    """KPEIN divides; what then has no whole minor unit is no offer, and harms no other."""
    ten = _priced(("PR00", "49.90", "10", "PLN", "99991231"))
    assert _offer(ten).price.gross == Money(499, "PLN")
    odd = ("PR00", "49.95", "10", "PLN", "99991231")
    assert offer(_priced(odd), ORGANISATIONS["PL"], PROVENANCE) is None
    sale = _offer(_priced(odd, ("ZSAL", "39.90", "10", "PLN", "99991231")))
    assert sale.price == sale.list_price, "nothing is reduced from what is no price"


def _position(**changed: str) -> sale.Item:
    row = {
        "POSNR": "000010", "MATNR": "000000000100001001", "ARKTX": "x", "KWMENG": "1.000",
        "KZWI1": "10.00", "NETWR": "8.13", "MWSBP": "1.87", "ABGRU": "",
        "WERKS": "WAW1",
    } | changed  # fmt: skip
    return msgspec.json.decode(msgspec.json.encode(row), type=sale.Item)


def _booked(*items: sale.Item) -> sale.Document:
    net = sum((item.netwr for item in items), start=Decimal(0))
    tax = sum((item.mwsbp for item in items), start=Decimal(0))
    return sale.Document(
        vbeln="4500000001", vkorg="PL01", vtweg="20", kunnr="0000000001", xcpdk="",
        erdat="20261101", erzet="120000", waerk="PLN", netwr=net, mwsbk=tax, gbstk="C",
        vbap=list(items), konv=[], bstnk="", likp=[],
    )  # fmt: skip


def test_a_line_says_its_price_before_and_its_total_after_the_discount() -> None:
    """A unit price is before the discount, and null where it is no whole minor unit."""
    lines = booked(
        _booked(
            _position(KWMENG="2.000", KZWI1="20.00", NETWR="14.63", MWSBP="3.37"),
            _position(KWMENG="0.350"),
            _position(),
        ),
        {"PL01": "PLN"},
        Neighbours(locations="wms", receipts="pos"),
        PROVENANCE,
    ).lines
    told = [(line.unit_price, line.discount, line.total) for line in lines]
    assert told == [
        (Money(1000, "PLN"), Money(200, "PLN"), Money(1800, "PLN")),
        (None, Money(0, "PLN"), Money(1000, "PLN")),
        (Money(1000, "PLN"), Money(0, "PLN"), Money(1000, "PLN")),
    ]


def test_an_offer_ends_at_the_midnight_of_its_market() -> None:
    """The last day of a price is included, and its end is that of the organisation's zone."""
    rows = (("PR00", "99.99", "1", "PLN", "99991231"), ("ZSAL", "49.99", "1", "PLN", "20261130"))
    found = _offer(_priced(*rows))
    assert found.valid_until == datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert _offer(_priced(rows[0])).valid_until is None


def test_a_version_changes_with_the_price_alone() -> None:
    """Equal conditions have equal versions; another amount, end or tax has another."""
    base = ("PR00", "99.99", "1", "PLN", "99991231")
    variations = [
        _priced(base), _priced(("PR00", "99.98", "1", "PLN", "99991231")),
        _priced(("PR00", "99.99", "1", "PLN", "20261231")), _priced(base, rate="8.00"),
        _priced(base, ("ZSAL", "89.99", "1", "PLN", "99991231")),
    ]  # fmt: skip
    versions = [_offer(each).version for each in variations]
    assert len(set(versions)) == len(versions)
    assert _offer(_priced(base)).version == versions[0]


@pytest.mark.parametrize(
    ("rows", "rate"),
    [
        ([("PR00", "-1.00", "1", "PLN", "99991231")], "23.00"),
        ([("PR00", "1.00", "0", "PLN", "99991231")], "23.00"),
        ([("PR00", "1.00", "1", "EUR", "99991231")], "23.00"),
        ([("PR00", "1.00", "1", "PLN", "99991231")] * 2, "23.00"),
        ([("ZXXX", "1.00", "1", "PLN", "99991231")], "23.00"),
        ([("PR00", "1.00", "1", "PLN", "20261331")], "23.00"),
        ([("PR00", "1.00", "1", "PLN", "99991231")], "-1.00"),
        ([("PR00", "NaN", "1", "PLN", "99991231")], "23.00"),
        ([("PR00", "1e30", "1", "PLN", "99991231")], "23.00"),
        ([], "23.00"),
    ],
)
def test_conditions_without_sense_are_no_price(
    rows: Sequence[tuple[str, str, str, str, str]], rate: str
) -> None:
    """Below zero, for no piece, doubled, foreign, endless: none of it becomes a price."""
    with pytest.raises((ValueError, ArithmeticError)):
        offer(_priced(*rows, rate=rate), ORGANISATIONS["PL"], PROVENANCE)


async def test_products_carry_what_the_erp_says_of_them(
    sandbox: Sandbox, counterpart: Counterpart
) -> None:
    """Names, texts, attributes, options, barcodes and pictures are those of the style."""
    adapter = _adapter(counterpart, "product_by_key")
    numbers = [str(n) for n in range(100_001, 100_101)]
    keys = [f"erp:{number}" for number in numbers]
    found = await adapter.product_by_key(keys, counterpart.ask("pl"))
    body = {"SATNR": [number.zfill(18) for number in numbers], "SPRAS": ["PL"]}
    for style in sandbox.erp("ARTICLE_BY_SATNR", body):
        product = found[f"erp:{style['SATNR'].lstrip('0')}"]
        assert (product.name, product.locale) == (style["MAKT"][0]["MAKTX"], "pl")
        assert product.description == style["LTXT"][0]["TDLINE"]
        assert product.brand == style["BRAND_ID"]
        assert product.category is not None
        assert product.category.code == style["MATKL"]
        assert product.category.name == style["T023T"][0]["WGBEZ"]
        assert [m.url for m in product.media] == [m["PATH"] for m in style["MEDIA"]]
        for variant, own in zip(product.variants, style["VARIANTS"], strict=True):
            assert variant.sku == own["MATNR"].lstrip("0")
            assert variant.gtins == (own["EAN11"],)
            colour, size = own["AUSP"]
            assert variant.options == (
                Option("colour", "Kolor", colour["ATWRT"], colour["TEXTS"][0]["ATWTB"]),
                Option("size", "Rozmiar", size["ATWRT"], size["ATWRT"]),
            )
            assert variant.media
            assert all(colour["ATWRT"].lower() in m.url for m in variant.media)
    heels = [a for p in found.values() for a in p.attributes if a.name == "Wysokość obcasa"]
    assert heels
    for each in heels:
        assert isinstance(each, NumberAttribute)
        assert each.unit == "cm"
        assert 0 < each.number < 10
        assert each.value == str(each.number)


async def test_a_style_is_described_at_length_only_where_that_is_read(
    counterpart: Counterpart,
) -> None:
    """What an operation does not read of a style is left out; all that it reads is as ever."""
    promise = counterpart.promises["product_by_key"]
    keys = promise.keys[:20]
    whole = await promise.adapter.product_by_key(keys, counterpart.ask())
    assert any(each.attributes and each.safety for each in whole.values())
    for fields, is_brief in (({"name"}, True), ({"attributes"}, False), ({"safety"}, False)):
        ask = structs.replace(counterpart.ask(), fields=frozenset(fields))
        found = await promise.adapter.product_by_key(keys, ask)
        for key, product in found.items():
            left_out = {"attributes": (), "composition": (), "safety": None} if is_brief else {}
            assert plain(product) == plain(structs.replace(whole[key], **left_out))


async def test_a_variant_brings_its_style_along_where_that_is_read(
    counterpart: Counterpart,
) -> None:
    """A variant is the same with its style and without, and the style is whole."""
    promise = counterpart.promises["variant_by_sku"]
    skus = promise.keys[:20]
    alone, along = [
        await promise.adapter.variant_by_sku(
            skus, structs.replace(counterpart.ask(), fields=frozenset(fields))
        )
        for fields in ({"name"}, {"name", "style"})
    ]
    assert alone.keys() == along.keys() == set(skus)
    for sku, variant in along.items():
        assert variant.style is not None
        assert variant.style.safety is not None
        assert plain(alone[sku]) == plain(structs.replace(variant, style=None))


async def test_an_untranslated_product_says_which_language_it_is_in(
    sandbox: Sandbox, counterpart: Counterpart
) -> None:
    """A style without a German name comes in English, without either in Polish."""
    adapter = _adapter(counterpart, "product_by_key")
    spoken = {
        f"erp:{style['SATNR'].lstrip('0')}": {text["SPRAS"] for text in style["MAKT"]}
        for skip in (0, 100, 200)
        for style in sandbox.articles(top=100, skip=skip)["results"]
    }
    found = await adapter.product_by_key(list(spoken), counterpart.ask("de"))
    for key, languages in spoken.items():
        best = next(code for code in ("DE", "EN", "PL") if code in languages)
        assert found[key].locale == best.lower()
    assert {product.locale for product in found.values()} == {"de", "en", "pl"}


async def test_search_passes_through(counterpart: Counterpart) -> None:
    """A search lists what the ERP finds, and a cursor that is not its own is refused."""
    adapter = _adapter(counterpart, "products_by_query")
    query = ProductQuery(PageRequest(5), "sukienka & midi=?")
    assert (await adapter.products_by_query([query], counterpart.ask()))[query].total == 0
    query = ProductQuery(PageRequest(5), "sukienka midi")
    page = (await adapter.products_by_query([query], counterpart.ask("pl")))[query]
    assert page.total > 0
    assert all("Sukienka midi" in product.name for product in page.items)
    for cursor in ("", "x", "-1", "1.2", "99999999", "\uff11"):
        wrong = ProductQuery(PageRequest(5, cursor))
        found = await adapter.products_by_query([query, wrong], counterpart.ask("pl"))
        assert isinstance(found[wrong], BadInput)
        assert found[wrong].argument == "after"
        assert wrong.page.cursor(cursor) in found[wrong].message
        assert found[query].items, "the query beside it is whole"


async def test_orders_are_what_the_erp_booked(sandbox: Sandbox, counterpart: Counterpart) -> None:
    """Number, time, state, channel, lines, sums and buyer are those of the document."""
    adapter = _adapter(counterpart, "order_by_key")
    numbers = [str(4_500_000_001 + n) for n in range(0, 1_500, 8)]
    found = await adapter.order_by_key([f"erp:{n}" for n in numbers], counterpart.ask())
    documents = sandbox.erp("ORDERS_BY_VBELN", {"VBELN": numbers})
    assert len(found) == len(documents) == len(numbers)
    channels = {
        "10": Channel.POS, "20": Channel.WEB, "30": Channel.APP, "40": Channel.AGENT,
        "50": Channel.MARKETPLACE,
    }  # fmt: skip
    states = {"A": OrderState.OPEN, "B": OrderState.PARTLY_FULFILLED, "C": OrderState.FULFILLED}
    for document in documents:
        order = found[f"erp:{document['VBELN']}"]
        gross = Decimal(document["NETWR"]) + Decimal(document["MWSBK"])
        assert order.total.decimal == gross
        assert order.tax is not None
        assert order.tax.decimal == Decimal(document["MWSBK"])
        assert f"{order.placed_at:%Y%m%d%H%M%S%z}" == (
            f"{document['ERDAT']}{document['ERZET']}+0000"
        )
        assert order.channel is channels[document["VTWEG"]]
        is_sale = document["VTWEG"] == "10"
        assert order.receipt_key == (f"pos:{document['BSTNK']}" if is_sale else None)
        assert order.fulfillments is not None
        for row, delivery in zip(order.fulfillments, document["LIKP"], strict=True):
            assert row.tracking_number == (delivery["TRAID"] or None)
            assert (row.done_at is None) == (delivery["WADAT_IST"] == "00000000")
            assert [line.position for line in row.lines] == [
                str(int(item["VGPOS"])) for item in delivery["LIPS"]
            ]
        cancelled = all(item["ABGRU"] for item in document["VBAP"])
        assert order.state is (OrderState.CANCELLED if cancelled else states[document["GBSTK"]])
        buyer = None if document["XCPDK"] else f"erp:{document['KUNNR']}"
        assert order.customer_key == buyer
        for line, item in zip(order.lines, document["VBAP"], strict=True):
            assert line.position == str(int(item["POSNR"]))
            assert line.sku == item["MATNR"].lstrip("0")
            assert line.quantity == Decimal(item["KWMENG"])
            assert line.total.decimal == Decimal(item["NETWR"]) + Decimal(item["MWSBP"])
            assert line.unit_price is not None
            assert line.unit_price.decimal * line.quantity == Decimal(item["KZWI1"])
            assert line.discount is not None
            assert line.discount.decimal == -Decimal(item["KZWI2"])
    assert {order.state for order in found.values()} >= {
        OrderState.FULFILLED, OrderState.CANCELLED,
    }  # fmt: skip
    assert None in {order.customer_key for order in found.values()}, "some bought as guests"


async def test_pages_of_one_customer_join_without_gap(counterpart: Counterpart) -> None:
    """A customer's pages, asked for one by one or at once, make the whole, newest first."""
    adapter = _adapter(counterpart, "orders_by_customer")
    whole = OrderQuery((f"crm:{CUSTOMER_CONTACT}", ME), PageRequest(100))
    everything = (await adapter.orders_by_customer([whole], counterpart.ask()))[whole]
    assert len(everything.items) == everything.total == CUSTOMER_ORDERS
    assert not everything.has_next
    times = [order.placed_at for order in everything.items]
    assert times == sorted(times, reverse=True)
    pages = [
        OrderQuery(whole.identities, PageRequest(5, after))
        for after in (None, everything.cursors[4], everything.cursors[9])
    ]
    ask = counterpart.ask()
    found = await adapter.orders_by_customer(pages, ask)
    numbers = [order.number for page in pages for order in found[page].items]
    assert numbers == [order.number for order in everything.items]
    assert [found[page].has_next for page in pages] == [True, True, False]


async def test_customers_on_different_pages_share_a_call(counterpart: Counterpart) -> None:
    """One call reads the pages of many customers, however far each has come."""
    adapter = _adapter(counterpart, "orders_by_customer")
    queries = [
        OrderQuery((ME,), PageRequest(3, "6")),
        OrderQuery((NEIGHBOUR,), PageRequest(3)),
        OrderQuery(("erp:0009999999",), PageRequest(3)),
    ]
    ask = counterpart.ask()
    found = await adapter.orders_by_customer(queries, ask)
    assert ask.calls.total() == 1
    assert len(found[queries[0]].items) == 3
    assert found[queries[2]].items == ()


async def test_a_customer_with_two_numbers_has_one_list(counterpart: Counterpart) -> None:
    """The orders of all of a customer's numbers come as one list, newest first, page by page."""
    adapter = _adapter(counterpart, "orders_by_customer")
    single = [OrderQuery((each,), PageRequest(100)) for each in (ME, NEIGHBOUR)]
    alone = await adapter.orders_by_customer(single, counterpart.ask())
    expected = sorted(
        (order for page in alone.values() for order in page.items),
        key=lambda order: order.placed_at,
        reverse=True,
    )
    found: list[str] = []
    after: str | None = None
    while True:
        query = OrderQuery((ME, NEIGHBOUR), PageRequest(4, after))
        page = (await adapter.orders_by_customer([query], counterpart.ask()))[query]
        assert page.total == len(expected)
        found += [order.number for order in page.items]
        if not page.has_next:
            break
        after = page.cursors[-1]
    assert found == [order.number for order in expected]
    wrong = OrderQuery((ME, NEIGHBOUR), PageRequest(4, "3"))
    refused = await adapter.orders_by_customer([wrong, *single], counterpart.ask())
    assert isinstance(refused[wrong], BadInput)
    assert [len(refused[each].items) > 0 for each in single] == [True, True]


async def test_stock_is_the_wms_row_by_row(sandbox: Sandbox, counterpart: Counterpart) -> None:
    """Every site's figures pass through as booked, below zero included, with the site's stamp."""
    promise = counterpart.promises["stock_by_sku"]
    skus = promise.keys[:500]
    found = await promise.adapter.stock_by_sku(skus, counterpart.ask())
    raw = sandbox.stock(skus)
    assert set(found) == set(raw)
    for sku, rows in raw.items():
        assert [external_id(level.location_key).id for level in found[sku]] == [
            row["site"] for row in rows
        ]
        for level, row in zip(found[sku], rows, strict=True):
            figures = (level.on_hand, level.allocated, level.safety_stock)
            assert figures == (row["qoh"], row["alloc"], row["ss"])
            assert [(s.quantity, s.expected_at.timestamp() * 1000) for s in level.incoming] == [
                (due["qty"], due["eta"]) for due in row["due"]
            ]
    levels = [level for each in found.values() for level in each]
    assert any(level.is_negative and level.available == 0 for level in levels)
    assert () in {tuple(each) for each in found.values()}, "known, and held nowhere"


async def test_old_snapshots_keep_their_age(counterpart: Counterpart) -> None:
    """A level's time is the snapshot's, not the answer's."""
    assert counterpart.fault is not None
    counterpart.fault(stale_ms=3_600_000)
    promise = counterpart.promises["stock_by_sku"]
    found = await promise.adapter.stock_by_sku(promise.keys[:3], counterpart.ask())
    now = datetime.now(UTC)
    ages = [level.provenance.age(now) for each in found.values() for level in each]
    assert ages
    assert all(age.total_seconds() >= 3_600 for age in ages)


async def test_places_are_the_directorys(sandbox: Sandbox, counterpart: Counterpart) -> None:
    """Kind, address and coordinates are the site's."""
    adapter = _adapter(counterpart, "location_by_key")
    sites = sandbox.clients["wms"].get("/v2/sites").json()["sites"]
    found = await adapter.location_by_key(
        [f"wms:{site['code']}" for site in sites], counterpart.ask()
    )
    kinds = {"S": LocationKind.STORE, "W": LocationKind.WAREHOUSE, "L": LocationKind.LOCKER}
    for site in sites:
        place = found[f"wms:{site['code']}"]
        assert (place.name, place.kind) == (site["name"], kinds[site["type"]])
        assert place.address is not None
        assert place.address.city == site["addr"]["city"]
        assert place.coordinates is not None
        assert str(Decimal(site["lat"]).normalize()) == str(
            Decimal(repr(place.coordinates.latitude)).normalize()
        )


async def test_customers_and_accounts_are_the_crms(
    sandbox: Sandbox, counterpart: Counterpart
) -> None:
    """A contact's name, reach, links and points are passed on whole."""
    crm = _adapter(counterpart, "customer_by_key")
    ids = [f"C-{n:06d}" for n in range(1, 101)]
    keys = [f"crm:{each}" for each in ids]
    customers = await crm.customer_by_key(keys, counterpart.ask())
    for contact in sandbox.crm("contacts/batch", {"ids": ids}):
        customer = customers[f"crm:{contact['id']}"]
        assert customer.name is not None
        assert customer.name.given == contact["name"]["given"]
        assert customer.email == contact["emails"][0]["address"]
        phones = [phone["number"] for phone in contact["phones"]]
        assert customer.phone == (phones[0] if phones else None)
        born = contact["birthDate"]
        assert customer.birth_date == (date.fromisoformat(born) if born else None)
        assert len(customer.addresses) == len(contact["addresses"])
        links = [
            f"{reference['system'].lower()}:{reference['id']}"
            for reference in contact["externalRefs"]
        ]
        assert [
            (each.purpose.value.lower(), each.state.value.lower()) for each in customer.consents
        ] == [(consent["purpose"], consent["state"]) for consent in contact["consents"]]
        assert customer.identities == (customer.key, *links)
        assert customer.is_restricted is contact["restricted"]
        assert customer.language == contact["locale"].replace("_", "-")
    accounts = await crm.loyalty_by_customer(keys, counterpart.ask())
    raw = sandbox.crm("loyalty/accounts/batch", {"contactIds": ids})
    assert {a.number: a.points for a in accounts.values()} == {
        account["cardNumber"]: account["balance"]["points"] for account in raw
    }
    assert accounts[f"crm:{CUSTOMER_CONTACT}"].tier in ("SILVER", "GOLD", "PLATINUM")


_CONTACT: dict[str, Any] = {
    "id": "C-1", "status": "active", "restricted": False, "name": {"given": "A", "family": "B"},
    "emails": [], "phones": [], "birthDate": None, "locale": None, "addresses": [],
    "consents": [], "segments": [], "externalRefs": [],
}  # fmt: skip


@pytest.mark.parametrize("field", sorted(_CONTACT.keys() - {"id"}))
def test_a_field_that_was_asked_for_is_there(field: str) -> None:
    """A contact without a field that was asked for breaks the contract; what was not asked for
    may be absent."""
    reader = CrmReader("crm", {})
    rest = {name: each for name, each in _CONTACT.items() if name != field}
    contact = msgspec.convert(rest, crm_message.Contact)
    others = rest.keys() - {"id"}
    assert reader.customer(contact, PROVENANCE, sorted(others)).key == "crm:C-1"
    for asked in (None, [field]):
        with pytest.raises(ValueError, match=field):
            reader.customer(contact, PROVENANCE, asked)


_TALK: dict[str, Any] = {
    "id": "I-1", "kind": "call", "direction": "in", "at": "2026-11-22T10:00:00+01:00",
    "topic": "advice", "subject": "A size", "note": "The larger one.", "reference": None,
}  # fmt: skip


@pytest.mark.parametrize("field", ["subject", "note", "reference"])
def test_a_part_of_a_conversation_that_was_asked_for_is_there(field: str) -> None:
    """A conversation without a field that was asked for breaks the contract."""
    reader = CrmReader("crm", {})
    rest = {name: each for name, each in _TALK.items() if name != field}
    talk = msgspec.convert(rest, crm_message.Talk)
    found = reader.interaction("C-1", talk, PROVENANCE, ["kind", "topic"])
    assert found.topic == "advice"
    for asked in (None, [field]):
        with pytest.raises(ValueError, match=field):
            reader.interaction("C-1", talk, PROVENANCE, asked)


@pytest.mark.parametrize("kind", [ErpAdapter, WmsAdapter, CrmAdapter])
async def test_a_missing_key_is_told_at_the_start(kind: Any) -> None:
    """Without a secret an adapter names the setting to write."""
    settings = SystemSettings(adapter="x", url="http://127.0.0.1:9", serves=[])
    with pytest.raises(ConfigurationError, match=r"systems\.shop\.secret_env"):
        kind(Upstream("shop", settings), None, kind.Options())
