"""GraphQL over HTTP: what is answered, in which form, with which status."""

from typing import Any

import pytest
from structlog.testing import capture_logs
from yarl import URL

from tests.transport.gateway import SECRET, Gateway, running
from transport.settings import Settings

pytestmark = pytest.mark.anyio
GRAPHQL, JSON = "application/graphql-response+json", "application/json"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL};q=0.5, {JSON};q=0.9", JSON),
        (f"{GRAPHQL};q=0.9, {JSON};q=0.5", GRAPHQL),
        (
            f"{GRAPHQL}, application/graphql+json, {JSON}, text/event-stream, multipart/mixed",
            GRAPHQL,
        ),
        (f"{JSON};q=0, */*", GRAPHQL),
        (f"{GRAPHQL};q=0, */*;q=0.1", JSON),
        (f"{JSON}; charset=utf-8", JSON),
        (f"{JSON.upper()} ; q=1.0", JSON),
        ("text/html;q=0.1, application/*;q=0.2", JSON),
        (f"text/event-stream, {JSON};q=0.1", JSON),
    ],
)
async def test_the_form_wanted_most_is_sent(
    gateway: Gateway, accept: str | None, expected: str
) -> None:
    """An answer takes the form that Accept weighs highest, application/json when it is silent."""
    headers = {"Content-Type": JSON} | ({} if accept is None else {"Accept": accept})
    async with gateway.session.post(
        gateway.url,
        json={"query": "{ hello }"},
        headers=headers,
        skip_auto_headers=["Accept"],
    ) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == f"{expected}; charset=utf-8"
        assert "Accept" in answer.headers["Vary"]
        assert (await answer.json(content_type=None))["data"] == {"hello": "Hello world"}


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "image/*",
        "multipart/mixed",
        f"{JSON};q=0",
        f"{JSON};charset=utf-16",
        f"{JSON};q=2",
    ],
)
async def test_a_form_we_do_not_have_is_406(gateway: Gateway, accept: str) -> None:
    """An Accept that allows neither form is refused, in a form that can be read all the same."""
    status, body, _ = await gateway.post({"query": "{ hello }"}, Accept=accept)
    assert status == 406
    assert body["errors"][0]["extensions"]["code"] == "NOT_ACCEPTABLE"


@pytest.mark.parametrize(
    ("query", "code", "graphql", "json"),
    [
        ("{ hello }", None, 200, 200),
        ("{", "GRAPHQL_PARSE_FAILED", 400, 200),
        ("", "GRAPHQL_PARSE_FAILED", 400, 200),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED", 400, 200),
        ("query ($id: ID!) { node(id: $id) { hello } }", "BAD_INPUT", 400, 200),
        ("query A { hello } query B { hello }", "GRAPHQL_VALIDATION_FAILED", 400, 200),
        ('{ fails(how: "forbidden") }', "FORBIDDEN", 200, 200),
        ('{ fails(how: "source") }', "SOURCE_UNAVAILABLE", 200, 200),
        ('{ fails(how: "bug") }', "INTERNAL", 200, 200),
        ("{ surely }", "INTERNAL", 200, 200),
    ],
)
async def test_status_of_results(
    gateway: Gateway, query: str, code: str | None, graphql: int, json: int
) -> None:
    """A request error is 400, or 200 in application/json; an executed operation is always 200."""
    for media, expected in ((GRAPHQL, graphql), (JSON, json)):
        status, body, _ = await gateway.post({"query": query}, Accept=media)
        assert status == expected
        assert ("data" in body) is (code in {None, "FORBIDDEN", "SOURCE_UNAVAILABLE", "INTERNAL"})
        assert (body["errors"][0]["extensions"]["code"] if code else None) == code


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Authorization": "Bearer nobody"}, 401, "UNAUTHENTICATED"),
        ({"Authorization": "Bearer away"}, 503, "SOURCE_UNAVAILABLE"),
        ({"Authorization": "Bearer bug"}, 500, "INTERNAL"),
        ({"Commerce-Market": "XX"}, 400, "BAD_INPUT"),
        ({"Commerce-Currency": "USD"}, 400, "BAD_INPUT"),
        ({"Commerce-Store": "nowhere"}, 400, "BAD_INPUT"),
        ({"Commerce-Purpose": "MARKETING"}, 403, "FORBIDDEN"),
        ({"Authorization": "Bearer agent", "Commerce-Channel": "WEB"}, 403, "FORBIDDEN"),
        ({"Content-Type": "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"Content-Type": "application/graphql"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"Content-Type": "text/plain; x=application/json"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"Content-Type": "application/json; charset=utf-16"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"Content-Encoding": "gzip"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"Content-Encoding": "br, gzip"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
    ],
)
async def test_status_of_refused_requests(
    gateway: Gateway, headers: dict[str, str], status: int, code: str
) -> None:
    """What is wrong with the request itself decides the status, in either form."""
    for media in (GRAPHQL, JSON):
        found, body, answered = await gateway.post({"query": "{ hello }"}, Accept=media, **headers)
        assert (found, body["errors"][0]["extensions"]["code"]) == (status, code)
        assert "data" not in body
        assert answered["Content-Type"] == f"{media}; charset=utf-8"
        if status == 401:
            assert answered["WWW-Authenticate"] == 'Bearer error="invalid_token"'
        if status == 503:
            assert answered["Retry-After"] == "1"


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", ';charset="UTF-8"', "; profile=x"])
async def test_json_in_utf8_is_read(gateway: Gateway, charset: str) -> None:
    """A body is UTF-8, whether its sender says so or not."""
    status, body, _ = await gateway.post(
        '{"query": "{ hello(name: \\"Żółw 🐢\\") }"}'.encode(), Content_Type=JSON + charset
    )
    assert (status, body["data"]) == (200, {"hello": "Hello Żółw 🐢"})


@pytest.mark.parametrize("method", ["PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"])
async def test_other_methods_are_405(gateway: Gateway, method: str) -> None:
    """Only GET and POST are served, and PUT to reserve a stream; the answer says so."""
    async with gateway.session.request(method, gateway.url) as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET, POST, PUT"


async def test_get_runs_queries_alone(gateway: Gateway) -> None:
    """A mutation by GET is refused before it runs, with the method that is allowed."""
    status, body, _ = await gateway.get('query Q { hello(name: "GET") }', Accept=JSON)
    assert (status, body["data"]) == (200, {"hello": "Hello GET"})
    before = gateway.added
    status, body, headers = await gateway.get("mutation { adds }", Accept=JSON)
    assert (status, headers["Allow"]) == (405, "POST")
    assert body["errors"][0]["extensions"]["code"] == "METHOD_NOT_ALLOWED"
    assert gateway.added == before


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("query=%7Bhello%7D&variables=%7B%7D&extensions=&operationName=", 200),
        ("query=%7Bhello%7D&unknown=1&unknown=2", 200),
        ("", 400),
        ("query=", 400),
        ("query=%7Bhello%7D&query=%7Bhello%7D", 400),
        ("query=%7Bhello%7D&variables=%7B", 400),
        ("query=%7Bhello%7D&variables=1", 400),
        ("query=%7Bhello%7D&extensions=%5B%5D", 400),
        ("query=%ff", 400),
        ("query=%ed%a0%80", 400),
        ("&".join(["a=1"] * 60), 400),
        ("query=" + "a" * 17_000, 414),
    ],
)
async def test_addresses_that_are_read(gateway: Gateway, address: str, status: int) -> None:
    """A GET's parameters are URL-encoded UTF-8, each there once, the address bounded."""
    url = f"{gateway.url}?{address}"
    async with gateway.session.get(_encoded(url), headers={"Accept": GRAPHQL}) as answer:
        assert answer.status == status
        assert ("errors" in await answer.json(content_type=None)) is (status != 200)


async def test_a_bad_value_is_named(gateway: Gateway) -> None:
    """A bad variable or argument is BAD_INPUT with its name, before execution and during it."""
    query = "query ($count: Int!) { number(of: $count) }"
    _, body, _ = await gateway.post({"query": query, "variables": {"count": "x"}})
    assert body["errors"][0]["extensions"] == {"code": "BAD_INPUT", "argument": "count"}
    _, body, _ = await gateway.post({"query": '{ fails(how: "input") }'})
    assert body["errors"][0]["extensions"] == {"code": "BAD_INPUT", "argument": "how"}
    assert body["errors"][0]["path"] == ["fails"]
    assert body["errors"][0]["locations"] == [{"line": 1, "column": 3}]


async def test_values_are_written_for_the_wire(gateway: Gateway) -> None:
    """Times are RFC 3339 in UTC or as given, enums values, decimals and ids text."""
    _, body, _ = await gateway.post({"query": "{ values }"})
    assert body["data"]["values"] == {
        "moment": "2026-11-22T14:00:00+01:00",
        "utc": "2026-11-22T14:00:00Z",
        "decimal": "10.50",
        "enum": "WEB",
        "uuid": "00000000-0000-0000-0000-000000000001",
    }


async def test_the_context_is_what_the_headers_say(gateway: Gateway) -> None:
    """The Commerce headers and Accept-Language reach the operation, and are echoed."""
    _, body, _ = await gateway.post(
        {"query": "{ hello }"},
        Commerce_Channel="APP",
        Commerce_Market="PL",
        Commerce_Currency="EUR",
        Accept_Language="de, pl;q=0.8",
    )
    context = body["extensions"]["context"]
    assert (context["channel"], context["currency"], context["language"]) == ("APP", "EUR", "pl")


async def test_a_request_keeps_its_id(gateway: Gateway) -> None:
    """A plain id of the caller's is kept and echoed, any other is replaced."""
    _, _, headers = await gateway.post({"query": "{ hello }"}, X_Request_Id="trace-1.2~3")
    assert headers["X-Request-Id"] == "trace-1.2~3"
    for odd in ("", "a" * 65, "two words", "a;b", "ä"):
        _, _, headers = await gateway.post({"query": "{ hello }"}, X_Request_Id=odd)
        assert len(headers["X-Request-Id"]) == 36


async def test_every_answer_is_guarded(gateway: Gateway) -> None:
    """No answer names the server, may be sniffed, framed or kept; errors included."""
    for path in ("/graphql", "/nowhere", "/health/live"):
        async with gateway.session.get(gateway.address + path) as answer:
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["X-Frame-Options"] == "DENY"
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Cache-Control"] == "private, no-store"
            assert answer.headers["X-Request-Id"]
            assert "Server" not in answer.headers


async def test_bugs_are_masked_and_logged(gateway: Gateway) -> None:
    """A caller reads nothing of a bug but the request's id; the log has its traceback."""
    for query in (
        '{ fails(how: "bug") }',
        '{ fails(how: "graphql") }',
        "{ wrong }",
        "{ surely }",
    ):
        with capture_logs() as lines:
            _, body, headers = await gateway.post({"query": query})
        error = body["errors"][0]
        assert error["message"] == "Internal error"
        assert error["extensions"] == {"code": "INTERNAL", "requestId": headers["X-Request-Id"]}
        bugs = [line for line in lines if line["event"] == "bug"]
        assert [line["request_id"] for line in bugs] == [headers["X-Request-Id"]]
        assert isinstance(bugs[0]["exc_info"], Exception)


async def test_a_failure_never_names_its_system_to_a_shopper(gateway: Gateway) -> None:
    """A failed system is named to staff and to the log, its detail to the log alone."""
    with capture_logs() as lines:
        _, shopper, _ = await gateway.post({"query": '{ fails(how: "contract") }'})
        _, staff, _ = await gateway.post(
            {"query": '{ fails(how: "contract") }'}, Authorization="Bearer agent"
        )
    assert "erp-1" not in str(shopper)
    assert staff["errors"][0]["extensions"]["system"] == "erp-1"
    assert SECRET not in str(shopper) + str(staff)
    failures = [line for line in lines if line["event"] == "failure"]
    assert [(line["system"], line["code"]) for line in failures] == [
        ("erp-1", "SOURCE_CONTRACT")
    ] * 2


async def test_one_line_per_request(gateway: Gateway) -> None:
    """A request is logged in one line, without its text, its token or its path's guesses."""
    query = f'query Greets {{ hello(name: "{SECRET}") }}'
    with capture_logs() as lines:
        await gateway.post(
            {"query": query, "operationName": "Greets", "variables": {"a": SECRET}},
            Authorization="Bearer customer",
        )
        async with gateway.session.get(f"{gateway.address}/customer/{SECRET}"):
            pass
    first, second = (line for line in lines if line["event"] == "request")
    assert (first["status"], first["operation"], first["role"]) == (200, "Greets", "CUSTOMER")
    assert (second["status"], second["route"]) == (404, "-")
    assert SECRET not in str(lines)
    assert "Bearer" not in str(lines)


async def test_contexts_are_closed(gateway: Gateway) -> None:
    """Each operation has a context of its own, which is closed however it ends."""
    before = gateway.closed
    for query in ("{ hello }", "{", '{ fails(how: "bug") }', "mutation { adds }"):
        await gateway.post({"query": query})
    assert gateway.closed == before + 4


async def test_hooks_run_around_the_service() -> None:
    """What the composition root opens is opened before the first request, closed after the last."""
    async with running(Settings(graphiql=False)) as gateway:
        assert gateway.hooks == ["start"]
    assert gateway.hooks == ["start", "stop"]


async def test_batches() -> None:
    """Arrays are refused unless allowed; then they are bounded, and run in order."""
    async with running(Settings(batch=3)) as gateway:
        add: Any = {"query": "mutation { adds }"}
        status, body, _ = await gateway.post([add, {"query": "{"}, add])
        assert status == 200
        assert [each.get("data") for each in body] == [{"adds": 1}, None, {"adds": 2}]
        for wrong in ([], [add] * 4, [add, 1], [[add]]):
            status, body, _ = await gateway.post(wrong)
            assert (status, body["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")
        assert gateway.added == 2


def _encoded(url: str) -> Any:
    return URL(url, encoded=True)
