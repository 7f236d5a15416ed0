"""The one object that belongs to an operation."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from msgspec import Struct, field

from domain.action import NOBODY, ActionPolicy
from domain.appraisal import Appraisal
from domain.ask import Ask
from domain.attempt import Attempts
from domain.bucket import TokenBucket
from domain.campaign import Campaigns
from domain.cart import RULES, Rules
from domain.change import StockChanges
from domain.customer import Customer
from domain.deadline import Deadline
from domain.errors import BadInput, Failure, SourceFailure
from domain.holdback import NOTHING_HELD_BACK, HoldBack
from domain.holding import HOLDING, Holding
from domain.identity import node_key
from domain.page import NO_CURSORS, Cursors, PageRequest, page_request
from domain.policy import BY_SECRET, NO_PSEUDONYMS, FieldPolicy, Pseudonyms, Standing, View
from domain.port import UNSERVED
from domain.record import UNRECORDED, AccessRecord
from domain.viewer import PolicyClass, Purpose, Viewer
from execution.lineage import Lineage
from execution.loaders import Loaders
from execution.offering import Offering

_log = structlog.get_logger("execution")


class Notice(Struct, frozen=True, gc=False):
    """Something about the answer that its reader should know. *Shape*: ``path`` as in errors."""

    code: str
    message: str
    path: tuple[str | int, ...] | None = None


class Denial(Struct, frozen=True, gc=False):
    """A field that this viewer may not see here, and why."""

    path: tuple[str | int, ...]
    code: str
    reason: str


class Context(Struct, kw_only=True):
    """One operation: who asks, where, until when, with what; never shared by two operations.

    *Shape*: ``systems`` are the configured names of the retailer's systems, which staff alone may
    read; ``requested`` is what the operation could have cost at most, ``actual`` what was
    resolved; both as execution/cost.py counts. ``stood`` tells, where graphql-core runs the
    operation, what holds for the person's object at a path, and ``looks`` what was shown of it.
    ``documents`` and ``excerpts`` are the executor's own; ``opened`` and ``people`` what is
    remembered of cases and of customers' records, ``rested`` by customer which cases have counted
    so far. ``fresh_until`` is when the first of its values, as far as they tell their age, will not
    count as fresh any more. ``proven`` names whom this operation has shown a secret of: what is
    about them is the viewer's own.
    ``appraisals`` are what carts come to, by key, version, and whether stock was looked at.
    """

    viewer: Viewer
    purpose: Purpose
    policy: FieldPolicy
    loaders: Loaders
    ask: Ask
    store: str | None
    now: datetime
    request_id: str
    attempts: Attempts = UNSERVED
    changes: StockChanges = UNSERVED
    actions: ActionPolicy = NOBODY
    record: AccessRecord = UNRECORDED
    documents: Any = None
    excerpts: Any = None
    looks: list[Any] = field(default_factory=list)
    opened: dict[bool, frozenset[str]] = field(default_factory=dict)
    people: dict[str, Customer] = field(default_factory=dict)
    rested: dict[str, dict[str, None]] = field(default_factory=dict)
    pseudonyms: Pseudonyms = NO_PSEUDONYMS
    cursors: Cursors = NO_CURSORS
    buckets: TokenBucket = UNSERVED
    offering: Offering = field(default_factory=lambda: Offering(Lineage()))
    systems: Sequence[str] = ()
    stood: dict[tuple[str | int, ...], Standing] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    access: list[Denial] = field(default_factory=list)
    echoes: Mapping[str, object] = field(default_factory=dict)
    done_without: list[Failure] = field(default_factory=list)
    requested: int = 0
    actual: int = 0
    fresh_until: datetime | None = None
    holding: Holding = HOLDING
    rules: Rules = RULES
    hold_back: HoldBack = NOTHING_HELD_BACK
    proven: set[str] = field(default_factory=set)
    origin: str | None = None
    appraisals: dict[tuple[str, int, bool], Appraisal] = field(default_factory=dict)

    @property
    def campaigns(self) -> Campaigns:
        """The retailer's promotions."""
        return self.offering.campaigns

    @property
    def deadline(self) -> Deadline:
        """The instant by which the operation ends."""
        return self.ask.deadline

    @property
    def policy_class(self) -> PolicyClass:
        """All of the viewer that plans and caches may be keyed by."""
        return PolicyClass(self.viewer.role, self.purpose)

    @property
    def calls(self) -> Counter[str]:
        """Calls sent so far, per system."""
        return self.ask.calls

    def deny(self, path: tuple[str | int, ...]) -> None:
        """Note that a field is null because this viewer may not see it."""
        who, why = self.viewer.role.value, self.purpose.value
        self.access.append(
            Denial(path, "FORBIDDEN", f"Role {who} may not see this for purpose {why}.")
        )

    def do_without(self, failure: Failure) -> None:
        """Go on without something that no field of the answer shows by being null.

        The reader is told by a notice without a path, the operator by the log; once for each.
        """
        if failure in self.done_without:
            return
        self.done_without.append(failure)
        self.notices.append(Notice("DEGRADED", failure.message))
        told = {"request_id": self.request_id, "code": failure.code, "path": None}
        if isinstance(failure, SourceFailure):
            told |= {"system": failure.system, "call": failure.call, "detail": failure.detail}
        _log.log(failure.log_level, "failure", **told)

    def go_on_incomplete(self) -> None:
        """Go on without a part of something that no field of the answer shows to be less."""
        notice = Notice("INCOMPLETE", "Not every source has answered.")
        if notice not in self.notices:
            self.notices.append(notice)

    def may_look_up(self, kind: str, key: str) -> bool:
        """Tell, before anything is fetched, whether the viewer can have any right to this object.

        True means only that it is worth fetching: what depends on the object itself (whose order
        is it) is decided when it has come.
        """
        decision = self.policy.decide_type(kind, self.policy_class)
        if decision.needs_own and kind == "Customer":
            return key == self.viewer.customer
        if decision.needs_own and self.viewer.customer is None:
            # Nothing but what a secret proves can be theirs.
            return kind in BY_SECRET
        return not decision.is_denied

    def page(self, first: int, after: str | None, *scope: object) -> PageRequest:
        """Check page size and cursor of a list about people; ``scope`` is as in ``page_request``.

        A cursor holds for the purpose that it was written for: else equal ones would tell that
        stand-ins for two purposes are one person's. *Errors*: ``BadInput``.
        """
        return page_request(first, after, *scope, self.purpose.value, cursors=self.cursors)

    def pseudonym(self, text: str) -> str:
        """Give the stand-in of a text: always the same for one purpose, another for the next."""
        return self.pseudonyms.pseudonym(text, self.purpose)

    def stand_in(self, id: str) -> str:
        """Give the stand-in of an id, by which alone this viewer finds its thing again."""
        return self.pseudonyms.stand_in(id, self.purpose)

    def knows_by_stand_in(self, kind: str) -> bool:
        """Tell whether this viewer knows things of this kind by stand-ins, and by nothing else."""
        grants = self.policy.decide(kind, "id", self.policy_class).grants
        return bool(grants) and all(each.view is View.PSEUDONYM for each in grants)

    def node_key(
        self, text: str, argument: str = "id", kind: str | None = None
    ) -> tuple[str, str] | None:
        """Read a global id, or its stand-in where the viewer has nothing else, into kind and key.

        None for the id itself of what the viewer knows by stand-ins: who asked by it would learn
        whose each stand-in is. *Errors*: ``BadInput`` as ``domain.identity.node_key`` has it.
        """
        behind = None
        if self.knows_by_stand_in(kind or "Customer"):
            behind = self.pseudonyms.behind(text, self.purpose)
        if behind is None:
            found = node_key(text, argument, kind)
            return None if self.knows_by_stand_in(found[0]) else found
        found = node_key(behind, argument)
        if kind is not None and found[0] != kind:
            raise BadInput(argument, text, f"the id of a {kind}")
        return found
