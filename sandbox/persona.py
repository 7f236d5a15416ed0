"""Who the documentation and the tests speak of; the ids hold at every scale."""

from typing import NamedTuple

CUSTOMER_INDEX = 42
CUSTOMER_CONTACT = "C-000042"
CUSTOMER_KUNNR = "0002064004"
CUSTOMER_CARD = "2990000144959"
CUSTOMER_ORDERS = 12
CUSTOMER_RECEIPTS = 1
NEIGHBOUR_INDEX = 7
NEIGHBOUR_CONTACT = "C-000007"
NEIGHBOUR_KUNNR = "0002086848"
RESTRICTED_INDEX = 24
RESTRICTED_CONTACT = "C-000024"
ASSOCIATE_STORE = "WAW1"

GATEWAY_AUDIENCE = "commerce-gateway"
CRM_AUDIENCE = "sandbox-crm"
CRM_SCOPE = "crm"

MASTER_KEY = "c2FuZGJveC1vbmx5LW5ldmVyLWluLXByb2R1Y3Rpb24="
"""What a gateway beside the sandbox seals its own store with, where it is given no key."""


class Persona(NamedTuple):
    """A client of the identity provider with the claims its tokens carry.

    *Shape*: it gets tokens for itself by its secret; a person besides by signing in to an
    application of `APPLICATIONS`. `audience` is the system that the tokens are for.
    """

    name: str
    subject: str
    roles: tuple[str, ...]
    scope: str
    store: str | None = None
    customer: str | None = None
    audience: str = GATEWAY_AUDIENCE

    @property
    def client_id(self) -> str:
        return f"sandbox-{self.name}"

    @property
    def client_secret(self) -> str:
        """The secret; good for nothing outside the sandbox."""
        return f"sandbox-{self.name}-secret"


APPLICATIONS = ("sandbox-shop", "sandbox-desk")
"""Public clients to which persons sign in: the web shop and the desk of the contact centre."""

_STAFF = "catalogue:read stock:read customer:read order:read"
_SHELF = "catalogue:read stock:read"

PERSONAS = {
    persona.name: persona
    for persona in (
        Persona(
            "customer",
            "user-customer-0042",
            ("customer",),
            "catalogue:read profile:read order:read",
            customer=CUSTOMER_CONTACT,
        ),
        Persona(
            "neighbour",
            "user-customer-0007",
            ("customer",),
            "catalogue:read profile:read order:read",
            customer=NEIGHBOUR_CONTACT,
        ),
        Persona(
            "restricted",
            "user-customer-0024",
            ("customer",),
            "catalogue:read profile:read order:read",
            customer=RESTRICTED_CONTACT,
        ),
        Persona("associate", "user-associate-0001", ("associate",), _STAFF, store=ASSOCIATE_STORE),
        Persona("agent", "user-agent-0001", ("agent",), _STAFF),
        Persona("colleague", "user-agent-0002", ("agent",), _STAFF),
        Persona("lead", "user-lead-0001", ("agent_lead",), _STAFF),
        Persona("officer", "user-officer-0001", ("privacy_officer",), _STAFF),
        Persona("merchandiser", "user-merchandiser-0001", ("merchandiser",), _SHELF),
        Persona("marketer", "user-marketer-0001", ("marketer",), _SHELF),
        Persona("system", "machine-0001", ("system",), _SHELF),
    )
}

GATEWAY = Persona("gateway", "machine-gateway", (), CRM_SCOPE, audience=CRM_AUDIENCE)
"""The gateway itself, as a client of the CRM."""
