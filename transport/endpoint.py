"""GraphQL over HTTP: one address, POST for everything and GET for queries."""

from typing import Any

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from domain.errors import DeadlineExceeded, Failure
from domain.viewer import Viewer
from execution.context import Asked
from execution.result import Result
from transport.accept import Media, Preference, check_content, preferred
from transport.answer import encode, headers_of, result_status, send_bytes
from transport.body import drop, read
from transport.exchange import Exchange, exchange_of
from transport.operation import Gone, Operations
from transport.page import Page
from transport.parameter import Parameters, from_address, from_body
from transport.preflight import Origins
from transport.problem import masked, problem, problems, report
from transport.refusal import Refusal, bad_request, method_not_allowed, status_of
from transport.settings import Settings

_METHODS = "GET, POST"
CONTEXT_HEADERS = {
    "channel": "commerce-channel",
    "market": "commerce-market",
    "currency": "commerce-currency",
    "language": "accept-language",
    "store": "commerce-store",
    "purpose": "commerce-purpose",
}


_CONTEXT_FIELDS = {header.encode(): field for field, header in CONTEXT_HEADERS.items()}
_SILENT = Asked()


class _Answer:
    """What goes back: a status, a body, and the headers that belong to it."""

    __slots__ = ("body", "closes", "headers", "status")

    def __init__(
        self, status: int, body: Any, headers: dict[str, str], *, closes: bool = False
    ) -> None:
        self.status = status
        self.body = body
        self.headers = headers
        self.closes = closes


class GraphQLEndpoint:
    """The ASGI application behind /graphql."""

    def __init__(self, operations: Operations, settings: Settings, page: Page | None) -> None:
        self._operations = operations
        self._settings = settings
        self._page = page
        self._origins = Origins(settings.origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever it holds, the answer is GraphQL's."""
        exchange, headers = exchange_of(scope), Headers(scope=scope)
        media = Media.JSON
        try:
            preference = preferred(headers)
            if self._page and scope["method"] == "GET" and preference.wants_page():
                await self._page.send(send)
                return
            if scope["method"] not in ("GET", "POST"):
                raise method_not_allowed(scope["method"], _METHODS)
            media = preference.media()
            asked_for = await self._parameters(scope, headers, preference, receive)
            answer = await self._answer(asked_for, scope, headers, receive, media)
            body = encode(answer.body)
        except (Gone, ClientDisconnect):
            exchange.codes.append("GONE")
            return
        except Failure as failure:
            answer = _refused(failure, exchange, headers)
            body = encode(answer.body)
        except Exception as bug:  # noqa: BLE001 - the last door: masked and logged
            answer = _broken(bug, exchange)
            body = encode(answer.body)
        await _send(answer, body, media, receive, send)

    async def _parameters(
        self, scope: Scope, headers: Headers, preference: Preference, receive: Receive
    ) -> Parameters | list[Parameters]:
        if scope["method"] == "GET":
            self._origins.check(headers, preference)
            return from_address(scope["query_string"], self._settings)
        check_content(headers)
        return from_body(await read(headers, receive, self._settings), self._settings)

    async def _answer(
        self,
        asked_for: Parameters | list[Parameters],
        scope: Scope,
        headers: Headers,
        receive: Receive,
        media: Media,
    ) -> _Answer:
        exchange = exchange_of(scope)
        asked = _asked(scope)
        viewer = await self._operations.viewer(_single(headers, "authorization"))
        exchange.role = viewer.role.value

        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        async def run(parameters: Parameters) -> Result:
            return await self._operations.run(
                parameters,
                viewer,
                asked,
                exchange.request_id,
                gone=gone,
                only_query=scope["method"] == "GET",
            )

        if isinstance(asked_for, Parameters):
            result = await run(asked_for)
            if result.was_executed:
                exchange.operation = (asked_for.operation_name or "")[:64] or None
            return _answered(result, viewer, exchange, media, headers)
        bodies: list[dict[str, Any]] = []
        # One after the other: an array may hold mutations, whose order counts.
        for each in asked_for:
            try:
                bodies.append(_shape(await run(each), viewer, exchange))
            except DeadlineExceeded as failure:
                # What the operations before it did stays done, and has to be told.
                bodies.append(_failed(failure, exchange))
        return _Answer(200, bodies, {})


def _single(headers: Headers, name: str) -> str | None:
    """Read a header that must not be there twice, since two readers could choose differently."""
    values = headers.getlist(name)
    if len(values) > 1:
        raise _twice(name)
    return values[0] if values else None


def _asked(scope: Scope) -> Asked:
    """Read what the headers say of the context, in one pass."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        field = _CONTEXT_FIELDS.get(name)
        if field is None:
            continue
        if field in found:
            raise _twice(name.decode("latin-1"))
        found[field] = value.decode("latin-1")
    return Asked(**found) if found else _SILENT


def _twice(name: str) -> Refusal:
    return bad_request(f"{name} is given more than once; send it once.")


def _shape(result: Result, viewer: Viewer, exchange: Exchange) -> dict[str, Any]:
    shaped: dict[str, Any] = {}
    if result.errors:
        errors = problems(result.errors, exchange.request_id, is_staff=viewer.is_staff)
        exchange.note(errors)
        shaped["errors"] = errors
    if result.was_executed:
        shaped["data"] = result.data
    if result.extensions:
        shaped["extensions"] = result.extensions
    return shaped


def _failed(failure: Failure, exchange: Exchange) -> dict[str, Any]:
    report(failure, exchange.request_id)
    errors = [problem(failure)]
    exchange.note(errors)
    return {"errors": errors}


def _answered(
    result: Result, viewer: Viewer, exchange: Exchange, media: Media, headers: Headers
) -> _Answer:
    cache = result.extensions.pop("cacheControl", None)
    body = _shape(result, viewer, exchange)
    status = 200
    if not result.was_executed:
        code = body["errors"][0]["extensions"]["code"] if result.errors else None
        status = result_status(code, media)
    extra = headers_of(status, has_token="authorization" in headers)
    if isinstance(cache, str):
        extra["Cache-Control"] = cache
    return _Answer(status, body, extra)


def _refused(failure: Failure, exchange: Exchange, headers: Headers) -> _Answer:
    body = _failed(failure, exchange)
    if isinstance(failure, Refusal):
        return _Answer(failure.status, body, dict(failure.headers), closes=failure.closes)
    status = status_of(failure.code)
    return _Answer(status, body, headers_of(status, has_token="authorization" in headers))


def _broken(bug: Exception, exchange: Exchange) -> _Answer:
    errors = [masked(bug, exchange.request_id)]
    exchange.note(errors)
    return _Answer(500, {"errors": errors}, {})


async def _send(answer: _Answer, body: bytes, media: Media, receive: Receive, send: Send) -> None:
    headers = {"Vary": "Accept", **answer.headers}
    if answer.closes:
        headers["Connection"] = "close"
    content_type = f"{media.value}; charset=utf-8"
    await send_bytes(send, answer.status, content_type, body, headers, more=answer.closes)
    if answer.closes:
        await drop(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})
