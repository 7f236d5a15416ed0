"""The end of an operation's time."""

import asyncio
import time
from collections.abc import Mapping, Sequence

import pytest

from domain.ask import Ask
from domain.availability import StockLevel
from execution.executor import Executor, Settings
from schema.build import build
from tests.execution.shop import VIEWERS, Policy, Shop, context

PUBLISHED = build()


class Stuck(Shop):
    """A shop whose stock system never answers, and which may hold everything else up, too."""

    def __init__(self, held_up: float) -> None:
        super().__init__()
        self._held_up = held_up
        self.is_left = False

    async def stock_by_sku(
        self, skus: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[StockLevel]]:
        await asyncio.sleep(0)
        time.sleep(self._held_up)  # noqa: ASYNC251 - a process that gets no processor
        try:
            await asyncio.Event().wait()
        finally:
            self.is_left = True
        return {}


@pytest.mark.parametrize("planner", [True, False])
@pytest.mark.parametrize("held_up", [0.0, 0.6])
async def test_what_has_come_is_answered_at_the_deadline(planner: bool, held_up: float) -> None:
    """A source that never answers costs its fields, even where the process stood still."""
    shop = Stuck(held_up)
    opened = context(shop, Policy(PUBLISHED.classification), VIEWERS[-1], seconds=0.2)
    executor = Executor(PUBLISHED.graphql, Settings(planner=planner))
    text = '{ variant(sku: "S1") { sku product { name } availability { band } } }'
    answer = await executor.execute(text, {}, None, opened)
    opened.loaders.close()
    assert answer.data is not None
    assert answer.data["variant"]["sku"] == "S1"
    assert answer.data["variant"]["product"]["name"]
    assert answer.data["variant"]["availability"] is None
    assert [each.path for each in answer.errors] == [["variant", "availability"]]
    assert [(each.extensions or {})["code"] for each in answer.errors] == ["DEADLINE_EXCEEDED"]
    assert shop.is_left
