"""The sandbox's ERP: materials, price conditions and sales orders in SAP-like words."""

import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.book import MAX_TOP, Book
from sandbox.catalogue import Catalogue, Style
from sandbox.clock import TODAY
from sandbox.facet import facet_row
from sandbox.group import GROUPS
from sandbox.inquiry import (
    RefusedError,
    broken,
    day_of,
    error,
    keys_of,
    missing,
    read,
    results,
    whole,
    within,
    wrong_method,
)
from sandbox.material import (
    article,
    characteristic_names,
    group_texts,
    price_conditions,
    price_history,
)
from sandbox.order import Orders
from sandbox.place import sites
from sandbox.price import ORGANISATIONS, Organisation
from sandbox.sap import LANGUAGES, short_number
from sandbox.scale import Scale
from sandbox.search import ORDERS, Index, Search
from sandbox.vocabulary import BRANDS
from sandbox.wire import Reply, Wire

KEY = "sandbox-erp-key"
MAX_PRICES = 1_000
MAX_RESTRICTED = 20_000
MAX_VALUES = 500

_BASE = "/sap/zretail"

Body = TypeVar("Body")
S = TypeVar("S", bound=Search)


class _Materials(msgspec.Struct, forbid_unknown_fields=True):
    MATNR: list[str]
    SPRAS: tuple[str, ...] = LANGUAGES


class _Styles(msgspec.Struct, forbid_unknown_fields=True):
    SATNR: list[str]
    SPRAS: tuple[str, ...] = LANGUAGES


class _Codes(msgspec.Struct, forbid_unknown_fields=True):
    EAN11: list[str]
    SPRAS: tuple[str, ...] = LANGUAGES


class _Prices(msgspec.Struct, forbid_unknown_fields=True):
    MATNR: list[str]
    VKORG: str
    KONWA: str
    PRSDT: str


class _History(msgspec.Struct, forbid_unknown_fields=True):
    MATNR: list[str]
    VKORG: str
    KONWA: str
    DATAB: str
    DATBI: str


class _Search(Search, forbid_unknown_fields=True, frozen=True):
    SPRAS: tuple[str, ...] = LANGUAGES
    ORDERBY: str = "SATNR"
    TOP: int = 20
    SKIP: int = 0
    FACETS: tuple[str, ...] = ()


class _Groups(msgspec.Struct, forbid_unknown_fields=True):
    MATKL: list[str]


def build(scale: Scale, brands: Sequence[str] = BRANDS) -> Wire:
    """The ERP of these brands as an ASGI app."""
    return Wire("erp", _Erp(scale, frozenset(brands)).app, broken)


class _Erp:
    def __init__(self, scale: Scale, brands: frozenset[str]) -> None:
        self._brands = brands
        self._catalogue = Catalogue(scale.styles, brands)
        orders = Orders(self._catalogue, sites(scale.stores), scale.contacts, scale.orders)
        book = Book(orders, self._catalogue, scale.contacts, brands)
        self._key = os.environ.get("SANDBOX_ERP_KEY", KEY)
        self._index = Index(self._catalogue)
        self._article = lru_cache(maxsize=8_192)(self._render)
        self.app = Starlette(
            routes=[
                self._route("GET", "ARTICLES", self._articles),
                self._route("POST", "ARTICLE_SEARCH", self._searched),
                self._route("GET", "MATERIAL_GROUPS", self._groups),
                self._route("POST", "MATERIAL_GROUP_COUNTS", self._group_counts),
                self._route("POST", "ARTICLE_BY_SATNR", self._by_satnr),
                self._route("POST", "ARTICLE_BY_MATNR", self._by_matnr),
                self._route("POST", "ARTICLE_BY_EAN11", self._by_ean),
                self._route("POST", "PRICES", self._prices),
                self._route("POST", "PRICE_HISTORY", self._price_history),
                *(self._route("POST", name, answer) for name, answer in book.calls.items()),
            ],
            exception_handlers={404: missing, 405: wrong_method},
        )

    def _route(
        self, method: str, name: str, answer: Callable[[Request], Awaitable[Response]]
    ) -> Route:
        async def guarded(request: Request) -> Response:
            try:
                if request.headers.get("apikey") != self._key:
                    raise RefusedError(401, "SY/401", "Logon failed: send a valid APIKey header")
                return await answer(request)
            except RefusedError as refused:
                return error(refused.status, refused.code, str(refused))

        return Route(f"{_BASE}/{name}", guarded, methods=[method])

    async def _by_satnr(self, request: Request) -> Response:
        body = await read(request, _Styles)
        languages = _languages(body.SPRAS)
        found = {key: self._catalogue.find_style(short_number(key)) for key in keys_of(body.SATNR)}
        return self._listed(_once(found.values()), languages)

    async def _by_matnr(self, request: Request) -> Response:
        body = await read(request, _Materials)
        languages = _languages(body.SPRAS)
        found = [self._catalogue.find_variant(short_number(key)) for key in keys_of(body.MATNR)]
        return self._listed(_once(pair and pair[0] for pair in found), languages)

    async def _by_ean(self, request: Request) -> Response:
        body = await read(request, _Codes)
        languages = _languages(body.SPRAS)
        found = [self._catalogue.find_ean(key) for key in keys_of(body.EAN11)]
        return self._listed(_once(pair and pair[0] for pair in found), languages)

    async def _articles(self, request: Request) -> Response:
        asked = request.query_params
        top = whole(asked.get("$top", "20"), "$top", 1, MAX_TOP)
        skip = whole(asked.get("$skip", "0"), "$skip", 0, 10_000_000)
        languages = _languages(asked.get("SPRAS", ",".join(LANGUAGES)).split(","))
        order = asked.get("$orderby", "SATNR")
        if order not in ("SATNR", "ERSDA desc"):
            raise RefusedError(400, "ZR/005", f"$orderby {order} is not SATNR or ERSDA desc")
        group = asked.get("MATKL", "")
        search = Search(SEARCH=asked.get("search", ""), MATKL=(group,) if group else ())
        found = self._index.find(self._own(search), order, languages[0], TODAY)
        return self._listed(found[skip : skip + top], languages, len(found))

    async def _searched(self, request: Request) -> Response:
        body = self._own(await read(request, _Search))
        languages = _languages(body.SPRAS)
        within(body.TOP, "TOP", 0, MAX_TOP)
        within(body.SKIP, "SKIP", 0, 10_000_000)
        within(len(body.MATNR or ()), "MATNR entries", 0, MAX_RESTRICTED)
        values = sum(len(each.ATWRT) for each in body.AUSP) + len(body.MATKL) + len(body.BRAND_ID)
        within(values, "values", 0, MAX_VALUES)
        if body.ORDERBY not in ORDERS:
            raise RefusedError(400, "ZR/005", f"ORDERBY {body.ORDERBY} is not one of {ORDERS}")
        day = TODAY
        if body.KONP is not None:
            _organisation(body.KONP.VKORG)
            day = day_of(body.KONP.PRSDT)
        names = self._index.names()
        wanted = dict.fromkeys(names if body.FACETS == ("*",) else body.FACETS)
        asked = [name for name in wanted if name in names]
        if not body.FACETS:
            found = self._index.find(body, body.ORDERBY, languages[0], day)
            return self._listed(found[body.SKIP :][: body.TOP], languages, len(found))
        count, facets = self._index.facets(body, asked, day)
        currency = ORGANISATIONS[body.KONP.VKORG].currency if body.KONP else ""
        rows = [facet_row(facet, languages, currency) for facet in facets]
        page = []
        if body.TOP:
            page = self._index.find(body, body.ORDERBY, languages[0], day)
        return self._listed(page[body.SKIP :][: body.TOP], languages, count, rows)

    def _own(self, search: S) -> S:
        """The search, in the assortment of this ERP's brands."""
        if self._brands.issuperset(BRANDS):
            return search
        brands = search.BRAND_ID or BRANDS
        # A brand of nobody's finds nothing.
        own = tuple(brand for brand in brands if brand in self._brands) or ("",)
        return msgspec.structs.replace(search, BRAND_ID=own)

    def _listed(
        self,
        styles: Iterable[Style],
        languages: tuple[str, ...],
        count: int | None = None,
        facets: list[dict[str, Any]] | None = None,
    ) -> Response:
        rows = [self._article(style.position, languages) for style in styles]
        answer: dict[str, Any] = {"results": rows, "CABNT": characteristic_names(languages)}
        if count is not None:
            answer["__count"] = str(count)
        if facets is not None:
            answer["FACETS"] = facets
        return Reply({"d": answer})

    def _render(self, position: int, languages: tuple[str, ...]) -> orjson.Fragment:
        return orjson.Fragment(orjson.dumps(article(self._catalogue.style(position), languages)))

    async def _groups(self, request: Request) -> Response:
        languages = _languages(request.query_params.get("SPRAS", "PL,EN,DE").split(","))
        return results(
            {
                "MATKL": group.code,
                "PARENT": group.parent,
                "T023T": group_texts(group, languages),
            }
            for group in GROUPS.values()
        )

    async def _group_counts(self, request: Request) -> Response:
        body = await read(request, _Groups)
        known = [code for code in keys_of(body.MATKL) if code in GROUPS]
        return results({"MATKL": code, "ANZAHL": self._index.count(code)} for code in known)

    async def _prices(self, request: Request) -> Response:
        body = await read(request, _Prices)
        organisation = _organisation(body.VKORG, body.KONWA)
        day = day_of(body.PRSDT)
        rows = []
        for key in keys_of(body.MATNR, MAX_PRICES):
            found = self._catalogue.find_variant(short_number(key))
            row = found and price_conditions(*found, organisation, day)
            if row:
                rows.append(row)
        return results(rows)

    async def _price_history(self, request: Request) -> Response:
        body = await read(request, _History)
        organisation = _organisation(body.VKORG, body.KONWA)
        first, last = day_of(body.DATAB), day_of(body.DATBI)
        rows = []
        for key in keys_of(body.MATNR, MAX_PRICES):
            found = self._catalogue.find_variant(short_number(key))
            row = found and price_history(*found, organisation, first, last)
            if row:
                rows.append(row)
        return results(rows)


def _organisation(code: str, currency: str | None = None) -> Organisation:
    found = ORGANISATIONS.get(code)
    if found is None:
        known = ", ".join(ORGANISATIONS)
        raise RefusedError(400, "VK/101", f"Sales organisation {code} is not one of {known}")
    if currency not in (None, found.currency):
        raise RefusedError(400, "VK/102", f"{code} sells in {found.currency}, not {currency}")
    return found


def _languages(codes: Iterable[str]) -> tuple[str, ...]:
    asked = tuple(dict.fromkeys(codes))
    unknown = [code for code in asked if code not in LANGUAGES]
    if unknown or not asked:
        raise RefusedError(400, "ZR/002", f"SPRAS {', '.join(unknown)} is not one of PL, EN, DE")
    return asked


def _once(styles: Iterable[Style | None]) -> list[Style]:
    return list({style.position: style for style in styles if style is not None}.values())
