"""What a try of a call came to, told as an outcome by what could be seen of it."""

import os
from collections.abc import Mapping

import aiohttp

from adapters._body import BrokenBody
from adapters._connection import Attempt, Lost
from adapters._outcome import NotSent, Outcome, OutcomeUnknown, Rejected, Response


def is_dead(outcome: Outcome, attempt: Attempt) -> bool:
    """Whether the connection ended before an answer began, as a kept one may at any time."""
    return isinstance(outcome, OutcomeUnknown) and not (attempt.answered or outcome.broken)


def answered(status: int, headers: Mapping[str, str], body: bytes) -> Outcome:
    """Tell what an answer means by its status."""
    if 200 <= status < 300:
        return Response(status, headers, body)
    answer = Rejected(status, body, f"answered {status}")
    if 300 <= status < 400:
        return Rejected(status, body, f"answered {status}, a redirect, which is never followed")
    if 400 <= status < 500:
        return answer
    return OutcomeUnknown(answer.detail, broken=status < 500, answer=answer)


def lost(error: Exception, attempt: Attempt) -> NotSent | OutcomeUnknown:
    """Tell what a connection that ended means, by how far the try had come."""
    cause = error.__cause__ if isinstance(error, Lost) else error
    if not attempt.sent:
        return NotSent(f"no connection ({reason(cause)})")
    if isinstance(error, BrokenBody):
        return OutcomeUnknown(str(error), broken=True)
    place = "in the middle of its answer" if attempt.answered else "before its answer began"
    return OutcomeUnknown(f"the connection ended {place} ({type(cause).__name__})")


def reason(error: BaseException | None) -> str:
    """Say why there is no connection, without the address."""
    if isinstance(error, aiohttp.ClientConnectorError):
        error = error.os_error
    if isinstance(error, ConnectionError) and error.errno:
        # asyncio's own text tells the address again.
        return os.strerror(error.errno)
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__


def too_late(attempt: Attempt, waits: bool) -> NotSent | OutcomeUnknown:
    """Tell what the end of the time means; ``waits`` while no slot was free."""
    if attempt.sent:
        place = "was not whole" if attempt.answered else "had not begun"
        return OutcomeUnknown(f"the answer {place} when the time was over", timed_out=True)
    what = "waiting for a free slot" if waits else "connecting"
    return NotSent(f"the time was over while {what}", timed_out=True)
