"""Access tokens for the retailer's systems, had in time and by one request at a time."""

import asyncio
import logging
import re
from urllib.parse import quote_plus

import httpx
import msgspec
from authlib.oauth2.auth import ClientAuth  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.parameters import (  # type: ignore[import-untyped]
    prepare_token_request,
)
from msgspec import Struct

from auth.clock import Clock
from auth.settings import is_safe
from auth.web import TooLong, body_of, open_client
from domain.configuration import Problem
from domain.credential import ClientCredentials, CredentialUnavailable

TIMEOUT = 4.0
RETRY = 1.0
DEFAULT_LIFETIME, MAX_LIFETIME = 300.0, 86_400.0
LEEWAY = 30.0
_MAX_TOKEN = 16_384
_RENEW = 0.75
_ERROR = re.compile(r"[\w.:/-]{1,60}")
_TOKEN = re.compile(r"[\x21-\x7e]+")

_log = logging.getLogger(__name__)


class _Granted(Struct):
    access_token: str
    token_type: str
    expires_in: float = DEFAULT_LIFETIME


class _Refused(Struct):
    error: str


class _Held(Struct, frozen=True):
    """A token, from when on another is fetched beside it, and until when it is given out."""

    text: str
    renew: float
    until: float


class ClientTokens:
    """Gives the tokens of one client; implements ``TokenSource``.

    *Freshness*: a token is given out until 30 s before its end, or half its life where that is
    short; after three quarters of its life another is fetched, while it is still given out. One
    request is under way at a time. After one that failed there is none for a second: everybody
    is told at once, or goes on with the token that is held.

    *Source*: RFC 6749, sections 4.4 and 5; the requests are Authlib's, the answers are read here.
    """

    def __init__(
        self, system: str, settings: ClientCredentials, clock: Clock | None = None
    ) -> None:
        self._system = system
        self._settings = settings
        self._clock = clock or Clock()
        self._client = open_client(TIMEOUT)
        client, secret = settings.client_id, settings.client_secret_env.reveal()
        if settings.method == "client_secret_basic":
            # RFC 6749, section 2.3.1, which Authlib leaves to its caller.
            client, secret = quote_plus(client), quote_plus(secret)
        self._auth = ClientAuth(client, secret, settings.method)
        self._held: _Held | None = None
        self._failure = "no token was asked for yet"
        self._attempted = float("-inf")
        self._flight: asyncio.Task[None] | None = None
        self._closed = False

    async def token(self) -> str:
        """Give a token that is good for a while. *Errors*: ``CredentialUnavailable``."""
        now = self._clock.steady()
        if self._held is None or now >= self._held.renew:
            self._begin()
        if self._held is None or now >= self._held.until:
            if self._flight is not None:
                await asyncio.wait({self._flight}, timeout=TIMEOUT + 1)
            if self._held is None or self._clock.steady() >= self._held.until:
                raise CredentialUnavailable(f"no access token: {self._failure}")
        return self._held.text

    def refused(self, token: str) -> None:
        """Take note that the system did not accept a token that was given out."""
        if self._held is not None and self._held.text == token:
            self._held = None
            self._failure = "the system does not accept the last one"

    async def close(self) -> None:
        """Stop asking for tokens."""
        self._closed, self._failure = True, "the gateway is closing"
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.wait({self._flight}, timeout=TIMEOUT)
        await self._client.aclose()

    def _begin(self) -> None:
        """Ask for a token, unless somebody does already, or did a moment ago."""
        now = self._clock.steady()
        if self._closed or self._flight is not None or now - self._attempted < RETRY:
            return
        self._attempted = now
        self._flight = asyncio.create_task(self._fetch(), name=f"systems.{self._system} token")

    async def _fetch(self) -> None:
        began = self._clock.steady()
        try:
            async with asyncio.timeout(TIMEOUT):
                granted = await self._ask()
        except TimeoutError:
            self._fail(f"no whole answer within {TIMEOUT:g} s")
        except CredentialUnavailable as error:
            self._fail(str(error))
        except Exception as error:  # noqa: BLE001 - told as unavailable; the next try is another
            _log.exception("system %s: a bug in asking for its token", self._system)
            self._fail(type(error).__name__)
        else:
            life = min(MAX_LIFETIME, max(1.0, granted.expires_in))
            usable = life - LEEWAY if life > 2 * LEEWAY else life / 2
            self._held = _Held(granted.access_token, began + usable * _RENEW, began + usable)
        finally:
            self._flight = None

    async def _ask(self) -> _Granted:
        settings = self._settings
        body = prepare_token_request(
            "client_credentials", scope=settings.scope, audience=settings.audience
        )
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        url, headers, body = self._auth.prepare("POST", settings.token_url, headers, body)
        try:
            async with self._client.stream("POST", url, headers=headers, content=body) as response:
                answer = await body_of(response)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise CredentialUnavailable(type(error).__name__) from None
        except TooLong as error:
            raise CredentialUnavailable(f"an answer of {error}") from None
        if response.status_code != httpx.codes.OK:
            raise CredentialUnavailable(_said(response.status_code, answer))
        try:
            granted = msgspec.json.decode(answer, type=_Granted, strict=False)
        except msgspec.DecodeError:
            # Its text could repeat what was sent.
            raise CredentialUnavailable("an answer that is not a token's") from None
        if granted.token_type.lower() != "bearer":
            raise CredentialUnavailable("a token that is not of type Bearer")
        if len(granted.access_token) > _MAX_TOKEN or not _TOKEN.fullmatch(granted.access_token):
            raise CredentialUnavailable("a token that cannot be sent")
        return granted

    def _fail(self, detail: str) -> None:
        self._failure = detail
        _log.warning("system %s: no access token: %s", self._system, detail)


def _said(status: int, answer: bytes) -> str:
    """Say why a token was refused, in OAuth's own word where it is one."""
    try:
        error = msgspec.json.decode(answer, type=_Refused).error
    except msgspec.DecodeError:
        error = ""
    known = _ERROR.fullmatch(error)
    return f"status {status}, {error}" if known else f"status {status}"


def problems(settings: ClientCredentials, key: str) -> list[Problem]:
    """Tell all that is wrong with the settings, beyond their form."""
    found: list[Problem] = []
    if not is_safe(settings.token_url, allow_insecure=settings.allow_insecure):
        form = "an https:// URL; http:// on loopback, or with allow_insecure = true"
        # What stands before an @ may be a password.
        shown = "an address with an @" if "@" in settings.token_url else settings.token_url
        found.append(Problem(f"{key}.token_url", shown, form))
    if not settings.client_id:
        found.append(Problem(f"{key}.client_id", "nothing", "the gateway's id as a client"))
    return found
