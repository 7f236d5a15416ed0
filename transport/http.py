"""The gateway as an ASGI application."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Route, Router, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.bucket import TokenBucket
from domain.document import DocumentStore
from domain.errors import Failure
from transport.answer import encode, headers_of, send_bytes
from transport.budget import Budget
from transport.caller import CONTEXT_HEADERS
from transport.document import DocumentReader
from transport.door import Door
from transport.endpoint import GraphQLEndpoint
from transport.exchange import exchange_of
from transport.gate import Gate
from transport.health import Readiness, Ready, live
from transport.load import Load
from transport.operation import Operations
from transport.page import Page
from transport.port import ContextFactory, Executor, Verifier
from transport.preflight import PREFLIGHT_HEADERS
from transport.problem import problem, report
from transport.refusal import Refusal, method_not_allowed, no_such_path, status_of
from transport.reservation import TOKEN_HEADER
from transport.settings import Settings
from transport.socket import SocketEndpoint
from transport.state import GATE, STOPPING
from transport.webhook import PATH as WEBHOOK_PATH
from transport.webhook import Take, Webhooks

PATH = "/graphql"
Hook = Callable[[], Awaitable[None]]
NO_WEBHOOKS: Mapping[str, Take] = {}
_JSON = "application/json; charset=utf-8"


def make_app(
    executor: Executor,
    contexts: ContextFactory,
    verifier: Verifier,
    settings: Settings,
    *,
    buckets: TokenBucket,
    documents: DocumentStore,
    readiness: Readiness,
    webhooks: Mapping[str, Take] = NO_WEBHOOKS,
    on_start: Hook | None = None,
    on_stop: Hook | None = None,
    routes: Sequence[BaseRoute] = (),
) -> ASGIApp:
    """Make the application.

    ``on_start`` runs before the first request and ``on_stop`` after the last, also when the start
    fails; ``webhooks`` take what systems send by themselves; ``routes`` are further addresses
    beside the door's own.

    *Errors*: ``ConfigurationError`` for a manifest of trusted documents that cannot be read.
    """
    load = Load(settings.demand)
    gate = Gate(load, settings, PATH)
    page = Page() if settings.graphiql else None
    stopping = asyncio.Event()
    reader = DocumentReader(settings.documents, documents)
    budget = Budget(settings, buckets, load)
    operations = Operations(executor, contexts, verifier, reader, budget, settings)
    graphql = _with_cors(GraphQLEndpoint(operations, settings, page, stopping, gate), settings)
    served: list[BaseRoute] = [
        WebSocketRoute(PATH, _Asgi(SocketEndpoint(operations, settings, stopping))),
        _route(PATH, graphql),
        _route(WEBHOOK_PATH, Webhooks(settings, webhooks, buckets)),
        _route("/health/live", _reading(live)),
        _route("/health/ready", _reading(Ready(readiness, settings, stopping))),
        *routes,
    ]
    if page:
        served.append(_route(PATH + "/assets/{name}", _reading(page.assets)))

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[Mapping[str, object]]:
        try:
            if on_start:
                await on_start()
            async with gate.watched(), reader.watched():
                # The server's protocols set the one, before they wait for what is under way,
                # and ask the other before they read on.
                yield {STOPPING: stopping, GATE: gate}
        finally:
            if on_stop:
                await on_stop()

    # The router alone: Starlette's own error pages would come before the door's.
    router = Router(served, redirect_slashes=False, default=_nothing, lifespan=lifespan)
    return Door(_ahead(graphql, _failing(router)))


def _with_cors(app: ASGIApp, settings: Settings) -> ASGIApp:
    if not settings.origins:
        return app
    own = ("authorization", "x-request-id", TOKEN_HEADER)
    headers = [*CONTEXT_HEADERS.values(), *PREFLIGHT_HEADERS, *own]
    return CORSMiddleware(
        app,
        allow_origins=settings.origins,
        allow_methods=("GET", "POST", "PUT", "DELETE"),
        allow_headers=headers,
        expose_headers=("X-Request-Id", "Retry-After", "RateLimit", "RateLimit-Policy"),
    )


def _ahead(graphql: ASGIApp, router: ASGIApp) -> ASGIApp:
    """Lead to the one busy address without matching its path against every route's pattern."""

    async def ahead(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH and not scope.get("root_path"):
            exchange_of(scope).route = PATH
            await graphql(scope, receive, send)
        else:
            await router(scope, receive, send)

    return ahead


def _route(path: str, app: ASGIApp) -> Route:
    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        exchange_of(scope).route = path
        await app(scope, receive, send)

    return Route(path, _Asgi(noted))


class _Asgi:
    """Shows Starlette an ASGI application where it would take a function for a view."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def _reading(app: ASGIApp) -> ASGIApp:
    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            raise method_not_allowed(scope["method"], "GET, HEAD")
        await app(scope, receive, send)

    return guarded


def _failing(app: ASGIApp) -> ASGIApp:
    """Answer the failures that leave another address as /graphql answers its own."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except Failure as failure:
            report(failure, exchange_of(scope).request_id)
            errors = [problem(failure)]
            exchange_of(scope).note(errors)
            if isinstance(failure, Refusal):
                status, headers = failure.status, dict(failure.headers)
            else:
                status = status_of(failure.code)
                headers = headers_of(status, has_token=False)
            await send_bytes(send, status, _JSON, encode({"errors": errors}), headers)

    return guarded


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - ASGI
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000})
        return
    raise no_such_path()
