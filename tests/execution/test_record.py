"""The record of looks: one summary for each operation and person, and nothing lost unseen."""

from collections.abc import Sequence

import pytest

from domain.identity import node_id
from domain.policy import Category, View
from domain.record import AccessSummary
from domain.viewer import Purpose, Role, Viewer
from execution.executor import Executor, Settings
from schema.build import build
from tests.execution.shop import VIEWERS, Policy, Shop, context

PUBLISHED = build()
POLICY = Policy(PUBLISHED.classification)
TEXT = """query ($id: ID!, $order: ID!) {
  customer(id: $id) { email { text } name { full { masked } } birthDate
    orders { nodes { number } } }
  order(id: $order) { number payments { method } }
  products(first: 1) { nodes { name } } }"""
IDS = {"id": node_id("Customer", "crm:c1"), "order": node_id("Order", "erp:o1")}


class Noted:
    """Remembers all that is noted."""

    def __init__(self) -> None:
        self.summaries: list[AccessSummary] = []

    def note(self, summaries: Sequence[AccessSummary]) -> None:
        self.summaries += summaries


async def noted(viewer: Viewer, text: str = TEXT, *, planner: bool = True) -> list[AccessSummary]:
    record = Noted()
    executor = Executor(PUBLISHED.graphql, Settings(planner=planner))
    opened = context(Shop(), POLICY, viewer)
    opened.record = record
    given = IDS if "$id" in text else {}
    result = await executor.execute(text, given, None, opened)
    assert result.errors == []
    opened.loaders.close()
    return record.summaries


@pytest.mark.parametrize("planner", [True, False])
async def test_each_person_has_one_summary_of_what_was_shown(planner: bool) -> None:
    """An operation's looks at one person are one summary, by category, as wide as was shown."""
    summaries = await noted(VIEWERS[-1], planner=planner)
    assert {(each.role, each.purpose) for each in summaries} == {
        (Role.AGENT, Purpose.CUSTOMER_SERVICE)
    }
    seen = {each.subject: each.categories for each in summaries}
    assert len(seen) == len(summaries)
    assert seen["crm:c1"][Category.CONTACT] is View.FULL
    assert seen["crm:c1"][Category.NAME] is View.MASKED
    assert Category.BIRTH not in seen["crm:c1"]
    # Both orders, however they were reached, are their buyer's.
    assert sum(Category.PAYMENT in each for each in seen.values()) == 1


async def test_the_engine_and_the_fallback_note_the_same() -> None:
    """Whatever runs an operation, the same is noted of it."""
    for viewer in VIEWERS:
        planned, reference = [
            [(each.subject, each.categories) for each in await noted(viewer, planner=planner)]
            for planner in (True, False)
        ]
        assert planned == reference


async def test_what_is_about_nobody_is_not_noted() -> None:
    """A listing of products, and a customer who may not be seen, leave no summary."""
    assert await noted(VIEWERS[-1], "{ products(first: 3) { nodes { name } } }") == []
    assert await noted(VIEWERS[0]) == []
