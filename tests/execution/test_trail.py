"""The trail of looks: bounded, handed on off the path of operations, and to its end."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from auth.pseudonym import KeyedPseudonyms
from auth.trail import AccessLog
from domain.policy import Category, View
from domain.record import AccessSummary
from domain.secret import Secret
from domain.viewer import Purpose, Role
from execution.trail import AccessTrail

WHO, WHOM = "agent-canary", "crm:C-canary"


def summary(number: int, role: Role = Role.AGENT) -> AccessSummary:
    return AccessSummary(
        at=datetime(2026, 11, 22, tzinfo=UTC),
        request_id=str(number),
        role=role,
        purpose=Purpose.RETURNS,
        viewer=WHO,
        client="desk",
        subject=WHOM,
        categories={Category.NAME: View.FULL, Category.CONTACT: View.MASKED},
        cases=("case-1",),
    )


class Reader:
    """Takes what it is handed, but for the first so many times."""

    def __init__(self, refusals: int = 0) -> None:
        self.taken: list[str] = []
        self.asked = 0
        self.was_asked, self.has_taken = asyncio.Event(), asyncio.Event()
        self._refusals = refusals

    async def read(self, summaries: Sequence[AccessSummary]) -> None:
        self.asked += 1
        self.was_asked.set()
        if self.asked <= self._refusals:
            raise OSError("away")
        self.taken += [each.request_id for each in summaries]
        self.has_taken.set()


async def test_what_is_noted_is_read_once_in_its_order() -> None:
    """Summaries reach the reader while the gateway runs, each once, the oldest first."""
    trail, reader = AccessTrail(), Reader()
    async with trail.running(reader):
        trail.note([summary(number) for number in range(250)])
        async with asyncio.timeout(10):
            await reader.has_taken.wait()
        trail.note([summary(250)])
    assert reader.taken == [str(number) for number in range(251)]
    assert trail.dropped == 0


async def test_the_end_hands_on_what_still_waits() -> None:
    """A gateway that stops has handed on all that it noted."""
    trail, reader = AccessTrail(), Reader()
    async with trail.running(reader):
        trail.note([summary(number) for number in range(300)])
    assert len(reader.taken) == 300


async def test_what_is_refused_is_handed_on_again() -> None:
    """A reader that was away for a moment misses nothing."""
    trail, reader = AccessTrail(), Reader(refusals=1)
    trail.note([summary(0)])
    async with trail.running(reader):
        async with asyncio.timeout(10):
            await reader.was_asked.wait()
    assert reader.taken == ["0"]


async def test_the_end_says_what_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    """What nobody takes to the end is counted in the log, and the end comes all the same."""
    trail = AccessTrail()
    async with trail.running(Reader(refusals=99)):
        trail.note([summary(0), summary(1)])
    assert "lost" in capsys.readouterr().out


async def test_the_trail_is_bounded_and_tells_what_it_dropped() -> None:
    """The latest summaries are kept, and those without room are counted."""
    trail, reader = AccessTrail(3), Reader()
    trail.note([summary(0), summary(1)])
    trail.note([summary(2), summary(3), summary(4)])
    assert trail.dropped == 2
    async with trail.running(reader):
        pass
    assert reader.taken == ["2", "3", "4"]


async def test_a_batch_under_way_is_not_counted_as_dropped() -> None:
    """What the reader already has makes room for what comes meanwhile."""
    trail = AccessTrail(3)

    class Slow(Reader):
        async def read(self, summaries: Sequence[AccessSummary]) -> None:
            if not self.taken:
                trail.note([summary(3), summary(4)])
            await super().read(summaries)

    reader = Slow()
    trail.note([summary(0), summary(1), summary(2)])
    async with trail.running(reader):
        pass
    assert reader.taken == ["0", "1", "2", "3", "4"]
    assert trail.dropped == 0


async def test_a_line_of_the_log_names_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    """A look of staff is one line by stand-ins, the same for the same person; what customers see
    of themselves is none."""
    log = AccessLog(KeyedPseudonyms(Secret("a key")))
    await log.read([summary(1), summary(2, Role.CUSTOMER), summary(3, Role.SYSTEM)])
    written = capsys.readouterr().out
    assert WHO not in written
    assert WHOM not in written
    assert "CUSTOMER" not in written
    assert written.count("access") == 2
    assert all(part in written for part in ("NAME", "masked", "case-1", "desk", "RETURNS"))
    stand_in = KeyedPseudonyms(Secret("a key")).pseudonym(WHOM, Purpose.LEGAL)
    assert written.count(stand_in) == 2
