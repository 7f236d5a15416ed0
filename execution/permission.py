"""Whether a viewer may make a change: the one question that every mutation asks."""

from typing import TypeVar

from msgspec import Struct

from domain.action import Measure, Permit
from domain.attempt import Attempt, Work
from domain.errors import Forbidden, NotFound, Unauthenticated
from domain.money import Money
from domain.outcome import Outcome
from domain.policy import Condition, Personal, Standing, View
from execution.context import Context
from execution.standing import case_keys

T = TypeVar("T", bound=Outcome)


class Rights(Struct, frozen=True):
    """What a viewer may do of one action, with all that has to be known to tell on whose objects.

    It holds nothing of the operation, so that work which outlives that may ask it.

    *Shape*: ``cases`` are the keys of whom a case is open on, ``unrestricted`` those of them who
    have not had the processing restricted; whose record could not be read is not among them.
    """

    permit: Permit
    own: str | None
    store: str | None
    cases: frozenset[str]
    unrestricted: frozenset[str] = frozenset()

    def cover(self, value: Personal) -> bool:
        """Tell whether the viewer may do it to this object."""
        holds: set[Condition] = set()
        if self.own is not None and self.own in value.subjects:
            holds.add(Condition.OWN)
        holds |= self._of_cases(value.subjects)
        if self.store is not None and getattr(value, "location_key", None) == self.store:
            holds.add(Condition.SAME_STORE)
        return self._allows(frozenset(holds))

    def cover_customer(self, key: str) -> bool:
        """Tell whether the viewer may do it for the customer with this key."""
        holds = {Condition.OWN} if key == self.own else set()
        return self._allows(frozenset(holds | self._of_cases(frozenset((key,)))))

    def need_second(self, amount: Money) -> bool:
        """Tell whether another person has to agree; who may, is in ``permit.second``."""
        return not self.permit.is_within(amount.minor, amount.currency)

    def _of_cases(self, subjects: frozenset[str]) -> set[Condition]:
        """Tell what holds for whom a case is open on; one record that is restricted restricts."""
        opened = self.cases & subjects
        if not opened:
            return set()
        free = {Condition.UNRESTRICTED} if opened <= self.unrestricted else set()
        return {Condition.CASE} | free

    def _allows(self, standing: Standing) -> bool:
        return self.permit.decision.view(standing) is View.FULL


async def permit(context: Context, action: str | Measure) -> Rights:
    """Tell what the viewer may do of a mutation, by its published name, or of a measure.

    Ask before anything else is looked up. *Errors*: ``Unauthenticated`` for whom signing in could
    help, ``Forbidden`` for anybody else who may not do it to anything.
    """
    name = action.value if isinstance(action, Measure) else action
    viewer = context.viewer
    found = context.actions.permit(name, viewer.role)
    if found.decision.is_denied:
        if viewer.subject is None:
            raise Unauthenticated(f"Sign in first: '{name}' changes something of a customer's.")
        raise Forbidden(f"Role {viewer.role.value} may not do '{name}'.")
    if context.purpose not in found.purposes:
        raise Forbidden(f"For purpose {context.purpose.value} nobody may do '{name}'.")
    cases: frozenset[str] = frozenset()
    if Condition.CASE in found.decision.conditions:
        cases = await case_keys(context, with_identities=True)
    unrestricted = frozenset(
        key
        for key in cases
        if (record := context.people.get(key)) is not None and not record.is_restricted
    )
    return Rights(found, viewer.customer, viewer.store, cases, unrestricted)


async def carry_out(
    context: Context, rights: Rights, named: Attempt, kind: type[T], work: Work[T]
) -> T:
    """Carry out a mutation once, and tell what came of it.

    What came of an earlier try is told only to whom it may be done for now: a case may have ended
    since, or it was done in another role. *Errors*: ``NotFound`` for anybody else, whatever
    ``work`` raises, ``StoreUnavailable``.
    """
    outcome = await context.attempts.once(named, kind, work, context.ask)
    about = outcome.customer_key
    if about is not None and not rights.cover_customer(about):
        raise NotFound("This was done before, for a customer who is not yours to serve now.")
    return outcome
