"""A real OpenID provider of somebody else's making: node-oidc-provider."""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from auth.credential import ClientTokens
from auth.errors import TokenRefused
from auth.settings import AuthSettings, IssuerSettings
from auth.token import TokenVerifier
from domain.credential import ClientCredentials
from domain.secret import Secret
from domain.viewer import Purpose, Role
from tests.auth.issuer import AUDIENCE
from tests.transport import node

pytestmark = pytest.mark.systems

BACK = "http://127.0.0.1:9/back"
SECRET = "machine secret/+"
_START_SECONDS = 30


class Provider:
    """The provider, and what its clients do there."""

    def __init__(self, issuer: str, client: httpx.AsyncClient) -> None:
        self.issuer = issuer
        self.http = client

    async def rotate(self, alg: str, *, retire: bool = False) -> None:
        path = f"/rotate{'-retire' if retire else ''}/{alg}"
        (await self.http.post(path)).raise_for_status()

    async def granted(self, **form: str) -> dict[str, Any]:
        # RFC 6749, section 2.3.1: id and secret are encoded before they are joined.
        named = "client_id" in form
        basic = httpx.BasicAuth("machine", "machine%20secret%2F%2B")
        answer = await self.http.post("/token", data=form, auth=httpx.Auth() if named else basic)
        granted: dict[str, Any] = answer.raise_for_status().json()
        return granted

    async def machine(self, **more: str) -> str:
        granted = await self.granted(grant_type="client_credentials", scope="shop", **more)
        return str(granted["access_token"])

    async def signed_in(self, customer: str) -> dict[str, Any]:
        """Sign a person in as a browser would, by code with PKCE."""
        verifier = secrets.token_urlsafe(32)
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": "shop",
            "redirect_uri": BACK,
            "scope": "openid offline_access shop",
            "prompt": "consent",
            "login_hint": customer,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        self.http.cookies.clear()
        answer = await self.http.get("/auth", params=asked)
        while not (place := answer.headers["location"]).startswith(BACK):
            answer = await self.http.get(place)
        code = dict(parse_qsl(urlsplit(place).query))["code"]
        return await self.granted(
            grant_type="authorization_code",
            client_id="shop",
            code=code,
            redirect_uri=BACK,
            code_verifier=verifier,
        )


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    folder = node.installed(Path(__file__).parent / "provider")
    process = await asyncio.create_subprocess_exec(
        *("node", "server.js"),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), _START_SECONDS)
        issuer = line.decode().removeprefix("ready ").strip()
        async with httpx.AsyncClient(base_url=issuer, trust_env=False, timeout=10) as client:
            yield Provider(issuer, client)
    finally:
        process.kill()
        await process.wait()


@pytest.fixture
async def verifier(provider: Provider) -> AsyncIterator[TokenVerifier]:
    settings = AuthSettings(
        issuers={"theirs": IssuerSettings(url=provider.issuer, audience=AUDIENCE)},
        customer_system="crm",
        location_system="wms",
    )
    async with TokenVerifier(settings) as found:
        assert await found.start() == {}
        yield found


async def test_machines_and_persons(provider: Provider, verifier: TokenVerifier) -> None:
    """Its tokens for machines and for persons prove who they are, without a line made for it."""
    machine = await verifier.viewer(f"Bearer {await provider.machine()}")
    assert (machine.role, machine.client) == (Role.SYSTEM, "machine")
    assert machine.subject == f"{provider.issuer} machine"
    assert machine.purposes == (Purpose.ANALYTICS,)
    granted = await provider.signed_in("C-000042")
    person = await verifier.viewer(f"Bearer {granted['access_token']}")
    assert (person.role, person.customer, person.client) == (Role.CUSTOMER, "crm:C-000042", "shop")
    again = await provider.granted(
        grant_type="refresh_token", client_id="shop", refresh_token=granted["refresh_token"]
    )
    assert again["access_token"] != granted["access_token"]
    assert await verifier.viewer(f"Bearer {again['access_token']}") == person


async def test_what_is_no_access_token_for_us(provider: Provider, verifier: TokenVerifier) -> None:
    """Its ID tokens, refresh tokens, opaque tokens and tokens for others are all refused."""
    granted = await provider.signed_in("C-000042")
    for token in (
        granted["id_token"],
        granted["refresh_token"],
        await provider.machine(resource="urn:opaque"),
        await provider.machine(resource="urn:another"),
    ):
        with pytest.raises(TokenRefused):
            await verifier.viewer(f"Bearer {token}")


async def test_its_keys_rotate(provider: Provider, verifier: TokenVerifier) -> None:
    """Its keys rotate from one algorithm to the other and no valid token is refused meanwhile."""
    tokens = [await provider.machine()]
    for alg in ("RS256", "ES256", "RS256"):
        await provider.rotate(alg)
        tokens += [await provider.machine() for _ in range(3)]
        found = await asyncio.gather(*(verifier.viewer(f"Bearer {each}") for each in tokens))
        assert {each.role for each in found} == {Role.SYSTEM}


async def test_a_retired_key(provider: Provider, verifier: TokenVerifier) -> None:
    """A token is refused once its key has left the provider's set, at the next reading of it."""
    before = await provider.machine()
    assert (await verifier.viewer(f"Bearer {before}")).role is Role.SYSTEM
    await provider.rotate("ES256", retire=True)
    after = await provider.machine()
    assert (await verifier.viewer(f"Bearer {after}")).role is Role.SYSTEM
    with pytest.raises(TokenRefused):
        await verifier.viewer(f"Bearer {before}")


@pytest.mark.parametrize(
    ("client", "method"),
    [("machine", "client_secret_basic"), ("machine by post", "client_secret_post")],
)
async def test_the_gateway_is_its_client(
    provider: Provider,
    verifier: TokenVerifier,
    client: str,
    method: Literal["client_secret_basic", "client_secret_post"],
) -> None:
    """The gateway has tokens of its own there, with a secret that has to be encoded."""
    settings = ClientCredentials(
        token_url=f"{provider.issuer}/token",
        client_id=client,
        client_secret_env=Secret(SECRET),
        scope="shop",
        method=method,
    )
    tokens = ClientTokens("crm", settings)
    try:
        token = await tokens.token()
    finally:
        await tokens.close()
    assert (await verifier.viewer(f"Bearer {token}")).client == client
