"""Styles, and their search."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from msgspec import structs

from adapters._body import whole
from adapters._row import told
from adapters.sandbox_erp import article, message, notation, search
from adapters.sandbox_erp.call import MAX_KEYS, Erp
from adapters.sandbox_erp.price import Organisation
from domain.ask import Ask
from domain.errors import BadInput, Failure
from domain.facet import FacetQuery, Facets
from domain.filter import ProductFilter, ProductQuery, ProductSelection, unsupported
from domain.page import Page, PageRequest
from domain.product import Product, Variant
from domain.provenance import CATALOGUE

K = TypeVar("K")
V = TypeVar("V")

_MAX_SKIP = 10_000_000


class Catalogue:
    """Reads styles by key and by search; one call for up to 200 of them, one for each search."""

    def __init__(self, erp: Erp, organisations: Mapping[str, Organisation], media_url: str) -> None:
        self._erp = erp
        self._organisations = organisations
        self._media_url = media_url.rstrip("/")

    async def product_by_key(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Product | Failure]:
        """Read styles by their numbers."""
        numbers = [local for local in self._erp.own(keys) if notation.is_short(local)]
        asked = {notation.long(number): number for number in numbers}
        kind, read = article.styles(ask), article.Reader.product
        products = await self._styles("product_by_key", "SATNR", asked, ask, kind, read)
        system = self._erp.upstream.system
        return {f"{system}:{number}": product for number, product in products.items()}

    async def variant_by_sku(
        self, skus: Sequence[str], ask: Ask
    ) -> Mapping[str, Variant | Failure]:
        """Read variants; the ERP answers with their styles, whole."""
        numbers = [sku for sku in skus if notation.is_short(sku)]
        asked = {notation.long(number): number for number in numbers}
        styles = await self._styles_of_variants("variant_by_sku", "MATNR", asked, ask)
        return _variants(styles, lambda variant: (variant.sku,))

    async def variant_by_gtin(
        self, gtins: Sequence[str], ask: Ask
    ) -> Mapping[str, Variant | Failure]:
        """Read variants by their EANs; the ERP answers with their styles, whole."""
        asked = {gtin: gtin for gtin in gtins if article.is_gtin(gtin)}
        styles = await self._styles_of_variants("variant_by_gtin", "EAN11", asked, ask)
        return _variants(styles, lambda variant: variant.gtins)

    async def products_by_query(
        self, queries: Sequence[ProductQuery], ask: Ask
    ) -> Mapping[ProductQuery, Page[Product] | Failure]:
        """Read a page for each query, side by side; the ERP searches one listing at a time."""

        async def page(query: ProductQuery) -> Page[Product] | Failure:
            skip = _offset(query.page)
            if isinstance(skip, Failure):
                return skip
            return await self._page(query, skip, ask)

        return await self._erp.upstream.each(queries, page)

    async def product_count_by_query(
        self, selections: Sequence[ProductSelection], ask: Ask
    ) -> Mapping[ProductSelection, int | Failure]:
        """Count each listing, side by side."""
        call = "product_count_by_query"

        async def count(query: ProductSelection) -> int | Failure:
            if refused := unsupported(query, search.ABLE):
                return refused
            body = self._body(query.search, query.where, query.skus, ask)
            if body is None:
                return 0
            answer = await self._search(call, {**body, "TOP": 0}, ask)
            with self._erp.upstream.contract(call, "__count"):
                return _count(answer)

        return await self._erp.upstream.each(selections, count)

    async def facets_by_query(
        self, queries: Sequence[FacetQuery], ask: Ask
    ) -> Mapping[FacetQuery, Facets | Failure]:
        """Count the facets of each listing, side by side."""
        call = "facets_by_query"

        async def count(query: FacetQuery) -> Facets:
            body = self._body(query.search, query.where, query.skus, ask)
            if body is None:
                return Facets(0, (), self._erp.now(CATALOGUE))
            names = search.facet_names(query.codes)
            answer = await self._search(call, {**body, "TOP": 0, "FACETS": names}, ask)
            with self._erp.upstream.contract(call):
                reader = self._reader(answer, ask, call)
                facets = search.facets(answer.facets, reader, ask.currency)
                return Facets(_count(answer), facets, self._erp.now(CATALOGUE))

        return await self._erp.upstream.each(queries, count)

    async def _styles_of_variants(
        self, call: str, field_name: str, asked: Mapping[str, str], ask: Ask
    ) -> Mapping[str, Product | tuple[Variant, ...] | Failure]:
        """Read the styles that variants come in, whole, or no more of them than the variants."""
        if ask.fields is None or "style" in ask.fields:
            kind, whole = article.WHOLE, article.Reader.product
            return await self._styles(call, field_name, asked, ask, kind, whole)
        kind, bare = article.BRIEF, article.Reader.variants
        return await self._styles(call, field_name, asked, ask, kind, bare)

    async def _styles(
        self,
        call: str,
        field_name: str,
        asked: Mapping[str, str],
        ask: Ask,
        kind: article.Styles,
        read: Callable[[article.Reader, Any], V],
    ) -> dict[str, V | Failure]:
        """Read styles, each under what was asked for: its own number, or one of a variant's.

        *Shape*: ``asked`` leads from the ERP's numbers to what the caller calls them; ``kind`` is
        how much of each style is decoded, ``read`` what is made of it.
        """
        spoken = article.languages(ask.language)

        async def fetch(chunk: Sequence[str]) -> dict[str, V | Failure]:
            body = {field_name: chunk, "SPRAS": spoken}
            name = f"ARTICLE_BY_{field_name}"
            answer = await self._erp.post(name, body, kind, ask, call, message.LISTED_ROWS)
            reader = self._reader(answer, ask, call)
            own = {number: asked[number] for number in chunk}
            return self._erp.by_key(answer.results, _numbers, partial(read, reader), own, call)

        parts = await self._erp.upstream.chunked(list(asked), MAX_KEYS, fetch)
        return {number: found for part in parts for number, found in part.items()}

    async def _page(self, query: ProductQuery, skip: int, ask: Ask) -> Page[Product] | Failure:
        call = "products_by_query"
        if refused := unsupported(query, search.ABLE):
            return refused
        body = self._body(query.search, query.where, query.skus, ask)
        if body is None:
            return Page((), (), has_next=False, total=0)
        if query == ProductQuery(query.page, query.search):
            answer = await self._listing(call, query, skip, ask)
        else:
            body |= {"TOP": query.page.first, "SKIP": skip, "ORDERBY": search.order(query.sort)}
            answer = await self._search(call, body, ask)
        with self._erp.upstream.contract(call, "__count"):
            total = _count(answer)
        reader = self._reader(answer, ask, call)
        products = self._erp.told(answer.results, _numbers, reader.product, call)
        last = skip + len(products)
        cursors = tuple(map(str, range(skip + 1, last + 1)))
        return Page(tuple(products), cursors, last < total and bool(products), total)

    async def _listing(
        self, call: str, query: ProductQuery, skip: int, ask: Ask
    ) -> message.Articles[Any]:
        """Read a page of the plain listing, which needs no search."""
        parameters = [
            ("$top", str(query.page.first)),
            ("$skip", str(skip)),
            ("SPRAS", ",".join(article.languages(ask.language))),
        ]
        if query.search:
            parameters.append(("search", query.search))
        return await self._erp.get(
            "ARTICLES", parameters, article.styles(ask), ask, call, message.LISTED_ROWS
        )

    async def _search(self, call: str, body: Mapping[str, Any], ask: Ask) -> message.Articles[Any]:
        body = {**body, "SPRAS": article.languages(ask.language)}
        return await self._erp.post(
            "ARTICLE_SEARCH", body, article.styles(ask), ask, call, message.LISTED_ROWS
        )

    def _body(
        self, words: str | None, where: ProductFilter, skus: frozenset[str] | None, ask: Ask
    ) -> dict[str, Any] | None:
        """Write criteria for the ERP; None for some that nothing of it can meet."""
        groups: list[str] = []
        if where.category is not None:
            groups = [code for code in self._erp.own([where.category]) if search.is_group(code)]
            if not groups:
                return None
        organisation = self._organisations.get(ask.market)
        if organisation is not None and organisation.currency != ask.currency:
            organisation = None
        if organisation is None and (where.price is not None or where.is_reduced is not None):
            return None  # sold by nobody there
        if skus is not None and not skus:
            return None
        return search.body(words, where, skus, groups, organisation)

    def _reader(self, answer: message.Articles[Any], ask: Ask, call: str) -> article.Reader:
        spoken = article.languages(ask.language)
        names, lost = [], set[str]()
        for codes, name in told(
            self._erp.upstream.system, call, answer.names, lambda each: (each.atnam,), _same
        ):
            if not isinstance(name, Failure):
                names.append(name)
            elif codes:
                lost.update(codes)
            else:
                raise name
        # One that cannot be read costs the styles it is needed for, and is in no other language.
        names = [name for name in names if name.atnam not in lost]
        return article.Reader(names, spoken, self._media_url, self._erp.now(CATALOGUE))


def _count(answer: message.Articles[Any]) -> int:
    count = whole(int(answer.count or ""))
    if count < 0:
        raise ValueError("a count is below zero")
    return count


def _same(name: message.CharacteristicName) -> message.CharacteristicName:
    return name


def _numbers(row: message.Style) -> tuple[str, ...]:
    own = (number for each in row.variants for number in (each.matnr, each.ean11))
    return row.satnr, *own


def _variants(
    styles: Mapping[str, Product | tuple[Variant, ...] | Failure],
    names: Callable[[Variant], Collection[str]],
) -> dict[str, Variant | Failure]:
    """Take the variants that were asked for out of their styles, and whole ones along."""
    found: dict[str, Variant | Failure] = {}
    for asked, style in styles.items():
        if isinstance(style, Failure):
            found[asked] = style
            continue
        variants = style.variants if isinstance(style, Product) else style
        own = next((each for each in variants if asked in names(each)), None)
        if own is not None:
            found[asked] = structs.replace(own, style=style) if isinstance(style, Product) else own
    return found


def _offset(page: PageRequest) -> int | BadInput:
    cursor = page.after
    if cursor is None:
        return 0
    proper = cursor.isascii() and cursor.isdigit() and len(cursor) < 9
    if not proper or int(cursor) > _MAX_SKIP:
        return page.refused()
    return int(cursor)
