"""The settings of auth: safe ones pass, and everything wrong is told at once."""

from typing import Any

import msgspec
import pytest

from auth.settings import AuthSettings, IssuerSettings, problems
from auth.token import TokenVerifier
from domain.configuration import ConfigurationError
from domain.viewer import Role

GOOD = {"url": "https://id.example/realms/shop", "audience": "gateway"}


def settings(**more: Any) -> AuthSettings:
    issuer = msgspec.convert({**GOOD, **more}, IssuerSettings)
    return AuthSettings(issuers={"main": issuer}, customer_system="crm", location_system="wms")


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"url": "https://id.example/"},
        {"url": "http://127.0.0.1:8004"},
        {"url": "http://[::1]:8004"},
        {"url": "http://localhost:8004/realm"},
        {"url": "http://idp:8080", "allow_insecure": True},
        {"jwks_uri": "https://keys.example/jwks.json?version=2"},
        {"algorithms": ["Ed25519"]},
        {"roles": {"care": "AGENT"}},
    ],
)
def test_accepted(more: dict[str, Any]) -> None:
    """HTTPS is accepted anywhere, HTTP on this machine, or where it is asked for in so many
    words."""
    assert problems(settings(**more)) == []


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"url": ""}, "url"),
        ({"url": "id.example"}, "url"),
        ({"url": "http://id.example"}, "url"),
        ({"url": "http://127.0.0.1.attacker.example"}, "url"),
        ({"url": "http://localhost.attacker.example"}, "url"),
        ({"url": "http://127.0.0.1@attacker.example"}, "url"),
        ({"url": "ftp://127.0.0.1"}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "https://user:password@id.example"}, "url"),
        ({"url": "https://id.example?a=b"}, "url"),
        ({"url": "https://id.example#a"}, "url"),
        ({"url": "https://id.example\n"}, "url"),
        ({"url": "https://[::1"}, "url"),
        ({"jwks_uri": "http://keys.example"}, "jwks_uri"),
        ({"jwks_uri": ""}, "jwks_uri"),
        ({"audience": ""}, "audience"),
        ({"algorithms": []}, "algorithms"),
        ({"algorithms": ["ES256", "HS256"]}, "algorithms"),
        ({"algorithms": ["none"]}, "algorithms"),
        ({"algorithms": ["es256"]}, "algorithms"),
        ({"roles": {}}, "roles"),
        ({"roles": {"guest": "ANONYMOUS"}}, "roles"),
        ({"roles": {"care": "AGENT", "Care": "SYSTEM"}}, "roles"),
    ],
)
def test_refused(more: dict[str, Any], key: str) -> None:
    """What would weaken verification is refused, with the key at fault."""
    (found,) = problems(settings(**more))
    assert found.key == f"auth.issuers.main.{key}"


def test_all_at_once() -> None:
    """One message tells everything that is wrong, and nothing starts."""
    issuer = IssuerSettings(url="http://id.example", audience="", algorithms=("HS256",))
    wrong = AuthSettings(issuers={"a": issuer, "b": issuer})
    with pytest.raises(ConfigurationError) as caught:
        TokenVerifier(wrong)
    assert [problem.key for problem in caught.value.problems] == [
        "auth.issuers.a.url",
        "auth.issuers.a.audience",
        "auth.issuers.a.algorithms",
        "auth.issuers.b.url",
        "auth.issuers.b.audience",
        "auth.issuers.b.algorithms",
        "auth.issuers.b.url",
        "auth.customer_system",
        "auth.location_system",
    ]


def test_systems_only_where_needed() -> None:
    """An issuer that grants neither customers nor associates needs no system for their keys."""
    agents = IssuerSettings(url="https://id.example", audience="x", roles={"care": Role.AGENT})
    assert problems(AuthSettings(issuers={"staff": agents})) == []
    assert problems(AuthSettings()) == []


def test_unknown_keys() -> None:
    """A key that does not exist is refused rather than ignored."""
    misspelt: list[dict[str, Any]] = [
        {"issuer": {}},
        {"issuers": {"a": {**GOOD, "allow_insecur": True}}},
    ]
    for wrong in misspelt:
        with pytest.raises(msgspec.ValidationError, match="unknown field"):
            msgspec.convert(wrong, AuthSettings)
