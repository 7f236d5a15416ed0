"""A listing's criteria in the ERP's words, and its facets in the domain's."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from adapters._body import exact
from adapters.sandbox_erp import message, notation
from adapters.sandbox_erp.article import Reader, characteristic, code_of
from adapters.sandbox_erp.price import Organisation, today
from domain.facet import (
    BRAND,
    CATEGORY,
    PRICE,
    REDUCED,
    CategoryCount,
    CategoryFacet,
    ChoiceCount,
    ChoiceFacet,
    Facet,
    FlagFacet,
    NumberFacet,
    PriceFacet,
)
from domain.filter import AttributeFilter, Criterion, OptionFilter, ProductFilter, ProductSort
from domain.money import Money

ABLE = frozenset(Criterion)
"""The ERP can apply every criterion there is."""

_DISCONTINUED = "Z9"
_ORDERS = {
    ProductSort.RELEVANCE: "SATNR",
    ProductSort.NEWEST: "ERSDA desc",
    ProductSort.PRICE_ASC: "KBETR",
    ProductSort.PRICE_DESC: "KBETR desc",
    ProductSort.NAME: "MAKTX",
    ProductSort.LAST_CHANGED: "LAEDA desc",
}
_FACETS = {CATEGORY: "MATKL", BRAND: "BRAND_ID", PRICE: "KONP", REDUCED: "ZSAL"}
_CODES = {name: code for code, name in _FACETS.items()}
_GROUP = re.compile(r"(?:[0-9]{2}){1,9}")


def is_group(code: str) -> bool:
    """Tell whether a text can be a material group's code."""
    return _GROUP.fullmatch(code) is not None


def order(sort: ProductSort) -> str:
    """Name an order."""
    return _ORDERS[sort]


def facet_names(codes: Sequence[str] | None) -> list[str]:
    """Name the facets that are wanted."""
    if codes is None:
        return ["*"]
    return [_FACETS.get(code) or characteristic(code) for code in codes]


def body(
    search: str | None,
    where: ProductFilter,
    skus: frozenset[str] | None,
    groups: Sequence[str],
    organisation: Organisation | None,
) -> dict[str, Any]:
    """Write criteria as a search's body; ``groups`` is what the category came down to."""
    found: dict[str, Any] = {}
    if search:
        found["SEARCH"] = search
    if groups:
        found["MATKL"] = groups
    if where.brands is not None:
        found["BRAND_ID"] = where.brands
    if where.is_discontinued is not None:
        found["MSTAE"] = [_DISCONTINUED if where.is_discontinued else ""]
    wanted: list[OptionFilter | AttributeFilter] = [
        *(where.options or ()),
        *(where.attributes or ()),
    ]
    if wanted:
        found["AUSP"] = [_wanted(each) for each in wanted]
    if skus is not None:
        found["MATNR"] = sorted(notation.long(sku) for sku in skus if notation.is_short(sku))
    if organisation is not None:
        found["KONP"] = _priced(where, organisation)
    return found


def _wanted(each: OptionFilter | AttributeFilter) -> dict[str, Any]:
    name = characteristic(each.code)
    if isinstance(each, OptionFilter) or each.values is not None:
        return {"ATNAM": name, "ATWRT": each.values}
    if each.is_true is not None:
        return {"ATNAM": name, "ATWRT": ["X" if each.is_true else ""]}
    bounds = {"LOW": each.min, "HIGH": each.max}
    return {"ATNAM": name, **{k: float(v) for k, v in bounds.items() if v is not None}}


def _priced(where: ProductFilter, organisation: Organisation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "VKORG": organisation.code,
        "PRSDT": notation.day_text(today(organisation)),
    }
    if where.price is not None:
        for name, bound in (("LOW", where.price.min), ("HIGH", where.price.max)):
            if bound is not None:
                found[name] = Money.of(bound, organisation.currency).minor
    if where.is_reduced is not None:
        found["ZSAL"] = where.is_reduced
    return found


def facets(rows: Sequence[message.Facet], reader: Reader, currency: str) -> tuple[Facet, ...]:
    """Translate a listing's facets.

    *Errors*: ``ValueError`` and ``LookupError`` for data that makes no sense.
    """
    return tuple(_facet(row, reader, currency) for row in rows)


def _facet(row: message.Facet, reader: Reader, currency: str) -> Facet:
    known = _CODES.get(row.atnam)
    code = known or code_of(row.atnam)
    name = None if known else reader.name(row.atnam)
    if row.anzahl < 0 or any(value.anzahl < 0 for value in row.values):
        raise ValueError("a count is below zero")
    if row.atnam == "MATKL":
        return CategoryFacet(
            code=code,
            count=row.anzahl,
            categories=tuple(
                CategoryCount(reader.category(value.atwrt, value.t023t), value.anzahl)
                for value in row.values
            ),
        )
    if row.atfor == "CURR":
        if row.konwa != currency:
            raise ValueError("the price is in another currency than was asked for")
        low, high = _bounds(row)
        return PriceFacet(
            code=code,
            count=row.anzahl,
            lowest=Money.of(low, currency),
            highest=Money.of(high, currency),
        )
    if row.atfor == "NUM":
        low, high = _bounds(row)
        unit = row.msehi.lower() if row.msehi else None
        return NumberFacet(code=code, name=name, count=row.anzahl, min=low, max=high, unit=unit)
    if row.atfor == "FLAG":
        return FlagFacet(code=code, name=name, count=row.anzahl)
    return ChoiceFacet(
        code=code,
        name=name,
        count=row.anzahl,
        choices=tuple(
            ChoiceCount(value.atwrt, reader.text(value.atwrt, value.texts)[0], value.anzahl)
            for value in row.values
        ),
    )


def _bounds(row: message.Facet) -> tuple[Decimal, Decimal]:
    if row.low is None or row.high is None:
        raise ValueError("a range has no bounds")
    return exact(row.low), exact(row.high)
