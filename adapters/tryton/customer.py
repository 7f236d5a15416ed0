"""Customers out of Tryton's parties, their contact mechanisms and addresses."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from msgspec import UNSET, Struct, UnsetType

from adapters._row import readable
from adapters.tryton.record import identified, own_ids
from adapters.tryton.reference import References
from adapters.tryton.rpc import BY_ID, Reply, Rpc
from domain.ask import Ask
from domain.customer import MAX_MATCHES, Customer, PersonName, Trait, TraitKind
from domain.errors import Failure
from domain.location import Address
from domain.provenance import PROFILE, Provenance

T = TypeVar("T")

_CHUNK = 200
_MAX_TRAITS = 100
_MAX_TEXT = 100
_PHONES = ("mobile", "phone")

_MECHANISMS = ("contact_mechanisms.type", "contact_mechanisms.value")
_ADDRESSES = tuple(
    f"addresses.{name}" for name in ("street", "postal_code", "city", "country.code")
)
# What Tryton is asked for an attribute of a customer's. The main address and number it tells by
# themselves, all of them only together.
_FIELDS: Mapping[str, Sequence[str]] = {
    "number": ("code",),
    "name": ("name",),
    "email": ("email",),
    "phone": _PHONES,
    "other_emails": _MECHANISMS,
    "other_phones": _MECHANISMS,
    "language": ("lang.code",),
    "addresses": _ADDRESSES,
}
_SINGLE = frozenset({"email", *_PHONES})
_PART = {"lang": "language", "contact_mechanisms": "mechanisms"}
# What tells of a found party to which trait it belongs.
_FOUND_BY: Mapping[TraitKind, Sequence[str]] = {
    TraitKind.EMAIL: _MECHANISMS,
    TraitKind.PHONE: _MECHANISMS,
    TraitKind.NAME: ("name", *_ADDRESSES),
}


class _Language(Struct, frozen=True):
    code: str


class _Country(Struct, frozen=True):
    code: str | None


class _Address(Struct, frozen=True, rename={"country": "country."}):
    street: str | None
    postal_code: str | None
    city: str | None
    country: _Country | None


class _Mechanism(Struct, frozen=True):
    type: str
    value: str | None


class _Party(
    Struct,
    frozen=True,
    rename={
        "language": "lang.",
        "mechanisms": "contact_mechanisms.",
        "addresses": "addresses.",
    },
):
    """A party; what was not asked for is not set."""

    id: int
    code: str | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET
    mobile: str | UnsetType | None = UNSET
    phone: str | UnsetType | None = UNSET
    language: _Language | UnsetType | None = UNSET
    mechanisms: list[_Mechanism] | UnsetType = UNSET
    addresses: list[_Address] | UnsetType = UNSET
    categories: list[int] | UnsetType = UNSET


class Customers:
    """Reads parties; one call for up to 200.

    *Shape*: ``restricted`` is the party category of those whose processing is restricted.
    """

    def __init__(self, rpc: Rpc, references: References, restricted: int | None) -> None:
        self._rpc = rpc
        self._restricted = restricted
        self._references = references
        self._system = rpc.upstream.system

    async def by_key(
        self, keys: Sequence[str], ask: Ask, call: str
    ) -> Mapping[str, Customer | Failure]:
        """Read parties by their ids."""

        async def fetch(ids: Sequence[int]) -> list[tuple[str, Customer | Failure]]:
            return await self._read([["id", "in", ids]], len(ids), (), ask, call)

        chunks = await self._rpc.upstream.chunked(own_ids(keys, self._system), _CHUNK, fetch)
        return {f"{self._system}:{local}": found for chunk in chunks for local, found in chunk}

    async def by_trait(
        self, traits: Sequence[Trait], ask: Ask, call: str
    ) -> Mapping[Trait, Sequence[Customer] | Failure]:
        """Find parties by e-mail address, telephone number or name; one call for up to 100 traits.

        Tryton keeps no birthdays, and knows other systems' ids by no field of its own.
        """
        wanted = {trait: where for trait in traits if (where := _where(trait)) is not None}

        async def fetch(chunk: Sequence[Trait]) -> dict[Trait, Sequence[Customer] | Failure]:
            either = ["OR", *(wanted[trait] for trait in chunk)]
            beside = [name for kind in {each.kind for each in chunk} for name in _FOUND_BY[kind]]
            rows = await self._read(either, MAX_MATCHES * len(chunk), beside, ask, call)
            # Nobody can tell to which of the traits a party belongs that could not be read.
            damaged = [each for _, each in rows if isinstance(each, Failure)]
            whole = [each for _, each in rows if not isinstance(each, Failure)]
            found: dict[Trait, Sequence[Customer] | Failure] = {}
            for trait in chunk:
                some = [each for each in whole if _has(each, trait)][:MAX_MATCHES]
                found[trait] = readable([*some, *damaged], self._system, ask)
            return {trait: some for trait, some in found.items() if some}

        chunks = await self._rpc.upstream.chunked(list(wanted), _MAX_TRAITS, fetch)
        return {trait: found for chunk in chunks for trait, found in chunk.items()}

    async def _read(
        self, where: Sequence[object], limit: int, beside: Sequence[str], ask: Ask, call: str
    ) -> list[tuple[str, Customer | Failure]]:
        """Read of parties what was asked for and what is needed beside it, each with its id."""
        reference = await self._references.get(ask, call)
        fields = self._fields(ask, beside)
        rows = await self._rpc.search_read(
            "party.party",
            where,
            fields,
            limit,
            Reply[list[_Party]],
            ask,
            call,
            BY_ID,
            company=reference.company,
        )
        provenance = Provenance(self._system, datetime.now(UTC), PROFILE)
        parts = {_PART.get(part, part): part for part in (name.split(".")[0] for name in fields)}

        def customer(row: _Party) -> Customer:
            for attribute, part in parts.items():
                if getattr(row, attribute) is UNSET:
                    raise ValueError(f"'{part}' was asked for, and is not there")
            return self._customer(row, provenance)

        return identified(self._system, call, rows, customer)

    def _fields(self, ask: Ask, beside: Sequence[str]) -> list[str]:
        """Name the fields to ask for: no address or number by itself that comes with all of them.

        A list without any would be all there are.
        """
        asked = _FIELDS.keys() if ask.fields is None else ask.fields & _FIELDS.keys()
        found = dict.fromkeys([*beside, *(name for each in asked for name in _FIELDS[each])])
        names = [name for name in found if not (name in _SINGLE and _MECHANISMS[0] in found)]
        if self._restricted is not None:
            names.append("categories")
        return ["id", *sorted(names)]

    def _customer(self, row: _Party, provenance: Provenance) -> Customer:
        key = f"{self._system}:{row.id}"
        code, name, language = _told(row.code), _told(row.name), _told(row.language)
        mechanisms = _told(row.mechanisms)
        if mechanisms is None:
            given = (row.email, row.mobile, row.phone)
            kinds = ("email", *_PHONES)
            mechanisms = [_Mechanism(kind, _told(each)) for kind, each in zip(kinds, given)]
        emails = [each.value for each in mechanisms if each.type == "email" and each.value]
        phones = [
            each.value
            for kind in _PHONES
            for each in mechanisms
            if each.type == kind and each.value
        ]
        return Customer(
            key=key,
            number=code or str(row.id),
            name=_name(name) if name else None,
            email=emails[0] if emails else None,
            phone=phones[0] if phones else None,
            language=language.code.replace("_", "-") if language else None,
            addresses=tuple(map(_address, _told(row.addresses) or ())),
            identities=(key,),
            other_emails=tuple(emails[1:]),
            other_phones=tuple(phones[1:]),
            is_restricted=self._restricted in (_told(row.categories) or ()),
            provenance=provenance,
        )


def _told(value: T | UnsetType) -> T | None:
    return None if isinstance(value, UnsetType) else value


def _name(name: str) -> PersonName:
    # A party's name is one text, also a company's: which part of it is whose is not told.
    return PersonName(" ".join(name.split()))


def _address(row: _Address) -> Address:
    lines = (line.strip() for line in (row.street or "").splitlines())
    return Address(
        lines=tuple(line for line in lines if line),
        postal_code=row.postal_code,
        city=row.city,
        country=row.country.code if row.country is not None else None,
    )


def _where(trait: Trait) -> list[object] | None:
    """Say what Tryton is asked for a trait; None where it can know nobody by it."""
    value = trait.value.strip()
    if not 0 < len(value) <= _MAX_TEXT or not value.isprintable():
        return None
    if trait.kind is TraitKind.EMAIL:
        return [["contact_mechanisms.value", "ilike", _literal(value)]]
    if trait.kind is TraitKind.PHONE and (digits := _digits(value)):
        forms = [f"+{digits}", f"00{digits}", digits]
        return [["contact_mechanisms.value_compact", "in", forms]]
    if trait.kind is TraitKind.NAME:
        words = [*value.split(), *(trait.given or "").split()]
        where: list[object] = [["name", "ilike", f"%{_literal(word)}%"] for word in words]
        if trait.postal_code:
            where.append(["addresses.postal_code", "=", trait.postal_code])
        return where
    return None


def _has(customer: Customer, trait: Trait) -> bool:
    """Tell whose row it was: Tryton's answer to several questions does not say to which."""
    if trait.kind is TraitKind.EMAIL:
        mails = (customer.email, *customer.other_emails)
        return trait.value.strip().casefold() in {mail.casefold() for mail in mails if mail}
    if trait.kind is TraitKind.PHONE:
        phones = (customer.phone, *customer.other_phones)
        return _digits(trait.value) in {_digits(phone) for phone in phones if phone}
    words = [_plain(word) for word in (*trait.value.split(), *(trait.given or "").split())]
    name = _plain(customer.name.full) if customer.name else ""
    codes = {address.postal_code for address in customer.addresses}
    return all(word in name for word in words) and trait.postal_code in {None, *codes}


def _literal(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text)).lstrip("0")


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in folded if not unicodedata.combining(sign))
