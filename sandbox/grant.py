"""What the sandbox's identity provider grants: tokens for clients, codes and tokens for persons."""

import base64
import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode, urlsplit

from sandbox.persona import APPLICATIONS, PERSONAS, Persona

LIFETIME = 3_600
CODE_LIFETIME = 60
OFFLINE = "offline_access"
MAX_KEPT = 1_000

_LOOPBACK = ("127.0.0.1", "localhost", "::1")

T = TypeVar("T")
Sign = Callable[[Mapping[str, Any], str], str]


class RefusedError(Exception):
    """Answered as an OAuth error."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status, self.error, self.description = status, error, description


class _Code(NamedTuple):
    """What a person agreed to; good once, for the client that can show the verifier."""

    client: str
    persona: Persona
    redirect: str
    challenge: str
    scope: str
    nonce: str | None
    expires: float


class _Refresh(NamedTuple):
    """A way to further tokens; each is good once, and a second use ends the whole family."""

    client: str
    persona: Persona
    scope: str
    family: str


class Grants:
    """Grants by RFC 6749, with PKCE (RFC 7636) for applications without a secret."""

    def __init__(self, issuer: str, sign: Sign) -> None:
        self._issuer = issuer
        self._sign = sign
        self._codes: OrderedDict[str, _Code] = OrderedDict()
        self._refreshes: OrderedDict[str, _Refresh] = OrderedDict()
        self._ended: OrderedDict[str, None] = OrderedDict()
        # A grant type is one entry here; discovery announces what stands in it.
        self.kinds: dict[str, Callable[[Mapping[str, str], str, Persona | None], Any]] = {
            "client_credentials": self._client_credentials,
            "authorization_code": self._authorization_code,
            "refresh_token": self._refresh_token,
        }

    def grant(
        self, form: Mapping[str, str], client: str, persona: Persona | None
    ) -> dict[str, Any]:
        """Answer a token request of a client that is known."""
        name = form.get("grant_type", "")
        kind = self.kinds.get(name)
        if kind is None:
            allowed = ", ".join(self.kinds)
            detail = f"grant_type is '{name}', allowed: {allowed}"
            raise RefusedError(400, "unsupported_grant_type", detail)
        granted: dict[str, Any] = kind(form, client, persona)
        return granted

    def authorize(self, given: Mapping[str, str]) -> str | Sequence[str]:
        """Answer an authorization request: where to go on, or the names to choose from.

        Who the person is stands in `login_hint`, for there are no passwords here.
        """
        client, redirect = given.get("client_id", ""), given.get("redirect_uri", "")
        # Nothing is sent to an address that is not the client's own.
        if client not in APPLICATIONS:
            allowed = ", ".join(APPLICATIONS)
            raise RefusedError(400, "invalid_request", f"unknown client_id, allowed: {allowed}")
        parts = urlsplit(redirect)
        if parts.scheme != "http" or parts.hostname not in _LOOPBACK or parts.fragment:
            detail = "redirect_uri is not on loopback, as applications here are"
            raise RefusedError(400, "invalid_request", detail)
        back = {"state": given["state"]} if "state" in given else {}
        wrong = _flaw(given)
        if wrong is not None:
            return _lead(redirect, {"error": wrong[0], "error_description": wrong[1], **back})
        persona = PERSONAS.get(given.get("login_hint", ""))
        if persona is None:
            return list(PERSONAS)
        try:
            scope = _scope(given.get("scope", persona.scope), persona)
        except RefusedError as refused:
            return _lead(redirect, {"error": refused.error, **back})
        code = secrets.token_urlsafe(32)
        _keep(
            self._codes,
            code,
            _Code(
                client,
                persona,
                redirect,
                given["code_challenge"],
                scope,
                given.get("nonce"),
                time.monotonic() + CODE_LIFETIME,
            ),
        )
        return _lead(redirect, {"code": code, "iss": self._issuer, **back})

    def _client_credentials(
        self, form: Mapping[str, str], client: str, persona: Persona | None
    ) -> dict[str, Any]:
        if persona is None:
            detail = "an application without a secret has no tokens of its own"
            raise RefusedError(400, "unauthorized_client", detail)
        asked = form.get("scope", persona.scope).split()
        excess = [scope for scope in asked if scope not in persona.scope.split()]
        if excess or not asked:
            detail = f"not granted to this client: {' '.join(excess)}"
            raise RefusedError(400, "invalid_scope", detail)
        return self._tokens(client, persona, " ".join(asked))

    def _authorization_code(
        self, form: Mapping[str, str], client: str, _: Persona | None
    ) -> dict[str, Any]:
        # Taken out first: a code is good once, and so is a guess at its verifier.
        code = self._codes.pop(form.get("code", ""), None)
        if (
            code is None
            or code.client != client
            or code.redirect != form.get("redirect_uri")
            or code.expires <= time.monotonic()
            or not secrets.compare_digest(code.challenge, _challenge(form.get("code_verifier", "")))
        ):
            raise RefusedError(400, "invalid_grant", "the code is not good for this request")
        answer = self._tokens(client, code.persona, code.scope)
        if "openid" in code.scope.split():
            answer["id_token"] = self._id_token(client, code)
        if OFFLINE in code.scope.split():
            family = secrets.token_urlsafe(16)
            answer["refresh_token"] = self._refresh(client, code.persona, code.scope, family)
        return answer

    def _refresh_token(
        self, form: Mapping[str, str], client: str, _: Persona | None
    ) -> dict[str, Any]:
        given = form.get("refresh_token", "")
        kept = self._refreshes.get(given)
        if kept is None or kept.client != client or kept.family in self._ended:
            raise RefusedError(400, "invalid_grant", "the refresh token is not good")
        if given in self._ended:
            # Somebody has it twice, and nobody knows who: RFC 9700, section 4.14.2.
            _keep(self._ended, kept.family, None)
            raise RefusedError(400, "invalid_grant", "the refresh token was used before")
        _keep(self._ended, given, None)
        scope = form.get("scope", kept.scope)
        if not set(scope.split()) <= set(kept.scope.split()):
            raise RefusedError(400, "invalid_scope", "more than was agreed to")
        answer = self._tokens(client, kept.persona, scope)
        answer["refresh_token"] = self._refresh(client, kept.persona, kept.scope, kept.family)
        return answer

    def _refresh(self, client: str, persona: Persona, scope: str, family: str) -> str:
        text = secrets.token_urlsafe(32)
        _keep(self._refreshes, text, _Refresh(client, persona, scope, family))
        return text

    def _tokens(self, client: str, persona: Persona, scope: str) -> dict[str, Any]:
        return {
            "access_token": self._access_token(client, persona, scope),
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "scope": scope,
        }

    def _access_token(self, client: str, persona: Persona, scope: str) -> str:
        """A JWT access token. *Source*: RFC 9068."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": persona.audience,
            "sub": persona.subject,
            "client_id": client,
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
        return self._sign(claims, "at+jwt")

    def _id_token(self, client: str, code: _Code) -> str:
        now = int(time.time())
        claims = {
            "iss": self._issuer,
            "aud": client,
            "sub": code.persona.subject,
            "iat": now,
            "exp": now + LIFETIME,
        }
        return self._sign(claims | ({"nonce": code.nonce} if code.nonce else {}), "JWT")


def _flaw(given: Mapping[str, str]) -> tuple[str, str] | None:
    if given.get("response_type") != "code":
        return "unsupported_response_type", "response_type is not code"
    if given.get("code_challenge_method") != "S256" or len(given.get("code_challenge", "")) != 43:
        return "invalid_request", "send a code_challenge with method S256"
    return None


def _scope(asked: str, persona: Persona) -> str:
    granted = {*persona.scope.split(), "openid", OFFLINE}
    scopes = asked.split()
    if not scopes or not granted.issuperset(scopes):
        raise RefusedError(400, "invalid_scope", "not granted to this person")
    return " ".join(scopes)


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _lead(redirect: str, parameters: Mapping[str, str]) -> str:
    return f"{redirect}{'&' if urlsplit(redirect).query else '?'}{urlencode(parameters)}"


def _keep(where: "OrderedDict[str, T]", name: str, what: T) -> None:
    where[name] = what
    if len(where) > MAX_KEPT:
        where.popitem(last=False)
