"""Customers out of Tryton's parties, their contact mechanisms and addresses."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from adapters.tryton.record import own_ids
from adapters.tryton.reference import References
from adapters.tryton.rpc import Reply, Rpc
from domain.ask import Ask
from domain.customer import MAX_MATCHES, Customer, PersonName, Trait, TraitKind
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

    async def by_key(self, keys: Sequence[str], ask: Ask, call: str) -> Mapping[str, Customer]:
        """Read parties by their ids."""

        async def fetch(ids: Sequence[int]) -> list[Customer]:
            rows = await self._read([["id", "in", ids]], len(ids), ask, call)
            return self._customers(rows, call)

        chunks = await self._rpc.upstream.chunked(own_ids(keys, self._system), _CHUNK, fetch)
        return {customer.key: customer for chunk in chunks for customer in chunk}

    async def by_trait(
        self, traits: Sequence[Trait], ask: Ask, call: str
    ) -> Mapping[Trait, Sequence[Customer]]:
        """Find parties by e-mail address, telephone number or name; one call for up to 100 traits.

        Tryton keeps no birthdays, and knows other systems' ids by no field of its own.
        """
        wanted = {trait: where for trait in traits if (where := _where(trait)) is not None}

        async def fetch(chunk: Sequence[Trait]) -> dict[Trait, tuple[Customer, ...]]:
            either = ["OR", *(wanted[trait] for trait in chunk)]
            limit = MAX_MATCHES * len(chunk)
            found = self._customers(await self._read(either, limit, ask, call), call)
            by_trait = {trait: [each for each in found if _has(each, trait)] for trait in chunk}
            return {trait: tuple(some[:MAX_MATCHES]) for trait, some in by_trait.items() if some}

        chunks = await self._rpc.upstream.chunked(list(wanted), _MAX_TRAITS, fetch)
        return {trait: found for chunk in chunks for trait, found in chunk.items()}

    async def _read(self, where: Sequence[object], limit: int, ask: Ask, call: str) -> list[_Party]:
        reference = await self._references.get(ask, call)
        return await self._rpc.search_read(
            "party.party",
            where,
            _FIELDS,
            limit,
            Reply[list[_Party]],
            ask,
            call,
            company=reference.company,
        )

    def _customers(self, rows: Sequence[_Party], call: str) -> list[Customer]:
        provenance = Provenance(self._system, datetime.now(UTC), PROFILE)
        with self._rpc.upstream.contract(call):
            return [self._customer(row, provenance) for row in rows]

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
