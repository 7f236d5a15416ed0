"""Forged, twisted and broken tokens: none is accepted, and all refusals look alike."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwe
from joserfc.jwk import Key, OctKey

from auth.errors import TokenRefused
from auth.settings import AuthSettings
from auth.token import LEEWAY, MAX_TOKEN, TokenVerifier
from domain.viewer import ANONYMOUS, Role
from tests.auth.issuer import NOW, Issuer, TestClock, b64, ec, public, rsa, serving, sign

Attack = Callable[[Issuer, Key], str]
ATTACKS: dict[str, Attack] = {}


def attack(name: str) -> Callable[[Attack], Attack]:
    def keep(make: Attack) -> Attack:
        ATTACKS[name] = make
        return make

    return keep


def claimed(name: str, **claims: Any) -> None:
    ATTACKS[name] = lambda issuer, _: issuer.token(**claims)


def headed(name: str, **header: Any) -> None:
    ATTACKS[name] = lambda issuer, _: issuer.token(header)


def unsigned(issuer: Issuer, _own: Key, *, alg: str) -> str:
    parts = (issuer.header(alg=alg), issuer.claims())
    return ".".join(b64(json.dumps(part).encode()) for part in parts) + "."


def by_secret(issuer: Issuer, secret: bytes, **header: Any) -> str:
    """Sign with what everybody can know, hoping that the verifier takes it for a shared secret."""
    parts = (issuer.header(alg="HS256", **header), issuer.claims())
    text = ".".join(b64(json.dumps(part).encode()) for part in parts)
    return f"{text}.{b64(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def pem(key: Key) -> bytes:
    assert not isinstance(key, OctKey)
    return key.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def foreign(issuer: Issuer, own: Key, *, kid: str) -> str:
    return sign(issuer.header(kid=kid), issuer.claims(), own)


def unusable(issuer: Issuer, _own: Key, *, kid: str) -> str:
    alg = {"weak": "RS256", "curve": "ES384"}.get(kid, "ES256")
    header = issuer.header(kid=kid, alg="RS256" if kid == "weak" else "ES256")
    return sign(header, issuer.claims(), issuer.others[kid], alg)


def odd_claims(issuer: Issuer, _own: Key, *, text: bytes) -> str:
    return sign(issuer.header(), text, issuer.signing)


def odd_header(issuer: Issuer, _own: Key, *, text: bytes) -> str:
    return sign(text, issuer.claims(), issuer.signing)


for _alg in ("none", "None", "NONE", "nOnE", "", "ES256"):
    ATTACKS[f"alg {_alg or 'empty'} without a signature"] = partial(unsigned, alg=_alg)
ATTACKS["no alg"] = lambda issuer, _: issuer.token({"alg": ...})
ATTACKS["alg is a list"] = lambda issuer, _: issuer.token({"alg": ["ES256"]})
ATTACKS["HS256 with the public PEM as secret"] = lambda issuer, _: by_secret(
    issuer, pem(issuer.signing)
)
ATTACKS["HS256 with the RSA PEM as secret"] = lambda issuer, other: by_secret(
    issuer, pem(issuer.others["rsa"]), kid="rsa"
)
ATTACKS["HS256 with the published JWK as secret"] = lambda issuer, _: by_secret(
    issuer, json.dumps(issuer.keys[0]).encode()
)
ATTACKS["HS256 with an empty secret"] = lambda issuer, _: by_secret(issuer, b"")
ATTACKS["HS256 with a secret the key set publishes"] = lambda issuer, _: by_secret(
    issuer, b"published-secret-of-32-characters", kid="oct"
)

claimed("expired", exp=NOW - LEEWAY)
claimed("expired long ago", iat=NOW - 9000, exp=NOW - 8000)
claimed("exp is zero", exp=0)
claimed("exp is negative", exp=-1)
claimed("exp is a text", exp=str(NOW + 600))
claimed("exp is true", exp=True)
claimed("exp is a list", exp=[NOW + 600])
claimed("exp is null", exp=None)
claimed("no exp", exp=...)
claimed("exp is NaN", exp=float("nan"))
claimed("exp is Infinity", exp=float("inf"))
claimed("not yet valid", nbf=NOW + LEEWAY + 1)
claimed("nbf is a text", nbf="0")
claimed("issued in the future", iat=NOW + LEEWAY + 1)
claimed("no iat", iat=...)
claimed("another audience", aud="another-gateway")
claimed("audience nearly ours", aud="commerce-gateway ")
claimed("other audiences", aud=["a", "b"])
claimed("audience is an object", aud={"commerce-gateway": True})
claimed("no audience", aud=...)
claimed("empty audience", aud="")
claimed("no issuer", iss=...)
claimed("unknown issuer", iss="https://attacker.example")
claimed("issuer is a list", iss=["https://attacker.example"])
claimed("empty subject", sub="")
claimed("no subject", sub=...)
claimed("subject is a number", sub=1)
claimed("subject with a line break", sub="user\nadmin")
claimed("subject of 10,000 characters", sub="x" * 10_000)
claimed("a list where the client is expected", client_id=["shop"])
ATTACKS["issuer with a slash more"] = lambda issuer, _: issuer.token(iss=issuer.url + "/")
ATTACKS["issuer in capitals"] = lambda issuer, _: issuer.token(iss=issuer.url.upper())

headed("no key id", kid=...)
headed("empty key id", kid="")
headed("key id is null", kid=None)
headed("key id is a list", kid=["key-1"])
headed("key id of 1,500 characters", kid="k" * 1500)
headed("type of an ID token", typ="JWT")
headed("type of a logout token", typ="logout+jwt")
headed("no type", typ=...)
headed("type is a number", typ=1)
headed("nested content type", cty="JWT")
headed("an unknown critical header", crit=["exp"], exp=NOW)
headed("an empty critical header", crit=[])
headed("unencoded payload", crit=["b64"], b64=False)
headed("compressed", zip="DEF")
headed("x5c beside a good signature", x5c=["MIIB"])
headed("jku beside a good signature", jku="https://attacker.example/keys")

for _kid in (
    "../../../../dev/null",
    "/etc/passwd",
    "key-1' OR '1'='1",
    "key-1'; DROP TABLE keys; --",
    "https://attacker.example/key",
    "key-1\x00",
    "KEY-1",
    "$(id)",
):
    ATTACKS[f"foreign key under id {_kid!r}"] = partial(foreign, kid=_kid)


@attack("foreign key under a good id")
def _(issuer: Issuer, own: Key) -> str:
    return sign(issuer.header(), issuer.claims(), own)


@attack("embedded jwk")
def _(issuer: Issuer, own: Key) -> str:
    header = issuer.header(jwk=public(own), kid=own.kid)
    return sign(header, issuer.claims(), own)


@attack("embedded jwk under a good id")
def _(issuer: Issuer, own: Key) -> str:
    return sign(issuer.header(jwk=public(own)), issuer.claims(), own)


@attack("jku")
def _(issuer: Issuer, own: Key) -> str:
    header = issuer.header(jku=f"{issuer.url}/attacker", kid=own.kid)
    return sign(header, issuer.claims(), own)


@attack("x5u")
def _(issuer: Issuer, own: Key) -> str:
    header = issuer.header(x5u=f"{issuer.url}/attacker", kid=own.kid)
    return sign(header, issuer.claims(), own)


@attack("x5c")
def _(issuer: Issuer, own: Key) -> str:
    chain = [base64.b64encode(pem(own)).decode()]
    return sign(issuer.header(x5c=chain), issuer.claims(), own)


@attack("two issuers mixed: the second's key for the first's name")
def _(issuer: Issuer, own: Key) -> str:
    return sign(issuer.header(kid="second"), issuer.claims(), issuer.others["second"])


@attack("an algorithm that the issuer's list lacks, though the key could")
def _(issuer: Issuer, own: Key) -> str:
    key = issuer.others["rsa"]
    return sign(issuer.header(alg="PS256", kid="rsa"), issuer.claims(), key, "PS256")


@attack("RS256 named over an EC key's id")
def _(issuer: Issuer, own: Key) -> str:
    key = issuer.others["rsa"]
    return sign(issuer.header(alg="RS256"), issuer.claims(), key, "RS256")


@attack("an algorithm that the key is not for")
def _(issuer: Issuer, own: Key) -> str:
    key = issuer.others["es-only-384"]
    return sign(issuer.header(kid="es-only-384"), issuer.claims(), key)


for _kid in ("encryption", "no-verify", "private", "weak", "curve"):
    ATTACKS[f"published but unusable key: {_kid}"] = partial(unusable, kid=_kid)


@attack("nested JWE")
def _(issuer: Issuer, own: Key) -> str:
    inner = issuer.token()
    header = {"alg": "ECDH-ES", "enc": "A128GCM", "kid": issuer.signing.kid, "cty": "JWT"}
    return jwe.encrypt_compact(header, inner, issuer.signing, algorithms=["ECDH-ES", "A128GCM"])


@attack("a good token inside a token")
def _(issuer: Issuer, own: Key) -> str:
    return sign(issuer.header(), issuer.token().encode(), issuer.signing)


@attack("JSON serialisation")
def _(issuer: Issuer, own: Key) -> str:
    protected, payload, signature = issuer.token().split(".")
    return json.dumps({"protected": protected, "payload": payload, "signature": signature})


@attack("claims changed after signing")
def _(issuer: Issuer, own: Key) -> str:
    header, _claims, signature = issuer.token().split(".")
    changed = json.dumps(issuer.claims(roles=["system"])).encode()
    return f"{header}.{b64(changed)}.{signature}"


@attack("header changed after signing")
def _(issuer: Issuer, own: Key) -> str:
    _header, claims, signature = issuer.token().split(".")
    return f"{b64(json.dumps(issuer.header(x=1)).encode())}.{claims}.{signature}"


@attack("signature of zeroes")
def _(issuer: Issuer, own: Key) -> str:
    return ".".join((*issuer.token().split(".")[:2], b64(bytes(64))))


@attack("signature in DER")
def _(issuer: Issuer, own: Key) -> str:
    return ".".join((*issuer.token().split(".")[:2], b64(bytes.fromhex("3006020101020101"))))


@attack("signature of another token")
def _(issuer: Issuer, own: Key) -> str:
    return ".".join((*issuer.token().split(".")[:2], issuer.token(sub="b").split(".")[2]))


@attack("truncated")
def _(issuer: Issuer, own: Key) -> str:
    return issuer.token()[:-20]


@attack("truncated to two parts")
def _(issuer: Issuer, own: Key) -> str:
    return issuer.token().rpartition(".")[0]


@attack("four parts")
def _(issuer: Issuer, own: Key) -> str:
    return issuer.token() + ".AAAA"


@attack("padded")
def _(issuer: Issuer, own: Key) -> str:
    return issuer.token() + "=="


@attack("a line break within")
def _(issuer: Issuer, own: Key) -> str:
    token = issuer.token()
    return f"{token[:50]}\n{token[50:]}"


@attack("a space more")
def _(issuer: Issuer, own: Key) -> str:
    return " " + issuer.token()


@attack("two tokens")
def _(issuer: Issuer, own: Key) -> str:
    return f"{issuer.token()}, Bearer {issuer.token()}"


@attack("huge")
def _(issuer: Issuer, own: Key) -> str:
    return issuer.token(padding="x" * MAX_TOKEN)


@attack("ten million characters")
def _(issuer: Issuer, own: Key) -> str:
    return "A" * 10_000_000


@attack("a claim twice")
def _(issuer: Issuer, own: Key) -> str:
    claims = json.dumps(issuer.claims(roles=["customer"]))
    return sign(issuer.header(), f'{claims[:-1]}, "roles": ["agent"]}}'.encode(), issuer.signing)


@attack("a header twice")
def _(issuer: Issuer, own: Key) -> str:
    header = json.dumps(issuer.header())
    return sign(f'{header[:-1]}, "alg": "none"}}'.encode(), issuer.claims(), issuer.signing)


for _text in (
    b"[]",
    b'"text"',
    b"1",
    b"null",
    b"\xff\xfe",
    b"{",
    b"",
    b'{"a":' * 3000,
    b"[" * 9000,
):
    ATTACKS[f"claims are {_text[:9]!r}"] = partial(odd_claims, text=_text)
    ATTACKS[f"header is {_text[:9]!r}"] = partial(odd_header, text=_text)


@attack("a number of 10,000 digits")
def _(issuer: Issuer, own: Key) -> str:
    claims = json.dumps(issuer.claims())
    return sign(issuer.header(), f'{claims[:-1]}, "n": {"9" * 10_000}}}'.encode(), issuer.signing)


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with serving() as found:
        others: dict[str, Key] = {
            "rsa": rsa("rsa"),
            "encryption": ec("encryption"),
            "no-verify": ec("no-verify"),
            "private": ec("private"),
            "curve": ec("curve", "P-384"),
            "es-only-384": ec("es-only-384"),
            "weak": rsa("weak", 1024),
        }
        found.keys += [
            public(others["rsa"], use="sig", alg="RS256"),
            public(others["encryption"], use="enc"),
            public(others["no-verify"], key_ops=["sign"]),
            others["private"].as_dict(private=True),
            public(others["curve"]),
            public(others["es-only-384"], alg="ES384"),
            public(others["weak"]),
            {"kty": "oct", "kid": "oct", "k": b64(b"published-secret-of-32-characters")},
        ]
        async with serving() as second:
            others["second"] = second.signing = ec("second")
            second.keys = [public(second.signing)]
            found.others = others
            found.second = second
            yield found


@pytest.fixture
async def verifier(issuer: Issuer) -> AsyncIterator[TokenVerifier]:
    settings = issuer.settings()
    settings.issuers["second"] = issuer.second.settings().issuers["test"]
    async with TokenVerifier(settings, TestClock()) as found:
        yield found


async def test_genuine(issuer: Issuer, verifier: TokenVerifier) -> None:
    """What the attacks twist is accepted untwisted, with either algorithm of the issuer's list."""
    rs256 = sign(
        issuer.header(alg="RS256", kid="rsa"), issuer.claims(), issuer.others["rsa"], "RS256"
    )
    for token in (issuer.token(), rs256, issuer.token({"typ": "application/AT+JWT"})):
        viewer = await verifier.viewer(f"Bearer {token}")
        assert (viewer.role, viewer.client) == (Role.AGENT, "shop")
        assert viewer.subject == f"{issuer.url} user-1"
    assert (await verifier.viewer(f"bearer {issuer.second.token()}")).role is Role.AGENT
    assert await verifier.viewer(None) is ANONYMOUS


async def test_leeway(issuer: Issuer, verifier: TokenVerifier) -> None:
    """An issuer's clock may differ from ours by 30 s, in either direction."""
    for token in (
        issuer.token(exp=NOW - LEEWAY + 1),
        issuer.token(iat=NOW + LEEWAY, nbf=NOW + LEEWAY),
        issuer.token(exp=10**300),
    ):
        assert (await verifier.viewer(f"Bearer {token}")).role is Role.AGENT


async def test_attacks(issuer: Issuer, verifier: TokenVerifier) -> None:
    """No attack token is accepted, all are refused in the same words, none makes us call out."""
    own = ec("attacker")
    accepted: list[object] = []
    words: set[tuple[str, str]] = set()
    reasons: list[str] = []
    for name, make in ATTACKS.items():
        token = make(issuer, own)
        for _ in range(2):  # a refusal is not remembered as anything else
            try:
                accepted.append((name, await verifier.viewer(f"Bearer {token}")))
            except TokenRefused as refused:
                words.add((refused.message, str(refused.extensions)))
                reasons.append(refused.reason)
    assert not accepted
    assert not [reason for reason in reasons if len(reason) > 80 or "attacker" in reason]
    assert len(words) == 1
    assert set(issuer.reads) == {"/.well-known/openid-configuration", "/keys"}
    assert issuer.key_reads <= 2  # at start, and once for all unknown key ids together
    assert len(ATTACKS) >= 100


@pytest.mark.parametrize("scheme", ["", "Basic", "Token", "Bearer,", "Bearerx", "DPoP"])
async def test_scheme(issuer: Issuer, verifier: TokenVerifier, scheme: str) -> None:
    """A header of any other scheme is refused, never taken for anonymous."""
    with pytest.raises(TokenRefused):
        await verifier.viewer(f"{scheme} {issuer.token()}".strip())
    for header in ("", " ", "Bearer", "Bearer ", "Bearer é", "\0"):
        with pytest.raises(TokenRefused):
            await verifier.viewer(header)


async def test_size_is_looked_at_first(issuer: Issuer, verifier: TokenVerifier) -> None:
    """A token that is too long is refused before anything of it is read."""
    for token in (issuer.token(padding="x" * MAX_TOKEN), "." * 1_000_000):
        with pytest.raises(TokenRefused) as caught:
            await verifier.viewer(f"Bearer {token}")
        assert caught.value.reason == "a token that is too long"


async def test_plain_type(issuer: Issuer) -> None:
    """Only where the settings say so, a token of type JWT or none is an access token."""
    async with TokenVerifier(issuer.settings(allow_plain_type=True), TestClock()) as verifier:
        for header in ({"typ": "JWT"}, {"typ": ...}):
            assert (await verifier.viewer(f"Bearer {issuer.token(header)}")).role is Role.AGENT
        with pytest.raises(TokenRefused):
            await verifier.viewer(f"Bearer {issuer.token({'typ': 'logout+jwt'})}")


async def test_no_issuers() -> None:
    """Without issuers everybody is anonymous, and no token is accepted."""
    async with serving() as stranger:
        async with TokenVerifier(AuthSettings(), TestClock()) as verifier:
            assert await verifier.viewer(None) is ANONYMOUS
            with pytest.raises(TokenRefused):
                await verifier.viewer(f"Bearer {stranger.token()}")
        assert not stranger.reads
