"""Looks at people's data as lines of the log, which name nobody."""

from collections.abc import Sequence

import structlog

from domain.policy import Pseudonyms
from domain.record import AccessSummary
from domain.viewer import OUTSIDE, Purpose

_log = structlog.get_logger("auth")


class AccessLog:
    """Writes a line for each look of staff and machines; implements ``AccessReader``.

    Whoever looked and whoever was looked at are stand-ins, the same in every line for the same
    person as long as the key of pseudonyms is. What people see of themselves is no news to them.
    """

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms

    async def read(self, summaries: Sequence[AccessSummary]) -> None:
        """Write down what staff and machines were shown."""
        for each in summaries:
            if each.role in OUTSIDE:
                continue
            seen: dict[str, list[str]] = {}
            for category, view in each.categories.items():
                seen.setdefault(view.value, []).append(category.value)
            _log.info(
                "access",
                request_id=each.request_id,
                at=each.at.isoformat(),
                role=each.role.value,
                purpose=each.purpose.value,
                client=each.client,
                viewer=self._named(each.viewer),
                subject=self._named(each.subject),
                seen=seen,
                cases=list(each.cases),
            )

    def _named(self, key: str | None) -> str | None:
        # One purpose for all lines, so that those about one person can be brought together.
        return None if key is None else self._pseudonyms.pseudonym(key, Purpose.LEGAL)
