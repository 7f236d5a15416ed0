"""Offers out of Tryton's prices: without tax, or with it where the price list says so."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

from msgspec import Struct

from adapters._body import exact
from adapters.tryton.record import by_code, conversion, plausible
from adapters.tryton.reference import Reference, References
from adapters.tryton.rpc import BY_CODE, Amount, Day, Reply, Rpc
from domain.ask import Ask
from domain.errors import Failure
from domain.money import Money, Price, currency_digits
from domain.offer import Offer, PriceRule, Reduction
from domain.provenance import PRICE, Provenance

# Prices are computed one by one: 100 take Tryton about 0.3 s, 500 take 1.8 s.
_CHUNK = 100

_TAXES = "template.account_category.customer_taxes_used"
_FIELDS = (
    *("code", "sale_price_uom", "list_price_used", "default_uom.factor", "sale_uom.factor"),
    *(f"{_TAXES}.{name}" for name in ("type", "rate", "start_date", "end_date")),
)


class _Tax(Struct, frozen=True):
    type: str
    rate: Amount | None
    start_date: Day | None
    end_date: Day | None

    def holds(self, day: date) -> bool:
        """Whether it is levied on this day."""
        return (self.start_date is None or self.start_date.value().date() <= day) and (
            self.end_date is None or day <= self.end_date.value().date()
        )


class _TaxCategory(Struct, frozen=True, rename={"taxes": "customer_taxes_used."}):
    taxes: list[_Tax]


class _Template(Struct, frozen=True, rename={"tax_category": "account_category."}):
    tax_category: _TaxCategory | None


class _Unit(Struct, frozen=True):
    factor: Decimal


class _Row(
    Struct,
    frozen=True,
    rename={
        "price": "sale_price_uom",
        "list_price": "list_price_used",
        "counted": "default_uom.",
        "sold": "sale_uom.",
        "template": "template.",
    },
):
    code: str | None
    price: Amount | None
    list_price: Amount | None
    counted: _Unit
    sold: _Unit | None
    template: _Template


class Offers:
    """Reads prices; one call for up to 100 SKUs."""

    def __init__(self, rpc: Rpc, references: References, price_lists: Mapping[str, int]) -> None:
        self._rpc = rpc
        self._references = references
        self._price_lists = price_lists
        self._system = rpc.upstream.system

    async def by_sku(
        self, skus: Sequence[str], ask: Ask, call: str
    ) -> Mapping[str, Offer | Failure]:
        """Read the price of one piece for each SKU, in the company's currency and no other."""
        reference = await self._references.get(ask, call)
        if ask.currency != reference.currency:
            # Tryton would convert at its rate of the day; such a price was never published.
            return {}
        price_list = self._price_list(ask)
        context: dict[str, object] = {"company": reference.company, "quantity": 1}
        if price_list is not None:
            context["price_list"] = price_list

        async def fetch(codes: Sequence[str]) -> dict[str, Offer | Failure]:
            rows = await self._rpc.search_read(
                "product.product",
                [["code", "in", codes], ["salable", "=", True]],
                _FIELDS,
                # One more than asked for, so that a code that stands twice shows.
                len(codes) + 1,
                Reply[list[_Row]],
                ask,
                call,
                BY_CODE,
                **context,
            )
            now = datetime.now(UTC)
            with self._rpc.upstream.contract(call):
                gross = _is_gross(reference, price_list)
            found = by_code(
                self._system,
                call,
                rows,
                codes,
                lambda code, row: self._offer(code, row, gross, reference.currency, now),
            )
            return {code: offer for code, offer in found.items() if offer is not None}

        chunks = await self._rpc.upstream.chunked(plausible(skus), _CHUNK, fetch)
        return {sku: offer for chunk in chunks for sku, offer in chunk.items()}

    def _price_list(self, ask: Ask) -> int | None:
        """Choose the list for the market and channel, then for the market, then none."""
        own = self._price_lists.get(f"{ask.market}/{ask.channel.value}")
        return own if own is not None else self._price_lists.get(ask.market)

    def _offer(
        self, sku: str, row: _Row, gross: bool, currency: str, now: datetime
    ) -> Offer | None:
        if row.price is None:
            return None
        category = row.template.tax_category
        percent = _percent(category.taxes if category is not None else (), now.date())
        price = row.price.value()
        paid = _money(price if gross else _with_tax(price, percent), currency)
        listed = paid
        if row.list_price is not None:
            sold = row.sold or row.counted
            piece = conversion(exact(row.counted.factor), exact(sold.factor))
            listed = _money(_with_tax(row.list_price.value() * piece, percent), currency)
        if listed.minor < paid.minor:
            # A price list may also be dearer than the list price: then nothing is reduced.
            listed = paid
        off = Money(listed.minor - paid.minor, currency)
        return Offer(
            sku=sku,
            price=Price.containing(paid, percent),
            list_price=Price.containing(listed, percent),
            applied_reductions=(Reduction(PriceRule.PRICE_LIST, off),) if off.minor else (),
            winning_rule=PriceRule.PRICE_LIST if off.minor else PriceRule.LIST_PRICE,
            version=_version(price, paid, listed, percent),
            provenance=Provenance(self._system, now, PRICE),
        )


def _is_gross(reference: Reference, price_list: int | None) -> bool:
    if price_list is None:
        return False
    if price_list not in reference.price_lists:
        raise ValueError(f"found no price list {price_list}; options.price_lists names it")
    return reference.price_lists[price_list]


def _percent(taxes: Iterable[_Tax], day: date) -> Decimal:
    """Add up the rates that are levied on this day."""
    percent = Decimal(0)
    for tax in taxes:
        if not tax.holds(day):
            continue
        rate = tax.rate.value() if tax.rate is not None else None
        if tax.type != "percentage" or rate is None or not 0 <= rate <= 1:
            raise ValueError("found a tax that is not a percentage from 0 to 100")
        percent += rate * 100
    return percent.normalize() + 0


def _with_tax(net: Decimal, percent: Decimal) -> Decimal:
    return net * (100 + percent) / 100


def _money(amount: Decimal, currency: str) -> Money:
    """Round half up to the minor unit: Tryton's unit prices have more digits than its currency."""
    if amount < 0:
        raise ValueError("found a price below zero")
    unit = Decimal(1).scaleb(-currency_digits(currency))
    return Money.of(amount.quantize(unit, ROUND_HALF_UP), currency)


def _version(*parts: object) -> str:
    return hashlib.blake2b("|".join(map(str, parts)).encode(), digest_size=9).hexdigest()
