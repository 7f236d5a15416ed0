"""Access tokens as a system of the sandbox takes them: verified by the provider's keys."""

import time

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

_PAUSE = 1.0
_ALGORITHMS = ["ES256", "RS256"]


class Bearer:
    """Verifies tokens for one audience; the keys are read when one is missing."""

    def __init__(self, issuer: str, audience: str, scope: str) -> None:
        self._issuer = issuer
        self._scope = scope
        self._claims = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
        )
        self._keys: KeySet | None = None
        self._read_at = float("-inf")
        self._last = ("", 0.0)

    async def is_good(self, authorization: str) -> bool:
        """Whether the header holds a token that is good here."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return False
        if self._is_signed(token):
            return True
        if time.monotonic() - self._read_at < _PAUSE:
            return False
        await self._read()
        return self._is_signed(token)

    def _is_signed(self, token: str) -> bool:
        if token == self._last[0] and time.time() < self._last[1]:
            return True
        if self._keys is None:
            return False
        try:
            found = jwt.decode(token, self._keys, algorithms=_ALGORITHMS)
            self._claims.validate(found.claims)
        except (JoseError, ValueError):
            return False
        scopes = str(found.claims.get("scope", "")).split()
        if found.header.get("typ") != "at+jwt" or self._scope not in scopes:
            return False
        self._last = (token, float(found.claims["exp"]))
        return True

    async def _read(self) -> None:
        self._read_at = time.monotonic()
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
                answer = await client.get(f"{self._issuer}/jwks")
                self._keys = KeySet.import_key_set(answer.raise_for_status().json())
        except (httpx.HTTPError, JoseError, ValueError):
            return
