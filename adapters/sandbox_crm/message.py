"""What the CRM's answers look like, in its own words."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Generic, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import fields

from adapters._body import Whole
from adapters._outcome import Rejected
from adapters._row import Rows

T = TypeVar("T")


class Name(Struct, frozen=True, gc=False):
    """What a contact is called."""

    given: str
    family: str


class Email(Struct, frozen=True, gc=False):
    """An e-mail address."""

    address: str
    primary: bool


class Phone(Struct, frozen=True, gc=False):
    """A telephone number."""

    number: str
    primary: bool


class PostalAddress(Struct, frozen=True, gc=False, rename="camel"):
    """Where a contact gets post."""

    line1: str
    line2: str | None
    postal_code: str
    city: str
    country_code: str


class Consent(Struct, frozen=True, gc=False):
    """What a contact said to a purpose."""

    purpose: str
    state: str
    at: datetime
    source: str | None


class Reference(Struct, frozen=True, gc=False):
    """What another system calls the thing."""

    system: str
    id: str


class Contact(Struct, frozen=True, gc=False, rename="camel"):
    """A person; what was not asked for is not set."""

    id: str
    status: str | UnsetType = UNSET
    restricted: bool | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    emails: list[Email] | UnsetType = UNSET
    phones: list[Phone] | UnsetType = UNSET
    birth_date: date | UnsetType | None = UNSET
    locale: str | UnsetType | None = UNSET
    addresses: list[PostalAddress] | UnsetType = UNSET
    consents: list[Consent] | UnsetType = UNSET
    segments: list[str] | UnsetType = UNSET
    external_refs: list[Reference] | UnsetType = UNSET


# Which of a contact's fields hold an attribute of the customer's.
FIELDS = {
    "name": "name",
    "email": "emails",
    "other_emails": "emails",
    "phone": "phones",
    "other_phones": "phones",
    "birth_date": "birthDate",
    "language": "locale",
    "addresses": "addresses",
    "consents": "consents",
    "segments": "segments",
    "identities": "externalRefs",
    "is_blocked": "status",
    "is_restricted": "restricted",
}


class Found(Struct, frozen=True, gc=False):
    """Whom one criterion found."""

    ids: list[str]


class Matches(Struct, frozen=True, gc=False):
    """Whom each criterion found, in their order, and the contacts found by any."""

    data: list[Found]
    contacts: list[Contact]


class Balance(Struct, frozen=True, gc=False, rename="camel"):
    """What stands in an account."""

    points: Whole
    lifetime_points: Whole


class NextTier(Struct, frozen=True, gc=False):
    """The tier above, and from how many points it is reached."""

    code: str
    floor: Whole = msgspec.field(name="from")


class Tier(Struct, frozen=True, gc=False):
    """The tier reached, from how many points, and the one above."""

    code: str
    floor: Whole = msgspec.field(name="from")
    next: NextTier | None = None


class Account(Struct, frozen=True, gc=False, rename="camel"):
    """A loyalty account."""

    id: str
    contact_id: str
    card_number: str | None
    balance: Balance
    tier: Tier | None
    member_since: datetime


class Entry(Struct, frozen=True, gc=False):
    """A row of a ledger."""

    seq: Whole
    kind: str
    points: Whole
    at: datetime
    reference: Reference | None


class Ledger(Struct, frozen=True, gc=False, rename="camel"):
    """A page of an account's ledger, newest first; ``next`` is None at its end."""

    account_id: str
    entries: list[Entry]
    next: str | None


class Talk(Struct, frozen=True, gc=False):
    """A conversation; what was not asked for is not set."""

    id: str
    kind: str
    direction: str
    at: datetime
    topic: str
    subject: str | UnsetType = UNSET
    note: str | UnsetType = UNSET
    reference: Reference | UnsetType | None = UNSET


# What of a conversation is always asked for, and which other fields hold an attribute of it.
TALK = ("kind", "direction", "at", "topic")
TALK_FIELDS = {"subject": "subject", "text": "note", "order_key": "reference"}

_WIRE = {
    kind: tuple((each.name, each.encode_name) for each in fields(kind)) for kind in (Contact, Talk)
}


def check_told(record: Contact | Talk, asked: Collection[str] | None) -> None:
    """Hold a record against the fields it was asked for; None means all of them.

    *Errors*: ``ValueError`` for one that is missing.
    """
    for name, wire in _WIRE[type(record)]:
        if getattr(record, name) is UNSET and (asked is None or wire in asked):
            raise ValueError(f"'{wire}' was asked for, and is not there")


class Talks(Struct, frozen=True, gc=False, rename="camel"):
    """A page of a contact's conversations, newest first."""

    contact_id: str
    interactions: list[Talk]
    more: bool


class Data(Struct, Generic[T], frozen=True, gc=False):
    """Rows of one kind."""

    data: list[T]


_DATA = ("data",)
CONTACT_ROWS = (Rows(_DATA, ("id",)),)
MATCH_ROWS = (Rows(_DATA), Rows(("contacts",), ("id",)))
"""Whose a row of matches is, its place tells."""
ACCOUNT_ROWS = (Rows(_DATA, ("id", "contactId")),)
LEDGER_ROWS = (Rows(_DATA, ("accountId",), (Rows(("entries",), ("seq",), numbered=True),)),)
TALK_ROWS = (Rows(_DATA, ("contactId",), (Rows(("interactions",), ("id",)),)),)


class _Error(Struct, frozen=True, gc=False):
    code: str
    title: str


class _Errors(Struct, frozen=True, gc=False):
    errors: list[_Error]


def explain(answer: Rejected) -> str:
    """Read the CRM's form of an error into a sentence."""
    # The error's detail may repeat what was sent, which may be somebody's.
    errors = msgspec.json.decode(answer.body, type=_Errors).errors
    return ", ".join(f"{error.title} ({error.code})" for error in errors)
