"""The sandbox's identity provider: discovery, keys and access tokens for its personas."""

import base64
import binascii
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote_plus

import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.persona import PERSONAS, Persona
from sandbox.wire import Reply, Wire

AUDIENCE = "commerce-gateway"
LIFETIME = 3_600
MAX_KEYS = 8

Algorithm = Literal["ES256", "RS256"]

_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class _RefusedError(Exception):
    """Answered as an OAuth error."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.response = _error(status, error, description)


class _Rotation(msgspec.Struct, forbid_unknown_fields=True):
    """Which algorithm the new signing key has, and whether the old keys leave the set at once."""

    alg: Algorithm = "ES256"
    retire: bool = False


class _Signing(msgspec.Struct, frozen=True):
    alg: Algorithm
    key: ECKey | RSAKey

    @property
    def kid(self) -> str:
        return str(self.key.kid)


Grant = Callable[[Mapping[str, str], Persona], dict[str, Any]]


def build(issuer: str) -> Wire:
    """The identity provider as an ASGI app; the issuer is the URL it is reached by."""
    return Wire("idp", _Idp(issuer).app, _broken)


class _Idp:
    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._keys = [_new_key("ES256"), _new_key("RS256")]
        self._signing = self._keys[0]
        self._clients = {persona.client_id: persona for persona in PERSONAS.values()}
        # A grant type is one entry here; discovery announces what stands in it.
        self._grants: dict[str, Grant] = {"client_credentials": self._client_credentials}
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/.well-known/oauth-authorization-server", self._discovery),
                Route("/jwks", self._jwks),
                Route("/token", self._token, methods=["POST"]),
                Route("/_admin/keys", self._list_keys, methods=["GET"]),
                Route("/_admin/keys/rotate", self._rotate, methods=["POST"]),
            ],
            exception_handlers={404: _missing, 405: _method, _RefusedError: _refused},
        )

    async def _discovery(self, _request: Request) -> Response:
        return Reply(
            {
                "issuer": self._issuer,
                "jwks_uri": f"{self._issuer}/jwks",
                "token_endpoint": f"{self._issuer}/token",
                "grant_types_supported": list(self._grants),
                "response_types_supported": [],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256", "RS256"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_basic",
                    "client_secret_post",
                ],
                "scopes_supported": sorted(
                    {scope for persona in PERSONAS.values() for scope in persona.scope.split()}
                ),
            }
        )

    async def _jwks(self, _request: Request) -> Response:
        keys = [
            {**signing.key.as_dict(private=False), "use": "sig", "alg": signing.alg}
            for signing in self._keys
        ]
        return Reply({"keys": keys}, headers={"Cache-Control": "public, max-age=300"})

    async def _token(self, request: Request) -> Response:
        form = _form(request.headers.get("content-type", ""), await request.body())
        persona = self._authenticate(request.headers.get("authorization"), form)
        name = form.get("grant_type", "")
        grant = self._grants.get(name)
        if grant is None:
            allowed = ", ".join(self._grants)
            raise _RefusedError(
                400, "unsupported_grant_type", f"grant_type is '{name}', allowed: {allowed}"
            )
        return Reply(grant(form, persona), headers=_NO_STORE)

    def _authenticate(self, header: str | None, form: Mapping[str, str]) -> Persona:
        client, secret = form.get("client_id", ""), form.get("client_secret", "")
        if header is not None:
            client, secret = _basic(header)
        persona = self._clients.get(client)
        if persona is None or not secrets.compare_digest(
            persona.client_secret.encode(), secret.encode()
        ):
            raise _RefusedError(401, "invalid_client", "Unknown client or wrong secret")
        return persona

    def _client_credentials(self, form: Mapping[str, str], persona: Persona) -> dict[str, Any]:
        granted = persona.scope.split()
        asked = form.get("scope", persona.scope).split()
        excess = [scope for scope in asked if scope not in granted]
        if excess or not asked:
            raise _RefusedError(
                400, "invalid_scope", f"not granted to this client: {' '.join(excess)}"
            )
        token = self._access_token(persona, " ".join(asked))
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "scope": " ".join(asked),
        }

    def _access_token(self, persona: Persona, scope: str) -> str:
        """A JWT access token. *Source*: RFC 9068."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": persona.subject,
            "client_id": persona.client_id,
            "iat": now,
            "exp": now + LIFETIME,
            "jti": secrets.token_urlsafe(16),
            "scope": scope,
            "roles": list(persona.roles),
        }
        if persona.store is not None:
            claims["store"] = persona.store
        if persona.customer is not None:
            claims["customer"] = persona.customer
        header = {"alg": self._signing.alg, "kid": self._signing.kid, "typ": "at+jwt"}
        return jwt.encode(header, claims, self._signing.key, algorithms=[self._signing.alg])

    async def _list_keys(self, _request: Request) -> Response:
        return Reply(
            {
                "signing": self._signing.kid,
                "keys": [{"kid": key.kid, "alg": key.alg} for key in self._keys],
            }
        )

    async def _rotate(self, request: Request) -> Response:
        try:
            asked = msgspec.json.decode(await request.body() or b"{}", type=_Rotation)
        except msgspec.MsgspecError as wrong:
            raise _RefusedError(400, "invalid_request", str(wrong)) from None
        self._signing = _new_key(asked.alg)
        kept = [] if asked.retire else self._keys[: MAX_KEYS - 1]
        self._keys = [self._signing, *kept]
        return await self._list_keys(request)


def _new_key(alg: Algorithm) -> _Signing:
    parameters: Any = {"kid": f"{alg.lower()}-{secrets.token_hex(6)}"}
    if alg == "ES256":
        return _Signing(alg, ECKey.generate_key("P-256", parameters))
    return _Signing(alg, RSAKey.generate_key(2048, parameters))


def _form(content_type: str, body: bytes) -> dict[str, str]:
    if content_type.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise _RefusedError(400, "invalid_request", "send application/x-www-form-urlencoded")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise _RefusedError(400, "invalid_request", "the body is not a form") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise _RefusedError(400, "invalid_request", "a parameter was sent twice")
    return form


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    try:
        client, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        colon = client = secret = ""
    if scheme.lower() != "basic" or not colon:
        raise _RefusedError(401, "invalid_client", "the Authorization header is not Basic")
    return unquote_plus(client), unquote_plus(secret)


def _error(status: int, error: str, description: str) -> Response:
    headers = dict(_NO_STORE)
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="sandbox"'
    return Reply({"error": error, "error_description": description}, status, headers)


def _broken(status: int) -> Response:
    return _error(status, "temporarily_unavailable", "The identity provider is not available")


async def _refused(_request: Request, refused: Exception) -> Response:
    assert isinstance(refused, _RefusedError)
    return refused.response


async def _missing(request: Request, _wrong: Exception) -> Response:
    return _error(404, "not_found", f"there is no {request.url.path}")


async def _method(request: Request, _wrong: Exception) -> Response:
    return _error(405, "method_not_allowed", f"not {request.method}")
