"""Who asks, in which role, for which purpose, through which channel."""

from enum import Enum

from msgspec import Struct


class _Word(Enum):
    """A word that is part of many keys; members are single, so that each hashes as itself."""

    __hash__ = object.__hash__


class Role(_Word):
    """What a viewer is to the retailer.

    *Shape*: of several roles that a token names, the one that stands last here holds.
    """

    ANONYMOUS = "ANONYMOUS"
    CUSTOMER = "CUSTOMER"
    MERCHANDISER = "MERCHANDISER"
    MARKETER = "MARKETER"
    ASSOCIATE = "ASSOCIATE"
    AGENT = "AGENT"
    AGENT_LEAD = "AGENT_LEAD"
    PRIVACY_OFFICER = "PRIVACY_OFFICER"
    SYSTEM = "SYSTEM"


OUTSIDE = frozenset((Role.ANONYMOUS, Role.CUSTOMER))
"""Who does not work for the retailer: nothing of anybody else's can be theirs to see or change."""


class Purpose(_Word):
    """Why personal data is asked for (GDPR, article 5(1)(b))."""

    SHOPPING = "SHOPPING"
    ORDER_FULFILMENT = "ORDER_FULFILMENT"
    CUSTOMER_SERVICE = "CUSTOMER_SERVICE"
    RETURNS = "RETURNS"
    FRAUD_REVIEW = "FRAUD_REVIEW"
    MARKETING = "MARKETING"
    ANALYTICS = "ANALYTICS"
    PRIVACY_REQUEST = "PRIVACY_REQUEST"
    LEGAL = "LEGAL"


class Channel(_Word):
    """Where the retailer and the customer meet."""

    WEB = "WEB"
    APP = "APP"
    POS = "POS"
    AGENT = "AGENT"
    MARKETPLACE = "MARKETPLACE"
    KIOSK = "KIOSK"


class Viewer(Struct, frozen=True):
    """A caller as the token proves them.

    *Shape*: ``subject`` is the issuer and the token's ``sub``, which
    means somebody only together; ``customer`` the key of the viewer's own customer
    record, for customers; ``store`` the key of the one location an associate works in;
    ``purposes`` what the token lets them claim, the first being the default; ``channel`` what the
    client is registered as, where the token says so.
    """

    role: Role
    subject: str | None = None
    client: str | None = None
    customer: str | None = None
    store: str | None = None
    purposes: tuple[Purpose, ...] = (Purpose.SHOPPING,)
    channel: Channel | None = None

    @property
    def is_staff(self) -> bool:
        """Whether the viewer works for the retailer, as a person or a machine."""
        return self.role not in OUTSIDE


ANONYMOUS = Viewer(role=Role.ANONYMOUS)


def purposes_of(role: Role) -> tuple[Purpose, ...]:
    """Tell which purposes a role can ever state: any that a token may list, a guest its one."""
    return ANONYMOUS.purposes if role is Role.ANONYMOUS else tuple(Purpose)


class PolicyClass(Struct, frozen=True):
    """All of a viewer that a decision may rest on before any object is known.

    Two callers with equal classes get equal plans; it is part of every plan and cache key.
    """

    role: Role
    purpose: Purpose
