"""Customers out of Tryton's parties, their contact mechanisms and addresses."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from adapters._row import readable
from adapters.tryton.record import identified, own_ids
from adapters.tryton.reference import References
from adapters.tryton.rpc import BY_ID, Reply, Rpc
from domain.ask import Ask
from domain.customer import MAX_MATCHES, Customer, PersonName, Trait, TraitKind
from domain.errors import Failure
from domain.location import Address
from domain.provenance import PROFILE, Provenance

_CHUNK = 200
_MAX_TRAITS = 100
_MAX_TEXT = 100
_PHONES = ("mobile", "phone")

_FIELDS = (
    *("code", "name", "lang.code"),
    *("contact_mechanisms.type", "contact_mechanisms.value"),
    *("addresses.street", "addresses.postal_code", "addresses.city", "addresses.country.code"),
)


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
    id: int
    code: str | None
    name: str | None
    language: _Language | None
    mechanisms: list[_Mechanism]
    addresses: list[_Address]


class Customers:
    """Reads parties; one call for up to 200."""

    def __init__(self, rpc: Rpc, references: References) -> None:
        self._rpc = rpc
        self._references = references
        self._system = rpc.upstream.system

    async def by_key(
        self, keys: Sequence[str], ask: Ask, call: str
    ) -> Mapping[str, Customer | Failure]:
        """Read parties by their ids."""

        async def fetch(ids: Sequence[int]) -> list[tuple[str, Customer | Failure]]:
            return await self._read([["id", "in", ids]], len(ids), ask, call)

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
            rows = await self._read(either, MAX_MATCHES * len(chunk), ask, call)
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
        self, where: Sequence[object], limit: int, ask: Ask, call: str
    ) -> list[tuple[str, Customer | Failure]]:
        """Read parties, each with its id."""
        reference = await self._references.get(ask, call)
        rows = await self._rpc.search_read(
            "party.party",
            where,
            _FIELDS,
            limit,
            Reply[list[_Party]],
            ask,
            call,
            BY_ID,
            company=reference.company,
        )
        provenance = Provenance(self._system, datetime.now(UTC), PROFILE)
        return identified(self._system, call, rows, lambda row: self._customer(row, provenance))

    def _customer(self, row: _Party, provenance: Provenance) -> Customer:
        key = f"{self._system}:{row.id}"
        emails = [each.value for each in row.mechanisms if each.type == "email" and each.value]
        phones = [
            each.value
            for kind in _PHONES
            for each in row.mechanisms
            if each.type == kind and each.value
        ]
        return Customer(
            key=key,
            number=row.code or str(row.id),
            name=_name(row.name) if row.name else None,
            email=emails[0] if emails else None,
            phone=phones[0] if phones else None,
            language=row.language.code.replace("_", "-") if row.language else None,
            addresses=tuple(map(_address, row.addresses)),
            identities=(key,),
            other_emails=tuple(emails[1:]),
            other_phones=tuple(phones[1:]),
            provenance=provenance,
        )


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
