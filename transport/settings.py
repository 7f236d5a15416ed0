"""What an operator may set of the door."""

from enum import Enum
from typing import Annotated

from msgspec import Meta, Struct

from domain.deadline import Duration
from domain.secret import Secret
from domain.viewer import Role

Positive = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(gt=0, le=1)]
# As browsers write it: a slash at its end would match nothing, ever.
Origin = Annotated[str, Meta(pattern=r"^(\*|[a-z][a-z0-9+.-]*://[^/\s]+)$")]
_EVERY_ROLE = tuple(Role)


class DocumentMode(Enum):
    """What trusted documents are for."""

    LOG = "log"
    PREFER = "prefer"
    REQUIRE = "require"


class DocumentSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Documents that clients name instead of sending them.

    *Shape*: ``automatic`` lets clients leave a document here under its SHA-256 (automatic
    persisted queries). ``manifest`` is a file of trusted documents as Relay, Apollo and urql
    tools write it, read anew when it changes. ``mode``: ``log`` serves every document and logs
    those that are not in it; ``prefer`` serves those too, but lets them go first when the gateway
    is full; ``require`` refuses them, but for the roles in ``exempt``. ``max_document`` in
    characters.
    """

    automatic: bool = True
    manifest: str | None = None
    mode: DocumentMode = DocumentMode.LOG
    exempt: tuple[Role, ...] = (Role.SYSTEM,)
    reload: Duration = Duration(5)
    max_document: Positive = 100_000


class DemandMode(Enum):
    """What is done with the cost of operations."""

    OFF = "off"
    MEASURE = "measure"
    ENFORCE = "enforce"


class Allowance(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one caller of a role may ask for.

    *Units*: points of cost, as ``extensions.cost`` tells them. ``cost`` of one operation, or of
    all in one array; ``capacity`` and ``per_second`` of the caller's token bucket; ``share`` the
    part of the gateway's room that all callers of the role may fill.
    """

    cost: Positive = 20_000
    capacity: Positive = 800_000
    per_second: Annotated[float, Meta(gt=0)] = 80_000.0
    share: Share = 1.0


class GuestAllowance(Allowance, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An allowance for those whom nobody knows, who go first when it gets full."""

    capacity: Positive = 400_000
    per_second: Annotated[float, Meta(gt=0)] = 40_000.0
    share: Share = 0.7


class CustomerAllowance(Allowance, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An allowance for customers, who go before staff."""

    capacity: Positive = 400_000
    per_second: Annotated[float, Meta(gt=0)] = 40_000.0
    share: Share = 0.85


class DemandSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Demand control.

    *Shape*: ``mode``: ``off``; ``measure`` counts, tells and logs, and refuses nothing;
    ``enforce``. ``room`` is the number of operations at once that the gateway begins with; it
    shrinks, down to ``least_room``, while the event loop is late by more than ``lag``. ``dear``
    is the cost above which an operation may fill half of its role's share only.
    """

    mode: DemandMode = DemandMode.ENFORCE
    room: Positive = 64
    least_room: Positive = 8
    lag: Duration = Duration(0.01)
    dear: Positive = 2_000
    anonymous: GuestAllowance = GuestAllowance()
    customer: CustomerAllowance = CustomerAllowance()
    associate: Allowance = Allowance()
    agent: Allowance = Allowance()
    agent_lead: Allowance = Allowance()
    merchandiser: Allowance = Allowance()
    marketer: Allowance = Allowance()
    privacy_officer: Allowance = Allowance()
    system: Allowance = Allowance()

    def of(self, role: Role) -> Allowance:
        """Give a role's allowance."""
        allowance: Allowance = getattr(self, role.value.lower())
        return allowance


class StreamSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sockets and event streams.

    *Shape*: ``sockets`` at once in this process, and ``streams`` of events; ``operations`` at
    once on one of them; ``reservations`` of single connections (graphql-sse) that may wait.

    *Units*: ``max_message`` in bytes. ``init_time`` for a socket to say who it is, ``recheck``
    between two looks at whether its token still holds, ``beat`` between two signs of life on an
    event stream, ``reserve_time`` for a reserved stream to be opened.
    """

    sockets: Positive = 10_000
    streams: Positive = 10_000
    operations: Positive = 50
    reservations: Positive = 1_000
    max_message: Positive = 262_144
    init_time: Duration = Duration(5)
    recheck: Duration = Duration(10)
    beat: Duration = Duration(10)
    reserve_time: Duration = Duration(30)


class WebhookSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A system that tells changes by itself.

    *Shape*: ``secret_env`` names the variable with the secret that it signs with. ``window`` is
    how old a signature may be; within it, no delivery counts twice.
    """

    secret_env: Secret
    window: Duration = Duration(300)


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How requests are let in.

    *Shape*: ``origins`` the web origins whose pages may call the API, as browsers write them
    (``https://shop.example.com``), or ``["*"]`` for every page; none by default. ``batch`` the
    operations that one array may hold; 0 refuses arrays. ``json_depth`` the levels that variables
    and extensions may nest. ``introspection`` the roles that may read the schema, ``suggestions``
    those whose mistakes are answered with what they may have meant.

    *Units*: ``max_body`` and ``max_url`` in bytes. ``keep_alive`` is how long a connection may rest
    between two requests. ``body_time`` bounds the arrival of a whole body, ``viewer_time`` the
    proof of a token, ``ready_time`` the answer about the systems; ``grace`` is what an operation
    gets beyond its deadline, and an abandoned one to end.
    """

    graphiql: bool = True
    origins: list[Origin] = []
    batch: Annotated[int, Meta(ge=0, le=100)] = 0
    introspection: tuple[Role, ...] = _EVERY_ROLE
    suggestions: tuple[Role, ...] = _EVERY_ROLE
    max_body: Positive = 262_144
    max_url: Positive = 16_384
    json_depth: Positive = 64
    keep_alive: Duration = Duration(75)
    body_time: Duration = Duration(10)
    viewer_time: Duration = Duration(3)
    ready_time: Duration = Duration(2)
    grace: Duration = Duration(1)
    documents: DocumentSettings = DocumentSettings()
    demand: DemandSettings = DemandSettings()
    stream: StreamSettings = StreamSettings()
    webhooks: dict[str, WebhookSettings] = {}
