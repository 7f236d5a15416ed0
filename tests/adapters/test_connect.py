"""Systems are tied to ports once, completely, or the gateway says all that is missing."""

import importlib
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import adapters
import config
from adapters.connect import Systems, SystemSettings, connect
from domain.ask import Ask
from domain.configuration import ConfigurationError
from domain.deadline import Deadline, Duration
from domain.errors import NotServed
from domain.port import Ports
from domain.viewer import Channel
from tests.adapters.fault import Exchange, Faulty

PORTS = list(Ports.__struct_fields__)

SHELF = '''
"""An adapter for stock and places that keeps what happens to it."""
from msgspec import Struct
from domain.errors import SourceRejected


class Adapter:
    class Options(Struct, frozen=True, forbid_unknown_fields=True):
        shelf: int = 1
        mood: str = "good"

    def __init__(self, upstream, secret, options):
        if options.shelf > 9:
            raise ValueError("there are 9 shelves")
        self.upstream, self.secret, self.options, self.events = upstream, secret, options, []

    async def start(self):
        if self.options.mood == "bad":
            raise SourceRejected(self.upstream.system, "login", "answered 401")
        self.events.append("start")

    async def close(self):
        self.events.append("close")

    async def stock_by_sku(self, skus, ask):
        return {sku: [] for sku in skus}

    async def location_by_key(self, keys, ask):
        return {}

    async def locations_by_query(self, queries, ask):
        return {}

    def offer_by_sku(self, skus, ask):
        return {}
'''


@pytest.fixture(autouse=True)
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "shelf.py").write_text(SHELF, encoding="utf-8")
    monkeypatch.setattr(adapters, "__path__", [*adapters.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    yield
    sys.modules.pop("adapters.shelf", None)
    vars(adapters).pop("shelf", None)


def tie(
    systems: Mapping[str, Mapping[str, Any]], unserved: list[str], **environment: str
) -> Systems:
    read = partial(config.read, environment=environment)
    settings = {
        name: read({"adapter": "shelf", "url": "http://127.0.0.1:9", **table}, SystemSettings)
        for name, table in systems.items()
    }
    return connect(settings, read, unserved)


def problems(systems: Mapping[str, Mapping[str, Any]], unserved: list[str]) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        tie(systems, unserved)
    return [str(problem) for problem in caught.value.problems]


def without(*served: str) -> list[str]:
    return [port for port in PORTS if port not in served]


async def test_connect() -> None:
    """Each port stands before the system that serves it; the others refuse with a code."""
    systems = tie(
        {
            "wms": {
                "serves": ["stock"],
                "secret_env": "KEY",
                "options": {"shelf": "${SHELF}"},
            },
            "places": {"serves": ["location"]},
        },
        without("stock", "location"),
        KEY="hunter2",
        SHELF="7",
    )
    wms: Any = systems.ports.stock
    places: Any = systems.ports.location
    assert systems.adapters == {"wms": wms, "places": places}
    assert (wms.upstream.system, wms.options.shelf) == ("wms", 7)
    assert wms.secret.reveal() == "hunter2"
    assert places.secret is None
    request = Ask(Deadline.after(1), "PL", "PLN", "en", Channel.WEB)
    with pytest.raises(NotServed):
        await systems.ports.offer.offer_by_sku(["A"], request)


def test_everything_wrong() -> None:
    """All that is wrong with all systems comes in one message, each with what is allowed."""
    found = problems(
        {
            "ERP 1": {"serves": ["stock"]},
            "wms": {
                "url": "wms.example.com",
                "serves": ["stock", "offers"],
                "scope": {"county": ["PL"]},
                "options": {"shelve": 1},
            },
            "secret": {"url": "http://me:hunter2@wms.example.com", "serves": []},
            "pim": {"adapter": "pim", "serves": ["product"]},
            "crm": {"serves": ["customer", "offer"]},
            "full": {"serves": [], "options": {"shelf": 10}},
        },
        [
            *("order", "product", "loyality", "category", "facet", "price_history", "assortment"),
            *("interaction", "shipment"),
        ],
    )
    room = Path(connect.__code__.co_filename).parent
    names = {path.stem for path in room.glob("*.py")} | {
        path.parent.name for path in room.glob("*/__init__.py")
    }
    private = {name for name in names if name.startswith("_")}
    available = ", ".join(sorted({*names, "shelf"} - private - {"connect"}))
    ports = ", ".join(PORTS)
    assert found == [
        "systems.ERP 1: found the name 'ERP 1'; "
        "write up to 32 small letters, digits and hyphens, a letter first",
        "systems.wms.scope.county: unknown key; did you mean country? "
        "allowed here: market, country, brand, channel",
        "systems.wms.url: found 'wms.example.com'; "
        "write http:// or https://, a host, and where needed a port and a path",
        "systems.wms.options.shelve: unknown key; did you mean shelf? allowed here: shelf, mood",
        "systems.secret.url: found an address with an @; "
        "leave user and password out; secret_env names where a secret stands",
        f"systems.pim.adapter: found 'pim'; allowed: {available}",
        "systems.crm.serves: adapter shelf has no offer_by_sku; "
        "leave offer out, or choose an adapter that serves it",
        "systems.crm.serves: adapter shelf has no customer_by_key, no customers_by_trait; "
        "leave customer out, or choose an adapter that serves it",
        "systems.full: adapter shelf cannot work with these settings; there are 9 shelves",
        f"systems.wms.serves: found 'offers'; did you mean offer? allowed: {ports}",
        f"unserved: found 'loyality'; did you mean loyalty? allowed: {ports}",
        "unserved: pim serves product; take it out of one of the two",
        "systems: ERP 1 and wms both serve stock; give each a scope of its own; "
        "stock is divided by market, country, brand",
        "systems: no system serves location; "
        "add location to serves of the system that has it, or to unserved",
        "systems: no system serves loyalty; "
        "add loyalty to serves of the system that has it, or to unserved",
    ]


def test_listed_twice() -> None:
    """A port listed twice by one system is told as that."""
    assert problems({"wms": {"serves": ["stock", "stock"]}}, without("stock")) == [
        "systems.wms.serves: lists stock 2 times; list it once"
    ]


async def test_several_systems_behind_one_port() -> None:
    """Systems that share a port by scope are asked together; the others' ports stay their own."""
    systems = tie(
        {
            "wms-pl": {"serves": ["stock", "location"], "scope": {"country": ["PL"]}},
            "wms-de": {"serves": ["stock", "location"], "scope": {"country": ["DE"]}},
        },
        without("stock", "location"),
    )
    request = Ask(Deadline.after(1), "PL", "PLN", "en", Channel.WEB)
    assert await systems.ports.stock.stock_by_sku(["1"], request) == {"1": ()}
    assert await systems.ports.location.location_by_key(["wms-de:1"], request) == {}
    assert set(systems.adapters) == {"wms-pl", "wms-de"}


def test_scopes_that_are_no_whole() -> None:
    """What two systems both serve, or none, is told with all the rest."""
    systems = {
        "wms-pl": {"serves": ["stock", "location"], "scope": {"country": ["PL", "CZ"]}},
        "wms-de": {"serves": ["stock"], "scope": {"country": ["DE", "CZ"]}},
    }
    assert problems(systems, without("stock", "location")) == [
        "systems: wms-pl and wms-de both serve stock for country CZ; "
        "give each a scope of its own; stock is divided by market, country, brand",
        "systems: no system serves location for country DE; "
        "widen the scope of wms-pl, or add a system for it",
    ]


async def _say_nothing(server: Faulty, exchange: Exchange) -> None:
    await exchange.wait_for_end()


async def test_start_and_close() -> None:
    """Adapters are started once their system is reached, and closed before their connections."""
    async with Faulty(_say_nothing) as server:
        systems = tie({"wms": {"url": server.url, "serves": ["stock"]}}, without("stock"))
        await systems.start()
        await systems.close()
    assert systems.adapters["wms"].events == ["start", "close"]


async def test_unreachable() -> None:
    """All systems that cannot be reached, or whose adapter cannot start, come in one message."""
    async with Faulty(_say_nothing) as gone:
        url = gone.url
    async with Faulty(_say_nothing) as server:
        systems = tie(
            {
                "wms": {"url": url, "serves": ["stock"]},
                "places": {
                    "url": server.url,
                    "serves": ["location"],
                    "options": {"mood": "bad"},
                },
            },
            without("stock", "location"),
        )
        with pytest.raises(ConfigurationError) as caught:
            await systems.start(Duration(5))
        await systems.close()
    first, second = map(str, caught.value.problems)
    assert first.startswith(f"systems.wms.url: found no connection to {url} (")
    assert second == (
        "systems.places: the adapter cannot start: places: login: answered 401; "
        "see its page in docs/"
    )
