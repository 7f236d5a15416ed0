"""The identity provider's tokens, keys and errors."""

import base64
import hashlib
import time
from typing import Any
from urllib.parse import parse_qsl

import httpx
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
    kinds = ["client_credentials", "authorization_code", "refresh_token"]
    assert found["grant_types_supported"] == kinds
    assert found["code_challenge_methods_supported"] == ["S256"]
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


BACK = "http://127.0.0.1:5173/back"
VERIFIER = "v" * 43


def _authorize(sandbox: Sandbox, **more: str | None) -> httpx.Response:
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    asked = {
        "response_type": "code",
        "client_id": "sandbox-shop",
        "redirect_uri": BACK,
        "scope": "openid offline_access catalogue:read",
        "state": "state-1",
        "nonce": "nonce-1",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "login_hint": "customer",
        **more,
    }
    sent = {name: value for name, value in asked.items() if value is not None}
    return sandbox.clients["idp"].get("/authorize", params=sent, follow_redirects=False)


def _led(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 302
    address, _, query = answer.headers["location"].partition("?")
    assert address == BACK
    return dict(parse_qsl(query))


def _code(sandbox: Sandbox) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "client_id": "sandbox-shop",
        "code": _led(_authorize(sandbox))["code"],
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
    }


def _refused(sandbox: Sandbox, form: dict[str, str]) -> str:
    answer = sandbox.clients["idp"].post("/token", data=form)
    assert answer.status_code in (400, 401)
    return str(answer.json()["error"])


def test_a_person_signs_in_by_code_with_pkce(sandbox: Sandbox) -> None:
    """A code leads to a person's tokens, once, for the application that holds the verifier."""
    led = _led(_authorize(sandbox))
    assert (led["state"], led["iss"]) == ("state-1", sandbox.urls["idp"])
    form = _code(sandbox)
    answer = sandbox.clients["idp"].post("/token", data=form).json()
    access, identity = (
        _verify(sandbox, answer["access_token"]),
        _verify(sandbox, answer["id_token"]),
    )
    assert access.claims["client_id"] == "sandbox-shop"
    assert access.claims["customer"] == CUSTOMER_CONTACT
    assert (identity.claims["aud"], identity.claims["nonce"]) == ("sandbox-shop", "nonce-1")
    assert identity.header["typ"] == "JWT"
    assert _refused(sandbox, form) == "invalid_grant"


@pytest.mark.parametrize(
    "change",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": ""},
        {"redirect_uri": BACK + "x"},
        {"client_id": "sandbox-desk"},
        {"code": "guessed"},
    ],
)
def test_a_stolen_code_is_good_for_nothing(sandbox: Sandbox, change: dict[str, str]) -> None:
    """A code without what belongs to it is refused, and one guess is all there is."""
    form = _code(sandbox)
    assert _refused(sandbox, {**form, **change}) == "invalid_grant"
    if "code" not in change:
        assert _refused(sandbox, form) == "invalid_grant"


def test_authorization_requests_that_lead_nowhere(sandbox: Sandbox) -> None:
    """Nobody is led to an address that is not the application's; other faults are told there."""
    for wrong in (
        "https://attacker.example/",
        "http://127.0.0.1@attacker.example/",
        "javascript:1",
    ):
        assert _authorize(sandbox, redirect_uri=wrong).status_code == 400
    assert _authorize(sandbox, client_id="sandbox-agent").status_code == 400
    plain = _led(_authorize(sandbox, code_challenge_method="plain"))
    assert (plain["error"], plain["state"]) == ("invalid_request", "state-1")
    assert _led(_authorize(sandbox, code_challenge=None))["error"] == "invalid_request"
    assert _led(_authorize(sandbox, response_type="token"))["error"] == "unsupported_response_type"
    assert _led(_authorize(sandbox, scope="admin"))["error"] == "invalid_scope"
    page = _authorize(sandbox, login_hint=None)
    assert page.status_code == 200
    assert all(name in page.text for name in PERSONAS)


def test_refresh_tokens_are_good_once(sandbox: Sandbox) -> None:
    """A refresh token leads to the next one; a second use of it ends them all."""
    idp = sandbox.clients["idp"]
    first = idp.post("/token", data=_code(sandbox)).json()["refresh_token"]
    form = {"grant_type": "refresh_token", "client_id": "sandbox-shop", "refresh_token": first}
    assert _refused(sandbox, {**form, "client_id": "sandbox-desk"}) == "invalid_grant"
    answer = idp.post("/token", data=form).json()
    assert _verify(sandbox, answer["access_token"]).claims["customer"] == CUSTOMER_CONTACT
    assert _refused(sandbox, form) == "invalid_grant"
    assert _refused(sandbox, {**form, "refresh_token": answer["refresh_token"]}) == "invalid_grant"


def test_an_application_has_no_tokens_of_its_own(sandbox: Sandbox) -> None:
    """Without a secret there is nothing to be granted to a client alone."""
    form = {**FORM, "client_id": "sandbox-shop"}
    assert _refused(sandbox, form) == "unauthorized_client"
    assert _refused(sandbox, {**form, "client_secret": "x"}) == "invalid_client"


def test_the_crm_takes_the_gateways_tokens(sandbox: Sandbox) -> None:
    """The CRM takes a token for itself, and none for another system, also after a rotation."""
    idp, crm = sandbox.clients["idp"], sandbox.urls["crm"]

    def asked(client: str) -> int:
        auth = (client, f"{client}-secret")
        token = idp.post("/token", data=FORM, auth=auth).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.get(f"{crm}/api/v1/contacts", headers=headers).status_code

    assert (asked("sandbox-gateway"), asked("sandbox-agent")) == (200, 401)
    _rotate(sandbox, alg="RS256", retire=True)
    # It reads the keys once a second at most.
    deadline = time.monotonic() + 10
    while asked("sandbox-gateway") != 200:
        assert time.monotonic() < deadline
    _rotate(sandbox, alg="ES256", retire=True)
    _rotate(sandbox, alg="RS256")
