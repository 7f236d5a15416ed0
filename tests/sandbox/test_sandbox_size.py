"""The large retailer has the size and the life of a real one."""

from collections import Counter
from datetime import timedelta

import pytest

from sandbox.catalogue import Catalogue, Style
from sandbox.clock import TODAY
from sandbox.contact import contact_at, person_at
from sandbox.interaction import interactions
from sandbox.loyalty import Loyalty
from sandbox.material import article, fibres, style_values
from sandbox.number import card_of, is_member, kunnr_of
from sandbox.order import Orders
from sandbox.place import Site, sites
from sandbox.price import BY_COUNTRY, conditions
from sandbox.scale import LARGE
from sandbox.stock import levels
from sandbox.twin import AGAIN, ALIKE, NAMESAKE, RELATIVE, link_of, owner_of
from tests.sandbox.running import Running

PEOPLE = range(1, LARGE.contacts + 1)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue(LARGE.styles)


@pytest.fixture(scope="module")
def styles(catalogue: Catalogue) -> list[Style]:
    return [catalogue.style(index) for index in range(LARGE.styles)]


@pytest.fixture(scope="module")
def places() -> tuple[Site, ...]:
    return sites(LARGE.stores)


@pytest.fixture(scope="module")
def orders(catalogue: Catalogue, places: tuple[Site, ...]) -> Orders:
    return Orders(catalogue, places, LARGE.contacts, LARGE.orders)


def test_there_are_the_places_of_a_chain(places: tuple[Site, ...]) -> None:
    """85 stores, 3 warehouses and 40 lockers, each with a code of its own, in several countries."""
    kinds = Counter(site.kind for site in places)
    assert (kinds["S"], kinds["W"], kinds["L"]) == (85, 3, 40)
    assert len({site.code for site in places}) == len(places)
    assert {site.country for site in places} >= {"PL", "DE"}


def test_every_style_is_described_in_full(styles: list[Style]) -> None:
    """2,000 styles with 12,000 variants: typed attributes, fibres, and who answers for them."""
    assert len(styles) == 2_000
    assert 12_000 <= sum(style.variants for style in styles) < 12_500
    for style in styles[::9]:
        assert sum(int(share) for _, share in fibres(style)) == 100
        assert style_values(style)
        record = article(style, ("PL", "EN"))
        assert record["GPSR"]["VERANT"]["NAME1"]
        assert record["MAKT"]


def test_prices_are_kept_for_eighteen_months(styles: list[Style]) -> None:
    """Price lists in złoty and euro, with sales, several rates of tax, and prices of the past."""
    first = TODAY - timedelta(days=545)
    assert {each.currency for each in BY_COUNTRY.values()} >= {"PLN", "EUR"}
    for country in ("PL", "DE"):
        rows = [row for style in styles[::5] for row in conditions(style, 0, BY_COUNTRY[country])]
        kinds = Counter(row.kind for row in rows)
        assert kinds["PR00"] > 300
        assert kinds["ZSAL"] > 50
        assert min(row.first for row in rows) <= first
    rates = {code: set(each.taxes.values()) for code, each in BY_COUNTRY.items()}
    assert len(rates["PL"]) > 1
    assert len({tax.rate for own in rates.values() for tax in own}) > 2


def test_stock_lies_in_stores_and_warehouses(styles: list[Style], places: tuple[Site, ...]) -> None:
    """Most variants lie in many places, with goods on their way; a few figures are below zero."""
    found = [level for style in styles[::20] for level in levels(style, 0, places)]
    assert len(found) > 40 * len(styles[::20])
    assert {places[level.site].kind for level in found} == {"S", "W"}
    below = sum(level.on_hand < 0 for level in found)
    assert 0 < below < len(found) / 50
    assert any(level.due_quantity for level in found)
    assert any(level.moving for level in found)
    assert any(level.damaged for level in found)


def test_people_register_twice_and_the_truth_is_known() -> None:
    """20,000 contacts: of every fifty two are somebody again, and two only look like somebody."""
    kinds = Counter(link.kind for n in PEOPLE if (link := link_of(n)) is not None)
    assert set(kinds) == {AGAIN, ALIKE, RELATIVE, NAMESAKE}
    assert all(390 < count <= 400 for count in kinds.values())
    assert len({owner_of(n) for n in PEOPLE}) == LARGE.contacts - kinds[AGAIN] - kinds[ALIKE]
    again = next(n for n in PEOPLE if (link := link_of(n)) and link.kind == AGAIN)
    assert person_at(again).family == person_at(owner_of(again)).family


def test_people_have_said_what_they_agree_to() -> None:
    """Consents are kept per purpose, given, refused and withdrawn; many are members."""
    some = [contact_at(n) for n in range(1, LARGE.contacts, 20)]
    said = Counter((each.purpose, each.state) for one in some for each in one.consents)
    assert {purpose for purpose, _ in said} == {
        "marketing_email", "marketing_sms", "profiling", "partners",
    }  # fmt: skip
    assert {state for _, state in said} >= {"granted", "refused", "withdrawn"}
    members = sum(map(is_member, PEOPLE))
    assert LARGE.contacts / 3 < members < LARGE.contacts
    assert len({card_of(n) for n in PEOPLE} - {None}) == members


def test_orders_come_from_everywhere_over_two_years(orders: Orders) -> None:
    """60,000 orders in the books, of all channels, and sales at tills that are not booked yet."""
    assert orders.count == 60_000
    assert orders.sold > orders.count
    some = [orders.order(index) for index in range(0, orders.count, 60)]
    assert {each.channel for each in some} == {"WEB", "APP", "POS", "AGENT", "MARKETPLACE"}
    assert some[-1].at - some[0].at > timedelta(days=700)
    assert {each.state for each in some} == {"OPEN", "PARTIAL", "DONE", "CANCELLED"}
    buyers = {each.contact for each in some if each.contact}
    assert all(kunnr_of(buyer) for buyer in buyers)
    assert any(each.contact is None for each in some)


def test_ledgers_and_conversations_follow_from_orders(orders: Orders) -> None:
    """Points are the sum of a ledger that names orders; people have talked with the retailer."""
    loyalty = Loyalty(orders)
    accounts = [found for n in range(1, 400) if (found := loyalty.account(n)) is not None]
    assert len(accounts) > 100
    assert all(sum(e.points for e in each.entries) == each.points for each in accounts)
    kinds = {entry.kind for each in accounts for entry in each.entries}
    assert kinds >= {"welcome", "earn", "redeem", "adjust"}
    assert len({each.tier for each in accounts}) > 2
    talks = [talk for n in range(1, 400) for talk in interactions(n, orders)]
    assert len({talk.kind for talk in talks}) > 2


def test_all_of_it_can_be_started() -> None:
    """All systems of the large retailer answer soon after the start."""
    running = Running("--size", "large")
    try:
        assert set(running.urls) >= {"erp", "wms", "crm", "pos"}
    finally:
        running.end()
