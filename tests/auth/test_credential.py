"""Tokens for the retailer's systems: fetched once, renewed in time, and never shown."""

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from auth.credential import RETRY, ClientTokens, problems
from domain.credential import ClientCredentials, CredentialUnavailable
from domain.secret import Secret
from tests.auth.issuer import Issuer, Reply, TestClock, serving

SECRET = "s3cret/with+odd=characters"


class Provider:
    """A token endpoint that counts what it grants, or says something else."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self.granted = 0
        self.life: object = 3600
        self.reply: Reply | None = None
        issuer.replies["/token"] = self._answer

    def say(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.reply = status, headers or {}, text

    def _answer(self) -> Reply:
        if self.reply is not None:
            return self.reply
        self.granted += 1
        granted = {
            "access_token": f"token-{self.granted}",
            "token_type": "Bearer",
            "expires_in": self.life,
        }
        return 200, {}, json.dumps(granted).encode()


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with serving() as issuer:
        yield Provider(issuer)


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


def settings(provider: Provider, **more: Any) -> ClientCredentials:
    return ClientCredentials(
        token_url=f"{provider.issuer.url}/token",
        client_id="gate way",
        client_secret_env=Secret(SECRET),
        **{"scope": "crm", **more},
    )


@pytest.fixture
async def tokens(provider: Provider, clock: TestClock) -> AsyncIterator[ClientTokens]:
    found = ClientTokens("crm", settings(provider), clock)
    yield found
    await found.close()


async def test_one_request_for_all(provider: Provider, tokens: ClientTokens) -> None:
    """A thousand callers at once make one request, and share its token."""
    found = await asyncio.gather(*(tokens.token() for _ in range(1000)))
    assert set(found) == {"token-1"}
    head, body = provider.issuer.requests[0]
    basic = base64.b64encode(b"gate+way:s3cret%2Fwith%2Bodd%3Dcharacters")
    assert b"POST /token " in head
    assert basic in head
    assert sorted(body.split(b"&")) == [b"grant_type=client_credentials", b"scope=crm"]


async def test_the_secret_in_the_body(provider: Provider, clock: TestClock) -> None:
    """Where the provider wants it so, client and secret stand in the body, and not in a header."""
    tokens = ClientTokens("crm", settings(provider, method="client_secret_post"), clock)
    await tokens.token()
    await tokens.close()
    head, body = provider.issuer.requests[0]
    assert b"authorization" not in head.lower()
    assert b"client_secret=s3cret%2Fwith%2Bodd%3Dcharacters" in body


async def test_renewed_before_the_end(
    provider: Provider, tokens: ClientTokens, clock: TestClock
) -> None:
    """A token is fetched anew before its end, while callers go on with the one that is held."""
    await tokens.token()
    usable = 3600 - 30
    await clock.advance(usable * 0.75 - 1)
    assert await tokens.token() == "token-1"
    assert provider.granted == 1
    await clock.advance(1)
    assert await tokens.token() == "token-1"
    await provider.issuer.served(2, "/token")
    assert tokens._flight is None or await asyncio.wait({tokens._flight})
    assert await tokens.token() == "token-2"


async def test_the_provider_is_down(
    provider: Provider, tokens: ClientTokens, clock: TestClock
) -> None:
    """While the provider is down a token is good to its end; then calls are told, and asked few."""
    await tokens.token()
    provider.issuer.down = True
    await clock.advance(3600 - 31)
    assert await tokens.token() == "token-1"
    await provider.issuer.served(2, "/token")
    await clock.advance(1)
    reads = provider.issuer.reads["/token"]
    for _ in range(50):
        with pytest.raises(CredentialUnavailable):
            await tokens.token()
    assert provider.issuer.reads["/token"] <= reads + 1
    provider.issuer.down = False
    await clock.advance(RETRY)
    assert await tokens.token() == "token-2"


async def test_a_refused_token_is_not_given_again(
    provider: Provider, tokens: ClientTokens, clock: TestClock
) -> None:
    """A token that the system refused is fetched anew, once, however many calls it failed."""
    await tokens.token()
    await clock.advance(RETRY)
    for _ in range(10):
        tokens.refused("token-1")
    assert set(await asyncio.gather(*(tokens.token() for _ in range(10)))) == {"token-2"}
    tokens.refused("token-1")
    assert await tokens.token() == "token-2"
    assert provider.granted == 2


@pytest.mark.parametrize(("life", "good_for"), [(20, 9), ("3600", 3500), (10**12, 80_000), (0, 0)])
async def test_lives_of_tokens(
    provider: Provider, tokens: ClientTokens, clock: TestClock, life: object, good_for: int
) -> None:
    """Short, textual, endless and senseless lives are all held to what makes sense."""
    provider.life = life
    await tokens.token()
    await clock.advance(good_for)
    assert await tokens.token() == "token-1"
    await clock.advance(90_000)
    assert await tokens.token() != "token-1"


BROKEN: dict[str, tuple[int, Any]] = {
    "refused": (401, {"error": "invalid_client", "error_description": SECRET}),
    "refused in a page": (400, b"<html>"),
    "an error that is a sentence": (400, {"error": f"no {SECRET} of mine"}),
    "redirect": (302, b""),
    "not JSON": (200, b"token"),
    "no token": (200, {"token_type": "Bearer"}),
    "token is a number": (200, {"access_token": {}, "token_type": "Bearer"}),
    "another type": (200, {"access_token": "x", "token_type": "DPoP"}),
    "a line break in it": (200, {"access_token": "x\r\nX-Admin: 1", "token_type": "Bearer"}),
    "empty": (200, {"access_token": "", "token_type": "Bearer"}),
    "huge": (200, b" " * 300_000),
    "a huge token": (200, {"access_token": "x" * 20_000, "token_type": "Bearer"}),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_broken_answers(
    provider: Provider,
    tokens: ClientTokens,
    clock: TestClock,
    name: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever the provider answers, calls are told, nothing secret is logged, and it recovers."""
    provider.say(*BROKEN[name])
    with caplog.at_level(logging.DEBUG), pytest.raises(CredentialUnavailable) as caught:
        await tokens.token()
    shown = str(caught.value) + caplog.text
    assert SECRET not in shown
    assert "s3cret" not in shown
    provider.reply = None
    await clock.advance(RETRY)
    assert await tokens.token() == "token-1"


async def test_close_ends_the_request(provider: Provider, clock: TestClock) -> None:
    """After closing no request is under way, and who waited is told."""
    tokens = ClientTokens("crm", settings(provider), clock)
    provider.issuer.held = asyncio.Event()
    waiting = asyncio.create_task(tokens.token())
    await provider.issuer.served(1, "/token")
    await tokens.close()
    with pytest.raises(CredentialUnavailable):
        await waiting
    with pytest.raises(CredentialUnavailable):
        await tokens.token()
    provider.issuer.held.set()


def test_settings() -> None:
    """The secret is sent to no address that somebody could listen at."""
    good = ClientCredentials(
        token_url="https://id.example.com/token", client_id="a", client_secret_env=Secret("b")
    )
    assert problems(good, "systems.crm.auth") == []
    for url in ("http://id.example.com/token", "https://a:b@id.example.com/", "ftp://x", ""):
        wrong = ClientCredentials(token_url=url, client_id="", client_secret_env=Secret("b"))
        keys = [each.key for each in problems(wrong, "systems.crm.auth")]
        assert keys == ["systems.crm.auth.token_url", "systems.crm.auth.client_id"]
