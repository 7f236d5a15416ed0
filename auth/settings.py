"""Which identity providers are trusted, and with what."""

import ipaddress
import string
from urllib.parse import urlsplit

from msgspec import Struct, field

from domain.configuration import Problem
from domain.secret import Secret
from domain.viewer import Purpose, Role

# Signatures by key pairs only: with a shared secret the gateway could sign what it verifies, and
# an RSA key could be taken for one.
ALGORITHMS = (
    "ES256", "ES384", "ES512", "Ed25519",
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
)  # fmt: skip


def _roles() -> dict[str, Role]:
    return {
        "customer": Role.CUSTOMER,
        "associate": Role.ASSOCIATE,
        "agent": Role.AGENT,
        "agent_lead": Role.AGENT_LEAD,
        "merchandiser": Role.MERCHANDISER,
        "marketer": Role.MARKETER,
        "privacy_officer": Role.PRIVACY_OFFICER,
        "system": Role.SYSTEM,
    }


class IssuerSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One identity provider whose access tokens are accepted.

    *Shape*: ``url`` is the issuer exactly as its tokens and metadata write it; ``audience`` what
    its tokens must be for. ``jwks_uri`` is needed only where the provider has no OpenID discovery
    or keeps its keys on another host. ``roles`` translates the provider's words, compared without
    regard to case, and is all that this provider may grant. A claim's name may be a path through
    nested claims (``realm_access.roles``). ``purposes`` lists by client what it may claim, the
    first being its default, whoever uses it; a client that is not listed may claim what its
    token says, or the role's usual ones. ``allow_plain_type`` also accepts tokens of type
    ``JWT`` or none, for providers that do not follow RFC 9068; give them an audience of their
    own. ``allow_insecure`` accepts plain HTTP beyond this machine.
    """

    url: str
    audience: str
    algorithms: tuple[str, ...] = ("ES256", "RS256")
    jwks_uri: str | None = None
    allow_plain_type: bool = False
    allow_insecure: bool = False
    roles: dict[str, Role] = field(default_factory=_roles)
    purposes: dict[str, list[Purpose]] = field(default_factory=dict)
    roles_claim: str = "roles"
    purposes_claim: str = "purposes"
    channel_claim: str = "channel"
    client_claim: str = "client_id"
    customer_claim: str = "customer"
    store_claim: str = "store"


class AuthSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who may prove who they are, and how their claims become the gateway's keys.

    *Shape*: ``customer_system`` is the system whose customer ids the providers put into the
    customer claim: the viewer's customer key is ``<customer_system>:<claim>``;
    ``location_system`` likewise for the store claim. ``policy_file`` is the retailer's own policy
    table; the one in auth/ holds without it. ``pseudonym_key_env`` names the variable with the key
    that stand-ins for personal texts are made with; without it they change with every start.
    Without issuers everybody is anonymous.
    """

    issuers: dict[str, IssuerSettings] = field(default_factory=dict)
    customer_system: str | None = None
    location_system: str | None = None
    policy_file: str | None = None
    pseudonym_key_env: Secret | None = None


_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def folded(word: str) -> str:
    """Write a provider's word as words are compared: without regard to the case of ASCII letters.

    Some other letters fold to ASCII ones: a role of another name would be taken for ours.
    """
    return word.translate(_SMALL)


def origin(url: str) -> tuple[str, str, int | None]:
    """Tell scheme, host and port of a URL. *Errors*: ``ValueError`` where it has none."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError("no host")
    standard = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or standard


def is_safe(url: str, *, allow_insecure: bool) -> bool:
    """Whether a provider's URL may be called: HTTPS, or HTTP that is loopback or allowed."""
    try:
        parts = urlsplit(url)
        scheme, host, _ = origin(url)
    except ValueError:
        return False
    if parts.username is not None or parts.fragment or not url.isascii() or not url.isprintable():
        return False
    return scheme == "https" or (scheme == "http" and (allow_insecure or _is_loopback(host)))


def problems(settings: AuthSettings, prefix: str = "auth") -> list[Problem]:
    """Tell all that is wrong with the settings, beyond their form."""
    found: list[Problem] = []
    urls: dict[str, str] = {}
    for name, issuer in settings.issuers.items():
        key = f"{prefix}.issuers.{name}"
        found += _issuer_problems(key, issuer)
        if issuer.url in urls:
            allowed = f"one entry for each provider; {urls[issuer.url]} has this one already"
            found.append(Problem(f"{key}.url", issuer.url, allowed))
        urls.setdefault(issuer.url, key)
    granted = {role for issuer in settings.issuers.values() for role in issuer.roles.values()}
    for role, setting in (
        (Role.CUSTOMER, "customer_system"),
        (Role.ASSOCIATE, "location_system"),
    ):
        if role in granted and not getattr(settings, setting):
            allowed = f"a system's name, since an issuer grants role {role.value}"
            found.append(Problem(f"{prefix}.{setting}", "nothing", allowed))
    return found


def _issuer_problems(key: str, issuer: IssuerSettings) -> list[Problem]:
    found = []
    form = "an https:// URL; http:// on loopback, or with allow_insecure = true"
    if not is_safe(issuer.url, allow_insecure=issuer.allow_insecure) or "?" in issuer.url:
        found.append(Problem(f"{key}.url", issuer.url, f"{form}; no query, fragment or password"))
    uri = issuer.jwks_uri
    if uri is not None and not is_safe(uri, allow_insecure=issuer.allow_insecure):
        found.append(Problem(f"{key}.jwks_uri", uri, form))
    if not issuer.audience:
        found.append(Problem(f"{key}.audience", "nothing", "the audience its tokens are for"))
    unknown = [each for each in issuer.algorithms if each not in ALGORITHMS]
    if unknown or not issuer.algorithms:
        written = ", ".join(unknown) or "nothing"
        found.append(Problem(f"{key}.algorithms", written, ", ".join(ALGORITHMS)))
    for client, purposes in issuer.purposes.items():
        if not purposes:
            allowed = ", ".join(each.value for each in Purpose)
            found.append(Problem(f"{key}.purposes.{client}", "nothing", allowed))
    words: dict[str, Role] = {}
    for word, role in issuer.roles.items():
        if words.setdefault(folded(word), role) is not role:
            allowed = "one role for each word, whose case makes no difference"
            found.append(Problem(f"{key}.roles", f"{word} twice", allowed))
    if Role.ANONYMOUS in issuer.roles.values() or not issuer.roles:
        allowed = ", ".join(each.value for each in Role if each is not Role.ANONYMOUS)
        written = Role.ANONYMOUS.value if issuer.roles else "nothing"
        found.append(Problem(f"{key}.roles", written, allowed))
    return found


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
