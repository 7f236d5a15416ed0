"""What callers may ask for: limits by role, a token bucket each, and who goes first when full."""

import hashlib
import ipaddress
import math
from functools import lru_cache

import structlog

from domain.bucket import Grant, Rate, TokenBucket
from domain.errors import Forbidden, QueryTooComplex, RateLimited
from domain.viewer import Role, Viewer
from execution.context import Context
from execution.demand import Demand
from transport.load import Load, Overloaded, Seat
from transport.settings import Allowance, DemandMode, Settings

_log = structlog.get_logger("transport")
_MAX_KEYS = 10_000


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


class Budget:
    """Opens an account for each request, socket operation or array."""

    def __init__(self, settings: Settings, bucket: TokenBucket, load: Load) -> None:
        self._demand = settings.demand
        self._introspection = frozenset(settings.introspection)
        self._bucket = bucket
        self._load = load

    def open(
        self,
        viewer: Viewer,
        address: str | None,
        *,
        is_trusted: bool = True,
        seat: Seat | None = None,
    ) -> "Account":
        """Open the account of one request.

        *Shape*: ``is_trusted`` false lets it go first when the gateway is full. ``seat`` is the
        one that the request has already; without it the account takes one.
        """
        return Account(
            self._demand.of(viewer.role),
            self._demand.mode,
            0.5 if not is_trusted else 1.0,
            self._demand.dear,
            viewer.role in self._introspection,
            viewer.role,
            key_of(viewer, address),
            self._bucket,
            self._load,
            seat or self._load.seat(),
        )

    def check_room(self, viewer: Viewer | None = None, seat: Seat | None = None) -> None:
        """Refuse at once what could not be begun; without a viewer, what nobody could begin.

        *Errors*: ``Overloaded``.
        """
        if self._demand.mode is DemandMode.ENFORCE:
            share = self._demand.of(viewer.role).share if viewer else 1.0
            self._load.check(share, seat or self._load.seat())


class Account:
    """What one request costs its caller.

    All operations of an array are charged to one account, and share its limit. Close it when
    the last has ended: what was estimated too high is given back. ``is_spent`` tells that an
    operation was refused because the budget was.
    """

    def __init__(
        self,
        allowance: Allowance,
        mode: DemandMode,
        part: float,
        dear: int,
        may_introspect: bool,
        role: Role,
        key: str,
        bucket: TokenBucket,
        load: Load,
        seat: Seat,
    ) -> None:
        self._allowance = allowance
        self._mode = mode
        self._part = part
        self._dear = dear
        self._may_introspect = may_introspect
        self._role = role
        self._key = key
        self._bucket = bucket
        self._load = load
        self._seat = seat
        self._rate = Rate(allowance.capacity, allowance.per_second)
        self._charged = 0
        self._contexts: list[Context] = []
        self._grant: Grant | None = None
        self.is_spent = False

    async def admit(self, demand: Demand, context: Context) -> None:
        """Charge an operation that is about to begin.

        *Errors*: ``Forbidden`` for introspection by a role that may not; ``QueryTooComplex``
        above the role's limit; ``Overloaded`` while the gateway is full; ``Spent``.
        """
        if not self._may_introspect and demand.introspects:
            raise Forbidden(f"The schema is not open to role {self._role.value}.")
        if self._mode is DemandMode.OFF:
            return
        # The cheapest operation costs something, or it could be sent without end.
        cost = max(1, demand.cost)
        total = self._charged + cost
        if total > self._allowance.cost:
            self._refuse(
                QueryTooComplex(
                    f"The request has {total} points of cost; allowed for role "
                    f"{self._role.value}: {self._allowance.cost}. Ask for less, or in several "
                    "requests."
                )
            )
        share = self._allowance.share * self._part * (0.5 if cost > self._dear else 1.0)
        try:
            self._load.check(share, self._seat)
        except Overloaded as full:
            if self._mode is DemandMode.ENFORCE:
                self._seat.forfeit()
            self._refuse(full)
        # Before the bucket is asked: others come in meanwhile, and have to see that it is taken.
        self._seat.take()
        grant = await self._bucket.take(self._key, cost, self._rate)
        self._grant = grant
        if not grant.is_granted:
            if grant.retry_after is None:
                self._refuse(
                    QueryTooComplex(
                        f"The operation has {cost} points of cost; a full budget is "
                        f"{self._allowance.capacity}."
                    )
                )
            else:
                self.is_spent = self._mode is DemandMode.ENFORCE
                self._refuse(Spent(grant.retry_after))
            return
        self._charged = total
        self._contexts.append(context)

    async def close(self) -> None:
        """Settle: operations that were cheaper than they could have been are charged as they were.

        *Errors*: none.
        """
        self._seat.leave()
        contexts, self._contexts = self._contexts, []
        if not contexts:
            return
        unused = self._charged - sum(max(1, each.actual) for each in contexts)
        self._charged = 0
        if unused > 0:
            # Taking less than nothing gives back; a bucket never holds more than it can.
            await self._bucket.take(self._key, -unused, self._rate)

    def headers(self) -> dict[str, str]:
        """Tell the caller of the budget.

        *Source*: draft-ietf-httpapi-ratelimit-headers-10: remaining points, and the seconds until
        the bucket is full again.
        """
        if self._grant is None:
            return {}
        rate, left = self._rate, max(0, self._grant.remaining)
        window = math.ceil(rate.capacity / rate.per_second)
        refill = math.ceil((rate.capacity - left) / rate.per_second)
        name = self._role.value.lower()
        return {
            "RateLimit-Policy": f'"{name}";q={rate.capacity};w={window}',
            "RateLimit": f'"{name}";r={left};t={refill}',
        }

    def _refuse(self, failure: RateLimited | QueryTooComplex) -> None:
        if self._mode is DemandMode.MEASURE:
            _log.info("would refuse", code=failure.code, role=self._role.value)
            return
        raise failure


@lru_cache(maxsize=_MAX_KEYS)
def key_of(viewer: Viewer, address: str | None) -> str:
    """Name a caller's bucket, without saying who it is.

    *Shape*: by client and subject of the token; a guest by network address, IPv6 by its /64,
    since a household or a data centre has that many to itself.
    """
    if viewer.subject is not None or viewer.client is not None:
        who = f"{viewer.client}\0{viewer.subject}"
    else:
        who = address or ""
        try:
            ip = ipaddress.ip_address(who)
        except ValueError:
            pass
        else:
            if isinstance(ip, ipaddress.IPv6Address):
                who = str(ipaddress.ip_network((ip, 64), strict=False))
    digest = hashlib.blake2b(who.encode(), digest_size=16).hexdigest()
    return f"{viewer.role.value}:{digest}"
