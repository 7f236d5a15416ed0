"""What holds between a viewer and an object: the same however it is found out, and closed."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from domain.ask import Ask
from domain.case import Case, Verification
from domain.customer import Trait, TraitKind
from domain.errors import StoreUnavailable
from domain.policy import NOTHING, Condition, Standing
from domain.viewer import Purpose, Role, Viewer
from execution.context import Context
from execution.standing import case_keys, near_keys, standings, standings_now
from schema.build import build
from tests.execution.shop import NOW, Policy, Shop, context

POLICY = Policy(build().classification)
AGENT = Viewer(role=Role.AGENT, subject="a", purposes=(Purpose.RETURNS,))
OPEN = Case(
    key="1", customer_key="crm:c1", agent="a", purpose=Purpose.RETURNS, reason="x",
    verification=Verification.CODE, opened_at=NOW - timedelta(hours=1),
    expires_at=NOW + timedelta(hours=1),
)  # fmt: skip
CASE, FREE = frozenset({Condition.CASE}), frozenset({Condition.UNRESTRICTED})
BOTH = CASE | FREE


class Cases:
    """The cases of one agent, in memory; none to be had where they are None."""

    def __init__(self, cases: list[Case] | None) -> None:
        self._cases = cases

    async def open_cases_by_agent(
        self, agents: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[Case]]:
        if self._cases is None:
            raise StoreUnavailable("The store is away.")
        return {agent: self._cases for agent in agents if agent == "a"}


def opened(cases: list[Case] | None, viewer: Viewer = AGENT) -> Context:
    found = context(Shop(), POLICY, viewer)
    kept: Any = Cases(cases)
    found.loaders.own = replace(found.loaders.own, case=kept)
    return found


async def customers(found: Context) -> list[Any]:
    return await found.loaders.customer_by_key.load(["crm:c1", "crm:c2"])


@pytest.mark.parametrize("terms", [{CASE}, {BOTH}, {FREE}, {CASE, FREE}])
async def test_what_is_told_at_once_is_what_is_found_out(terms: set[Standing]) -> None:
    """Where nothing has to be asked any more the answer is that of asking."""
    found = opened([OPEN])
    values = await customers(found)
    asked = await standings(values, frozenset(terms), found)
    await case_keys(found, with_identities=True)
    now = standings_now(values, frozenset(terms), found)
    assert now is None or now == asked
    assert Condition.CASE not in asked[1]


async def test_a_restricted_customer_is_not_opened_by_a_case() -> None:
    """A customer whose processing is restricted lacks that condition, case or not."""
    found = opened([OPEN])
    values = [replace(each, is_restricted=True) for each in await customers(found)]
    assert await standings(values, frozenset({BOTH}), found) == [CASE, NOTHING]


async def test_one_restricted_record_of_several_restricts() -> None:
    """One restricted record of two with a number is enough; what is about nobody has none."""
    for flags, holds in (
        ((False, False), FREE),
        ((False, True), NOTHING),
        ((True, False), NOTHING),
    ):
        found = opened([])
        loaders: Any = found.loaders
        people = [
            replace(each, is_restricted=flag) for each, flag in zip(await customers(found), flags)
        ]
        order = await loaders.order_by_key.load_one("erp:o1")
        foreign = replace(order, customer_key="erp:shared")
        loaders.customers_by_trait.prime({Trait(TraitKind.EXTERNAL, "erp:shared"): people})
        nobodys = replace(order, customer_key=None)
        assert await standings([foreign, nobodys], frozenset({FREE}), found) == [holds, FREE]


@pytest.mark.parametrize(
    "cases",
    [
        [],
        None,
        [replace(OPEN, purpose=Purpose.LEGAL)],
        [replace(OPEN, expires_at=NOW)],
        [replace(OPEN, closed_at=NOW)],
    ],
)
async def test_what_is_not_open_opens_nothing(cases: list[Case] | None) -> None:
    """A case for another purpose, one that is over, and a store that is away open nobody."""
    found = opened(cases)
    assert await standings(await customers(found), frozenset({CASE}), found) == [NOTHING] * 2


async def test_of_whom_more_is_seen_is_known_by_key() -> None:
    """A customer's own key, and it alone, is near to them; who knows no key is near to nobody."""
    mine = opened([], Viewer(role=Role.CUSTOMER, customer="crm:c1"))
    assert await near_keys(mine) == frozenset({"crm:c1"})
    assert await near_keys(opened([OPEN])) == frozenset()
