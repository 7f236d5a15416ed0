"""What an identity provider publishes of itself, its metadata and its keys, read within bounds."""

import asyncio
import logging
import re
from collections.abc import Mapping

import httpx
import msgspec
from authlib.oidc.discovery import (  # type: ignore[import-untyped]
    OpenIDProviderMetadata,
    get_well_known_url,
)
from joserfc.jwk import JWKRegistry, Key
from joserfc.util import base64_to_int
from msgspec import Struct

from auth.settings import IssuerSettings, is_safe, origin
from auth.web import TooLong, body_of

TIMEOUT = 4.0
MIN_LIFETIME, DEFAULT_LIFETIME, MAX_LIFETIME = 60.0, 300.0, 86_400.0
_MAX_KEYS = 100
_MAX_KID = 256
_RSA_BITS = (2048, 8192)

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,10})\"?(?=$|[\s,])", re.IGNORECASE)
_NOT_STORED = re.compile(r"(?:^|[\s,])no-(?:store|cache)(?=$|[\s,=])", re.IGNORECASE)
_log = logging.getLogger(__name__)

_KINDS = ("EC", "RSA", "OKP")


class ProviderError(Exception):
    """The provider's documents cannot be had, or cannot be used; the text is for the log."""


class Published(Struct, frozen=True):
    """A provider's verification keys by (key id, key type), and for how long they are good."""

    keys: Mapping[tuple[str, str], Key]
    lifetime: float


class _KeySet(Struct):
    keys: list[dict[str, object]]


class Provider:
    """One identity provider, asked at its configured address only.

    *Source*: OpenID Connect Discovery 1.0, section 4; RFC 7517, section 5; RFC 9111, section 5.2.
    """

    def __init__(
        self,
        name: str,
        settings: IssuerSettings,
        client: httpx.AsyncClient,
        timeout: float = TIMEOUT,
    ) -> None:
        self.name = name
        self._timeout = timeout
        self._settings = settings
        self._client = client
        self._discovered: str | None = None

    async def published(self) -> Published:
        """Read the keys that are published now. *Errors*: ``ProviderError``, and nothing else.

        The address of the key set is remembered until reading from it fails.
        """
        try:
            async with asyncio.timeout(self._timeout):
                uri = self._settings.jwks_uri or self._discovered or await self._discover()
                body, headers = await self._get(uri)
            keys = _read_keys(body, self.name)
        except TimeoutError:
            self._discovered = None
            raise ProviderError(f"no whole answer within {self._timeout:g} s") from None
        except ProviderError:
            self._discovered = None
            raise
        return Published(keys, _lifetime(headers))

    async def _discover(self) -> str:
        issuer = self._settings.url
        body, _ = await self._get(get_well_known_url(issuer, external=True))
        try:
            metadata = OpenIDProviderMetadata(msgspec.json.decode(body, type=dict[str, object]))
        except msgspec.DecodeError as error:
            raise ProviderError(f"its metadata is not a JSON object: {error}") from None
        if metadata.get("issuer") != issuer:
            raise ProviderError("its metadata names another issuer than the configured URL")
        uri = metadata.get("jwks_uri")
        if not isinstance(uri, str) or not is_safe(
            uri, allow_insecure=self._settings.allow_insecure
        ):
            raise ProviderError("its metadata's jwks_uri is not a URL that may be called")
        if origin(uri) != origin(issuer):
            raise ProviderError(
                "its metadata's jwks_uri is on another host; if that is right, write it as "
                f"auth.issuers.{self.name}.jwks_uri"
            )
        self._discovered = uri
        return uri

    async def _get(self, url: str) -> tuple[bytes, httpx.Headers]:
        # Uncompressed, so that the limit holds for what is unpacked too.
        asked = {"Accept": "application/json", "Accept-Encoding": "identity"}
        try:
            async with self._client.stream("GET", url, headers=asked) as response:
                if response.status_code != httpx.codes.OK:
                    raise ProviderError(f"{url} answered with status {response.status_code}")
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise ProviderError(f"{url} answered compressed, which was not asked for")
                return await body_of(response), response.headers
        except TooLong as error:
            raise ProviderError(f"{url} answered with {error}") from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise ProviderError(f"{url}: {type(error).__name__}: {error}") from None


def _lifetime(headers: httpx.Headers) -> float:
    """Read how long an answer may be kept, never shorter or longer than makes sense here."""
    control = headers.get("cache-control", "")
    if _NOT_STORED.search(control):
        return MIN_LIFETIME
    found = _MAX_AGE.search(control)
    if found is None:
        return DEFAULT_LIFETIME
    age = headers.get("age", "0")
    spent = int(age) if age.isascii() and age.isdigit() and len(age) <= len("86400000") else 0
    return min(MAX_LIFETIME, max(MIN_LIFETIME, float(int(found[1]) - spent)))


def _read_keys(body: bytes, issuer: str) -> dict[tuple[str, str], Key]:
    """Read a key set; a key that is not ours to use is left out.

    An empty set is taken at its word: the provider has withdrawn all its keys. *Errors*:
    ``ProviderError`` for what is not a key set, and for a set with no usable key in it.
    """
    try:
        listed = msgspec.json.decode(body, type=_KeySet).keys
    except msgspec.DecodeError as error:
        raise ProviderError(f"its key set cannot be read: {error}") from None
    if len(listed) > _MAX_KEYS:
        raise ProviderError(f"its key set has {len(listed)} keys; allowed: {_MAX_KEYS}")
    keys: dict[tuple[str, str], Key] = {}
    for position, data in enumerate(listed):
        flaw = _flaw(data)
        if flaw is None:
            place = (str(data["kid"]), str(data["kty"]))
            if place in keys:
                flaw = "its key id stands in the set already"
            else:
                try:
                    keys[place] = JWKRegistry.import_key(data)  # type: ignore[arg-type]
                except Exception as error:  # noqa: BLE001 - one odd key must not cost the others
                    flaw = f"it cannot be read ({type(error).__name__})"
        if flaw is not None:
            _log.info("issuer %s: key %d of its set is left out: %s", issuer, position, flaw)
    if listed and not keys:
        raise ProviderError(f"none of the {len(listed)} keys in its set can be used")
    return keys


def _flaw(data: Mapping[str, object]) -> str | None:
    """Tell why a published key is not one to verify signatures with, or None."""
    kid, operations = data.get("kid"), data.get("key_ops", ["verify"])
    if not isinstance(kid, str) or not 0 < len(kid) <= _MAX_KID:
        return f"its key id is not a text of 1 to {_MAX_KID} characters"
    if data.get("kty") not in _KINDS:
        return "its type is not EC, RSA or OKP"
    if data.get("use", "sig") != "sig":
        return "its use is not signing"
    if not isinstance(operations, list) or "verify" not in operations:
        return "its operations lack verify"
    if "d" in data:
        return "it is a private key, which anybody may have by now"
    return _rsa_flaw(data) if data["kty"] == "RSA" else None


def _rsa_flaw(data: Mapping[str, object]) -> str | None:
    try:
        bits = base64_to_int(str(data.get("n"))).bit_length()
        exponent = base64_to_int(str(data.get("e")))
    except ValueError:
        return "its numbers cannot be read"
    low, high = _RSA_BITS
    if not low <= bits <= high:
        return f"it has {bits} bits; allowed: {low} to {high}"
    # Larger exponents serve nobody but who wants verification to be slow.
    return None if 3 <= exponent < 2**33 else "its exponent is out of bounds"
