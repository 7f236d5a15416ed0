"""What a foreign page may do: nothing, unless its origin is in the settings."""

import msgspec
import pytest

from tests.transport.gateway import Gateway, running
from transport.settings import Settings

pytestmark = pytest.mark.anyio
SHOP, EVIL = "https://shop.example.com", "https://evil.example.com"
JSON = "application/json"
NAVIGATION = {
    "Accept": "application/json;q=0.9,*/*;q=0.8",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
}


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": JSON},
        {"Accept": "application/graphql-response+json"},
        {"Accept": "*/*", "Apollo-Require-Preflight": "1"},
        {"Accept": "*/*", "X-Apollo-Operation-Name": "Q"},
        {"Accept": "*/*", "GraphQL-Require-Preflight": ""},
        {"Accept": "*/*", "Authorization": "Bearer customer"},
        {"Accept": "*/*", "Sec-Fetch-Mode": "cors"},
        {"Accept": "*/*", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"},
        {"Accept": JSON, "Origin": "http://{host}"},
        {"Accept": JSON, "Sec-Fetch-Site": "cross-site", "Apollo-Require-Preflight": "1"},
    ],
)
async def test_a_get_of_our_own_is_answered(gateway: Gateway, headers: dict[str, str]) -> None:
    """A GET runs when no foreign page could have sent it unasked."""
    host = f"127.0.0.1:{gateway.port}"
    given = {name: value.format(host=host) for name, value in headers.items()}
    assert (await gateway.get("{ hello }", **given))[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "*/*"},
        {"Accept": "image/avif,image/webp,*/*;q=0.8"},
        {"Accept": "*/*", "Authorization": "Basic YTpi"},
        {"Accept": "*/*", "Content-Type": "text/plain"},
        {"Accept": JSON, "Origin": EVIL},
        {"Accept": JSON, "Origin": "null"},
        {"Accept": JSON, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Origin": EVIL},
        {"Accept": JSON, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Accept": JSON, "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "cross-site", **NAVIGATION},
        {"Sec-Fetch-Site": "none", **NAVIGATION},
        {"Sec-Fetch-Site": "same-origin", **NAVIGATION},
    ],
)
async def test_a_get_that_may_be_forged_is_refused(
    gateway: Gateway, headers: dict[str, str]
) -> None:
    """A GET that a form, an image, a script or a foreign fetch can send is 403, and not run."""
    status, body, _ = await gateway.get("{ hello }", **headers)
    assert (status, body["errors"][0]["extensions"]["code"]) == (403, "CSRF_PREVENTED")


@pytest.mark.parametrize(
    "content", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
async def test_a_post_that_a_form_can_send_is_refused(gateway: Gateway, content: str) -> None:
    """The content types that need no preflight are none of ours."""
    before = gateway.added
    async with gateway.session.post(
        gateway.url,
        data=b'{"query":"mutation { adds }"}',
        headers={"Content-Type": content, "Origin": EVIL},
    ) as answer:
        assert answer.status == 415
    assert gateway.added == before


async def test_no_origin_is_allowed_by_default(gateway: Gateway) -> None:
    """Without settings no page of another origin may read an answer, or ask to."""
    asks = {"Origin": EVIL, "Access-Control-Request-Method": "POST"}
    async with gateway.session.options(gateway.url, headers=asks) as answer:
        assert answer.status == 405
        assert not [name for name in answer.headers if name.startswith("Access-Control")]
    _, _, headers = await gateway.post({"query": "{ hello }"}, Origin=EVIL)
    assert "Access-Control-Allow-Origin" not in headers


async def test_an_origin_of_the_settings_may_ask() -> None:
    """A page of an allowed origin gets its preflight and its answers, any other neither."""
    async with running(Settings(origins=[SHOP])) as gateway:
        asks = {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,commerce-channel,content-type",
        }
        async with gateway.session.options(gateway.url, headers={"Origin": SHOP, **asks}) as answer:
            assert answer.status == 200
            assert answer.headers["Access-Control-Allow-Origin"] == SHOP
            assert "Access-Control-Allow-Credentials" not in answer.headers
        async with gateway.session.options(gateway.url, headers={"Origin": EVIL, **asks}) as answer:
            assert answer.status == 400
            assert "Access-Control-Allow-Origin" not in answer.headers
        status, _, headers = await gateway.post({"query": "{ hello }"}, Origin=SHOP)
        assert (status, headers["Access-Control-Allow-Origin"]) == (200, SHOP)
        assert "Origin" in headers["Vary"]
        status, _, headers = await gateway.post({"query": "{"}, Origin=SHOP, Content_Type="a/b")
        assert (status, headers["Access-Control-Allow-Origin"]) == (415, SHOP)
        _, _, headers = await gateway.post({"query": "{ hello }"}, Origin=EVIL)
        assert "Access-Control-Allow-Origin" not in headers
        assert (await gateway.get("{ hello }", Origin=SHOP))[0] == 200
        assert (await gateway.get("{ hello }", Origin=EVIL))[0] == 403


@pytest.mark.parametrize("origin", [SHOP + "/", SHOP + "/path", "shop.example.com", "", "null"])
async def test_an_origin_that_no_browser_sends_is_refused_at_start(origin: str) -> None:
    """An origin is written as browsers send it, or it would never match."""
    with pytest.raises(msgspec.ValidationError, match="origins"):
        msgspec.convert({"origins": [SHOP, "*", "capacitor://localhost", origin]}, Settings)


async def test_every_origin_may_ask_where_the_settings_say_so() -> None:
    """``*`` lets every page read what an anonymous caller or its own token may read."""
    async with running(Settings(origins=["*"])) as gateway:
        _, _, headers = await gateway.post({"query": "{ hello }"}, Origin=EVIL)
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in headers
