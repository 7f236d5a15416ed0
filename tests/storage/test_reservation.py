"""Goods held for somebody: what is held, for how long, and what nobody else gets meanwhile."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Update, select, update

from domain.ask import Ask
from domain.assortment import Assortment
from domain.deadline import Deadline, Duration
from domain.holdback import HeldBack, HoldBack
from domain.holding import Holding
from domain.viewer import Channel, Purpose
from storage.settings import StorageSettings
from storage.store import Store, open_store
from storage.table import HOLD, RESERVATION, SHELF
from tests.servers import Postgres
from tests.storage.conftest import MASTER_KEY
from tests.storage.reserve import (
    BY_ID,
    EXTEND,
    MINE,
    RELEASE,
    change,
    made,
    place,
    refused,
    reserve,
)
from tests.storage.shop import (
    AGENT,
    ANNA,
    DEPOT,
    GUEST,
    OTHER_SHOP,
    PIECES,
    PIOTR,
    SHOP,
    Shop,
    customer,
)

ASK = Ask(Deadline.after(600), "PL", "PLN", "en", Channel.WEB)
LATER = timedelta(seconds=5)
ANNA_ID = "Q3VzdG9tZXI6Y3JtOkMtMQ"


@pytest.fixture
def shop(store: Store) -> Shop:
    return Shop(store)


async def _write(store: Store, statement: Update) -> None:
    await store._database.write(lambda connection: connection.execute(statement))


async def _over(store: Store) -> None:
    """Let the time of everything that is held be over."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    for table in (HOLD, RESERVATION):
        await _write(store, update(table).values(expires_at=past))


async def test_goods_are_held_extended_and_let_go(shop: Shop) -> None:
    """What is reserved is held until its time is over or it is let go, and seen in any channel."""
    anna = customer(ANNA)
    lines = [{"sku": "S1", "quantity": 2}, "S2", {"sku": "S1", "quantity": 1}]
    found = made(await reserve(shop, anna, "create-1", *lines))
    assert found["state"] == "HELD"
    assert found["lines"] == [
        {"sku": "S1", "quantity": 3, "location": {"id": place()}},
        {"sku": "S2", "quantity": 1, "location": {"id": place()}},
    ]
    mine = (await shop.ask(MINE, customer(ANNA, client="till")))["data"]["viewer"]["reservations"]
    assert [each["id"] for each in mine] == [found["id"]]
    longer = made(await change(shop, EXTEND, anna, "extend-1", found["id"]), "reservationExtend")
    assert longer["expiresAt"] > found["expiresAt"]
    gone = made(await change(shop, RELEASE, anna, "release1", found["id"]), "reservationRelease")
    assert gone["state"] == "RELEASED"
    assert (await shop.ask(MINE, anna))["data"]["viewer"]["reservations"] == []
    again = await change(shop, RELEASE, anna, "release2", found["id"])
    assert made(again, "reservationRelease")["state"] == "RELEASED"
    (error,) = refused(await change(shop, EXTEND, anna, "extend-2", found["id"]),
                       "reservationExtend")  # fmt: skip
    assert (error["__typename"], error["state"]) == ("ReservationEnded", "RELEASED")


async def test_what_one_holds_nobody_else_gets(shop: Shop) -> None:
    """A shortage tells what, where, how many are wanted and how many there are; nothing is held."""
    made(await reserve(shop, customer(ANNA), "create-1", {"sku": "S1", "quantity": PIECES - 1}))
    answer = await reserve(shop, customer(PIOTR), "create-1", "S2", {"sku": "S1", "quantity": 2})
    (error,) = refused(answer)
    assert {name: error[name] for name in ("__typename", "sku", "wanted", "available")} == {
        "__typename": "Shortage", "sku": "S1", "wanted": 2, "available": 1,
    }  # fmt: skip
    assert error["location"] == {"id": place()}
    made(await reserve(shop, customer(PIOTR), "create-2", "S1"))
    made(await reserve(shop, customer(PIOTR), "create-3", "S1", at=OTHER_SHOP))
    answer = await reserve(shop, customer(PIOTR), "create-4", "S1")
    assert refused(answer)[0]["available"] == 0


async def test_two_lines_of_one_sku_are_wanted_together(shop: Shop) -> None:
    """Demand is added up by SKU before it is compared with what there is."""
    shop.stock.pieces["S1", SHOP] = 3
    lines = [{"sku": "S1", "quantity": 2}, {"sku": "S1", "quantity": 2}]
    (error,) = refused(await reserve(shop, customer(ANNA), "create-1", *lines))
    assert (error["wanted"], error["available"]) == (4, 3)


async def test_a_bundle_holds_its_components(shop: Shop, store: Store) -> None:
    """A bundle can be had as often as its scarcest component makes it, and holds all of them."""
    shop.stock.pieces["S8", SHOP], shop.stock.pieces["S9", SHOP] = 5, 9
    there = await _there(shop, "B1")
    assert (there["stock"]["available"], there["band"]) == (2, "FEW")
    found = made(await reserve(shop, customer(ANNA), "create-1", "B1", "S8"))
    assert [(each["sku"], each["quantity"]) for each in found["lines"]] == [("B1", 1), ("S8", 1)]
    rows = await store._database.read(
        lambda c: c.execute(select(HOLD.c.sku, HOLD.c.quantity).order_by(HOLD.c.sku))
    )
    assert rows.all() == [("S8", 3), ("S9", 1)]
    assert (await _there(shop, "B1"))["stock"]["available"] == 1
    assert (await _there(shop, "S8"))["stock"]["available"] == 2
    (error,) = refused(await reserve(shop, customer(PIOTR), "create-1", "B1", "S8"))
    assert (error["sku"], error["wanted"], error["available"]) == ("S8", 3, 2)
    await change(shop, RELEASE, customer(ANNA), "release1", found["id"])
    assert (await _there(shop, "B1"))["stock"]["available"] == 2


async def test_what_is_over_counts_no_more_though_nobody_has_swept(
    store: Store, shop: Shop
) -> None:
    """An expired hold stops counting the moment its time is over."""
    full = {"sku": "S1", "quantity": PIECES}
    found = made(await reserve(shop, customer(ANNA), "create-1", full))
    assert refused(await reserve(shop, customer(PIOTR), "create-1", full))
    await _over(store)
    answer = await shop.ask(BY_ID, customer(ANNA), id=found["id"])
    assert answer["data"]["reservation"]["state"] == "EXPIRED"
    made(await reserve(shop, customer(PIOTR), "create-1", full))
    (error,) = refused(
        await change(shop, EXTEND, customer(ANNA), "extend-1", found["id"]), "reservationExtend"
    )
    assert error["state"] == "EXPIRED"


async def test_a_clock_that_lags_gives_nothing_away_twice(store: Store, shop: Shop) -> None:
    """Who believes that their hold still runs cannot extend it once another has the goods."""
    anna, piotr = customer(ANNA), customer(PIOTR)
    full = {"sku": "S1", "quantity": PIECES}
    found = made(await reserve(shop, anna, "create-1", full))
    await _over(store)
    made(await reserve(shop, piotr, "create-1", full))
    # As a process sees it whose clock is behind.
    now = datetime.now(UTC)
    for table in (HOLD, RESERVATION):
        late = update(table).where(table.c.expires_at < now).values(expires_at=now + LATER)
        await _write(store, late)
    answer = await change(shop, EXTEND, anna, "extend-1", found["id"])
    assert refused(answer, "reservationExtend")[0]["__typename"] == "Shortage"


async def test_goods_are_held_no_longer_than_the_terms_allow(store: Store) -> None:
    """However often it is extended, a reservation ends."""
    shop = Shop(store, holding=Holding(time=Duration(60), longest=Duration(60)))
    anna = customer(ANNA)
    found = made(await reserve(shop, anna, "create-1", "S1"))
    (error,) = refused(
        await change(shop, EXTEND, anna, "extend-1", found["id"]), "reservationExtend"
    )
    assert (error["__typename"], error["limit"]) == ("ReservationLimitReached", 1)


async def test_nobody_holds_more_than_their_part(store: Store) -> None:
    """One customer holds a few pieces at once, however many requests they send together."""
    shop = Shop(store, holding=Holding(reservations=3, pieces=10))
    anna = customer(ANNA)
    (error,) = refused(await reserve(shop, anna, "create-0", {"sku": "S1", "quantity": 11}))
    assert (error["__typename"], error["limit"]) == ("ReservationLimitReached", 10)
    answers = await asyncio.gather(
        *(reserve(shop, anna, f"create-{number}", "S1") for number in range(1, 9))
    )
    errors = [each["data"]["reservationCreate"]["userErrors"] for each in answers]
    assert sorted(len(each) for each in errors) == [0, 0, 0, 1, 1, 1, 1, 1]
    assert {each["limit"] for some in errors for each in some} == {3}
    guest = {"secret": secrets.token_urlsafe(32)}
    answers = await asyncio.gather(
        *(reserve(shop, GUEST, f"create-{number}", "S1", **guest) for number in range(6))
    )
    made_ones = [each["data"]["reservationCreate"]["reservation"] for each in answers]
    assert sum(each is not None for each in made_ones) == 3


async def test_many_secrets_hold_no_more_than_one_address_may(store: Store) -> None:
    """Drawing a new secret for each reservation gets nobody more than their address may hold."""
    shop = Shop(store, holding=Holding(address=3))

    async def one(origin: str) -> Any:
        secret = secrets.token_urlsafe(32)
        return await reserve(shop, GUEST, "create-1", "S1", secret=secret, origin=origin)

    answers = await asyncio.gather(*(one("here") for _ in range(6)))
    errors = [each["data"]["reservationCreate"]["userErrors"] for each in answers]
    assert sorted(len(each) for each in errors) == [0, 0, 0, 1, 1, 1]
    assert {each["limit"] for some in errors for each in some} == {3}
    made(await one("there"))
    made(await reserve(shop, customer(ANNA), "create-1", "S1", origin="here"))


async def test_what_is_over_is_swept(store: Store, shop: Shop) -> None:
    """Sweeping ends what is over and lets nothing of it lie about; what runs stays."""
    anna = customer(ANNA)
    old = made(await reserve(shop, anna, "create-1", "S1"))
    now = datetime.now(UTC)
    await _write(store, update(RESERVATION).values(expires_at=now - timedelta(minutes=2)))
    runs = made(await reserve(shop, anna, "create-2", "S2"))
    await _write(store, update(SHELF).values(observed_at=now - timedelta(days=2)))
    assert await store.sweep.sweep() == 2
    rows = await store._database.read(lambda c: c.execute(select(HOLD.c.sku)))
    assert rows.all() == [("S2",)]
    rows = await store._database.read(lambda c: c.execute(select(SHELF.c.sku)))
    assert rows.all() == [("S2",)]
    for id, state in ((old["id"], "EXPIRED"), (runs["id"], "HELD")):
        assert (await shop.ask(BY_ID, anna, id=id))["data"]["reservation"]["state"] == state
    await _write(
        store,
        update(RESERVATION)
        .where(RESERVATION.c.state == "EXPIRED")
        .values(expires_at=now - timedelta(days=31)),
    )
    assert await store.sweep.sweep() == 1
    assert (await shop.ask(BY_ID, anna, id=old["id"]))["data"]["reservation"] is None
    assert await store.sweep.sweep() == 0


async def test_a_guest_is_known_by_their_secret(shop: Shop) -> None:
    """A guest gives nothing of themselves; who has the secret has the reservation."""
    secret, other = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    found = made(await reserve(shop, GUEST, "create-1", "S1", secret=secret))
    read = await shop.ask(BY_ID, GUEST, id=found["id"], secret=secret)
    assert read["data"]["reservation"]["state"] == "HELD"
    for given in (None, other):
        read = await shop.ask(BY_ID, GUEST, id=found["id"], secret=given)
        assert read["data"] == {"reservation": None, "node": None}
    answer = await change(shop, RELEASE, GUEST, "release1", found["id"], secret=other)
    assert answer["errors"] == ["NOT_FOUND"]
    # Having signed in meanwhile, they still have it.
    anna = customer(ANNA)
    answer = await change(shop, EXTEND, anna, "extend-1", found["id"], secret=secret)
    assert made(answer, "reservationExtend")["id"] == found["id"]
    answer = await change(shop, RELEASE, GUEST, "release1", found["id"], secret=secret)
    assert made(answer, "reservationRelease")["state"] == "RELEASED"
    for bad in ("short", "a" * 43):
        assert (await reserve(shop, GUEST, "create-2", "S1", secret=bad))["errors"] == ["BAD_INPUT"]
    assert (await reserve(shop, GUEST, "create-2", "S1"))["errors"] == ["UNAUTHENTICATED"]


async def test_somebody_else_s_reservation_is_as_good_as_none(shop: Shop) -> None:
    """Another customer neither sees nor changes it; staff do, and make one for a customer."""
    anna, piotr = customer(ANNA), customer(PIOTR)
    found = made(await reserve(shop, anna, "create-1", "S1"))
    answer = await shop.ask(BY_ID, piotr, id=found["id"])
    assert answer["data"] == {"reservation": None, "node": None}
    for document in (EXTEND, RELEASE):
        answer = await change(shop, document, piotr, "change-1", found["id"])
        assert answer["errors"] == ["NOT_FOUND"]
    answer = await reserve(shop, piotr, "create-1", "S1", customer=ANNA_ID)
    assert answer["errors"] == ["NOT_FOUND"]
    answer = await reserve(shop, customer(ANNA, purposes=(Purpose.MARKETING,)), "create-2", "S1")
    assert answer["errors"] == ["FORBIDDEN"]
    await shop.open_case(AGENT, ANNA_ID)
    phoned = made(await reserve(shop, AGENT, "create-1", "S2", customer=ANNA_ID))
    mine = (await shop.ask(MINE, anna))["data"]["viewer"]["reservations"]
    assert [each["id"] for each in mine] == [phoned["id"], found["id"]]
    assert (await reserve(shop, AGENT, "create-2", "S2"))["errors"] == ["BAD_INPUT"]


async def test_every_change_happens_once_for_its_key(store: Store, shop: Shop) -> None:
    """Sent again it is told the same; with other input nothing happens; twins are one."""
    anna = customer(ANNA)
    twins = await asyncio.gather(*(reserve(shop, anna, "create-1", "S1") for _ in range(10)))
    first = made(twins[0])
    assert all(each["data"] == twins[0]["data"] for each in twins)
    (error,) = refused(await reserve(shop, anna, "create-1", "S2"))
    assert error["__typename"] == "IdempotencyMismatch"
    other = made(await reserve(shop, anna, "create-2", "S2"))
    for document, name in ((EXTEND, "reservationExtend"), (RELEASE, "reservationRelease")):
        answers = await asyncio.gather(
            *(change(shop, document, anna, "change-1", first["id"]) for _ in range(5))
        )
        assert all(each["data"] == answers[0]["data"] for each in answers)
        assert made(answers[0], name)["id"] == first["id"]
        (error,) = refused(await change(shop, document, anna, "change-1", other["id"]), name)
        assert error["__typename"] == "IdempotencyMismatch"
    rows = await store._database.read(lambda c: c.execute(select(HOLD.c.sku, HOLD.c.quantity)))
    assert rows.all() == [("S2", 1)]
    again = await reserve(shop, anna, "create-1", "S1")
    assert made(again)["state"] == "HELD", "a replay shows what was made, not what is"


@pytest.mark.parametrize("quantity", [0, -1, 1_000, 2**31 - 1])
async def test_what_is_no_quantity_is_refused(shop: Shop, quantity: int) -> None:
    """Nothing, less than nothing and too much cannot be held, and the caller is told the bounds."""
    lines = ({"sku": "S2"}, {"sku": "S1", "quantity": quantity})
    (error,) = refused(await reserve(shop, customer(ANNA), "create-1", *lines))
    assert error["__typename"] == "QuantityOutOfRange"
    assert error["path"] == ["input", "lines", "quantity"]


@pytest.mark.parametrize("sku", ["", "S" * 101])
async def test_skus_have_bounds(shop: Shop, sku: str) -> None:
    """What can be no SKU is the caller's mistake."""
    assert (await reserve(shop, customer(ANNA), "create-1", sku))["errors"] == ["BAD_INPUT"]


@pytest.mark.parametrize("quantity", [1.5, 2**31, "1", None])
async def test_a_quantity_is_a_whole_number(shop: Shop, quantity: Any) -> None:
    """A quantity that is no whole number of pieces never reaches a resolver."""
    answer = await reserve(shop, customer(ANNA), "create-1", {"sku": "S1", "quantity": quantity})
    assert answer["data"] is None
    assert answer["errors"] != []


async def test_what_is_not_there_cannot_be_held(shop: Shop) -> None:
    """An unknown SKU is a shortage of all of it, an unknown place not found, a depot no shop."""
    anna = customer(ANNA)
    (error,) = refused(await reserve(shop, anna, "create-1", "X1"))
    assert (error["__typename"], error["available"]) == ("Shortage", 0)
    assert (await reserve(shop, anna, "create-1", "S1", at="wms:Z"))["errors"] == ["NOT_FOUND"]
    (error,) = refused(await reserve(shop, anna, "create-1", "S1", at=DEPOT))
    assert error["__typename"] == "CollectionNotOffered"


async def test_the_last_snapshot_decides_while_the_stock_system_is_away(
    store: Store, shop: Shop
) -> None:
    """Without the stock system, what it said last stands for five minutes, and no longer."""
    anna, piotr = customer(ANNA), customer(PIOTR)
    shop.stock.pieces["S1", SHOP] = 3
    made(await reserve(shop, anna, "create-1", "S1"))
    shop.stock.is_away = True
    made(await reserve(shop, anna, "create-2", "S1"))
    (error,) = refused(await reserve(shop, piotr, "create-1", {"sku": "S1", "quantity": 2}))
    assert error["available"] == 1
    assert (await reserve(shop, anna, "create-3", "S9"))["errors"] == ["SOURCE_UNAVAILABLE"]
    old = datetime.now(UTC) - timedelta(minutes=6)
    await _write(store, update(SHELF).values(observed_at=old))
    assert (await reserve(shop, anna, "create-4", "S1"))["errors"] == ["SOURCE_UNAVAILABLE"]
    shop.stock.is_away = False
    made(await reserve(shop, anna, "create-4", "S1"))


async def test_an_older_snapshot_never_replaces_a_newer_one(shop: Shop) -> None:
    """Of two answers of the stock system the later observed one counts, in whatever order."""
    anna = customer(ANNA)
    shop.stock.pieces["S1", SHOP] = 1
    made(await reserve(shop, anna, "create-1", "S1"))
    shop.stock.pieces["S1", SHOP] = 9
    shop.stock.observed_at = datetime.now(UTC) - timedelta(seconds=20)
    assert refused(await reserve(shop, anna, "create-2", "S1"))[0]["available"] == 0
    shop.stock.observed_at = None
    made(await reserve(shop, anna, "create-2", {"sku": "S1", "quantity": 8}))


async def test_a_clock_of_the_stock_system_that_is_ahead_hides_nothing_later(shop: Shop) -> None:
    """A figure stamped in the future counts as of now: what is told after it replaces it."""
    anna = customer(ANNA)
    shop.stock.observed_at = datetime.now(UTC) + timedelta(hours=1)
    made(await reserve(shop, anna, "create-1", "S1"))
    shop.stock.observed_at = None
    shop.stock.pieces["S1", SHOP] = 1
    (error,) = refused(await reserve(shop, anna, "create-2", "S1"))
    assert error["available"] == 0


async def test_what_may_be_a_bundle_is_not_said_to_be_out_of_stock(shop: Shop) -> None:
    """While nobody can say what is made of what, what lies nowhere fails and is not short."""
    shop.products.is_away = True
    answer = await reserve(shop, customer(ANNA), "create-1", "B1")
    assert answer["errors"] == ["SOURCE_UNAVAILABLE"]


async def test_what_a_snapshot_includes_is_not_subtracted_again(store: Store, shop: Shop) -> None:
    """A hold that the stock system has subtracted itself counts in older figures only."""
    anna, piotr = customer(ANNA), customer(PIOTR)
    made(await reserve(shop, anna, "create-1", {"sku": "S1", "quantity": 20}))
    noted = datetime.now(UTC)
    await _write(store, update(HOLD).values(included_from=noted))
    shop.stock.pieces["S1", SHOP] = PIECES - 20
    shop.stock.observed_at = noted
    (error,) = refused(await reserve(shop, piotr, "create-1", {"sku": "S1", "quantity": 31}))
    assert error["available"] == PIECES - 20
    made(await reserve(shop, piotr, "create-1", {"sku": "S1", "quantity": PIECES - 20}))


async def test_a_shredded_customer_s_reservations_are_gone(store: Store, shop: Shop) -> None:
    """After erasure nothing tells who held what; what they held is held until its time is over."""
    anna = customer(ANNA)
    found = made(await reserve(shop, anna, "create-1", {"sku": "S1", "quantity": PIECES}))
    assert await store.shred([ANNA], Deadline.after(5)) == 1
    assert (await shop.ask(BY_ID, anna, id=found["id"]))["data"]["reservation"] is None
    assert (await shop.ask(MINE, anna))["data"]["viewer"]["reservations"] == []
    assert refused(await reserve(shop, customer(PIOTR), "create-1", "S1"))


STOCK = """query ($sku: String!) { availability(skus: [$sku]) { band locations {
  location { id } band isAvailable stock { onHand reserved available }
  promise { availableFrom } } provenance { freshness fallbackReason } } }"""


async def _there(shop: Shop, sku: str = "S1", key: str = SHOP) -> Any:
    answer = await shop.ask(STOCK, AGENT, sku=sku)
    assert answer["errors"] == []
    (found,) = answer["data"]["availability"]
    return next(each for each in found["locations"] if each["location"]["id"] == place(key))


async def _listed(shop: Shop, key: str) -> frozenset[str]:
    found = (await shop.ports.assortment.skus_by_location([key], ASK))[key]
    assert isinstance(found, Assortment)
    return found.skus


async def test_what_is_held_is_available_nowhere(shop: Shop, store: Store) -> None:
    """Detail, list and filter subtract the same holds as reserving does, and at once."""
    anna = customer(ANNA)
    before = await _there(shop)
    assert (before["stock"], before["band"]) == (
        {"onHand": PIECES, "reserved": 0, "available": PIECES}, "LOTS",
    )  # fmt: skip
    found = made(await reserve(shop, anna, "create-1", {"sku": "S1", "quantity": PIECES}))
    held = await _there(shop)
    assert (held["stock"], held["band"], held["isAvailable"]) == (
        {"onHand": PIECES, "reserved": PIECES, "available": 0}, "NONE", False,
    )  # fmt: skip
    assert (await _there(shop, key=OTHER_SHOP))["stock"]["reserved"] == 0
    assert "S1" not in await _listed(shop, SHOP)
    assert "S2" in await _listed(shop, SHOP)
    assert {"S1", "S2"} <= await _listed(shop, OTHER_SHOP)
    await change(shop, RELEASE, anna, "release1", found["id"])
    assert await _there(shop) == before
    assert "S1" in await _listed(shop, SHOP)


async def test_a_channel_sells_nothing_that_is_held_back_from_it(store: Store) -> None:
    """What a shop keeps for walk-ins is available to the till and to no order from afar."""
    kept = HeldBack(channels=[Channel.WEB], locations=[SHOP], pieces=2, percent=50)
    shop = Shop(store, hold_back=HoldBack([kept]))
    shop.stock.pieces["S1", SHOP], shop.stock.pieces["S2", SHOP] = 5, 2
    stock = (await _there(shop))["stock"]
    assert (stock["onHand"], stock["available"]) == (5, 2)
    assert "S1" in await _listed(shop, SHOP)
    assert "S2" not in await _listed(shop, SHOP)
    assert "S2" in await _listed(shop, OTHER_SHOP)
    lines = {"sku": "S1", "quantity": 3}
    (error,) = refused(await reserve(shop, customer(ANNA), "create-1", lines))
    assert error["available"] == 2
    # The till sells what the web may not, also after the web has looked at it.
    till = customer(PIOTR, channel=Channel.POS)
    made(await reserve(shop, till, "create-1", lines))
    (error,) = refused(await reserve(shop, customer(ANNA), "create-2", "S1"))
    assert error["available"] == 0
    made(await reserve(shop, till, "create-2", {"sku": "S1", "quantity": 2}))


async def test_what_another_process_holds_is_known_within_a_second(
    shop: Shop, settings: StorageSettings
) -> None:
    """Every process shows what any other one holds, a second later at most."""
    other = open_store(settings)
    assert await other.start() is None
    there = Shop(other)
    assert (await _there(there))["stock"]["reserved"] == 0
    made(await reserve(shop, customer(ANNA), "create-1", "S1"))
    async with asyncio.timeout(5):
        while (await _there(there))["stock"]["reserved"] == 0:
            await asyncio.sleep(0.05)
    await other.close()


async def test_nothing_is_promised_while_nobody_knows_what_is_held(own_postgres: Postgres) -> None:
    """Without the store stock is shown, as a few at most, with the reason and without a promise."""
    settings = StorageSettings(
        url=own_postgres.database(), master_key_env=MASTER_KEY, migrate=True, timeout=Duration(1)
    )
    store = open_store(settings)
    assert await store.start() is None
    shop = Shop(store)
    assert (await _there(shop))["band"] == "LOTS"
    own_postgres.kill()
    async with asyncio.timeout(10):
        while (await _there(shop))["band"] != "FEW":
            await asyncio.sleep(0.1)
    answer = await shop.ask(STOCK, AGENT, sku="S1")
    (found,) = answer["data"]["availability"]
    assert found["provenance"]["freshness"] == "STALE"
    assert "not known" in found["provenance"]["fallbackReason"]
    assert found["locations"][0]["promise"] is None
    await store.close()
