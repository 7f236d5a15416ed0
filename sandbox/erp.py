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

from sandbox import erp_form as form
from sandbox.catalogue import Catalogue, Style
from sandbox.clock import TODAY
from sandbox.document import document
from sandbox.facet import facet_row
from sandbox.group import GROUPS
from sandbox.material import (
    article,
    characteristic_names,
    group_texts,
    price_conditions,
    price_history,
)
from sandbox.number import index_of
from sandbox.order import Order, Orders
from sandbox.place import sites
from sandbox.price import ORGANISATIONS
from sandbox.sap import LANGUAGES, short_number
from sandbox.scale import Scale
from sandbox.search import ORDERS, Index, Search
from sandbox.vocabulary import BRANDS
from sandbox.wire import Reply, Wire

KEY = "sandbox-erp-key"
MAX_PRICES = 1_000
MAX_RESTRICTED = 20_000
MAX_VALUES = 500
MAX_TOP = 100

_BASE = "/sap/zretail"

S = TypeVar("S", bound=Search)


def build(scale: Scale, brands: Sequence[str] = BRANDS) -> Wire:
    """The ERP of these brands as an ASGI app."""
    return Wire("erp", _Erp(scale, frozenset(brands)).app, form.broken)


class _Erp:
    def __init__(self, scale: Scale, brands: frozenset[str]) -> None:
        self._brands = brands
        self._catalogue = Catalogue(scale.styles, brands)
        self._contacts = scale.contacts
        self._orders = Orders(self._catalogue, sites(scale.stores), scale.contacts, scale.orders)
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
                self._route("POST", "ORDERS_BY_VBELN", self._by_vbeln),
                self._route("POST", "ORDERS_BY_NUMMER", self._by_number),
                self._route("POST", "ORDERS_BY_KUNNR", self._by_kunnr),
                self._route("POST", "ORDER_COUNT_BY_KUNNR", self._counts),
            ],
            exception_handlers={404: form.missing, 405: form.method},
        )

    def _route(
        self, method: str, name: str, answer: Callable[[Request], Awaitable[Response]]
    ) -> Route:
        async def guarded(request: Request) -> Response:
            try:
                if request.headers.get("apikey") != self._key:
                    raise form.RefusedError(
                        401, "SY/401", "Logon failed: send a valid APIKey header"
                    )
                return await answer(request)
            except form.RefusedError as refused:
                return form.error(refused.status, refused.code, str(refused))

        return Route(f"{_BASE}/{name}", guarded, methods=[method])

    async def _by_satnr(self, request: Request) -> Response:
        body = await form.read(request, form.Styles)
        languages = form.languages(body.SPRAS)
        found = {key: self._catalogue.find_style(short_number(key)) for key in form.few(body.SATNR)}
        return self._listed(_once(found.values()), languages)

    async def _by_matnr(self, request: Request) -> Response:
        body = await form.read(request, form.Materials)
        languages = form.languages(body.SPRAS)
        found = [self._catalogue.find_variant(short_number(key)) for key in form.few(body.MATNR)]
        return self._listed(_once(pair and pair[0] for pair in found), languages)

    async def _by_ean(self, request: Request) -> Response:
        body = await form.read(request, form.Codes)
        languages = form.languages(body.SPRAS)
        found = [self._catalogue.find_ean(key) for key in form.few(body.EAN11)]
        return self._listed(_once(pair and pair[0] for pair in found), languages)

    async def _articles(self, request: Request) -> Response:
        asked = request.query_params
        top = form.whole(asked.get("$top", "20"), "$top", 1, MAX_TOP)
        skip = form.whole(asked.get("$skip", "0"), "$skip", 0, 10_000_000)
        languages = form.languages(asked.get("SPRAS", ",".join(LANGUAGES)).split(","))
        order = asked.get("$orderby", "SATNR")
        if order not in ("SATNR", "ERSDA desc"):
            raise form.RefusedError(400, "ZR/005", f"$orderby {order} is not SATNR or ERSDA desc")
        group = asked.get("MATKL", "")
        search = Search(SEARCH=asked.get("search", ""), MATKL=(group,) if group else ())
        found = self._index.find(self._own(search), order, languages[0], TODAY)
        return self._listed(found[skip : skip + top], languages, len(found))

    async def _searched(self, request: Request) -> Response:
        body = self._own(await form.read(request, form.Listing))
        languages = form.languages(body.SPRAS)
        form.within(body.TOP, "TOP", 0, MAX_TOP)
        form.within(body.SKIP, "SKIP", 0, 10_000_000)
        form.within(len(body.MATNR or ()), "MATNR entries", 0, MAX_RESTRICTED)
        values = sum(len(each.ATWRT) for each in body.AUSP) + len(body.MATKL) + len(body.BRAND_ID)
        form.within(values, "values", 0, MAX_VALUES)
        if body.ORDERBY not in ORDERS:
            raise form.RefusedError(400, "ZR/005", f"ORDERBY {body.ORDERBY} is not one of {ORDERS}")
        day = TODAY
        if body.KONP is not None:
            form.organisation(body.KONP.VKORG)
            day = form.day(body.KONP.PRSDT)
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

    def _is_own(self, order: Order) -> bool:
        """Whether an order is kept here: its first article's brand tells."""
        return self._catalogue.style(order.items[0].style).brand in self._brands

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
        languages = form.languages(request.query_params.get("SPRAS", "PL,EN,DE").split(","))
        return form.results(
            {
                "MATKL": group.code,
                "PARENT": group.parent,
                "T023T": group_texts(group, languages),
            }
            for group in GROUPS.values()
        )

    async def _group_counts(self, request: Request) -> Response:
        body = await form.read(request, form.Groups)
        known = [code for code in form.few(body.MATKL) if code in GROUPS]
        return form.results({"MATKL": code, "ANZAHL": self._index.count(code)} for code in known)

    async def _prices(self, request: Request) -> Response:
        body = await form.read(request, form.Prices)
        organisation = form.organisation(body.VKORG, body.KONWA)
        day = form.day(body.PRSDT)
        rows = []
        for key in form.few(body.MATNR, MAX_PRICES):
            found = self._catalogue.find_variant(short_number(key))
            row = found and price_conditions(*found, organisation, day)
            if row:
                rows.append(row)
        return form.results(rows)

    async def _price_history(self, request: Request) -> Response:
        body = await form.read(request, form.History)
        organisation = form.organisation(body.VKORG, body.KONWA)
        first, last = form.day(body.DATAB), form.day(body.DATBI)
        rows = []
        for key in form.few(body.MATNR, MAX_PRICES):
            found = self._catalogue.find_variant(short_number(key))
            row = found and price_history(*found, organisation, first, last)
            if row:
                rows.append(row)
        return form.results(rows)

    async def _by_vbeln(self, request: Request) -> Response:
        body = await form.read(request, form.Documents)
        found = [self._orders.find(key) for key in form.few(body.VBELN)]
        own = (order for order in found if order is not None and self._is_own(order))
        return form.results(document(order, self._catalogue) for order in own)

    async def _by_kunnr(self, request: Request) -> Response:
        body = await form.read(request, form.Customers)
        form.within(body.TOP, "TOP", 1, MAX_TOP)
        for skip in body.SKIP.values():
            form.within(skip, "SKIP", 0, 10_000_000)
        rows = []
        for key, indices in self._of_customers(body.KUNNR):
            skip = body.SKIP.get(key, 0)
            newest = indices[::-1][skip : skip + body.TOP]
            documents = [document(self._orders.order(index), self._catalogue) for index in newest]
            rows.append({"KUNNR": key, "ANZAHL": len(indices), "VBAK": documents})
        return form.results(rows)

    async def _by_number(self, request: Request) -> Response:
        body = await form.read(request, form.Numbers)
        found = []
        for key in form.few(body.NUMMER):
            order = self._orders.find(key) or self._orders.sale(key)
            is_booked = order is not None and order.position < self._orders.count
            if order is not None and is_booked and self._is_own(order):
                found.append(document(order, self._catalogue))
        return form.results(found)

    async def _counts(self, request: Request) -> Response:
        body = await form.read(request, form.Counted)
        counted = self._of_customers(body.KUNNR)
        return form.results({"KUNNR": key, "ANZAHL": len(indices)} for key, indices in counted)

    def _of_customers(self, kunnrs: list[str]) -> list[tuple[str, list[int]]]:
        found = []
        for key in form.few(kunnrs):
            contact = index_of(key, self._contacts)
            if contact is not None:
                every = self._orders.of_contact(contact)
                if not self._brands.issuperset(BRANDS):
                    every = [n for n in every if self._is_own(self._orders.order(n))]
                found.append((key, every))
        return found


def _once(styles: Iterable[Style | None]) -> list[Style]:
    return list({style.position: style for style in styles if style is not None}.values())
