"""Coupons are held as often as they may be, and never once more, on either database."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from domain.ask import Ask
from domain.attempt import Attempt, Changes
from domain.coupon import Claim, claims
from domain.deadline import Deadline
from domain.outcome import Outcome
from domain.promotion import Coupon, Percentage, Promotion
from domain.viewer import Channel
from storage.settings import StorageSettings
from storage.store import Store, open_store

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)


class Tried(Outcome, frozen=True, kw_only=True):
    """Which codes could not be had."""

    codes: tuple[str, ...] = ()


def ask() -> Ask:
    return Ask(Deadline.after(30), "PL", "PLN", "pl", Channel.WEB)


def claim(taker: str, customer: str = "crm:1", code: str = "ONE", **limits: int) -> Claim:
    return Claim(code, taker, customer, **limits)


async def run(store: Store, key: str, work: Callable[[Changes], Awaitable[Tried]]) -> Tried:
    attempt = Attempt(client="c", subject="s", mutation="m", key=key, input=key.encode())
    return await store.attempts.once(attempt, Tried, work, ask())


async def hold(store: Store, *wanted: Claim, until: timedelta = HOUR) -> Sequence[str]:
    async def work(changes: Changes) -> Tried:
        refused = await changes.coupon.hold(wanted, datetime.now(UTC) + until)
        return Tried(codes=tuple(each.code for each in refused))

    return (await run(store, f"hold {wanted} {until}", work)).codes


async def release(store: Store, taker: str) -> None:
    async def work(changes: Changes) -> Tried:
        await changes.coupon.release(taker)
        return Tried()

    await run(store, f"release {taker}", work)


async def redeemable(store: Store, wanted: Claim) -> bool:
    return (await store.own.coupon.redeemable_by_claim([wanted], ask()))[wanted]


async def test_a_hundred_at_once_get_no_more_than_the_limit(
    store: Store, settings: StorageSettings
) -> None:
    """Of a hundred carts that hold a code at once, in two processes' stores, ten get it."""
    other = open_store(settings)
    assert await other.start() is None
    try:
        refused = await asyncio.gather(
            *(
                hold((store, other)[n % 2], claim(f"cart {n}", f"crm:{n}", limit=10))
                for n in range(100)
            )
        )
    finally:
        await other.close()
    assert sum(not each for each in refused) == 10
    assert not await redeemable(store, claim("cart x", limit=10))


async def test_a_customer_gets_no_more_than_theirs(store: Store) -> None:
    """Of twenty carts of one customer at once as many hold a code as one customer may."""
    mine = await asyncio.gather(
        *(hold(store, claim(f"cart {n}", limit_per_customer=2)) for n in range(20))
    )
    assert sum(not each for each in mine) == 2
    assert await hold(store, claim("another", "crm:2", limit_per_customer=2)) == ()
    assert not await redeemable(store, claim("a third", limit_per_customer=2))
    assert await redeemable(store, claim("cart", "crm:3", limit_per_customer=2))


async def test_one_cart_holds_a_code_once(store: Store) -> None:
    """A cart that asks again has its code already and takes none from others."""
    for until in (HOUR, 2 * HOUR):
        assert await hold(store, claim("cart", limit=1), until=until) == ()
    assert await redeemable(store, claim("cart", limit=1))
    assert await hold(store, claim("other", limit=1)) == ("ONE",)


async def test_what_is_let_go_can_be_had_again(store: Store) -> None:
    """A code that is released, or whose hold has run out, is there for the next."""
    await hold(store, claim("first", limit=1))
    await release(store, "first")
    await hold(store, claim("second", limit=1), until=-HOUR)
    assert await redeemable(store, claim("third", limit=1))
    assert await hold(store, claim("third", limit=1)) == ()
    assert await hold(store, claim("second", limit=1)) == ("ONE",)


async def test_codes_are_held_together_or_told(store: Store) -> None:
    """Of several codes those that are used up are told, and no others."""
    await hold(store, claim("first", code="B", limit=1))
    wanted = [claim("second", code=code, limit=1) for code in "CBA"]
    assert await hold(store, *wanted) == ("B",)


def test_claims_have_the_limits_of_their_promotion() -> None:
    """What is entered becomes a claim with its promotion's limits; unknown codes become none."""
    promotion = Promotion(
        key="p", name="p", effect=Percentage(Decimal(1)), coupon=Coupon(frozenset({"A"}), 5, 1)
    )
    assert claims([" a ", "B", "A"], [promotion], "cart", "crm:1") == [
        Claim("A", "cart", "crm:1", 5, 1)
    ]
