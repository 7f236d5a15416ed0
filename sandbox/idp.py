"""The sandbox's identity provider: discovery, keys, and the endpoints of OAuth and OpenID."""

import base64
import binascii
import secrets
from collections.abc import Mapping
from html import escape
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote_plus, urlencode

import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.grant import OFFLINE, Grants, RefusedError
from sandbox.persona import APPLICATIONS, GATEWAY, PERSONAS, Persona
from sandbox.wire import Reply, Wire

MAX_KEYS = 8

Algorithm = Literal["ES256", "RS256"]

_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


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


def build(issuer: str) -> Wire:
    """The identity provider as an ASGI app; the issuer is the URL it is reached by."""
    return Wire("idp", _Idp(issuer).app, _broken)


class _Idp:
    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._keys = [_new_key("ES256"), _new_key("RS256")]
        self._signing = self._keys[0]
        self._clients = {each.client_id: each for each in (*PERSONAS.values(), GATEWAY)}
        self._grants = Grants(issuer, self._sign)
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/.well-known/oauth-authorization-server", self._discovery),
                Route("/jwks", self._jwks),
                Route("/authorize", self._authorize, methods=["GET"]),
                Route("/token", self._token, methods=["POST"]),
                Route("/_admin/keys", self._list_keys, methods=["GET"]),
                Route("/_admin/keys/rotate", self._rotate, methods=["POST"]),
            ],
            exception_handlers={404: _missing, 405: _method, RefusedError: _refused},
        )

    async def _discovery(self, _request: Request) -> Response:
        return Reply(
            {
                "issuer": self._issuer,
                "jwks_uri": f"{self._issuer}/jwks",
                "authorization_endpoint": f"{self._issuer}/authorize",
                "token_endpoint": f"{self._issuer}/token",
                "grant_types_supported": list(self._grants.kinds),
                "response_types_supported": ["code"],
                "code_challenge_methods_supported": ["S256"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256", "RS256"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_basic",
                    "client_secret_post",
                    "none",
                ],
                "scopes_supported": sorted(
                    {scope for each in self._clients.values() for scope in each.scope.split()}
                    | {"openid", OFFLINE}
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
        client, persona = self._authenticate(request.headers.get("authorization"), form)
        return Reply(self._grants.grant(form, client, persona), headers=_NO_STORE)

    async def _authorize(self, request: Request) -> Response:
        pairs = request.query_params.multi_items()
        given = dict(pairs)
        if len(given) != len(pairs):
            raise RefusedError(400, "invalid_request", "a parameter was sent twice")
        answer = self._grants.authorize(given)
        if isinstance(answer, str):
            return RedirectResponse(answer, 302, headers=_NO_STORE)
        links = "".join(
            f'<li><a href="?{urlencode({**given, "login_hint": name})}">{escape(name)}</a>'
            for name in answer
        )
        return HTMLResponse(f"<!doctype html><title>Sign in</title><ul>{links}</ul>")

    def _authenticate(
        self, header: str | None, form: Mapping[str, str]
    ) -> tuple[str, Persona | None]:
        """Tell the client, and who it is where it has a secret; a public one has none."""
        client, secret = form.get("client_id", ""), form.get("client_secret", "")
        if header is not None:
            client, secret = _basic(header)
        if client in APPLICATIONS and not secret:
            return client, None
        persona = self._clients.get(client)
        if persona is None or not secrets.compare_digest(
            persona.client_secret.encode(), secret.encode()
        ):
            raise RefusedError(401, "invalid_client", "Unknown client or wrong secret")
        return client, persona

    def _sign(self, claims: Mapping[str, Any], kind: str) -> str:
        header = {"alg": self._signing.alg, "kid": self._signing.kid, "typ": kind}
        return jwt.encode(header, dict(claims), self._signing.key, algorithms=[self._signing.alg])

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
            raise RefusedError(400, "invalid_request", str(wrong)) from None
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
        raise RefusedError(400, "invalid_request", "send application/x-www-form-urlencoded")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise RefusedError(400, "invalid_request", "the body is not a form") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise RefusedError(400, "invalid_request", "a parameter was sent twice")
    return form


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    try:
        client, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        colon = client = secret = ""
    if scheme.lower() != "basic" or not colon:
        raise RefusedError(401, "invalid_client", "the Authorization header is not Basic")
    return unquote_plus(client), unquote_plus(secret)


def _error(status: int, error: str, description: str) -> Response:
    headers = dict(_NO_STORE)
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="sandbox"'
    return Reply({"error": error, "error_description": description}, status, headers)


def _broken(status: int) -> Response:
    return _error(status, "temporarily_unavailable", "The identity provider is not available")


async def _refused(_request: Request, refused: Exception) -> Response:
    assert isinstance(refused, RefusedError)
    return _error(refused.status, refused.error, refused.description)


async def _missing(request: Request, _wrong: Exception) -> Response:
    return _error(404, "not_found", f"there is no {request.url.path}")


async def _method(request: Request, _wrong: Exception) -> Response:
    return _error(405, "method_not_allowed", f"not {request.method}")
