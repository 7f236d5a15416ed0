"""Batches: every key once per operation, and no caller's end is another's."""

import asyncio
import gc
import weakref
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.ask import Ask
from domain.deadline import Deadline
from domain.errors import DeadlineExceeded, Failure, SourceContract, SourceTimeout
from domain.port import UNSERVED, Ports
from domain.product import Product
from domain.provenance import CATALOGUE, Provenance
from domain.viewer import Channel
from execution.loader import Batches, Loader
from execution.loaders import Loaders

BOUND = 5
PRODUCT = Product(
    key="erp:1",
    code="1",
    name="Shirt",
    locale="en",
    provenance=Provenance("erp", datetime(2026, 11, 22, tzinfo=UTC), CATALOGUE),
)


class Source:
    """A port that can be held back, and remembers what it was asked."""

    def __init__(self, answer: Callable[[str], int] = len) -> None:
        self.asked: list[list[str]] = []
        self.reached = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()
        self.cancelled = False
        self._answer = answer

    async def fetch(self, keys: Sequence[str], ask: Ask) -> Mapping[str, int]:
        self.asked.append(list(keys))
        self.reached.set()
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return {key: self._answer(key) for key in keys if key != "absent"}


def loader(source: Source, batches: Batches | None = None) -> Loader[str, int]:
    ask = Ask(Deadline.after(BOUND), "PL", "PLN", "pl", Channel.WEB)
    return Loader(source.fetch, ask, batches or Batches())


async def test_a_tick_is_one_batch() -> None:
    """All keys of a tick make one batch, each key once, the answers in the order asked."""
    source = Source()
    load = loader(source).load
    async with asyncio.timeout(BOUND):
        found = await asyncio.gather(load(["a", "bb"]), load(["bb", "ccc", "absent"]), load([]))
    assert list(found) == [[1, 2], [2, 3, None], []]
    assert source.asked == [["a", "bb", "ccc", "absent"]]


async def test_an_operation_leaves_nothing_to_the_collector() -> None:
    """What was loaded is gone when its operation is closed; looking for it would stop everybody."""
    ask = Ask(Deadline.after(BOUND), "PL", "PLN", "pl", Channel.WEB)

    class Products:
        async def product_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Product]:
            return dict.fromkeys(keys, PRODUCT)

        def __getattr__(self, name: str) -> object:
            return getattr(UNSERVED, name)

    products: Any = Products()
    loaders = Loaders(Ports(product=products), ask)
    async with asyncio.timeout(BOUND):
        assert await loaders.product_by_key.load(["erp:1"]) == [PRODUCT]
    loaders.close()
    gone = weakref.ref(loaders)
    gc.disable()
    try:
        del loaders
        await asyncio.sleep(0)
        assert gone() is None
    finally:
        gc.enable()


async def test_a_failure_in_the_place_of_a_value_is_that_keys_alone() -> None:
    """A port may keep one key back with a failure; the others' values stand, and are kept."""
    damaged = SourceContract("wms", "stock_by_sku", "not whole")

    async def fetch(keys: Sequence[str], ask: Ask) -> Mapping[str, int | Failure]:
        return {"a": 1, "b": damaged}

    kept: list[int] = []
    ask = Ask(Deadline.after(BOUND), "PL", "PLN", "pl", Channel.WEB)
    load = Loader(fetch, ask, Batches(), kept.append).load
    async with asyncio.timeout(BOUND):
        assert await load(["a", "b", "c"]) == [1, damaged, None]
    assert kept == [1]


async def test_a_key_is_asked_once_per_operation() -> None:
    """What was loaded, or primed, is not asked again; what is there is not overwritten."""
    source = Source()
    one = loader(source)
    one.prime({"primed": 99})
    async with asyncio.timeout(BOUND):
        assert await one.load(["a", "primed"]) == [1, 99]
        one.prime({"a": 7})
        assert await one.load_one("a") == 1
    assert source.asked == [["a"]]


async def test_a_caller_who_leaves_takes_nothing_along() -> None:
    """A cancelled caller neither poisons its keys nor ends the batch for the others."""
    source = Source()
    source.open.clear()
    one = loader(source)
    async with asyncio.timeout(BOUND):
        leaving, staying = (asyncio.create_task(one.load(["a", "bb"])) for _ in range(2))
        await source.reached.wait()
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        source.open.set()
        assert await staying == [1, 2]
        assert await one.load(["a"]) == [1]
    assert source.asked == [["a", "bb"]]


async def test_closing_ends_the_batch_and_nobody_waits_for_ever() -> None:
    """Closing cancels the call to the system; who still waits is told so."""
    source, batches = Source(), Batches()
    source.open.clear()
    one = loader(source, batches)
    async with asyncio.timeout(BOUND):
        waiting = asyncio.create_task(one.load(["a", "bb"]))
        await source.reached.wait()
        batches.close()
        found = await waiting
    assert source.cancelled
    assert [type(each) for each in found] == [DeadlineExceeded] * 2


async def test_a_failure_is_a_value_for_each_key() -> None:
    """A batch that fails gives its failure to each of its keys, and raises at nobody."""

    async def fail(keys: Sequence[str], ask: Ask) -> Mapping[str, int]:
        raise SourceTimeout("wms", "stock_by_sku", "no answer")

    one: Loader[str, int] = Loader(
        fail, Ask(Deadline.after(1), "PL", "PLN", "pl", Channel.WEB), Batches()
    )
    async with asyncio.timeout(BOUND):
        found = await one.load(["a", "b"])
    assert [type(each) for each in found] == [SourceTimeout] * 2


async def test_a_bug_is_raised_and_not_shown_as_a_failure() -> None:
    """What is no failure of the tree is a bug: whoever waits for it raises it."""

    def divide(key: str) -> int:
        return len(key) // 0

    with pytest.raises(ZeroDivisionError):
        await loader(Source(divide)).load(["a"])


async def test_a_key_may_fail_alone() -> None:
    """A failure that a port answers with is its own key's, and no other loader hears of it."""
    kept: list[int] = []
    failure = SourceTimeout("erp", "len", "no answer")

    async def fetch(keys: Sequence[str], ask: Ask) -> Mapping[str, int | Failure]:
        return {key: failure if key == "bad" else len(key) for key in keys}

    ask = Ask(Deadline.after(BOUND), "PL", "PLN", "pl", Channel.WEB)
    mixed: Loader[str, int] = Loader(fetch, ask, Batches(), kept.append)
    async with asyncio.timeout(BOUND):
        assert await mixed.load(["a", "bad", "ccc"]) == [1, failure, 3]
    assert kept == [1, 3]
