"""Tryton's adapter over answers that no honest Tryton gives, on real sockets."""

import gzip
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from adapters._system import SystemSettings
from adapters._upstream import Upstream
from adapters.tryton import Adapter
from domain.ask import Ask
from domain.availability import StockLevel
from domain.configuration import ConfigurationError
from domain.customer import Customer, Trait, TraitKind
from domain.deadline import Deadline, Duration
from domain.errors import (
    BadInput,
    Failure,
    SourceContract,
    SourceFailure,
    SourceRejected,
    SourceTimeout,
    SourceUnavailable,
)
from domain.location import LocationQuery
from domain.offer import Offer
from domain.order import Order, OrderQuery
from domain.page import Page, PageRequest
from domain.secret import Secret
from domain.viewer import Channel
from tests.adapters.counterpart import whole
from tests.adapters.fault import Exchange, Faulty, answer

_AMOUNT = {"__class__": "Decimal", "decimal": "10.0000"}
_PRICE: dict[str, Any] = {
    "id": 1,
    "code": "A",
    "sale_price_uom": _AMOUNT,
    "list_price_used": _AMOUNT,
    "default_uom.": {"id": 1, "factor": 1.0},
    "sale_uom.": {"id": 1, "factor": 1.0},
    "template.": {
        "id": 1,
        "account_category.": {
            "id": 1,
            "customer_taxes_used.": [
                {
                    "id": 1,
                    "type": "percentage",
                    "rate": {"__class__": "Decimal", "decimal": "0.23"},
                    "start_date": None,
                    "end_date": None,
                }
            ],
        },
    },
}
_STOCK: dict[str, Any] = {
    "id": 1,
    "code": "A",
    "quantity": 5.0,
    "default_uom.": {"id": 1, "factor": 1.0, "digits": 0},
    "template.": {"id": 1, "type": "goods", "sale_uom.": {"id": 1, "factor": 1.0}},
}
_MOVE: dict[str, Any] = {
    "id": 1,
    "product.": {"id": 1, "code": "A"},
    "internal_quantity": 2.0,
    "from_location": 2,
    "to_location": 9,
    "planned_date": None,
}
_HONEST: dict[str, Any] = {
    "common.db.login": [2, "token", None],
    "model.res.user.get_preferences": {"company": 1},
    "model.company.company.search_read": [{"id": 1, "currency.": {"id": 1, "code": "PLN"}}],
    "model.ir.lang.search_read": [{"id": 1, "code": "en"}],
    "model.product.price_list.search_read": [],
    "model.stock.location.search_read": [
        {"id": 1, "type": "warehouse", "parent": None},
        {"id": 2, "type": "storage", "parent": 1},
    ],
    "model.stock.move.search_read": [],
    "model.party.party.search_read": [],
    "model.product.product.search_read": [_PRICE],
}


def _ask(seconds: float = 10) -> Ask:
    return Ask(
        deadline=Deadline.after(seconds),
        market="PL",
        currency="PLN",
        language="en",
        channel=Channel.WEB,
    )


def _with(record: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """Change one value deep in a record."""
    copy: dict[str, Any] = json.loads(json.dumps(record))
    at: Any = copy
    *parents, last = path.split("/")
    for parent in parents:
        at = at[int(parent) if parent.isdigit() else parent]
    at[last] = value
    return copy


Respond = Callable[[str, Exchange], Awaitable[bytes | None]]


@asynccontextmanager
async def _tryton(respond: Respond | None = None, **results: object) -> AsyncIterator[Adapter]:
    """An adapter before a server that answers as told, else honestly."""
    given = {**_HONEST, **{name.replace("__", "."): value for name, value in results.items()}}

    async def play(_: Faulty, exchange: Exchange) -> None:
        method = json.loads(exchange.body)["method"]
        special = await respond(method, exchange) if respond else None
        body = json.dumps({"id": 0, "result": given[method]}).encode()
        await exchange.say(special if special is not None else answer(body))

    async with Faulty(play) as server:
        settings = SystemSettings(
            adapter="tryton", url=server.url, serves=["offer", "stock"], timeout=Duration(5)
        )
        upstream = Upstream("erp", settings)
        try:
            options = Adapter.Options(database="erp", user="gateway", price_lists={"DE": 7})
            yield Adapter(upstream, Secret("password"), options)
        finally:
            await upstream.close()


def _levels(found: Sequence[StockLevel] | Failure) -> Sequence[StockLevel]:
    assert not isinstance(found, Failure), found
    return found


_TAX = "template./account_category./customer_taxes_used./0"


async def test_honest_answers_are_read() -> None:
    """What the other tests change is whole before."""
    async with _tryton() as adapter:
        offer = whole(await adapter.offer_by_sku(["A"], _ask()))["A"]
        assert (offer.price.gross.minor, offer.price.tax.minor) == (1230, 230)
    async with _tryton(
        model__product__product__search_read=[_STOCK], model__stock__move__search_read=[_MOVE]
    ) as adapter:
        (level,) = whole(await adapter.stock_by_sku(["A"], _ask()))["A"]
        assert (level.on_hand, level.allocated, level.available) == (5, 2, 3)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("sale_price_uom/decimal", "NaN"),
        ("sale_price_uom/decimal", "sNaN"),
        ("sale_price_uom/decimal", "-Infinity"),
        ("sale_price_uom/decimal", "1E+999999"),
        ("sale_price_uom/decimal", "9" * 40),
        ("sale_price_uom/decimal", "-0.01"),
        ("sale_price_uom/decimal", "ten"),
        ("sale_price_uom", 10.0),
        ("sale_price_uom", {"__class__": "date", "year": 2026, "month": 1, "day": 1}),
        ("list_price_used/decimal", "NaN"),
        ("sale_uom./factor", 0),
        ("sale_uom./factor", -1),
        ("default_uom./factor", math.nan),
        (f"{_TAX}/rate/decimal", "23"),
        (f"{_TAX}/rate/decimal", "NaN"),
        (f"{_TAX}/rate", None),
        (f"{_TAX}/type", "fixed"),
        (f"{_TAX}/start_date", {"__class__": "date", "year": 2026, "month": 2, "day": 30}),
        ("code", 5),
    ],
)
async def test_a_price_that_is_none_breaks_the_contract(path: str, value: object) -> None:
    """A price or tax that makes no sense is told with the call, and no price is made of it."""
    async with _tryton(model__product__product__search_read=[_with(_PRICE, path, value)]) as tryton:
        with pytest.raises(SourceContract) as raised:
            whole(await tryton.offer_by_sku(["A"], _ask()))
        assert raised.value.call == "offer_by_sku"
        assert raised.value.system == "erp"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("quantity", math.nan),
        ("quantity", math.inf),
        ("quantity", 1e300),
        ("quantity", -1e12),
        ("quantity", 2.5),
        ("quantity", "many"),
        ("quantity", None),
        ("template./sale_uom./factor", 0),
    ],
)
async def test_a_quantity_that_is_none_breaks_the_contract(path: str, value: object) -> None:
    """A quantity that no shelf can hold is told with the call, and no figure is made of it."""
    async with _tryton(model__product__product__search_read=[_with(_STOCK, path, value)]) as tryton:
        with pytest.raises(SourceContract) as raised:
            whole(await tryton.stock_by_sku(["A"], _ask()))
        assert raised.value.call == "stock_by_sku"


@pytest.mark.parametrize("value", [math.nan, -1.0, 1e300, 0.5])
async def test_a_move_that_is_none_breaks_the_contract(value: float) -> None:
    """A move of a quantity that makes no sense is told, and nothing is allocated by it."""
    async with _tryton(
        model__product__product__search_read=[_STOCK],
        model__stock__move__search_read=[_with(_MOVE, "internal_quantity", value)],
    ) as tryton:
        with pytest.raises(SourceContract):
            whole(await tryton.stock_by_sku(["A"], _ask()))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("internal_quantity", -1.0),
        ("internal_quantity", "many"),
        ("planned_date", {"__class__": "date", "year": 2026, "month": 13, "day": 1}),
        ("to_location", None),
    ],
)
async def test_a_damaged_move_costs_its_own_product(path: str, value: object) -> None:
    """Of several products the one whose move makes no sense is a failure, and no other."""
    moves = [_with(_with(_MOVE, "product./code", "B"), path, value), _MOVE]
    async with _tryton(
        model__product__product__search_read=[_STOCK, _with(_STOCK, "code", "B")],
        model__stock__move__search_read=moves,
    ) as tryton:
        found = await tryton.stock_by_sku(["A", "B"], _ask())
        (level,) = _levels(found["A"])
        assert (level.on_hand, level.allocated) == (5, 2)
        assert isinstance(found["B"], SourceContract)


async def test_a_damaged_move_of_nobody_knows_what_is_everybody_s() -> None:
    """A damaged move that does not say what it moves may be anything's: no figure is made."""
    move = _with(_with(_MOVE, "product./code", None), "internal_quantity", -1.0)
    async with _tryton(
        model__product__product__search_read=[_STOCK], model__stock__move__search_read=[move]
    ) as tryton:
        with pytest.raises(SourceContract):
            await tryton.stock_by_sku(["A"], _ask())


async def test_a_damaged_move_does_not_end_the_reading() -> None:
    """A full page that ends in a damaged move is followed by the next one."""
    full = [_with(_MOVE, "id", number) for number in range(1, 1000)]
    full.append(_with(_with(_MOVE, "product./code", "B"), "id", None))

    async def respond(method: str, exchange: Exchange) -> bytes | None:
        if method != "model.stock.move.search_read":
            return None
        page = full if b'["id",">",0]' in exchange.body else [_with(_MOVE, "id", 1001)]
        return answer(json.dumps({"id": 0, "result": page}).encode())

    products = [_with(_STOCK, "quantity", 9000.0), _with(_STOCK, "code", "B")]
    async with _tryton(respond, model__product__product__search_read=products) as tryton:
        found = await tryton.stock_by_sku(["A", "B"], _ask())
        assert [each.allocated for each in _levels(found["A"])] == [2000]
        assert isinstance(found["B"], SourceContract)


async def test_a_code_that_stands_twice_breaks_the_contract() -> None:
    """Where two products have one code, nobody guesses which price is meant."""
    async with _tryton(model__product__product__search_read=[_PRICE, _PRICE]) as tryton:
        with pytest.raises(SourceContract, match="code A"):
            whole(await tryton.offer_by_sku(["A", "B"], _ask()))


_SALE: dict[str, Any] = {
    "id": 7,
    "number": "SO7",
    "party": 3,
    "state": "processing",
    "shipment_state": "none",
    "create_date": {"__class__": "datetime", "year": 2026, "month": 3, "day": 1},
    "warehouse": 1,
    "web_shop": None,
    "currency.": {"id": 1, "code": "PLN"},
    "total_amount": {"__class__": "Decimal", "decimal": "0.00"},
    "tax_amount": {"__class__": "Decimal", "decimal": "0.00"},
    "lines.": [],
    "shipments.": [],
}


async def test_a_damaged_record_costs_its_own_key() -> None:
    """Of several records the one that is damaged is its own key's failure, in a page too."""
    prices = [_PRICE, _with(_with(_PRICE, "code", "B"), "sale_price_uom", "dear")]
    async with _tryton(model__product__product__search_read=prices) as tryton:
        offers = await tryton.offer_by_sku(["A", "B"], _ask())
        assert isinstance(offers["A"], Offer)
        assert isinstance(offers["B"], SourceContract)
    sales = [_with(_SALE, "id", 9), _with(_with(_SALE, "id", 8), "state", None), _SALE]
    async with _tryton(model__sale__sale__search_read=sales) as tryton:
        orders = await tryton.order_by_key(["erp:7", "erp:8", "erp:9"], _ask())
        assert [type(orders[f"erp:{n}"]) for n in (7, 8, 9)] == [Order, SourceContract, Order]
        query = OrderQuery(("erp:3",), PageRequest(2))
        page = (await tryton.orders_by_customer([query], _ask()))[query]
        assert isinstance(page, Page)
        assert [type(each) for each in page.items] == [Order, SourceContract]
        assert (page.cursors, page.has_next) == (("9", "8"), True)


_MECHANISMS = ["contact_mechanisms.type", "contact_mechanisms.value"]
_ADDRESSES = [f"addresses.{name}" for name in ("city", "country.code", "postal_code", "street")]
_BY_MAIL, _BY_NAME = Trait(TraitKind.EMAIL, "a@b.example"), Trait(TraitKind.NAME, "Nowak")


@pytest.mark.parametrize(
    ("fields", "traits", "asked"),
    [
        (None, [], [*_ADDRESSES, "code", *_MECHANISMS, "lang.code", "name"]),
        ({"identities", "is_restricted"}, [], []),
        ({"name"}, [], ["name"]),
        ({"email"}, [], ["email"]),
        ({"phone", "number"}, [], ["code", "mobile", "phone"]),
        ({"email", "other_phones"}, [], _MECHANISMS),
        ({"birth_date", "consents", "segments"}, [], []),
        ({"language", "addresses"}, [], [*_ADDRESSES, "lang.code"]),
        # By these it is told whom a search has found.
        ({"language"}, [_BY_MAIL], [*_MECHANISMS, "lang.code"]),
        (set(), [_BY_NAME], [*_ADDRESSES, "name"]),
    ],
)
async def test_a_party_is_asked_for_what_will_be_read(
    fields: set[str] | None, traits: list[Trait], asked: list[str]
) -> None:
    """Tryton is asked for no field of a party that nobody will read."""
    sent: list[list[str]] = []

    async def respond(method: str, exchange: Exchange) -> bytes | None:
        if method != "model.party.party.search_read":
            return None
        sent.append(json.loads(exchange.body)["params"][4])
        return answer(b'{"id": 0, "result": []}')

    ask = replace(_ask(), fields=None if fields is None else frozenset(fields))
    async with _tryton(respond) as tryton:
        if traits:
            await tryton.customers_by_trait(traits, ask)
        else:
            await tryton.customer_by_key(["erp:1"], ask)
    assert sent == [["id", *asked]]


async def test_a_party_without_what_was_asked_for_breaks_the_contract() -> None:
    """A field that was asked for and is not there is a contract failure of that party alone."""
    parties = [{"id": 1, "name": "A"}, {"id": 2}]
    async with _tryton(model__party__party__search_read=parties) as tryton:
        found = await tryton.customer_by_key(
            ["erp:1", "erp:2"], replace(_ask(), fields=frozenset({"name"}))
        )
    assert isinstance(found["erp:1"], Customer)
    assert isinstance(found["erp:2"], SourceContract)


async def test_a_forged_cursor_harms_no_other_list() -> None:
    """A cursor that is none costs its own page of places and of orders, and no other."""
    places = [{"id": 1, "name": "W", "allow_pickup": False, "address.": None}]
    async with _tryton(model__sale__sale__search_read=[_SALE]) as tryton:
        good, bad = (OrderQuery(("erp:3",), PageRequest(2, after)) for after in (None, "x"))
        found = await tryton.orders_by_customer([bad, good], _ask())
        assert isinstance(found[bad], BadInput)
        assert isinstance(found[good], Page)

    async def respond(method: str, exchange: Exchange) -> bytes | None:
        if method == "model.stock.location.search_read" and b"allow_pickup" in exchange.body:
            return answer(json.dumps({"id": 0, "result": places}).encode())
        return None

    async with _tryton(respond) as tryton:
        one, other = (LocationQuery(PageRequest(2, after)) for after in (None, "x"))
        listed = await tryton.locations_by_query([other, one], _ask())
        assert isinstance(listed[other], BadInput)
        page = listed[one]
        assert isinstance(page, Page)
        assert len(page.items) == 1


async def test_what_was_not_asked_for_is_left_out() -> None:
    """Tryton compares codes more loosely than the gateway: an answer to another key is none."""
    async with _tryton() as tryton:
        assert await tryton.offer_by_sku(["A "], _ask()) == {}


async def test_pages_that_go_round_end() -> None:
    """A system that gives the same full page for ever is told, not followed."""
    page = [_with(_MOVE, "id", 1)] * 1000
    async with _tryton(
        model__product__product__search_read=[_STOCK], model__stock__move__search_read=page
    ) as tryton:
        with pytest.raises(SourceContract, match="does not go on"):
            whole(await tryton.stock_by_sku(["A"], _ask()))


async def test_places_in_a_circle_end() -> None:
    """Places that contain each other belong to no warehouse, and hang nobody."""
    circle = [
        {"id": 1, "type": "warehouse", "parent": None},
        {"id": 3, "type": "view", "parent": 4},
        {"id": 4, "type": "view", "parent": 3},
    ]
    async with _tryton(
        model__stock__location__search_read=circle, model__product__product__search_read=[_STOCK]
    ) as tryton:
        assert len(whole(await tryton.stock_by_sku(["A"], _ask()))["A"]) == 1


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (answer(b'{"id": 0, "error": ["UserError", ["No.", "", null]]}'), SourceRejected, "No."),
        (
            answer(b'{"id": 0, "error": ["KeyError: \'jan@example.com\'", ""]}'),
            SourceRejected,
            "log",
        ),
        (answer(b'{"id": 0, "error": []}'), SourceRejected, "log"),
        (answer(b'{"id": 0}'), SourceContract, "neither"),
        (answer(b"<html>", "Content-Type: text/html"), SourceContract, "HTML"),
        (answer(b'{"id": 0, "result": [{}]}'), SourceContract, "missing"),
        (answer(b"<html>", "Content-Type: text/html", status="403 x"), SourceRejected, "method"),
        (answer(b"<html>", status="422 x"), SourceRejected, "context"),
        (answer(b"<html>", status="429 x"), SourceUnavailable, "sign-ins"),
        (answer(b"<html>", status="503 x"), SourceUnavailable, "database"),
        (
            answer(gzip.compress(b'{"id": 0, "result": []}'), "Content-Encoding: gzip"),
            None,
            "",
        ),
        (
            answer(b'{"id": 0, "result": []}', "Content-Encoding: gzip"),
            SourceContract,
            "claims to be gzip",
        ),
    ],
)
async def test_errors(reply: bytes, kind: type[SourceFailure] | None, words: str) -> None:
    """Each form of error that Tryton has means the failure it stands for, without foreign data."""

    async def respond(method: str, _: Exchange) -> bytes | None:
        return reply if method == "model.product.product.search_read" else None

    async with _tryton(respond) as tryton:
        if kind is None:
            assert await tryton.offer_by_sku(["A"], _ask()) == {}
            return
        with pytest.raises(kind, match=words) as raised:
            await tryton.offer_by_sku(["A"], _ask())
        assert "jan@" not in str(raised.value)


async def test_gzip_is_always_accepted() -> None:
    """Every request accepts gzip: without it Tryton says gzip of what is none."""
    heads: list[str] = []

    async def respond(_: str, exchange: Exchange) -> None:
        heads.append(exchange.head.lower())

    async with _tryton(respond) as tryton:
        await tryton.offer_by_sku(["A"], _ask())
    assert len(heads) == 7
    assert all("accept-encoding: gzip" in head for head in heads)


async def test_a_session_that_ends_twice_is_refused() -> None:
    """A session that ends as soon as it began is renewed once, and then told."""

    async def respond(method: str, _: Exchange) -> bytes | None:
        if method == "model.product.product.search_read":
            return answer(b"", status="401 UNAUTHORIZED")
        return None

    async with _tryton(respond) as tryton:
        await tryton.start()
        ask = _ask()
        with pytest.raises(SourceRejected, match="twice"):
            await tryton.offer_by_sku(["A"], ask)
        assert ask.calls["erp"] == 3


async def test_a_second_factor_is_told() -> None:
    """A user for whom a password is not enough cannot be the gateway's; the refusal says so."""

    async def respond(method: str, _: Exchange) -> bytes | None:
        if method == "common.db.login":
            return answer(b'{"id": 0, "error": ["LoginException", ["code", "Code:", "char"]]}')
        return None

    async with _tryton(respond) as tryton:
        with pytest.raises(SourceRejected, match="sign-in: LoginException"):
            await tryton.offer_by_sku(["A"], _ask())


async def test_waiting_to_sign_in_ends_in_time() -> None:
    """Who waits for another's sign-in waits no longer than its own operation may take."""

    async def respond(method: str, exchange: Exchange) -> bytes | None:
        if method == "common.db.login":
            await exchange.wait_for_end()
        return None

    async with _tryton(respond) as tryton:
        with pytest.raises(SourceTimeout):
            await tryton.offer_by_sku(["A"], _ask(0.3))


@pytest.mark.parametrize("key", ["pl", "PLN", "PL/", "PL/SHOP", ""])
async def test_a_price_list_for_nobody_is_told(key: str) -> None:
    """A price list under what is neither a market nor a channel of one is told at the start."""
    settings = SystemSettings(adapter="tryton", url="http://127.0.0.1:1", serves=["offer"])
    upstream = Upstream("erp", settings)
    options = Adapter.Options(database="erp", user="gateway", price_lists={key: 1, "PL/POS": 2})
    with pytest.raises(ConfigurationError, match="price_lists"):
        Adapter(upstream, Secret("password"), options)
    await upstream.close()
