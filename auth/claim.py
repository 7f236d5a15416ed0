"""What a verified token's claims make of its bearer."""

from collections.abc import Mapping

from auth.errors import TokenRefused
from auth.settings import AuthSettings, IssuerSettings, folded
from domain.identity import ExternalId
from domain.viewer import Channel, Purpose, Role, Viewer

_MAX_TEXT = 256
_MAX_LIST = 500

_DEFAULT_PURPOSES = {
    Role.CUSTOMER: (Purpose.SHOPPING, Purpose.RETURNS, Purpose.PRIVACY_REQUEST),
    Role.ASSOCIATE: (Purpose.CUSTOMER_SERVICE, Purpose.ORDER_FULFILMENT, Purpose.RETURNS),
    Role.AGENT: (Purpose.CUSTOMER_SERVICE, Purpose.ORDER_FULFILMENT, Purpose.RETURNS),
    Role.AGENT_LEAD: (
        Purpose.CUSTOMER_SERVICE,
        Purpose.ORDER_FULFILMENT,
        Purpose.RETURNS,
        Purpose.FRAUD_REVIEW,
    ),
    Role.MERCHANDISER: (Purpose.SHOPPING, Purpose.ANALYTICS),
    Role.MARKETER: (Purpose.MARKETING, Purpose.ANALYTICS),
    Role.PRIVACY_OFFICER: (Purpose.PRIVACY_REQUEST, Purpose.LEGAL),
    Role.SYSTEM: (Purpose.ORDER_FULFILMENT, Purpose.CUSTOMER_SERVICE, Purpose.RETURNS),
}
_RANK = {role: rank for rank, role in enumerate(Role)}
_PURPOSES = {folded(purpose.value): purpose for purpose in Purpose}
_CHANNELS = {folded(channel.value): channel for channel in Channel}


class ClaimReader:
    """Reads the claims of one issuer's tokens; what a claim says unclearly is never guessed.

    *Shape*: the role is the highest that the issuer's settings know; with none, a token with a
    customer claim is a customer's, and any other is refused. An associate's token must name the
    store. Purposes are those the token lists; where it has no such claim the client's, or else the
    role's usual ones. A client of the issuer's settings has none but its own, in their order; where
    there are such, a token that names no client is refused.
    """

    def __init__(self, settings: AuthSettings, issuer: IssuerSettings) -> None:
        self._settings = settings
        self._issuer = issuer
        self._roles = {folded(word): role for word, role in issuer.roles.items()}

    def viewer(self, claims: Mapping[str, object]) -> Viewer:
        """Make the viewer. *Errors*: ``TokenRefused``."""
        issuer = self._issuer
        customer = self._key(claims, issuer.customer_claim, self._settings.customer_system)
        store = self._key(claims, issuer.store_claim, self._settings.location_system)
        role = self._role(claims, customer)
        if role is Role.ASSOCIATE and store is None:
            raise TokenRefused("an associate's token names no store")
        client = _text(claims, issuer.client_claim)
        return Viewer(
            role=role,
            subject=self._subject(claims),
            client=client,
            customer=customer if role is Role.CUSTOMER else None,
            store=store if role is not Role.CUSTOMER else None,
            purposes=self._purposes(claims, role, client),
            channel=self._channel(claims),
        )

    def _subject(self, claims: Mapping[str, object]) -> str | None:
        """Tell whose token it is: each issuer counts its own, and two may use one name."""
        found = _text(claims, "sub")
        return None if found is None else f"{self._issuer.url} {found}"

    def _key(self, claims: Mapping[str, object], name: str, system: str | None) -> str | None:
        local = _text(claims, name)
        return ExternalId(system, local).key if local is not None and system is not None else None

    def _role(self, claims: Mapping[str, object], customer: str | None) -> Role:
        words = _words(claims, self._issuer.roles_claim) or ()
        known = [role for word in words if (role := self._roles.get(folded(word)))]
        if known:
            return max(known, key=_RANK.__getitem__)
        if customer is not None and Role.CUSTOMER in self._roles.values():
            return Role.CUSTOMER
        raise TokenRefused("no role that this issuer may grant")

    def _purposes(
        self, claims: Mapping[str, object], role: Role, client: str | None
    ) -> tuple[Purpose, ...]:
        words = _words(claims, self._issuer.purposes_claim)
        if client is None and self._issuer.purposes:
            # Whose purposes they are cannot be told; the claim may bear another name.
            raise TokenRefused("no client, of which its issuer's purposes are told")
        own = self._issuer.purposes.get(client) if client is not None else None
        if words is None:
            return tuple(own) if own is not None else _DEFAULT_PURPOSES[role]
        known = (_PURPOSES.get(folded(word)) for word in words)
        found = {purpose: None for purpose in known if purpose is not None}
        if not found:
            raise TokenRefused("no known purpose in its purposes claim")
        if own is None:
            return tuple(found)
        both = tuple(purpose for purpose in own if purpose in found)
        if not both:
            raise TokenRefused("no purpose that its client may claim")
        return both

    def _channel(self, claims: Mapping[str, object]) -> Channel | None:
        word = _text(claims, self._issuer.channel_claim)
        if word is None:
            return None
        channel = _CHANNELS.get(folded(word))
        if channel is None:
            # It would narrow what the viewer may say, so leaving it out would widen that.
            raise TokenRefused("an unknown channel in its channel claim")
        return channel


def _claim(claims: Mapping[str, object], name: str) -> object:
    """Find a claim by its name, or else by its path; names with dots are common too."""
    if name in claims:
        return claims[name]
    found: object = claims
    for step in name.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(step)
    return found


def _text(claims: Mapping[str, object], name: str) -> str | None:
    found = _claim(claims, name)
    if found is None:
        return None
    if not isinstance(found, str) or not 0 < len(found) <= _MAX_TEXT or not found.isprintable():
        raise TokenRefused(f"claim {name} is not a text of 1 to {_MAX_TEXT} characters")
    return found


def _words(claims: Mapping[str, object], name: str) -> list[str] | None:
    """Read a claim that is a list of words, or one text with spaces between them."""
    found = _claim(claims, name)
    if found is None:
        return None
    words = found.split() if isinstance(found, str) else found
    if not isinstance(words, list) or len(words) > _MAX_LIST:
        raise TokenRefused(f"claim {name} is not a list of at most {_MAX_LIST} words")
    if not all(isinstance(word, str) for word in words):
        raise TokenRefused(f"claim {name} holds something else than words")
    return words
