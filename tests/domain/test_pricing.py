"""What a cart costs: what every promotion does, and what holds of every cart."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.basket import PricingDelivery, PricingLine, PricingRequest
from domain.errors import BadInput
from domain.money import MAX_MINOR, Money, Price
from domain.pricing import Priced, Pricing, price_cart
from domain.promotion import (
    ALL_GOODS,
    AmountOff,
    Bundle,
    BundlePart,
    BuyGet,
    Coupon,
    CouponState,
    Effect,
    FreeDelivery,
    MissReason,
    Percentage,
    Period,
    Promotion,
    Selection,
    Threshold,
    ThresholdStep,
)
from domain.viewer import Channel

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CURRENCY = "PLN"
STANDARD = Decimal(23)


def money(minor: int, currency: str = CURRENCY) -> Money:
    """So much money."""
    return Money(minor, currency)


def line(
    sku: str,
    quantity: int = 1,
    minor: int = 100_00,
    *categories: str,
    rate: Decimal = STANDARD,
    key: str | None = None,
) -> PricingLine:
    """A line of a cart."""
    price = Price.containing(money(minor), rate)
    return PricingLine(
        key=key or sku,
        sku=sku,
        product_key=f"erp:{sku[0]}",
        categories=frozenset(categories),
        quantity=quantity,
        unit=price,
        list_price=price,
    )


def delivery(minor: int, *lines: str, key: str = "ship") -> PricingDelivery:
    """A delivery of some lines."""
    return PricingDelivery(key, lines, money(minor))


def request(
    *lines: PricingLine,
    deliveries: tuple[PricingDelivery, ...] = (),
    coupons: tuple[str, ...] = (),
    used_up: frozenset[str] = frozenset(),
    tier: str | None = None,
    channel: Channel = Channel.WEB,
) -> PricingRequest:
    """A cart in Poland, today."""
    return PricingRequest(
        lines=lines,
        deliveries=deliveries,
        coupons=coupons,
        used_up=used_up,
        tier=tier,
        channel=channel,
        market="PL",
        currency=CURRENCY,
        moment=NOW,
    )


def percent(key: str, off: int, **rest: object) -> Promotion:
    """So many percent off."""
    return _promotion(key, Percentage(Decimal(off)), rest)


def amount(key: str, off: int, *, each_piece: bool = False, **rest: object) -> Promotion:
    """So much off."""
    return _promotion(key, AmountOff({CURRENCY: money(off)}, each_piece), rest)


def free_delivery(key: str = "free", **rest: object) -> Promotion:
    """Delivery for nothing."""
    return _promotion(key, FreeDelivery(), rest)


def buy_get(key: str, buy: int, get: int, off: int = 100, **rest: object) -> Promotion:
    """So many bought, so many more reduced."""
    reward, times = rest.pop("reward", None), rest.pop("times", None)
    effect = BuyGet(buy, get, Decimal(off), reward, times)  # type: ignore[arg-type]
    return _promotion(key, effect, rest)


def bundle(key: str, price: int, *parts: tuple[str, int], **rest: object) -> Promotion:
    """Several goods together for one price."""
    named = tuple(BundlePart(named_goods(name), quantity) for name, quantity in parts)
    return _promotion(key, Bundle(named, {CURRENCY: money(price)}), rest)


def threshold(key: str, *steps: tuple[int, int], **rest: object) -> Promotion:
    """So many percent from so much on."""
    taken = tuple(ThresholdStep({CURRENCY: money(at)}, Decimal(off)) for at, off in steps)
    return _promotion(key, Threshold(taken), rest)


def named_goods(*names: str) -> Selection:
    """Goods by name."""
    return Selection(frozenset(names))


def _promotion(key: str, effect: Effect, rest: dict[str, object]) -> Promotion:
    return Promotion(key=key, name=key, effect=effect, **rest)  # type: ignore[arg-type]


def total(pricing: Pricing) -> int:
    """What is paid."""
    return pricing.totals.total.gross.minor


def off(pricing: Pricing) -> dict[str, int]:
    """What each promotion took off."""
    return {each.promotion.key: each.amount.minor for each in pricing.applied}


def why(pricing: Pricing) -> dict[str, MissReason]:
    """Why each promotion was missed."""
    return {each.promotion.key: each.reason for each in pricing.missed}


AT_100 = {CURRENCY: Money(100_00, CURRENCY)}
CODE = Coupon(frozenset({"AUTUMN"}))


@dataclass
class Case:
    """A cart, the promotions, and what comes of it."""

    lines: list[PricingLine]
    promotions: list[Promotion]
    off: dict[str, int]
    missed: dict[str, MissReason]


CASES = {
    "percent are rounded half up per piece where every offer shows them": Case(
        [line("A", 3, 5)], [percent("p", 50)], {"p": 9}, {}
    ),
    "and once in all where they are of a cart": Case(
        [line("A", 3, 5)], [percent("p", 50, minimum_quantity=1)], {"p": 8}, {}
    ),
    "an amount is never more than the goods cost": Case(
        [line("A", 2, 10_00)], [amount("a", 50_00)], {"a": 20_00}, {}
    ),
    "an amount off each piece is taken as often as there are pieces": Case(
        [line("A", 3, 10_00)], [amount("a", 1_00, each_piece=True)], {"a": 3_00}, {}
    ),
    "only what is selected is reduced": Case(
        [line("A", 1, 10_00, "shoes"), line("B", 1, 10_00)],
        [percent("p", 10, selection=named_goods("shoes"))],
        {"p": 1_00},
        {},
    ),
    "and nothing that is excluded": Case(
        [line("A", 1, 10_00, "shoes"), line("B", 1, 10_00)],
        [percent("p", 10, selection=Selection(None, frozenset({"shoes"})))],
        {"p": 1_00},
        {},
    ),
    "the later one acts on what the first has left": Case(
        [line("A")],
        [percent("last", 10), percent("first", 50, priority=1)],
        {"first": 50_00, "last": 5_00},
        {},
    ),
    "of a group the one of the higher priority acts": Case(
        [line("A")],
        [percent("big", 50, group="g"), percent("small", 10, group="g", priority=1)],
        {"small": 10_00},
        {"big": MissReason.NOT_COMBINABLE},
    ),
    "and of equal priority the one that takes off more": Case(
        [line("A")],
        [percent("a-small", 10, group="g"), percent("big", 50, group="g")],
        {"big": 50_00},
        {"a-small": MissReason.NOT_COMBINABLE},
    ),
    "one that does not combine leaves nothing to the others": Case(
        [line("A")],
        [percent("alone", 10, combines=False, priority=1), amount("a", 5_00)],
        {"alone": 10_00},
        {"a": MissReason.NOT_COMBINABLE},
    ),
    "and takes only what no other has acted on": Case(
        [line("A"), line("B")],
        [
            percent("first", 10, selection=named_goods("A"), priority=1),
            amount("alone", 5_00, combines=False),
        ],
        {"first": 10_00, "alone": 5_00},
        {},
    ),
    "a minimum that is not reached says how much is missing": Case(
        [line("A", 1, 88_00)], [percent("p", 10, minimum=AT_100)], {}, {"p": MissReason.AMOUNT}
    ),
    "a minimum counts what is left of the price": Case(
        [line("A")],
        [percent("p", 10, minimum=AT_100), amount("a", 1, each_piece=True)],
        {"a": 1},
        {"p": MissReason.AMOUNT},
    ),
    "too few pieces say how many are missing": Case(
        [line("A", 2)], [percent("p", 10, minimum_quantity=3)], {}, {"p": MissReason.QUANTITY}
    ),
    "of three the cheapest is free": Case(
        [line("A", 2, 30_00), line("B", 2, 20_00)], [buy_get("3for2", 2, 1)], {"3for2": 20_00}, {}
    ),
    "of six the two cheapest are": Case(
        [line("A", 2, 30_00), line("B", 4, 20_00)], [buy_get("3for2", 2, 1)], {"3for2": 40_00}, {}
    ),
    "as often as it may": Case(
        [line("A", 9, 10_00)], [buy_get("3for2", 2, 1, times=2)], {"3for2": 20_00}, {}
    ),
    "the second may be at half the price": Case(
        [line("A", 3, 9_99)], [buy_get("half", 1, 1, 50)], {"half": 5_00}, {}
    ),
    "what is given may be other goods": Case(
        [line("A", 3), line("B", 5, 10_00)],
        [buy_get("sock", 1, 1, selection=named_goods("A"), reward=named_goods("B"))],
        {"sock": 30_00},
        {},
    ),
    "what is given is not bought as well": Case(
        [line("A", 2), line("B", 2, 10_00, "x")],
        [buy_get("one", 1, 1, reward=named_goods("x"))],
        {"one": 20_00},
        {},
    ),
    "a piece too few says so": Case(
        [line("A", 2)], [buy_get("3for2", 2, 1)], {}, {"3for2": MissReason.QUANTITY}
    ),
    "all parts of a bundle cost one price": Case(
        [line("A", 2, 50_00), line("B", 3, 30_00)],
        [bundle("set", 60_00, ("A", 1), ("B", 1))],
        {"set": 40_00},
        {},
    ),
    "a bundle takes the dearest of what it may": Case(
        [line("A", 1, 50_00, "x"), line("B", 1, 90_00, "x"), line("C", 1, 5_00)],
        [bundle("set", 60_00, ("x", 1), ("C", 1))],
        {"set": 35_00},
        {},
    ),
    "a bundle that is dearer than its parts takes nothing": Case(
        [line("A", 1, 50_00), line("B", 1, 30_00)],
        [bundle("set", 90_00, ("A", 1), ("B", 1))],
        {},
        {},
    ),
    "a bundle without one of its parts says so": Case(
        [line("A", 2)],
        [bundle("set", 90_00, ("A", 1), ("B", 2))],
        {},
        {"set": MissReason.QUANTITY},
    ),
    "the highest step counts that is reached, and the next is told": Case(
        [line("A", 1, 250_00)],
        [threshold("steps", (100_00, 10), (200_00, 20), (300_00, 30))],
        {"steps": 50_00},
        {"steps": MissReason.AMOUNT},
    ),
    "below all steps the first is told": Case(
        [line("A", 1, 50_00)],
        [threshold("steps", (100_00, 10))],
        {},
        {"steps": MissReason.AMOUNT},
    ),
    "another tier's promotion says which tier it is": Case(
        [line("A")], [percent("p", 10, tiers=frozenset({"GOLD"}))], {}, {"p": MissReason.TIER}
    ),
    "another channel's promotion is not spoken of": Case(
        [line("A")], [percent("p", 10, channels=frozenset({Channel.APP}))], {}, {}
    ),
    "nor another market's": Case(
        [line("A")], [percent("p", 10, markets=frozenset({"DE"}))], {}, {}
    ),
    "nor one that is over": Case(
        [line("A")], [percent("p", 10, periods={"PL": Period(None, NOW)})], {}, {}
    ),
    "nor one that asks for a code": Case([line("A")], [percent("p", 10, coupon=CODE)], {}, {}),
    "nor one whose goods are not there": Case(
        [line("A")], [percent("p", 10, selection=named_goods("B"))], {}, {}
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_table(case: Case) -> None:
    """Each promotion takes off what it says, whatever the order of lines and promotions."""
    for turn in (1, -1):
        pricing = price_cart(request(*case.lines[::turn]), case.promotions[::turn])
        assert off(pricing) == case.off
        assert why(pricing) == case.missed


def test_what_is_missing_is_told() -> None:
    """A promotion that was missed says how much, how many or which tier is missing."""
    promotions = [
        free_delivery("free", minimum=AT_100),
        percent("three", 10, minimum_quantity=3),
        percent("gold", 10, tiers=frozenset({"GOLD", "SILVER"})),
        percent("less", 10, group="g"),
        percent("more", 20, group="g"),
        threshold("steps", (50_00, 1), (200_00, 2)),
        buy_get("one", 2, 2),
        bundle("set", 1_00, ("A", 2), ("B", 3)),
    ]
    pricing = price_cart(
        request(line("A", 1, 110_00), deliveries=(delivery(9_99, "A"),)), promotions
    )
    missed = {each.promotion.key: each for each in pricing.missed}
    # 110.00 less 20 percent, and one percent of the step that is reached.
    assert missed["free"].amount == money(100_00 - 87_12)
    assert missed["steps"].amount == money(112_00)
    assert missed["one"].quantity == 3
    assert missed["set"].quantity == 4
    assert missed["three"].quantity == 2
    assert missed["gold"].tiers == ("GOLD", "SILVER")
    lost_to = missed["less"].lost_to
    assert lost_to is not None
    assert lost_to.key == "more"


def test_free_delivery_is_a_discount_on_delivery() -> None:
    """Delivery that is free is charged and taken off, and the goods stay as they are."""
    cart = request(line("A"), deliveries=(delivery(9_99, "A"),))
    pricing = price_cart(cart, [free_delivery(minimum=AT_100)])
    assert (total(pricing), off(pricing)) == (100_00, {"free": 9_99})
    assert pricing.totals.delivery == money(9_99)
    assert pricing.applied[0].deliveries == ("ship",)


@pytest.mark.parametrize(
    ("entered", "used_up", "promotion", "state"),
    [
        (" autumn ", "", percent("p", 10, coupon=CODE), CouponState.APPLIED),
        ("SPRING", "", percent("p", 10, coupon=CODE), CouponState.UNKNOWN),
        ("AUTUMN", "AUTUMN", percent("p", 10, coupon=CODE), CouponState.USED_UP),
        (
            "AUTUMN",
            "",
            percent("p", 10, coupon=CODE, periods={"PL": Period(None, NOW)}),
            CouponState.EXPIRED,
        ),
        (
            "AUTUMN",
            "",
            percent("p", 10, coupon=CODE, periods={"PL": Period(NOW + timedelta(1))}),
            CouponState.NOT_YET_VALID,
        ),
        (
            "AUTUMN",
            "",
            percent("p", 10, coupon=CODE, minimum_quantity=2),
            CouponState.CONDITIONS_UNMET,
        ),
        (
            "AUTUMN",
            "",
            percent("p", 10, coupon=CODE, markets=frozenset({"DE"})),
            CouponState.CONDITIONS_UNMET,
        ),
        ("AUTUMN", "", percent("p", 10, coupon=CODE, group="g"), CouponState.NOT_COMBINABLE),
    ],
)
def test_a_coupon_says_what_became_of_it(
    entered: str, used_up: str, promotion: Promotion, state: CouponState
) -> None:
    """Each code that is entered has a state, and only an applied one changes the price."""
    rival = percent("rival", 20, group="g", priority=9, minimum_quantity=1)
    cart = request(line("A"), coupons=(entered,), used_up=frozenset({used_up}))
    pricing = price_cart(cart, [promotion, rival])
    (coupon,) = pricing.coupons
    assert coupon.state is state
    assert ("p" in off(pricing)) is (state is CouponState.APPLIED)


def test_a_promotion_is_redeemed_by_one_code() -> None:
    """Of two codes of one promotion one is redeemed; a code entered twice is one code."""
    promotion = percent("p", 10, coupon=Coupon(frozenset({"ONE", "TWO"})))
    pricing = price_cart(request(line("A"), coupons=("ONE", "two", "one")), [promotion])
    assert [(each.code, each.state) for each in pricing.coupons] == [
        ("ONE", CouponState.APPLIED),
        ("TWO", CouponState.NOT_COMBINABLE),
    ]
    assert total(pricing) == 90_00


@pytest.mark.parametrize(
    "cart",
    [
        request(line("A", 0)),
        request(line("A", -1)),
        request(line("A", 1, -1)),
        request(line("A"), line("A")),
        request(line("A", 10**9, 10**9)),
        request(line("A", 1, MAX_MINOR + 1)),
        request(line("A"), deliveries=(delivery(1, "B"),)),
        request(line("A"), deliveries=(delivery(1),)),
        request(line("A"), deliveries=(delivery(-1, "A"),)),
        request(line("A"), deliveries=(delivery(1, "A"), delivery(1, "A"))),
        request(line("A"), deliveries=(PricingDelivery("x", ("A",), Money(1, "EUR")),)),
        request(line("A"), coupons=tuple(f"CODE{n}" for n in range(11))),
        request(*(line(f"A{n}") for n in range(201))),
    ],
)
def test_what_cannot_be_priced_is_refused(cart: PricingRequest) -> None:
    """Quantities, amounts, currencies and numbers beyond their bounds are refused by name."""
    with pytest.raises(BadInput):
        price_cart(cart, [])


def test_an_empty_cart_costs_nothing() -> None:
    """A cart without lines has a total of nothing."""
    assert total(price_cart(request(), [percent("p", 10)])) == 0


CURRENCIES = ("JPY", "PLN", "BHD")
_rates = st.sampled_from([Decimal(0), Decimal(5), Decimal(8), Decimal("19.6"), Decimal(23)])
_categories = st.frozensets(st.sampled_from(["shoes", "shirts", "sale"]), max_size=2)


def _prices(currency: str) -> st.SearchStrategy[Price]:
    return st.builds(
        lambda minor, rate: Price.containing(Money(minor, currency), rate),
        st.integers(0, 500_00),
        _rates,
    )


@st.composite
def _promotions(draw: st.DrawFn, currency: str) -> list[Promotion]:
    amounts = st.integers(0, 300_00).map(lambda minor: {currency: Money(minor, currency)})
    percents = st.sampled_from([Decimal(1), Decimal("12.5"), Decimal(33), Decimal(100)])
    effects = st.one_of(
        st.builds(Percentage, percents),
        st.builds(AmountOff, amounts, st.booleans()),
        st.builds(FreeDelivery, percents),
        st.builds(
            BuyGet,
            st.integers(1, 3),
            st.integers(1, 2),
            percents,
            st.none() | st.builds(Selection, _categories),
            st.none() | st.integers(1, 2),
        ),
        st.builds(
            Bundle,
            st.lists(
                st.builds(BundlePart, st.builds(Selection, _categories), st.integers(1, 2)),
                min_size=1,
                max_size=3,
            ).map(tuple),
            amounts,
        ),
        st.builds(
            Threshold,
            st.lists(
                st.builds(ThresholdStep, amounts, percents)
                | st.builds(ThresholdStep, amounts, st.none(), amounts),
                min_size=1,
                max_size=3,
            ).map(tuple),
        ),
    )
    selections = st.just(ALL_GOODS) | st.builds(Selection, _categories, _categories)
    return [
        draw(
            st.builds(
                Promotion,
                key=st.just(f"p{number}"),
                name=st.just("p"),
                effect=effects,
                selection=selections,
                priority=st.integers(0, 2),
                group=st.sampled_from([None, None, "g", "h"]),
                combines=st.booleans(),
                channels=st.none(),
                markets=st.none(),
                tiers=st.sampled_from([None, None, frozenset({"GOLD"})]),
                coupon=st.sampled_from([None, None, CODE]),
                minimum=st.none() | amounts,
                minimum_quantity=st.none() | st.integers(1, 5),
                periods=st.just({}),
            )
        )
        for number in range(draw(st.integers(0, 8)))
    ]


@st.composite
def carts(draw: st.DrawFn) -> tuple[PricingRequest, list[Promotion]]:
    """Any cart, and promotions for it."""
    currency = draw(st.sampled_from(CURRENCIES))
    lines = tuple(
        PricingLine(
            key=f"l{number}",
            sku=draw(st.sampled_from("ABC")),
            product_key="erp:1",
            categories=draw(_categories),
            quantity=draw(st.integers(1, 7)),
            unit=draw(_prices(currency)),
            list_price=Price.containing(Money(500_00, currency), STANDARD),
        )
        for number in range(draw(st.integers(1, 6)))
    )
    keys = [each.key for each in lines]
    deliveries = tuple(
        PricingDelivery(
            f"d{number}",
            tuple(draw(st.sets(st.sampled_from(keys), min_size=1))),
            Money(draw(st.integers(0, 30_00)), currency),
        )
        for number in range(draw(st.integers(0, 2)))
    )
    cart = PricingRequest(
        lines=lines,
        deliveries=deliveries,
        coupons=draw(st.sampled_from([(), ("AUTUMN",), ("AUTUMN", "OTHER")])),
        tier=draw(st.sampled_from([None, "GOLD"])),
        channel=draw(st.sampled_from(list(Channel))),
        market="PL",
        currency=currency,
        moment=NOW,
    )
    return cart, draw(_promotions(currency))


def _whole(price: Price) -> bool:
    of_rates = all(each.net.minor + each.tax.minor == each.gross.minor for each in price.taxes)
    sums = all(
        sum(getattr(each, name).minor for each in price.taxes) == getattr(price, name).minor
        for name in ("gross", "net", "tax")
    )
    return of_rates and sums and all(each.net.minor >= 0 <= each.tax.minor for each in price.taxes)


@pytest.mark.long
@given(carts())
def test_the_sums_are_exact(drawn: tuple[PricingRequest, list[Promotion]]) -> None:
    """Goods plus delivery less discounts is the total, and net plus tax is gross for each rate."""
    cart, promotions = drawn
    pricing = price_cart(cart, promotions)
    totals = pricing.totals
    parts: list[Priced] = [*pricing.lines, *pricing.deliveries]
    goods = sum(each.unit.gross.minor * each.quantity for each in cart.lines)
    assert totals.goods.minor == goods
    assert totals.delivery.minor == sum(each.gross.minor for each in cart.deliveries)
    assert goods + totals.delivery.minor - totals.discounts.minor == totals.total.gross.minor
    assert sum(each.amount.minor for each in pricing.applied) == totals.discounts.minor
    for part in parts:
        taken = sum(each.amount.minor for each in part.allocations)
        assert part.before.minor - taken == part.total.gross.minor >= 0
        assert _whole(part.total)
    assert _whole(totals.total)
    for rate in totals.total.taxes:
        under = [each for part in parts for each in part.total.taxes if each.rate == rate.rate]
        assert sum(each.gross.minor for each in under) == rate.gross.minor
        assert sum(each.tax.minor for each in under) == rate.tax.minor
        exact = Decimal(rate.gross.minor) * rate.rate / (100 + rate.rate)
        assert abs(exact - rate.tax.minor) <= Decimal("0.5")


@given(carts(), st.randoms())
def test_order_and_channel_play_no_part(
    drawn: tuple[PricingRequest, list[Promotion]], random: Random
) -> None:
    """The same cart has the same price in whichever order it is told, and in every channel."""
    cart, promotions = drawn
    first = price_cart(cart, promotions)
    lines, deliveries = list(cart.lines), list(cart.deliveries)
    for each in (lines, deliveries, promotions):
        random.shuffle(each)
    for channel in Channel:
        other = PricingRequest(
            lines=tuple(lines),
            deliveries=tuple(deliveries),
            coupons=cart.coupons,
            tier=cart.tier,
            channel=channel,
            market=cart.market,
            currency=cart.currency,
            moment=cart.moment,
        )
        again = price_cart(other, promotions)
        assert again.totals == first.totals
        assert set(again.lines) == set(first.lines)
        assert again.applied == first.applied
        assert again.missed == first.missed


@given(carts())
def test_delivery_has_the_rates_of_its_goods(
    drawn: tuple[PricingRequest, list[Promotion]],
) -> None:
    """Delivery is taxed at the rates of what it carries, in proportion to what that costs."""
    cart, promotions = drawn
    pricing = price_cart(cart, promotions)
    costs = {each.key: each.total for each in pricing.lines}
    for asked, priced in zip(cart.deliveries, pricing.deliveries):
        carried: dict[Decimal, int] = {}
        for key in asked.lines:
            for each in costs[key].taxes:
                carried[each.rate] = carried.get(each.rate, 0) + each.gross.minor
        assert {each.rate for each in priced.total.taxes} <= carried.keys()
        whole = sum(carried.values())
        for each in priced.total.taxes if whole else ():
            exact = Decimal(priced.total.gross.minor) * carried[each.rate] / whole
            assert abs(exact - each.gross.minor) < 1


@given(carts(), st.data())
def test_splitting_a_line_changes_no_total(
    drawn: tuple[PricingRequest, list[Promotion]], data: st.DataObject
) -> None:
    """Two lines of a variant cost what one line of both costs, tax included."""
    cart, promotions = drawn
    place = data.draw(st.integers(0, len(cart.lines) - 1))
    split = cart.lines[place]
    if split.quantity < 2 or cart.deliveries:
        return
    some = data.draw(st.integers(1, split.quantity - 1))
    halves = [
        PricingLine(
            key=f"{split.key}-{number}",
            sku=split.sku,
            product_key=split.product_key,
            categories=split.categories,
            quantity=quantity,
            unit=split.unit,
            list_price=split.list_price,
        )
        for number, quantity in enumerate((some, split.quantity - some))
    ]
    other = PricingRequest(
        lines=(*cart.lines[:place], *halves, *cart.lines[place + 1 :]),
        deliveries=cart.deliveries,
        coupons=cart.coupons,
        tier=cart.tier,
        channel=cart.channel,
        market=cart.market,
        currency=cart.currency,
        moment=cart.moment,
    )
    assert price_cart(other, promotions).totals == price_cart(cart, promotions).totals
