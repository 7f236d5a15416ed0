"""How the CRM writes contacts, loyalty accounts and conversations."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.contact import Contact
from sandbox.interaction import Interaction
from sandbox.loyalty import TIERS, Account, Entry

_ZONE = ZoneInfo("Europe/Warsaw")


def contact_record(contact: Contact) -> dict[str, Any]:
    """The contact with addresses, consents and what other systems know it by."""
    person = contact.person
    emails = [{"address": person.email, "primary": True, "verified": True}]
    if person.other_email:
        emails.append({"address": person.other_email, "primary": False, "verified": False})
    phones = [{"number": person.phone, "kind": "mobile", "primary": True}] if person.phone else []
    refs = [{"system": "ERP", "type": "KUNNR", "id": contact.kunnr}] if contact.kunnr else []
    if contact.card:
        refs.append({"system": "POS", "type": "CARD", "id": contact.card})
    return {
        "id": contact.id,
        "status": contact.status,
        "restricted": contact.restricted,
        "name": {"given": person.given, "family": person.family},
        "emails": emails,
        "phones": phones,
        "birthDate": person.birth.isoformat() if person.birth else None,
        "locale": contact.locale,
        "addresses": [
            {
                "kind": address.kind,
                "line1": address.street,
                "line2": None,
                "postalCode": address.postcode,
                "city": address.city,
                "countryCode": address.country,
            }
            for address in contact.addresses
        ],
        "consents": [
            {
                "purpose": consent.purpose,
                "state": consent.state,
                "at": _iso(consent.at),
                "source": consent.source,
            }
            for consent in contact.consents
        ],
        "segments": list(contact.segments),
        "externalRefs": refs,
        "createdAt": _iso(contact.created),
        "updatedAt": _iso(contact.updated),
    }


def account_record(account: Account) -> dict[str, Any]:
    """The loyalty account, its tier, and the tier that comes next."""
    following = next(((least, name) for least, name in TIERS if least > account.lifetime), None)
    return {
        "id": account.id,
        "contactId": account.contact.id,
        "cardNumber": account.contact.card,
        "balance": {"points": account.points, "lifetimePoints": account.lifetime},
        "tier": {
            "code": account.tier,
            "from": next(least for least, name in TIERS if name == account.tier),
            "next": {"code": following[1], "from": following[0]} if following else None,
        },
        "memberSince": _iso(account.joined),
        "updatedAt": _iso(account.entries[-1].at),
    }


def entry_record(entry: Entry) -> dict[str, Any]:
    """A row of a ledger."""
    return {
        "seq": entry.number,
        "kind": entry.kind,
        "points": entry.points,
        "at": _iso(entry.at),
        "reference": {"system": "ERP", "type": "VBELN", "id": entry.order} if entry.order else None,
    }


def interaction_record(talk: Interaction) -> dict[str, Any]:
    """A conversation."""
    order = {"system": "ERP", "type": "VBELN", "id": talk.order} if talk.order else None
    return {
        "id": talk.id,
        "kind": talk.kind,
        "direction": talk.direction,
        "at": _iso(talk.at),
        "topic": talk.topic,
        "subject": talk.subject,
        "note": talk.text,
        "user": talk.agent,
        "reference": order,
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(_ZONE).isoformat(timespec="seconds")
