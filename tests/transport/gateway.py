"""A gateway with a schema of the tests' own behind the real door, executor and contexts."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import aiohttp
import uvicorn
from graphql import GraphQLError, GraphQLObjectType, GraphQLScalarType, build_schema

from domain.deadline import Duration
from domain.errors import (
    BadInput,
    Forbidden,
    SourceContract,
    SourceUnavailable,
    Unauthenticated,
)
from domain.policy import Decision, Terms
from domain.port import Ports
from domain.viewer import ANONYMOUS, Channel, PolicyClass, Purpose, Role, Viewer
from execution.executor import Executor
from execution.executor import Settings as ExecutionSettings
from execution.market import Settings as ContextSettings
from execution.request import Contexts
from storage.bucket import LocalBuckets
from storage.document import LocalDocuments
from transport.frame import BoundedSocket
from transport.http import make_app
from transport.protocol import BoundedProtocol, serving
from transport.settings import Settings

SECRET = "anna.nowak@example.com"
SDL = """
directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
scalar Json
type Query {
  hello(name: String): String
  number(of: Int!): Int
  fails(how: String!): String
  values: Json
  waits: String
  surely: String!
  wrong: Int
  tree(in: Tree): String
  node(id: ID!): Query
  thing: Thing
}
type Thing { id: ID! name: String late: String surely: String! inner: Thing }
type Mutation { adds: Int! }
type Subscription { counts(to: Int!): Int waits: String fails(how: String!): String heard: Int }
input Tree { of: Tree }
"""
FAILURES = {
    "input": BadInput("how", "input", "anything else"),
    "forbidden": Forbidden("Not for you."),
    "unauthenticated": Unauthenticated("Sign in first."),
    "source": SourceUnavailable("erp-1", "offer_by_sku", f"refused for {SECRET}"),
    "contract": SourceContract("erp-1", "offer_by_sku", f"not a number: {SECRET}", "price"),
    "bug": KeyError(SECRET),
    "graphql": GraphQLError(f"nobody foresaw {SECRET}"),
}
TOKENS = {
    "Bearer customer": Viewer(role=Role.CUSTOMER, customer="crm:1"),
    "Bearer agent": Viewer(
        role=Role.AGENT, purposes=(Purpose.CUSTOMER_SERVICE,), channel=Channel.AGENT
    ),
}


class Verifier:
    """Knows a few tokens, and how to be slow or broken."""

    def __init__(self) -> None:
        self.expired: set[str] = set()
        self.instead: dict[str, Viewer] = {}

    def known(self, authorization: str | None) -> Viewer | None:
        return ANONYMOUS if authorization is None else None

    async def viewer(self, authorization: str | None) -> Viewer:
        if authorization is None:
            return ANONYMOUS
        if authorization == "Bearer slow":
            await asyncio.Event().wait()
        if authorization == "Bearer away":
            raise SourceUnavailable("identity", "keys", "no connection")
        if authorization == "Bearer bug":
            raise RuntimeError(SECRET)
        if authorization not in TOKENS or authorization in self.expired:
            raise Unauthenticated("The token is not accepted.")
        return self.instead.get(authorization) or TOKENS[authorization]


class Policy:
    """Allows everything, but marketers to hear: what is tested here is the door."""

    def decide(self, parent_type: str, field: str, policy_class: PolicyClass) -> Decision:
        is_denied = field == "heard" and policy_class.role is Role.MARKETER
        return Decision.DENY if is_denied else Decision.ALLOW

    def decide_type(self, type_name: str, policy_class: PolicyClass) -> Decision:
        return Decision.ALLOW

    def explain(self, parent_type: str, field: str, policy_class: PolicyClass) -> Mapping[str, str]:
        return {}

    def terms(self, type_name: str, policy_class: PolicyClass) -> Terms:
        return frozenset()


class Gateway:
    """A running gateway, and what its resolvers saw."""

    def __init__(self, settings: Settings) -> None:
        self.begun = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.ended = asyncio.Event()
        self.verifier = Verifier()
        self.notices: list[bytes] = []
        self.said: asyncio.Queue[int] = asyncio.Queue()
        self.added = 0
        self.closed = 0
        self.hooks: list[str] = []
        self.systems: Mapping[str, bool] | Exception | None = {"erp": True, "wms": True}
        self.port = 0
        self.server: uvicorn.Server
        self.session: aiohttp.ClientSession
        self.stop: Callable[[], asyncio.Future[None]]
        self.app = make_app(
            Executor(self._schema(), ExecutionSettings()),
            _Contexts(self),
            self.verifier,
            settings,
            buckets=LocalBuckets(),
            documents=LocalDocuments(),
            readiness=self._readiness,
            webhooks={"wms": self._take},
            on_start=self._start,
            on_stop=self._stop,
        )

    def sockets(self) -> int:
        """How many WebSockets the server holds."""
        held = self.server.server_state.connections
        return sum(isinstance(each, BoundedSocket) for each in held)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.address}/graphql"

    def _schema(self) -> Any:
        schema = build_schema(SDL)
        assert schema.query_type
        assert schema.mutation_type
        fields = schema.query_type.fields
        fields["hello"].resolve = lambda _, info, name="world": f"Hello {name}"
        fields["number"].resolve = lambda _, info, of: of
        fields["fails"].resolve = _fail
        fields["values"].resolve = lambda _, info: {
            "moment": datetime(2026, 11, 22, 14, 0, tzinfo=timezone(timedelta(hours=1))),
            "utc": datetime(2026, 11, 22, 14, 0, tzinfo=UTC),
            "decimal": Decimal("10.50"),
            "enum": Channel.WEB,
            "uuid": UUID(int=1),
        }
        fields["waits"].resolve = self._wait
        fields["surely"].resolve = lambda _, info: None
        fields["wrong"].resolve = lambda _, info: SECRET
        fields["tree"].resolve = lambda _, info, **arguments: "tree"
        fields["node"].resolve = lambda _, info, id: {}
        schema.mutation_type.fields["adds"].resolve = self._add
        fields["thing"].resolve = lambda _, info: {"id": 1, "name": "a thing", "inner": {}}
        thing = schema.get_type("Thing")
        assert isinstance(thing, GraphQLObjectType)
        thing.fields["late"].resolve = _late
        assert schema.subscription_type
        followed = schema.subscription_type.fields
        for name, source in (
            ("counts", _count),
            ("waits", self._follow),
            ("fails", _break),
            ("heard", self._hear),
        ):
            followed[name].subscribe = source
            followed[name].resolve = lambda event, info, **_: event
        assert isinstance(schema.type_map["Json"], GraphQLScalarType)
        return schema

    def _add(self, _: Any, info: Any) -> int:
        self.added += 1
        return self.added

    async def _follow(self, _: Any, info: Any) -> AsyncIterator[str]:
        self.begun.set()
        try:
            await asyncio.Event().wait()
            yield "never"
        finally:
            self.cancelled.set()

    async def _take(self, body: bytes) -> None:
        if body == b"[]":
            raise ValueError("no notice")
        self.notices.append(body)

    async def _hear(self, _: Any, info: Any) -> AsyncIterator[int]:
        while True:
            yield await self.said.get()

    async def _wait(self, _: Any, info: Any) -> str:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return "never"

    async def _readiness(self) -> Mapping[str, bool]:
        if self.systems is None:
            await asyncio.Event().wait()
        if isinstance(self.systems, Exception):
            raise self.systems
        assert self.systems is not None
        return self.systems

    async def _start(self) -> None:
        self.hooks.append("start")

    async def _stop(self) -> None:
        self.hooks.append("stop")

    async def post(self, body: Any, **headers: str) -> tuple[int, Any, Mapping[str, str]]:
        """Send a POST; a body that is not bytes is sent as JSON."""
        given = {"Content-Type": "application/json", **_header_names(headers)}
        data = body if isinstance(body, bytes) else aiohttp.JsonPayload(body)
        async with self.session.post(self.url, data=data, headers=given) as answer:
            return answer.status, await answer.json(content_type=None), answer.headers

    async def get(self, query: str, **headers: str) -> tuple[int, Any, Mapping[str, str]]:
        """Send a GET."""
        async with self.session.get(
            self.url, params={"query": query}, headers=_header_names(headers)
        ) as answer:
            return answer.status, await answer.json(content_type=None), answer.headers


class _Contexts(Contexts):
    """The real contexts, counting how many were closed."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(
            ContextSettings(
                markets={"PL": ["PLN", "EUR"]}, languages=["en", "pl"], timeout=Duration(2)
            ),
            Ports(),
            Policy(),
        )
        self._gateway = gateway

    def open(self, *arguments: Any) -> Any:
        context = super().open(*arguments)
        close = context.loaders.close

        def count() -> None:
            close()
            self._gateway.closed += 1
            self._gateway.ended.set()

        setattr(context.loaders, "close", count)  # noqa: B010 - an attribute, not the method
        return context


def _fail(_: Any, info: Any, how: str) -> str:
    raise FAILURES[how]


async def _late(_: Any, info: Any) -> str:
    await asyncio.sleep(0.01)
    return "came"


async def _count(_: Any, info: Any, to: int) -> AsyncIterator[int]:
    for number in range(1, to + 1):
        yield number
        await asyncio.sleep(0)


async def _break(_: Any, info: Any, how: str) -> AsyncIterator[str]:
    yield "once"
    raise FAILURES[how]


def _header_names(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@asynccontextmanager
async def running(
    settings: Settings,
    protocol: type[BoundedProtocol] = BoundedProtocol,
    socket_protocol: type[BoundedSocket] = BoundedSocket,
    graceful: int = 1,
) -> AsyncIterator[Gateway]:
    """Serve a gateway on a free port until the block ends."""
    gateway = Gateway(settings)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        gateway.app,
        **{**serving(settings), "http": protocol, "ws": socket_protocol},
        log_level="error",
        timeout_graceful_shutdown=graceful,
    )
    server = uvicorn.Server(config)
    gateway.server = server
    task = asyncio.ensure_future(server.serve([listener]))

    def stop() -> asyncio.Future[None]:
        server.should_exit = True
        return task

    gateway.stop = stop
    gateway.port = listener.getsockname()[1]
    timeout = aiohttp.ClientTimeout(total=20)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        gateway.session = session
        async with asyncio.timeout(10):
            while True:
                async with session.get(f"{gateway.address}/health/live") as answer:
                    if answer.status == 200:
                        break
        try:
            yield gateway
        finally:
            await asyncio.wait_for(stop(), 10)
            listener.close()


@asynccontextmanager
async def connected(
    gateway: Gateway,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a bare connection to a gateway, closed when the block ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()
