"""What callers may ask for: limits by role, a token bucket each, and who goes first when full."""

import math
from typing import Self

import structlog
from msgspec import Struct

from domain.bucket import Grant, Rate, TokenBucket
from domain.errors import Forbidden, QueryTooComplex, RateLimited
from domain.viewer import Role, Viewer
from execution.context import Context
from execution.demand import Demand
from transport.caller import Proved
from transport.load import Load, Overloaded, Seat
from transport.settings import DemandMode, Settings

_log = structlog.get_logger("transport")


class Spent(RateLimited):
    """The caller's bucket is empty."""

    def __init__(self, retry_after: float) -> None:
        seconds = max(1, math.ceil(retry_after))
        super().__init__(f"The budget is spent for now; try again in {seconds} s.")
        self._seconds = seconds

    @property
    def extensions(self) -> dict[str, object]:
        """The code, and when to come back, in seconds."""
        return {**super().extensions, "retryAfter": self._seconds}


class _Terms(Struct, frozen=True):
    """What holds for everybody of a role.

    *Shape*: ``policy`` is the header that tells of it, under ``name``.
    """

    role: Role
    mode: DemandMode
    cost: int
    dear: int
    share: float
    rate: Rate
    may_introspect: bool
    policy: str
    name: str


class Budget:
    """Opens an account for each request, socket operation or array."""

    def __init__(self, settings: Settings, bucket: TokenBucket, load: Load) -> None:
        self._terms = {role: _terms(role, settings) for role in Role}
        self._is_enforced = settings.demand.mode is DemandMode.ENFORCE
        self._bucket = bucket
        self._load = load

    def open(
        self, proved: Proved, *, is_trusted: bool = True, seat: Seat | None = None
    ) -> "Account":
        """Open the account of one request.

        *Shape*: ``is_trusted`` false lets it go first when the gateway is full. ``seat`` is the
        one that the request has already; without it the account takes one.
        """
        return Account(
            self._terms[proved.viewer.role],
            proved.key,
            1.0 if is_trusted else 0.5,
            self._bucket,
            self._load,
            seat or self._load.seat(),
        )

    def check_room(self, viewer: Viewer | None = None, seat: Seat | None = None) -> None:
        """Refuse at once what could not be begun; without a viewer, what nobody could begin.

        *Errors*: ``Overloaded``.
        """
        if self._is_enforced:
            share = self._terms[viewer.role].share if viewer else 1.0
            self._load.check(share, seat or self._load.seat())


def _terms(role: Role, settings: Settings) -> _Terms:
    demand, allowance = settings.demand, settings.demand.of(role)
    window = math.ceil(allowance.capacity / allowance.per_second)
    name = f'"{role.value.lower()}"'
    return _Terms(
        role,
        demand.mode,
        allowance.cost,
        demand.dear,
        allowance.share,
        Rate(allowance.capacity, allowance.per_second),
        role in settings.introspection,
        f"{name};q={allowance.capacity};w={window}",
        name,
    )


class Account:
    """What one request costs its caller.

    All operations of an array are charged to one account, and share its limit. It is open for the
    length of an ``async with``: when that ends, what was estimated too high is given back.
    ``is_spent`` tells that an operation was refused because the budget was.
    """

    __slots__ = (
        "_bucket",
        "_charged",
        "_contexts",
        "_grant",
        "_key",
        "_load",
        "_part",
        "_seat",
        "_terms",
        "is_spent",
    )

    def __init__(
        self, terms: _Terms, key: str, part: float, bucket: TokenBucket, load: Load, seat: Seat
    ) -> None:
        self._terms = terms
        self._key = key
        self._part = part
        self._bucket = bucket
        self._load = load
        self._seat = seat
        self._charged = 0
        self._contexts: list[Context] = []
        self._grant: Grant | None = None
        self.is_spent = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Settle: operations that were cheaper than they could have been are charged as they were.

        *Errors*: none.
        """
        self._seat.leave()
        unused = self._charged - sum([max(1, each.actual) for each in self._contexts])
        if unused > 0:
            # Taking less than nothing gives back; a bucket never holds more than it can.
            await self._bucket.take(self._key, -unused, self._terms.rate)

    async def admit(self, demand: Demand, context: Context) -> None:
        """Charge an operation that is about to begin.

        *Errors*: ``Forbidden`` for introspection by a role that may not; ``QueryTooComplex``
        above the role's limit; ``Overloaded`` while the gateway is full; ``Spent``.
        """
        terms = self._terms
        if not terms.may_introspect and demand.introspects:
            raise Forbidden(f"The schema is not open to role {terms.role.value}.")
        if terms.mode is DemandMode.OFF:
            return
        # The cheapest operation costs something, or it could be sent without end.
        cost = max(1, demand.cost)
        total = self._charged + cost
        if total > terms.cost:
            self._refuse(
                QueryTooComplex(
                    f"The request has {total} points of cost; allowed for role "
                    f"{terms.role.value}: {terms.cost}. Ask for less, or in several "
                    "requests."
                )
            )
        share = terms.share * self._part * (0.5 if cost > terms.dear else 1.0)
        try:
            self._load.check(share, self._seat)
        except Overloaded as full:
            if terms.mode is DemandMode.ENFORCE:
                self._seat.forfeit()
            self._refuse(full)
        # Before the bucket is asked: others come in meanwhile, and have to see that it is taken.
        self._seat.take()
        grant = await self._bucket.take(self._key, cost, terms.rate)
        self._grant = grant
        if not grant.is_granted:
            if grant.retry_after is None:
                self._refuse(
                    QueryTooComplex(
                        f"The operation has {cost} points of cost; a full budget is "
                        f"{terms.rate.capacity}."
                    )
                )
            else:
                self.is_spent = terms.mode is DemandMode.ENFORCE
                self._refuse(Spent(grant.retry_after))
            return
        self._charged = total
        self._contexts.append(context)

    def headers(self) -> dict[str, str]:
        """Tell the caller of the budget.

        *Source*: draft-ietf-httpapi-ratelimit-headers-10: remaining points, and the seconds until
        the bucket is full again.
        """
        if self._grant is None:
            return {}
        terms, left = self._terms, max(0, self._grant.remaining)
        refill = math.ceil((terms.rate.capacity - left) / terms.rate.per_second)
        return {
            "RateLimit-Policy": terms.policy,
            "RateLimit": f"{terms.name};r={left};t={refill}",
        }

    def _refuse(self, failure: RateLimited | QueryTooComplex) -> None:
        if self._terms.mode is DemandMode.MEASURE:
            _log.info("would refuse", code=failure.code, role=self._terms.role.value)
            return
        raise failure
