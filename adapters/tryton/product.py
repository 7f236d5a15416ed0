"""Products and variants out of Tryton's templates and products."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from adapters._body import Whole
from adapters._row import Rows
from adapters.tryton.record import ID, by_code, by_name, identified, own_ids, plausible
from adapters.tryton.reference import References
from adapters.tryton.rpc import BY_CODE, BY_ID, Reply, Rpc
from domain.ask import Ask
from domain.category import Category
from domain.errors import BadInput, Failure
from domain.filter import Criterion, ProductQuery, ProductSelection, unsupported
from domain.gtin import shortest
from domain.page import Page
from domain.product import Product, Variant
from domain.provenance import CATALOGUE, Provenance

_CHUNK = 100
_MAX_NAME = 200
_MAX_WORDS = 8
_ABLE = frozenset({Criterion.SEARCH})
_BY_IDENTIFIER = (Rows(("result",), ("identifiers./code",)),)
_GTIN = re.compile(r"[0-9]{8}|[0-9]{12,14}")

_VARIANT = ("code", "active", "description", "identifiers.type", "identifiers.code")
_PRODUCT = (
    *("name", "code", "categories.code", "categories.name"),
    *(f"products.{name}" for name in _VARIANT),
)


class _Identifier(Struct, frozen=True):
    type: str | None
    code: str


class _Variant(Struct, frozen=True, rename={"identifiers": "identifiers."}):
    code: str | None
    active: bool | int | None
    description: str | None
    identifiers: list[_Identifier]


class _Sold(_Variant, frozen=True):
    template: int


class _Category(Struct, frozen=True):
    id: int
    code: str | None
    name: str


class _Template(Struct, frozen=True, rename={"categories": "categories.", "products": "products."}):
    id: int
    name: str
    code: str | None
    categories: list[_Category]
    products: list[_Variant]


class Products:
    """Reads what is for sale; one call for up to 100 products, with all their variants."""

    def __init__(self, rpc: Rpc, references: References, language: str) -> None:
        self._rpc = rpc
        self._references = references
        self._own_language = language
        self._system = rpc.upstream.system

    async def by_key(
        self, keys: Sequence[str], ask: Ask, call: str
    ) -> Mapping[str, Product | Failure]:
        """Read products by the ids of their templates."""

        async def fetch(ids: Sequence[int]) -> dict[str, Product | Failure]:
            rows = await self._read([["id", "in", ids]], len(ids), ask, call)
            return {self._key(local): product for local, product in rows}

        chunks = await self._rpc.upstream.chunked(own_ids(keys, self._system), _CHUNK, fetch)
        return {key: product for chunk in chunks for key, product in chunk.items()}

    async def variant_by_sku(
        self, skus: Sequence[str], ask: Ask, call: str
    ) -> Mapping[str, Variant | Failure]:
        """Read variants by their codes."""

        async def fetch(codes: Sequence[str]) -> dict[str, Variant | Failure]:
            reference = await self._references.get(ask, call)
            rows = await self._rpc.search_read(
                "product.product",
                [["code", "in", codes], ["salable", "=", True]],
                [*_VARIANT, "template"],
                # One more than asked for, so that a code that stands twice shows.
                len(codes) + 1,
                Reply[list[_Sold]],
                ask,
                call,
                BY_CODE,
                company=reference.company,
                language=reference.language(ask.language, self._own_language),
            )
            provenance = self._provenance()
            return by_code(
                self._system,
                call,
                rows,
                codes,
                lambda code, row: self._variant(code, row, self._key(row.template), provenance),
            )

        chunks = await self._rpc.upstream.chunked(plausible(skus), _CHUNK, fetch)
        return {sku: variant for chunk in chunks for sku, variant in chunk.items()}

    async def variant_by_gtin(
        self, gtins: Sequence[str], ask: Ask, call: str
    ) -> Mapping[str, Variant | Failure]:
        """Read variants by their identifiers, in whichever length Tryton keeps them."""

        async def fetch(numbers: Sequence[str]) -> dict[str, Variant | Failure]:
            reference = await self._references.get(ask, call)
            forms = [form for number in numbers for form in _forms(number)]
            rows = await self._rpc.search_read(
                "product.product",
                [["identifiers.code", "in", forms], ["code", "!=", None], ["salable", "=", True]],
                [*_VARIANT, "template"],
                len(numbers) + 1,
                Reply[list[_Sold]],
                ask,
                call,
                _BY_IDENTIFIER,
                company=reference.company,
                language=reference.language(ask.language, self._own_language),
            )
            provenance = self._provenance()
            return by_name(
                self._system,
                call,
                rows,
                numbers,
                lambda row: [shortest(code) for code in _gtins(row.identifiers)],
                lambda row: self._variant(row.code or "", row, self._key(row.template), provenance),
            )

        proper = [gtin for gtin in gtins if _GTIN.fullmatch(gtin)]
        chunks = await self._rpc.upstream.chunked(proper, _CHUNK, fetch)
        return {gtin: variant for chunk in chunks for gtin, variant in chunk.items()}

    async def by_query(
        self, queries: Sequence[ProductQuery], ask: Ask, call: str
    ) -> Mapping[ProductQuery, Page[Product] | Failure]:
        """Read one page for each query, in the order in which products were entered."""

        async def fetch(query: ProductQuery) -> Page[Product] | Failure:
            return _refused(query) or await self._page(query, ask, call)

        return await self._rpc.upstream.each(queries, fetch)

    async def count_by_query(
        self, selections: Sequence[ProductSelection], ask: Ask, call: str
    ) -> Mapping[ProductSelection, int | Failure]:
        """Count each listing."""

        async def fetch(selection: ProductSelection) -> int | Failure:
            return unsupported(selection, _ABLE) or await self._count(selection, ask, call)

        return await self._rpc.upstream.each(selections, fetch)

    async def _count(self, query: ProductSelection, ask: Ask, call: str) -> int:
        reference = await self._references.get(ask, call)
        context = {
            "company": reference.company,
            "language": reference.language(ask.language, self._own_language),
        }
        where = [*_listed(query), ["salable", "=", True]]
        method = "model.product.template.search_count"
        count = await self._rpc.call(method, [where, context], Reply[Whole], ask, call)
        with self._rpc.upstream.contract(call):
            if count < 0:
                raise ValueError("a count is below zero")
        return count

    async def _page(self, query: ProductQuery, ask: Ask, call: str) -> Page[Product]:
        where = _listed(query)
        if query.page.after is not None:
            where.append(["id", ">", int(query.page.after)])
        rows = await self._read(where, query.page.first + 1, ask, call)
        shown = rows[: query.page.first]
        return Page(
            items=tuple(product for _, product in shown),
            cursors=tuple(local for local, _ in shown),
            has_next=len(rows) > len(shown),
        )

    async def _read(
        self, where: Sequence[object], limit: int, ask: Ask, call: str
    ) -> list[tuple[str, Product | Failure]]:
        """Read templates in the order of their ids, each with its id."""
        reference = await self._references.get(ask, call)
        language = reference.language(ask.language, self._own_language)
        rows = await self._rpc.search_read(
            "product.template",
            [*where, ["salable", "=", True]],
            _PRODUCT,
            limit,
            Reply[list[_Template]],
            ask,
            call,
            BY_ID,
            company=reference.company,
            language=language,
        )
        provenance = self._provenance()
        return identified(
            self._system,
            call,
            rows,
            lambda row: self._product(row, language.replace("_", "-"), provenance),
        )

    def _product(self, row: _Template, locale: str, provenance: Provenance) -> Product:
        key = self._key(row.id)
        sold = [each for each in row.products if each.active and each.code]
        texts = {each.description for each in sold}
        return Product(
            key=key,
            code=row.code or str(row.id),
            name=row.name,
            locale=locale,
            # Tryton describes variants; what is said of all of them describes the product.
            description=texts.pop() or None if len(texts) == 1 else None,
            category=self._category(row.categories, provenance),
            variants=tuple(
                self._variant(each.code, each, key, provenance) for each in sold if each.code
            ),
            provenance=provenance,
        )

    def _variant(self, code: str, row: _Variant, key: str, provenance: Provenance) -> Variant:
        lines = (row.description or "").strip().splitlines()
        return Variant(
            sku=code,
            product_key=key,
            name=lines[0][:_MAX_NAME] if lines else None,
            gtins=_gtins(row.identifiers),
            provenance=provenance,
        )

    def _category(self, rows: Sequence[_Category], provenance: Provenance) -> Category | None:
        if not rows:
            return None
        first = rows[0]
        key = f"{self._system}:{first.id}"
        return Category(
            key=key, code=first.code or str(first.id), name=first.name, provenance=provenance
        )

    def _key(self, template: int | str) -> str:
        return f"{self._system}:{template}"

    def _provenance(self) -> Provenance:
        return Provenance(self._system, datetime.now(UTC), CATALOGUE)


def _refused(query: ProductQuery) -> BadInput | None:
    after = query.page.after
    if after is not None and not ID.fullmatch(after):
        return query.page.refused()
    return unsupported(query, _ABLE)


def _listed(query: ProductQuery | ProductSelection) -> list[object]:
    words = (query.search or "").split()[:_MAX_WORDS]
    return [["products.code", "!=", None], *map(_matches, words)]


def _matches(word: str) -> list[object]:
    text = re.sub(r"([\\%_])", r"\\\1", word)
    return [
        "OR",
        ["name", "ilike", f"%{text}%"],
        ["products.description", "ilike", f"%{text}%"],
        ["products.code", "ilike", f"{text}%"],
        ["products.identifiers.code", "=", word],
    ]


def _forms(gtin: str) -> tuple[str, ...]:
    """All the ways in which one number may be written."""
    if len(gtin) != 13:
        return (gtin,)
    short = (gtin[1:],) if gtin[0] == "0" else ()
    return (gtin, f"0{gtin}", *short)


def _gtins(rows: Sequence[_Identifier]) -> tuple[str, ...]:
    # A book's ISBN of 13 digits is its EAN.
    codes = (re.sub(r"[\s-]", "", row.code) for row in rows if row.type in ("ean", "isbn"))
    return tuple(dict.fromkeys(code for code in codes if _GTIN.fullmatch(code)))
