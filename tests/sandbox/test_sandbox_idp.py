"""The identity provider's tokens, keys and errors."""

import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import KeySet

from sandbox.persona import ASSOCIATE_STORE, CUSTOMER_CONTACT, PERSONAS
from tests.sandbox.running import Sandbox, run

FORM = {"grant_type": "client_credentials"}


def _token(sandbox: Sandbox, persona: str) -> str:
    found = PERSONAS[persona]
    answer = sandbox.clients["idp"].post(
        "/token", data=FORM, auth=(found.client_id, found.client_secret)
    )
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["token_type"] == "Bearer"
    return str(answer.json()["access_token"])


def _verify(sandbox: Sandbox, token: str) -> jwt.Token:
    keys = KeySet.import_key_set(sandbox.clients["idp"].get("/jwks").json())
    return jwt.decode(token, keys, algorithms=["ES256", "RS256"])


def _rotate(sandbox: Sandbox, **asked: object) -> Any:
    return sandbox.clients["idp"].post("/_admin/keys/rotate", json=asked).json()


def test_discovery_leads_to_keys_and_tokens(sandbox: Sandbox) -> None:
    """The metadata's issuer is the URL it was read from, and its endpoints answer."""
    idp = sandbox.clients["idp"]
    found = idp.get("/.well-known/openid-configuration").json()
    assert found["issuer"] == sandbox.urls["idp"]
    assert found["grant_types_supported"] == ["client_credentials"]
    assert idp.get(found["jwks_uri"]).json()["keys"]
    assert idp.post(found["token_endpoint"]).status_code == 400


def test_key_set_is_public_and_mixed(sandbox: Sandbox) -> None:
    """The key set holds an EC and an RSA key, each with its own kid, and nothing private."""
    keys = sandbox.clients["idp"].get("/jwks").json()["keys"]
    assert {key["alg"] for key in keys} == {"ES256", "RS256"}
    assert len({key["kid"] for key in keys}) == len(keys)
    assert all("d" not in key and key["use"] == "sig" for key in keys)


@pytest.mark.parametrize("persona", PERSONAS)
def test_tokens_follow_rfc_9068(sandbox: Sandbox, persona: str) -> None:
    """Every persona's token verifies, is typed, and says who, for whom and until when."""
    token = _verify(sandbox, _token(sandbox, persona))
    claims, now = token.claims, int(time.time())
    assert token.header["typ"] == "at+jwt"
    assert claims["iss"] == sandbox.urls["idp"]
    assert claims["aud"] == "commerce-gateway"
    assert claims["client_id"] == PERSONAS[persona].client_id
    assert claims["roles"] == list(PERSONAS[persona].roles)
    assert claims["iat"] <= now < claims["exp"] <= now + 3_600
    assert claims["sub"]
    assert claims["jti"]
    assert claims["scope"]
    store = ASSOCIATE_STORE if persona == "associate" else None
    assert claims.get("store") == store
    assert (claims.get("customer") == CUSTOMER_CONTACT) is (persona == "customer")


def test_rotation_keeps_old_tokens_until_their_key_retires(sandbox: Sandbox) -> None:
    """After a rotation old tokens still verify; after a retirement they do not."""
    before = _token(sandbox, "agent")
    rotated = _rotate(sandbox, alg="RS256")
    after = _token(sandbox, "agent")
    assert _verify(sandbox, after).header["kid"] == rotated["signing"]
    assert _verify(sandbox, after).header["alg"] == "RS256"
    _verify(sandbox, before)
    _rotate(sandbox, alg="ES256", retire=True)
    with pytest.raises(InvalidKeyIdError):
        _verify(sandbox, before)
    _rotate(sandbox, alg="RS256")
    _verify(sandbox, _token(sandbox, "agent"))


def test_key_set_does_not_grow_without_end(sandbox: Sandbox) -> None:
    """However often keys rotate, the set holds eight at most."""
    for _ in range(10):
        found = _rotate(sandbox, alg="ES256")
    assert len(found["keys"]) == 8
    assert _rotate(sandbox, alg="none")["error"] == "invalid_request"
    _rotate(sandbox, retire=True)
    _rotate(sandbox, alg="RS256")


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "unsupported_grant_type"),
        ({"scope": "catalogue:read admin"}, 400, "invalid_scope"),
    ],
)
def test_token_errors_follow_rfc_6749(
    sandbox: Sandbox, change: dict[str, str], status: int, error: str
) -> None:
    """A refused token request says why in OAuth's own words."""
    form = {**FORM, "client_id": "sandbox-agent", "client_secret": "sandbox-agent-secret"}
    answer = sandbox.clients["idp"].post("/token", data={**form, **change})
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_token_requests_are_forms_without_doubles(sandbox: Sandbox) -> None:
    """JSON, doubled parameters and a broken Authorization header are refused."""
    idp = sandbox.clients["idp"]
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert idp.post("/token", json=FORM).json()["error"] == "invalid_request"
    doubled = idp.post("/token", content=b"grant_type=a&grant_type=b", headers=form)
    assert doubled.json()["error"] == "invalid_request"
    broken = idp.post("/token", data=FORM, headers={"Authorization": "Basic !"})
    assert broken.json()["error"] == "invalid_client"
    assert broken.headers["www-authenticate"].startswith("Basic")


def test_scope_can_be_narrowed(sandbox: Sandbox) -> None:
    """A client may ask for less than it is granted, and gets no more."""
    form = {**FORM, "scope": "stock:read"}
    auth = ("sandbox-agent", "sandbox-agent-secret")
    answer = sandbox.clients["idp"].post("/token", data=form, auth=auth).json()
    assert answer["scope"] == "stock:read"
    assert _verify(sandbox, answer["access_token"]).claims["scope"] == "stock:read"


def test_command_prints_a_token(sandbox: Sandbox) -> None:
    """The token command prints nothing but a valid token."""
    status, out, err = run("token", "customer", "--url", sandbox.urls["idp"])
    assert (status, err) == (0, "")
    assert _verify(sandbox, out.strip()).claims["customer"] == CUSTOMER_CONTACT


def test_command_says_what_is_wrong() -> None:
    """Without an identity provider, or with an unknown persona, one sentence says what to do."""
    status, out, err = run("token", "customer", "--url", "http://127.0.0.1:9")
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert "start the sandbox first" in err
    status, _, err = run("token", "nobody")
    assert status == 2
    assert "customer" in err
