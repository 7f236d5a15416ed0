"""What can become of a call to a system, told so that a writer knows what it may repeat."""

import re
from collections.abc import Callable, Mapping

import structlog
from msgspec import Struct

from domain.ask import Ask
from domain.errors import (
    SourceContract,
    SourceFailure,
    SourceRejected,
    SourceTimeout,
    SourceUnavailable,
)

_log = structlog.get_logger("adapters")
_MAX_DETAIL = 200


class Response(Struct, frozen=True):
    """The system did it, and this is its answer (2xx). *Shape*: header names in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NotSent(Struct, frozen=True):
    """Nothing reached the system: whatever was asked did not happen, and may be asked again."""

    detail: str
    timed_out: bool = False


class Rejected(Struct, frozen=True):
    """The system answered and did not do it: a refusal (4xx) or a redirect (3xx).

    *Shape*: ``detail`` holds nothing of ``body``, which may hold personal data.
    """

    status: int
    body: bytes
    detail: str


class OutcomeUnknown(Struct, frozen=True):
    """It was sent, or may have been, and nobody can tell whether it was done.

    *Shape*: ``timed_out`` where the answer did not come in time; ``broken`` where one came that
    is no answer (not HTTP, too large, undecodable); ``answer`` what the system said of its own
    failure (5xx).
    """

    detail: str
    timed_out: bool = False
    broken: bool = False
    answer: Rejected | None = None


Outcome = Response | NotSent | Rejected | OutcomeUnknown

Explain = Callable[[Rejected], str | None]


def source_failure(
    system: str, call: str, outcome: NotSent | Rejected | OutcomeUnknown, explain: Explain | None
) -> SourceFailure:
    """Say what an outcome means for a read, which may always be repeated."""
    match outcome:
        case Rejected():
            kind: type[SourceFailure] = SourceRejected
            if outcome.status == 429:
                kind = SourceUnavailable
            elif outcome.status < 400:
                kind = SourceContract
            return kind(system, call, _explained(outcome, explain))
        case OutcomeUnknown(broken=True):
            return SourceContract(system, call, outcome.detail)
        case OutcomeUnknown(answer=Rejected() as answer):
            return SourceUnavailable(system, call, _explained(answer, explain))
        case _:
            kind = SourceTimeout if outcome.timed_out else SourceUnavailable
            return kind(system, call, outcome.detail)


def _explained(answer: Rejected, explain: Explain | None) -> str:
    if explain is None:
        return answer.detail
    try:
        text = explain(answer)
    except (ValueError, LookupError, TypeError, AttributeError):
        # The error's form is as much the system's as the rest of its answer: it may be garbage.
        text = None
    return f"{answer.detail}: {one_line(text)}" if text else answer.detail


def log_missing(failure: SourceFailure, ask: Ask) -> None:
    """Tell an operator of a part that an answer goes without, and may be none the worse for."""
    _log.log(
        failure.log_level,
        "part missing",
        request_id=ask.request_id,
        code=failure.code,
        system=failure.system,
        call=failure.call,
        detail=failure.detail,
    )


def one_line(text: str) -> str:
    """Make foreign text fit for a log: one line, no control characters, not long."""
    text = re.sub(r"[\x00-\x20\x7f-\xa0\u2028\u2029]+", " ", text).strip()
    return text if len(text) <= _MAX_DETAIL else f"{text[: _MAX_DETAIL - 3]}..."
