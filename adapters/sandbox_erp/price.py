"""Price conditions into offers."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType
from zoneinfo import ZoneInfo

from msgspec import Struct

from adapters._body import exact
from adapters.sandbox_erp import message, notation
from domain.money import Money, Price
from domain.offer import Offer, PriceRule, Reduction
from domain.price import PriceEntry, PriceHistory, PriceKind
from domain.provenance import Provenance

_LIST, _SALE = "PR00", "ZSAL"
_FOREVER = "99991231"
_REMEMBERED = timedelta(days=550)


class Organisation(Struct, frozen=True, forbid_unknown_fields=True):
    """A sales organisation of the ERP, its currency, and whose midnight changes its prices."""

    code: str
    currency: str
    zone: str


ORGANISATIONS = MappingProxyType(
    {
        "PL": Organisation("PL01", "PLN", "Europe/Warsaw"),
        "DE": Organisation("DE01", "EUR", "Europe/Berlin"),
        "CZ": Organisation("CZ01", "CZK", "Europe/Prague"),
    }
)
"""The sandbox's organisations by market."""


def today(organisation: Organisation) -> date:
    """The day it is where the organisation sells."""
    return datetime.now(ZoneInfo(organisation.zone)).date()


def remembered(organisation: Organisation) -> tuple[date, date]:
    """The days of which the ERP keeps prices: eighteen months up to today."""
    day = today(organisation)
    return day - _REMEMBERED, day


def offer(
    priced: message.Priced, organisation: Organisation, provenance: Provenance
) -> Offer | None:
    """Translate a variant's conditions; None where one piece has no whole price.

    *Errors*: ``ValueError`` and ``LookupError`` for data that makes no sense, prices in another
    currency than the organisation's among it.
    """
    _check(priced, organisation)
    rows = {row.kschl: row for row in priced.konp}
    if len(rows) != len(priced.konp):
        _refuse_twins(priced.konp)
    list_row, sale_row = rows.get(_LIST), rows.get(_SALE)
    paid = sale_row or list_row
    if paid is None:
        raise ValueError("there is no price among the conditions")
    price = _price(paid, priced.mwst.kbetr, organisation)
    if price is None:
        return None
    listed = price
    if list_row is not None and list_row is not paid:
        # Without a whole list price nothing is said to be reduced.
        listed = _price(list_row, priced.mwst.kbetr, organisation) or price
    off = listed.gross.minor - price.gross.minor
    return Offer(
        sku=notation.short(priced.matnr),
        price=price,
        list_price=listed,
        applied_reductions=(
            Reduction(
                PriceRule.SALE,
                Money(off, organisation.currency),
                _midnight(paid.datab, organisation.zone).astimezone(UTC),
                _end(paid, organisation),
            ),
        )
        if off > 0
        else (),
        winning_rule=PriceRule.SALE if paid is sale_row else PriceRule.LIST_PRICE,
        version=_version(priced, paid, list_row or paid),
        valid_until=_end(paid, organisation),
        provenance=provenance,
    )


def history(
    priced: message.PricedEver, organisation: Organisation, provenance: Provenance
) -> PriceHistory:
    """Translate a variant's conditions of all times. *Errors*: as with ``offer``."""
    _check(priced, organisation)
    entries = [_entry(row, priced.mwst.kbetr, organisation) for row in priced.konp]
    return PriceHistory(
        sku=notation.short(priced.matnr),
        entries=tuple(entry for entry in entries if entry is not None),
        provenance=provenance,
    )


def _entry(
    row: message.PastCondition, rate: Decimal, organisation: Organisation
) -> PriceEntry | None:
    price = _price(row, rate, organisation)
    if price is None:
        return None
    return PriceEntry(
        price=price,
        kind=PriceKind.REGULAR if row.kschl == _LIST else PriceKind.REDUCTION,
        starts_at=_midnight(row.datab, organisation.zone),
        ends_at=None if row.datbi == _FOREVER else _next_midnight(row.datbi, organisation.zone),
        # Staff prices and those that were only simulated were never what everybody paid.
        is_public=row.kschl in (_LIST, _SALE) and not row.kdgrp and not row.kfrst,
    )


def _check(priced: message.Priced | message.PricedEver, organisation: Organisation) -> None:
    if priced.vkorg != organisation.code:
        raise ValueError("the price is another sales organisation's")
    if priced.mwst.konwa != "%" or not 0 <= exact(priced.mwst.kbetr) < 100:
        raise ValueError("the tax is not a rate in percent")


def _refuse_twins(rows: Sequence[message.Condition]) -> None:
    kinds = [row.kschl for row in rows]
    if kinds.count(_LIST) > 1 or kinds.count(_SALE) > 1:
        raise ValueError("two conditions of one kind are valid at a time")


def _price(row: message.Condition, rate: Decimal, organisation: Organisation) -> Price | None:
    if row.konwa != organisation.currency:
        raise ValueError("the price is in another currency than was asked for")
    return _containing(row.kbetr, row.kpein, row.konwa, rate)


@lru_cache(maxsize=16_384)
def _containing(amount: Decimal, pieces: Decimal, currency: str, rate: Decimal) -> Price | None:
    # Shops repeat their prices, and exact arithmetic takes as long as decoding does.
    if exact(amount) < 0 or exact(pieces) <= 0:
        raise ValueError("a price is below zero, or for no piece")
    gross = Money.each(amount, pieces, currency)
    return None if gross is None else Price.containing(gross, rate)


def _end(row: message.Condition, organisation: Organisation) -> datetime | None:
    """The first instant at which the condition holds no more."""
    if row.datbi == _FOREVER:
        return None
    return _next_midnight(row.datbi, organisation.zone).astimezone(UTC)


# Prices begin and end on few days, and each costs a look into the zone's history.
@lru_cache(maxsize=4_096)
def _midnight(day: str, zone: str) -> datetime:
    return datetime.combine(notation.day(day), time(), ZoneInfo(zone))


@lru_cache(maxsize=4_096)
def _next_midnight(day: str, zone: str) -> datetime:
    return datetime.combine(notation.day(day) + timedelta(days=1), time(), ZoneInfo(zone))


def _version(priced: message.Priced, paid: message.Condition, listed: message.Condition) -> str:
    one = _written(paid)
    other = one if listed is paid else _written(listed)
    text = f"{priced.matnr}|{priced.vkorg}|{priced.mwst.kbetr}|{one}|{other}"
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _written(row: message.Condition) -> str:
    return f"{row.kschl}|{row.kbetr!s}|{row.kpein!s}|{row.konwa}|{row.datab}|{row.datbi}"
