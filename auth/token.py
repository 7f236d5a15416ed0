"""Access tokens: from an Authorization header to the viewer it proves."""

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Self

from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry, extract_compact, validate_compact
from joserfc.jwt import JWTClaimsRegistry
from joserfc.util import urlsafe_b64decode
from msgspec import Struct

from auth.claim import ClaimReader
from auth.clock import Clock
from auth.errors import TokenRefused
from auth.keyset import KeyCache
from auth.machine import Machines
from auth.provider import TIMEOUT, Provider
from auth.settings import AuthSettings, IssuerSettings, problems
from auth.web import open_client
from domain.apikey import MARK, ApiKeyPort
from domain.configuration import ConfigurationError
from domain.viewer import ANONYMOUS, Viewer

LEEWAY = 30
MAX_TOKEN = 16_384
MAX_VERIFIED = 10_000
_MAX_KID = 256
_MARK = MARK.encode()

# Headers that bring a key, point to one, or change what is signed: RFC 8725, section 3.10.
_REFUSED_HEADERS = frozenset(
    {"b64", "crit", "cty", "enc", "epk", "jku", "jwk", "x5c", "x5u", "zip"}
)
_TYPES = frozenset({"at+jwt", "application/at+jwt"})
_PLAIN_TYPES = frozenset({"jwt", "application/jwt", ""})
_KIND = {"ES": "EC", "RS": "RSA", "PS": "RSA", "Ed": "OKP"}


class _Registry(JWSRegistry):
    max_header_length = 2_048
    max_payload_length = MAX_TOKEN


class _Issuer(Struct, frozen=True):
    settings: IssuerSettings
    keys: KeyCache
    signatures: JWSRegistry
    claims: JWTClaimsRegistry
    reader: ClaimReader


class _Verified(Struct, frozen=True):
    viewer: Viewer
    until: float
    issuer: _Issuer
    kid: str
    kind: str
    key: Key


class TokenVerifier:
    """Proves viewers from the access tokens of the configured issuers, and from API keys.

    Start it before use, so that keys are kept fresh, and close it after. Without ``machines``, the
    store's API keys, none is accepted.

    *Freshness*: a verified token is remembered, by its SHA-256, until it expires or its key leaves
    the issuer's key set, which is seen at the next reading of the set (``KeyCache``): never longer
    than that interval. Tokens cannot be revoked one by one; keep their lives short.

    *Source*: RFC 9068, RFC 8725; 30 s of leeway for the issuer's clock.
    """

    def __init__(
        self,
        settings: AuthSettings,
        clock: Clock | None = None,
        machines: ApiKeyPort | None = None,
    ) -> None:
        wrong = problems(settings)
        if wrong:
            raise ConfigurationError(wrong)
        self._clock = clock or Clock()
        self._machines = Machines(machines, self._clock) if machines else None
        self._client = open_client(TIMEOUT)
        self._issuers = {
            each.url: self._issuer(name, each, settings) for name, each in settings.issuers.items()
        }
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()

    async def start(self) -> Mapping[str, str]:
        """Read every issuer's keys once, side by side, and keep them fresh until closed.

        An issuer that cannot be read does not keep the gateway from serving: what is wrong is
        given by ``auth.issuers.<name>``, and reading is tried again. Ends within seconds.
        """
        caches = [issuer.keys for issuer in self._issuers.values()]
        failures = await asyncio.gather(*(cache.start() for cache in caches))
        return {
            cache.system: failure
            for cache, failure in zip(caches, failures, strict=True)
            if failure is not None
        }

    async def close(self) -> None:
        """Stop keeping keys fresh, and drop all connections."""
        await asyncio.gather(*(issuer.keys.close() for issuer in self._issuers.values()))
        if self._machines:
            await self._machines.close()
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def known(self, authorization: str | None) -> Viewer | None:
        """Tell who sent this header where nobody has to be asked for it; None where it takes more.

        *Errors*: ``TokenRefused``.
        """
        if authorization is None:
            return ANONYMOUS
        token = _bearer(authorization)
        if token.startswith(_MARK):
            return self._machines.known(token.decode()) if self._machines else None
        digest = hashlib.sha256(token).digest()
        known = self._verified.get(digest)
        if known is None or not self._holds(known):
            return None
        self._verified.move_to_end(digest)
        return known.viewer

    async def viewer(self, authorization: str | None) -> Viewer:
        """Tell who sent this Authorization header; without one it is anonymous.

        *Errors*: ``TokenRefused`` (``Unauthenticated``, the same text for whatever is wrong;
        ``reason`` is for the log); ``IdentityUnavailable`` (``SourceUnavailable``, retryable)
        where the issuer's keys cannot be had, ``StoreUnavailable`` where API keys cannot.
        """
        viewer = self.known(authorization)
        if viewer is not None or authorization is None:
            return viewer or ANONYMOUS
        token = _bearer(authorization)
        if token.startswith(_MARK):
            if self._machines is None:
                raise TokenRefused("an API key, and nothing is kept to compare it with")
            return await self._machines.viewer(token.decode())
        digest = hashlib.sha256(token).digest()
        self._verified.pop(digest, None)
        self._verified[digest] = verified = await self._verify(token)
        if len(self._verified) > MAX_VERIFIED:
            self._verified.popitem(last=False)
        return verified.viewer

    def _holds(self, known: _Verified) -> bool:
        if self._clock.wall() >= known.until:
            return False
        return known.issuer.keys.held(known.kid, known.kind) is known.key

    async def _verify(self, token: bytes) -> _Verified:
        header, claims = _take_apart(token)
        issuer = self._issuers.get(_string(claims.get("iss")))
        if issuer is None:
            raise TokenRefused("an issuer that is not configured")
        algorithm, kid = _string(header.get("alg")), header.get("kid")
        _check_header(header, issuer.settings)
        if algorithm not in issuer.settings.algorithms:
            raise TokenRefused("an algorithm that is not in the issuer's list")
        if not isinstance(kid, str) or not 0 < len(kid) <= _MAX_KID:
            raise TokenRefused("no key id, or one that is too long")
        kind = _KIND[algorithm[:2]]
        key = await issuer.keys.key(kid, kind)
        if key is None:
            raise TokenRefused("a key id that is not in the issuer's set")
        try:
            signed = extract_compact(token, registry=issuer.signatures)
            genuine = validate_compact(signed, key, registry=issuer.signatures)
        except (JoseError, ValueError) as error:
            raise TokenRefused(f"its signature cannot be checked: {_word(error)}") from None
        if not genuine:
            raise TokenRefused("its signature is wrong")
        try:
            issuer.claims.validate(claims)
        except JoseError as error:
            raise TokenRefused(f"its claims: {_word(error)}") from None
        # A life without end would make the time of day overflow, not the token better.
        until = float(min(claims["exp"], self._clock.wall() + 86_400))
        return _Verified(issuer.reader.viewer(claims), until, issuer, kid, kind, key)

    def _issuer(self, name: str, issuer: IssuerSettings, settings: AuthSettings) -> _Issuer:
        return _Issuer(
            settings=issuer,
            keys=KeyCache(Provider(name, issuer, self._client), self._clock),
            signatures=_Registry(algorithms=issuer.algorithms, strict_check_header=False),
            claims=JWTClaimsRegistry(
                now=lambda: int(self._clock.wall()),
                leeway=LEEWAY,
                iss={"essential": True, "value": issuer.url},
                aud={"essential": True, "value": issuer.audience},
                exp={"essential": True},
                iat={"essential": True},
                sub={"essential": True},
            ),
            reader=ClaimReader(settings, issuer),
        )


def _bearer(authorization: str) -> bytes:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise TokenRefused("not a Bearer header")
    if len(token) > MAX_TOKEN:
        raise TokenRefused("a token that is too long")
    if not token.isascii():
        raise TokenRefused("not a token")
    return token.encode("ascii")


def _take_apart(token: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read header and claims, unverified, as strictly as can be: no two readers may differ."""
    parts = token.split(b".")
    if len(parts) != 3:
        raise TokenRefused("not a signed token of three parts")
    header, claims = (_strict_object(part) for part in parts[:2])
    return header, claims


def _strict_object(part: bytes) -> dict[str, Any]:
    try:
        found = json.loads(
            urlsafe_b64decode(part).decode(),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError) as error:
        raise TokenRefused(f"its text cannot be read ({type(error).__name__})") from None
    if not isinstance(found, dict):
        raise TokenRefused("a part of it is not an object")
    return found


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _check_header(header: Mapping[str, object], issuer: IssuerSettings) -> None:
    if not _REFUSED_HEADERS.isdisjoint(header):
        raise TokenRefused("a header that is not honoured")
    kind = _string(header.get("typ", "")).lower()
    if kind not in _TYPES and not (issuer.allow_plain_type and kind in _PLAIN_TYPES):
        raise TokenRefused("not of an access token's type")


def _string(value: object) -> str:
    """Give a text as it is, and for anything else one that matches nothing."""
    return value if isinstance(value, str) else "\0"


def _word(error: Exception) -> str:
    """Name an error without repeating what it says of the token."""
    return error.error if isinstance(error, JoseError) else type(error).__name__
