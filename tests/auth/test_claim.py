"""What a token's claims make of its bearer."""

from typing import Any

import pytest

from auth.claim import ClaimReader
from auth.errors import TokenRefused
from auth.settings import AuthSettings, IssuerSettings
from domain.viewer import Channel, Purpose, Role, Viewer

ISSUER = IssuerSettings(url="https://id.example", audience="gateway")
NESTED = IssuerSettings(
    url="https://id.example",
    audience="gateway",
    roles={"Store Staff": Role.ASSOCIATE, "care": Role.AGENT},
    roles_claim="realm_access.roles",
    client_claim="azp",
    customer_claim="https://shop.example/customer",
    store_claim="site",
)
SERVICE = (Purpose.CUSTOMER_SERVICE, Purpose.ORDER_FULFILMENT, Purpose.RETURNS)


def read(issuer: IssuerSettings = ISSUER, **claims: Any) -> Viewer:
    settings = AuthSettings(customer_system="crm", location_system="wms")
    return ClaimReader(settings, issuer).viewer({"sub": "user-1", **claims})


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"roles": ["agent"]}, Role.AGENT),
        ({"roles": ["AGENT"]}, Role.AGENT),
        ({"roles": "agent"}, Role.AGENT),
        ({"roles": "offline_access agent"}, Role.AGENT),
        ({"roles": ["customer", "system", "agent"]}, Role.SYSTEM),
        ({"roles": ["unheard-of", "agent"]}, Role.AGENT),
        ({"roles": ["associate"], "store": "WAW1"}, Role.ASSOCIATE),
        ({"roles": ["customer"]}, Role.CUSTOMER),
        ({"customer": "C-1"}, Role.CUSTOMER),
        ({"roles": [], "customer": "C-1"}, Role.CUSTOMER),
        ({"roles": ["unheard-of"], "customer": "C-1"}, Role.CUSTOMER),
    ],
)
def test_role(claims: dict[str, Any], role: Role) -> None:
    """The role is the highest known one; without any, a customer claim makes a customer."""
    assert read(**claims).role is role


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"roles": None},
        {"roles": []},
        {"roles": ["unheard-of"]},
        {"roles": ["anonymous"]},
        {"roles": ["\u017fystem"]},
        {"roles": ["mar\u212aeter"]},
        {"roles": ["agent"], "purposes": ["\u017fhopping"]},
        {"roles": 1},
        {"roles": {"agent": True}},
        {"roles": ["agent", 1]},
        {"roles": ["agent"] * 501},
        {"roles": ["associate"]},
        {"roles": ["associate"], "store": ""},
        {"roles": ["agent"], "store": 5},
        {"roles": ["agent"], "customer": ["C-1", "C-2"]},
        {"roles": ["agent"], "customer": "C-1\nC-2"},
        {"roles": ["agent"], "customer": "C" * 257},
        {"roles": ["agent"], "purposes": []},
        {"roles": ["agent"], "purposes": ["CURIOSITY"]},
        {"roles": ["agent"], "purposes": {"RETURNS": True}},
        {"roles": ["agent"], "channel": "CARRIER_PIGEON"},
        {"roles": ["agent"], "channel": ["WEB"]},
        {"roles": ["agent"], "client_id": 7},
        {"roles": ["agent"], "sub": "user\u202e1"},
        {"roles": ["agent"], "sub": "user\ud800"},
    ],
)
def test_unclear_claims_are_refused(claims: dict[str, Any]) -> None:
    """A claim that cannot be understood is never guessed, and never left out to widen a right."""
    with pytest.raises(TokenRefused):
        read(**claims)


def test_keys() -> None:
    """Customer and store become keys of the configured systems, for those whose they are."""
    customer = read(customer="C-000042", store="WAW1", client_id="shop", channel="app")
    assert customer == Viewer(
        role=Role.CUSTOMER,
        subject=f"{ISSUER.url} user-1",
        client="shop",
        customer="crm:C-000042",
        purposes=(Purpose.SHOPPING, Purpose.RETURNS, Purpose.PRIVACY_REQUEST),
        channel=Channel.APP,
    )
    associate = read(roles=["associate"], store="WAW1", customer="C-000042")
    assert associate == Viewer(
        role=Role.ASSOCIATE, subject=f"{ISSUER.url} user-1", store="wms:WAW1", purposes=SERVICE
    )
    assert read(roles=["agent"], store="WAW1").store == "wms:WAW1"


def test_whose_token() -> None:
    """One name given by two issuers is two persons: neither has the other's cases or tries."""
    other = IssuerSettings(url="https://other.example.com", audience="gateway")
    ours, theirs = read(roles=["agent"]), read(other, roles=["agent"])
    assert (ours.subject, theirs.subject) == (f"{ISSUER.url} user-1", f"{other.url} user-1")
    machine = read(roles=["system"], sub="key:1")
    assert machine.subject != "key:1"


def test_purposes() -> None:
    """The token's purposes hold, in its order, the first being the default; unknown ones do not."""
    found = read(roles=["agent"], purposes=["legal", "CURIOSITY", "RETURNS", "LEGAL"])
    assert found.purposes == (Purpose.LEGAL, Purpose.RETURNS)
    assert read(roles=["agent"], purposes="FRAUD_REVIEW").purposes == (Purpose.FRAUD_REVIEW,)
    assert read(roles=["agent"]).purposes == SERVICE


def test_purposes_of_a_client() -> None:
    """A client claims none but its own purposes, whatever its tokens say; others are as ever, but
    for a token that names no client."""
    desk = IssuerSettings(
        url="https://id.example.com",
        audience="gateway",
        purposes={"desk": [Purpose.FRAUD_REVIEW, Purpose.CUSTOMER_SERVICE]},
    )
    agent = {"roles": ["agent"]}
    both = (Purpose.FRAUD_REVIEW, Purpose.CUSTOMER_SERVICE)
    assert read(desk, **agent, client_id="desk").purposes == both
    said = read(desk, **agent, client_id="desk", purposes=["LEGAL", "CUSTOMER_SERVICE"])
    assert said.purposes == (Purpose.CUSTOMER_SERVICE,)
    with pytest.raises(TokenRefused):
        read(desk, **agent, client_id="desk", purposes=["LEGAL"])
    assert read(desk, **agent, client_id="other").purposes == SERVICE
    # Of a token that does not say whose it is nothing is guessed.
    with pytest.raises(TokenRefused):
        read(desk, **agent)


def test_other_names() -> None:
    """A provider with its own names for claims and roles is understood through its settings."""
    found = read(
        NESTED,
        realm_access={"roles": ["STORE STAFF", "system"]},
        azp="till",
        site="KRK1",
        roles=["system"],
    )
    assert (found.role, found.client, found.store) == (Role.ASSOCIATE, "till", "wms:KRK1")


@pytest.mark.parametrize(
    "claims",
    [
        {"https://shop.example/customer": "C-1"},
        {"realm_access": {"roles": ["system"]}},
        {"realm_access": ["care"]},
        {"realm_access.roles.x": ["care"]},
    ],
)
def test_an_issuer_grants_only_its_roles(claims: dict[str, Any]) -> None:
    """A provider that may not grant a role cannot, neither by name nor by a customer claim."""
    with pytest.raises(TokenRefused):
        read(NESTED, **claims)


def test_a_customer_of_no_system() -> None:
    """Without a customer system a customer claim names nobody."""
    with pytest.raises(TokenRefused):
        ClaimReader(AuthSettings(), ISSUER).viewer({"sub": "user-1", "customer": "C-1"})
