"""The sandbox's two times: the wall clock, and the fixed day on which the records end."""

import os
import time
from datetime import UTC, date, datetime

TODAY = date(2026, 11, 20)
"""The last day with orders; fixed, so that the same seed gives the same records for ever."""


def now_ms() -> int:
    """Milliseconds since 1970; the variable SANDBOX_NOW (RFC 3339) stops the clock."""
    frozen = os.environ.get("SANDBOX_NOW")
    if not frozen:
        return time.time_ns() // 1_000_000
    try:
        moment = datetime.fromisoformat(frozen)
    except ValueError:
        allowed = "a time such as 2026-11-20T12:00:00+00:00"
        raise ValueError(f"SANDBOX_NOW is {frozen!r}, allowed is {allowed}") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
