"""The CRM's words into the domain's.

Every function here raises ``ValueError`` or ``LookupError`` for data that makes no sense.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TypeVar

from msgspec import UnsetType

from adapters.sandbox_crm import message
from domain.consent import Consent, ConsentPurpose, ConsentState
from domain.customer import Customer, PersonName
from domain.identity import external_id
from domain.interaction import Direction, Interaction, InteractionKind
from domain.location import Address
from domain.loyalty import (
    LoyaltyAccount,
    LoyaltyEntry,
    LoyaltyEntryKind,
    TierProgress,
    tier_progress,
)
from domain.provenance import Provenance
from domain.viewer import Channel

T = TypeVar("T")

# Longer than any id of the CRM: what a caller sends beyond it is nobody's.
MAX_ID = 40
# What the CRM takes at once.
MAX_BATCH = 100

_TIERS = MappingProxyType({"BRZ": "BRONZE", "SLV": "SILVER", "GLD": "GOLD", "PLT": "PLATINUM"})
_PURPOSES = MappingProxyType(
    {
        "marketing_email": ConsentPurpose.MARKETING_EMAIL,
        "marketing_sms": ConsentPurpose.MARKETING_SMS,
        "profiling": ConsentPurpose.PROFILING,
        "partners": ConsentPurpose.PARTNERS,
    }
)
_STATES = MappingProxyType(
    {
        "granted": ConsentState.GRANTED,
        "refused": ConsentState.REFUSED,
        "withdrawn": ConsentState.WITHDRAWN,
    }
)
_BLOCKED = MappingProxyType({"active": False, "blocked": True})
_SOURCES = MappingProxyType({"web": Channel.WEB, "app": Channel.APP, "pos": Channel.POS})
_ENTRIES = MappingProxyType(
    {
        "welcome": LoyaltyEntryKind.EARN,
        "earn": LoyaltyEntryKind.EARN,
        "redeem": LoyaltyEntryKind.REDEEM,
        "expire": LoyaltyEntryKind.EXPIRE,
        "adjust": LoyaltyEntryKind.ADJUST,
    }
)
_TALKS = MappingProxyType(
    {
        "call": InteractionKind.CALL,
        "chat": InteractionKind.CHAT,
        "mail": InteractionKind.EMAIL,
        "visit": InteractionKind.VISIT,
    }
)
_DIRECTIONS = MappingProxyType({"in": Direction.INBOUND, "out": Direction.OUTBOUND})


def own_ids(keys: Sequence[str], system: str) -> list[str]:
    """The CRM's ids among the keys; keys of other systems are not the CRM's to see."""
    own = [found.id for found in map(external_id, keys) if found.system == system]
    return [local for local in own if 0 < len(local) <= MAX_ID]


class Reader:
    """Translates for one system, whose references to others read as ``systems`` says."""

    def __init__(self, system: str, systems: Mapping[str, str]) -> None:
        self._system = system
        self._systems = systems

    def key(self, local: str) -> str:
        """The gateway's key for an id of the CRM."""
        if not 0 < len(local) <= MAX_ID:
            raise ValueError("an id is empty or too long")
        return f"{self._system}:{local}"

    def customer(
        self, contact: message.Contact, provenance: Provenance, asked: Collection[str] | None
    ) -> Customer:
        """A contact as a customer, of which these fields were asked for; all where None."""
        message.check_told(contact, asked)
        key, name, status = self.key(contact.id), _said(contact.name), _said(contact.status)
        emails, phones = _said(contact.emails) or (), _said(contact.phones) or ()
        locale = _said(contact.locale)
        email = _first([each.address for each in emails if each.primary])
        phone = _first([each.number for each in phones if each.primary])
        linked = [self._reference(each) for each in _said(contact.external_refs) or ()]
        return Customer(
            key=key,
            number=contact.id,
            name=PersonName(f"{name.given} {name.family}".strip(), name.given, name.family)
            if name is not None
            else None,
            email=email,
            phone=phone,
            birth_date=_said(contact.birth_date),
            language=locale.replace("_", "-") if locale else None,
            addresses=tuple(map(_address, _said(contact.addresses) or ())),
            consents=tuple(map(_consent, _said(contact.consents) or ())),
            segments=tuple(_said(contact.segments) or ()),
            is_restricted=_said(contact.restricted) or False,
            is_blocked=None if status is None else _BLOCKED[status],
            identities=(key, *(each for each in linked if each is not None)),
            other_emails=tuple(e.address for e in emails if e.address != email),
            other_phones=tuple(p.number for p in phones if p.number != phone),
            provenance=provenance,
        )

    def account(self, account: message.Account, provenance: Provenance) -> LoyaltyAccount:
        """A loyalty account."""
        tier = account.tier
        return LoyaltyAccount(
            key=self.key(account.id),
            customer_key=self.key(account.contact_id),
            number=account.card_number or account.id,
            points=account.balance.points,
            lifetime_points=account.balance.lifetime_points,
            tier=_TIERS.get(tier.code, tier.code) if tier else None,
            progress=_progress(account.balance.lifetime_points, tier) if tier else None,
            member_since=_moment(account.member_since),
            provenance=provenance,
        )

    def entry(self, account: str, entry: message.Entry, provenance: Provenance) -> LoyaltyEntry:
        """A row of an account's ledger."""
        return LoyaltyEntry(
            key=f"{self.key(account)}:{entry.seq}",
            kind=_ENTRIES[entry.kind],
            points=entry.points,
            at=_moment(entry.at),
            order_key=self._reference(entry.reference) if entry.reference else None,
            provenance=provenance,
        )

    def interaction(
        self,
        contact: str,
        talk: message.Talk,
        provenance: Provenance,
        asked: Collection[str] | None,
    ) -> Interaction:
        """A conversation, of which these fields were asked for; all where None."""
        message.check_told(talk, asked)
        reference = _said(talk.reference)
        return Interaction(
            key=self.key(talk.id),
            customer_key=self.key(contact),
            kind=_TALKS[talk.kind],
            direction=_DIRECTIONS[talk.direction],
            at=_moment(talk.at),
            topic=talk.topic,
            subject=_said(talk.subject),
            text=_said(talk.note),
            order_key=self._reference(reference) if reference else None,
            provenance=provenance,
        )

    def _reference(self, reference: message.Reference) -> str | None:
        """The key of what another system has; None where the gateway does not know the system."""
        if not 0 < len(reference.id) <= MAX_ID:
            raise ValueError("an id of another system is empty or too long")
        system = self._systems.get(reference.system)
        return f"{system}:{reference.id}" if system is not None else None


def _said(value: T | UnsetType) -> T | None:
    return None if isinstance(value, UnsetType) else value


def _progress(reached: int, tier: message.Tier) -> TierProgress | None:
    if tier.next is None:
        return None
    code = tier.next.code
    return tier_progress(reached, tier.floor, _TIERS.get(code, code), tier.next.floor)


def _consent(consent: message.Consent) -> Consent:
    return Consent(
        _PURPOSES[consent.purpose],
        _STATES[consent.state],
        _moment(consent.at),
        _SOURCES.get(consent.source) if consent.source else None,
    )


def _moment(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time says nothing of its offset")
    return moment.astimezone(UTC)


def _address(address: message.PostalAddress) -> Address:
    return Address(
        lines=tuple(line for line in (address.line1, address.line2) if line),
        postal_code=address.postal_code,
        city=address.city,
        country=address.country_code,
    )


def _first(texts: Sequence[str]) -> str | None:
    return texts[0] if texts else None
