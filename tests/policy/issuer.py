"""An identity provider that grants any caller of any kind, for gateways that tests serve."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey

from domain.viewer import Purpose, Role

AUDIENCE = "commerce-gateway"
METADATA = "/.well-known/openid-configuration"


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: all that a token says, in the systems' own ids."""

    role: Role
    purpose: Purpose
    subject: str = "proof-caller"
    client: str = "proof"
    customer: str | None = None
    store: str | None = None

    def __str__(self) -> str:
        about = self.customer or self.store or self.subject
        return f"{self.role.value}/{self.purpose.value}/{about}"


class Issuer:
    """Grants tokens; its keys are served by ``serving``."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._key = ECKey.generate_key("P-256", {"kid": "proof-key"})
        self._tokens: dict[Caller, str] = {}

    def published(self, path: str) -> bytes | None:
        """What is published at a path, None for nothing."""
        if path == METADATA:
            return msgspec.json.encode({"issuer": self.url, "jwks_uri": f"{self.url}/keys"})
        if path == "/keys":
            return msgspec.json.encode({"keys": [self._key.as_dict(private=False)]})
        return None

    def token(self, caller: Caller) -> str | None:
        """A token that proves this caller, None for an anonymous one."""
        if caller.role is Role.ANONYMOUS:
            return None
        if caller not in self._tokens:
            now = int(time.time())
            claims = {
                "iss": self.url,
                "aud": AUDIENCE,
                "sub": caller.subject,
                "client_id": caller.client,
                "iat": now,
                "exp": now + 3_600,
                "roles": [caller.role.value.lower()],
                "purposes": [purpose.value for purpose in Purpose],
                "customer": caller.customer,
                "store": caller.store,
            }
            header = {"alg": "ES256", "kid": "proof-key", "typ": "at+jwt"}
            said = {name: value for name, value in claims.items() if value is not None}
            self._tokens[caller] = jwt.encode(header, said, self._key)
        return self._tokens[caller]


@contextmanager
def serving() -> Iterator[Issuer]:
    """Serve an issuer on a free port of this machine."""
    issuer = Issuer("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = issuer.published(self.path)
            self.send_response(200 if body is not None else 404)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
