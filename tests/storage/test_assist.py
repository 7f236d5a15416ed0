"""Cases: what opens a customer to an agent."""

import asyncio
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.case import MAX_OPEN_CASES
from domain.deadline import Deadline
from domain.identity import node_id
from domain.viewer import Purpose, Role, Viewer
from storage.settings import StorageSettings
from storage.store import Store
from storage.table import ASSIST_CASE
from tests.storage.shop import AGENT, ANNA, ASSOCIATE, PIOTR, Shop, customer

START = """mutation ($input: AssistStartInput!) { assistStart(input: $input) {
  case { id purpose reason verification openedAt expiresAt closedAt customer { id } }
  userErrors { __typename path ... on CaseLimitReached { limit } } } }"""
END = """mutation ($input: AssistEndInput!) { assistEnd(input: $input) {
  case { id closedAt } userErrors { __typename } } }"""
MINE = "{ viewer { cases { id purpose reason customer { id } } } }"
OTHER = replace(AGENT, subject="other agent")


@pytest.fixture
def shop(store: Store) -> Shop:
    return Shop(store)


async def start(shop: Shop, viewer: Viewer = AGENT, key: str = "start-01", **more: Any) -> Any:
    wanted = {
        "idempotencyKey": key,
        "customer": node_id("Customer", ANNA),
        "purpose": "CUSTOMER_SERVICE",
        "reason": "ticket 4711",
        "verification": "CODE",
        **more,
    }
    return await shop.ask(START, viewer, input=wanted)


async def opened(shop: Shop, viewer: Viewer = AGENT, key: str = "start-01", **more: Any) -> str:
    answer = await start(shop, viewer, key, **more)
    assert answer["errors"] == [], answer
    id: str = answer["data"]["assistStart"]["case"]["id"]
    return id


async def end(shop: Shop, case: str, viewer: Viewer = AGENT, key: str = "end-0001") -> Any:
    return await shop.ask(END, viewer, input={"idempotencyKey": key, "case": case})


async def mine(shop: Shop, viewer: Viewer = AGENT) -> Any:
    answer = await shop.ask(MINE, viewer)
    assert answer["errors"] == []
    return answer["data"]["viewer"]["cases"]


async def test_a_case_is_opened_listed_and_ended(shop: Shop) -> None:
    """A case says whom, what for, why and how long; it is listed while open, and ends once."""
    answer = await start(shop)
    case = answer["data"]["assistStart"]["case"]
    assert case["customer"] == {"id": node_id("Customer", ANNA)}
    assert (case["purpose"], case["verification"]) == ("CUSTOMER_SERVICE", "CODE")
    lasts = datetime.fromisoformat(case["expiresAt"]) - datetime.fromisoformat(case["openedAt"])
    assert lasts == timedelta(hours=1)
    assert case["closedAt"] is None
    (listed,) = await mine(shop)
    assert listed == {name: case[name] for name in ("id", "purpose", "reason", "customer")}
    first = (await end(shop, case["id"]))["data"]["assistEnd"]["case"]
    assert first["closedAt"] is not None
    assert (await end(shop, case["id"], key="end-0002"))["data"]["assistEnd"]["case"] == first
    assert await mine(shop) == []


async def test_a_retry_opens_nothing_twice(shop: Shop) -> None:
    """The same try gives the same case, also while the first is under way."""
    answers = await asyncio.gather(*(start(shop) for _ in range(5)))
    assert len({each["data"]["assistStart"]["case"]["id"] for each in answers}) == 1
    assert len(await mine(shop)) == 1


async def test_another_agent_has_nothing_of_it(shop: Shop) -> None:
    """A case is its agent's alone: others neither see it nor end it, and learn not of it."""
    id = await opened(shop)
    assert await mine(shop, OTHER) == []
    theirs, none = await end(shop, id, OTHER), await end(shop, node_id("Case", "nothing"), OTHER)
    assert theirs["errors"] == none["errors"] == ["NOT_FOUND"]
    assert theirs["messages"] == none["messages"]
    assert len(await mine(shop)) == 1


@pytest.mark.parametrize(
    ("viewer", "code"),
    [
        (Viewer(role=Role.ANONYMOUS), "UNAUTHENTICATED"),
        (customer(ANNA), "FORBIDDEN"),
        (ASSOCIATE, "FORBIDDEN"),
        (replace(AGENT, role=Role.MERCHANDISER), "FORBIDDEN"),
        (replace(AGENT, role=Role.MARKETER), "FORBIDDEN"),
        (replace(AGENT, role=Role.SYSTEM), "FORBIDDEN"),
    ],
    ids=lambda value: value.role.value if isinstance(value, Viewer) else value,
)
async def test_who_opens_no_case(shop: Shop, viewer: Viewer, code: str) -> None:
    """Only who speaks with customers opens them."""
    assert (await start(shop, viewer))["errors"] == [code]
    assert (await end(shop, node_id("Case", "x"), viewer))["errors"] == [code]
    assert not (await shop.ask(MINE, viewer))["data"]["viewer"]["cases"]


async def test_what_opens_no_case(shop: Shop) -> None:
    """A purpose that the token lacks, a reason that is none, and nobody as customer are refused."""
    assert (await start(shop, purpose="LEGAL"))["errors"] == ["FORBIDDEN"]
    assert (await start(shop, reason="  x "))["errors"] == ["BAD_INPUT"]
    assert (await start(shop, reason="x" * 501))["errors"] == ["BAD_INPUT"]
    nobody = node_id("Customer", "erp:1")
    assert (await start(shop, customer=nobody))["errors"] == ["NOT_FOUND"]
    assert (await start(shop, customer=node_id("Order", "erp:1")))["errors"] == ["BAD_INPUT"]
    assert await mine(shop) == []


async def test_one_case_for_a_customer_and_purpose(shop: Shop) -> None:
    """A new case for the same customer and purpose ends the one before; others stay."""
    both = replace(AGENT, purposes=(Purpose.CUSTOMER_SERVICE, Purpose.RETURNS))
    first = await opened(shop, both)
    other = await opened(shop, both, "start-02", purpose="RETURNS")
    third = await opened(shop, both, "start-03", customer=node_id("Customer", PIOTR))
    again = await opened(shop, both, "start-04", reason="ticket 4712")
    assert [each["id"] for each in await mine(shop, both)] == [again, third, other]
    assert first not in (again, third, other)


async def test_cases_are_limited(shop: Shop) -> None:
    """An agent has so many cases open and no more; ending one makes room."""
    ids = [
        await opened(shop, key=f"start-{each:03}", customer=node_id("Customer", f"crm:{each}"))
        for each in range(MAX_OPEN_CASES)
    ]
    (error,) = (await start(shop))["data"]["assistStart"]["userErrors"]
    assert error == {"__typename": "CaseLimitReached", "path": ["input"], "limit": MAX_OPEN_CASES}
    await end(shop, ids[0])
    assert await opened(shop, key="start-x1")


async def test_a_case_is_over_at_its_time(shop: Shop, store: Store) -> None:
    """A case that nobody ends is over after an hour."""
    await opened(shop)

    async def age(connection: AsyncConnection) -> None:
        past = datetime.now(UTC) - timedelta(seconds=1)
        await connection.execute(update(ASSIST_CASE).values(expires_at=past))

    await store._database.write(age)
    assert await mine(shop) == []


async def test_nothing_of_a_case_outlives_the_customer(shop: Shop, store: Store) -> None:
    """What was noted about a customer who is erased can be read by nobody."""
    id = await opened(shop)
    assert await store.shred([ANNA], Deadline.after(5)) == 1
    assert await mine(shop) == []
    assert (await end(shop, id))["errors"] == ["NOT_FOUND"]


async def test_reasons_are_sealed(shop: Shop, settings: StorageSettings) -> None:
    """Neither the reason nor who gave it stands in the database's files in clear."""
    if not settings.url.startswith("sqlite"):
        pytest.skip("looks into SQLite's file; on PostgreSQL the same columns hold the same bytes")
    await opened(shop, reason="a canary in a reason")
    _look(Path(settings.database.database or ""))


def _look(file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert AGENT.subject is not None
    for part in file.parent.glob(f"{file.name}*"):
        content = part.read_bytes()
        for text in ("canary", ANNA, f"sub {ANNA}"):
            assert text.encode() not in content
