"""The sandbox's CRM: contacts as customers, and their loyalty accounts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Annotated

import msgspec
from msgspec import Meta, Struct, field

from adapters._body import Whole
from adapters._outcome import Rejected
from adapters._upstream import Upstream
from domain.ask import Ask
from domain.configuration import ConfigurationError, Problem
from domain.customer import Customer, PersonName
from domain.identity import external_id
from domain.location import Address
from domain.loyalty import LoyaltyAccount
from domain.provenance import LOYALTY, PROFILE, Provenance
from domain.secret import Secret

_MAX_BATCH = 100
# Longer than any id of the CRM: what a caller sends beyond it is nobody's.
_MAX_ID = 40

_TIERS = MappingProxyType({"BRZ": "BRONZE", "SLV": "SILVER", "GLD": "GOLD", "PLT": "PLATINUM"})


class _Name(Struct, frozen=True):
    given: str
    family: str


class _Email(Struct, frozen=True):
    address: str
    primary: bool


class _Phone(Struct, frozen=True):
    number: str
    primary: bool


class _PostalAddress(Struct, frozen=True, rename="camel"):
    line1: str
    line2: str | None
    postal_code: str
    city: str
    country_code: str


class _Reference(Struct, frozen=True):
    system: str
    id: str


class _Contact(Struct, frozen=True, rename="camel"):
    id: str
    name: _Name
    emails: list[_Email]
    phones: list[_Phone]
    birth_date: date | None
    locale: str | None
    addresses: list[_PostalAddress]
    external_refs: list[_Reference]


class _Contacts(Struct, frozen=True):
    data: list[_Contact]


class _Balance(Struct, frozen=True):
    points: Whole


class _Tier(Struct, frozen=True):
    code: str


class _Account(Struct, frozen=True, rename="camel"):
    id: str
    contact_id: str
    balance: _Balance
    tier: _Tier | None


class _Accounts(Struct, frozen=True):
    data: list[_Account]


class _Error(Struct, frozen=True):
    code: str
    title: str


class _Errors(Struct, frozen=True):
    errors: list[_Error]


class Adapter:
    """Reads customers and loyalty accounts; one call for up to 100 of them."""

    class Options(Struct, frozen=True, forbid_unknown_fields=True):
        """How the CRM's names for other systems read in the gateway's configuration."""

        systems: Annotated[
            dict[str, str],
            Meta(description="The system that each name in the CRM's references means."),
        ] = field(default_factory=lambda: {"ERP": "erp"})

    def __init__(self, upstream: Upstream, secret: Secret | None, options: Options) -> None:
        if secret is None:
            key = f"systems.{upstream.system}.secret_env"
            raise ConfigurationError([Problem(key, "missing", "the variable with the CRM's key")])
        self._upstream = upstream
        self._systems = options.systems
        self._headers = {"X-Api-Key": secret.reveal()}

    async def customer_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Customer]:
        """Read contacts by their ids."""
        call = "customer_by_key"

        async def fetch(ids: Sequence[str]) -> list[Customer]:
            answer = await self._upstream.read(
                "POST",
                "/api/v1/contacts/batch",
                ask=ask,
                call=call,
                decode=_Contacts,
                json={"ids": ids},
                headers=self._headers,
                explain=_explain,
            )
            provenance = Provenance(self._upstream.system, datetime.now(UTC), PROFILE)
            with self._upstream.contract(call):
                return [self._customer(contact, provenance) for contact in answer.data]

        parts = await self._upstream.chunked(self._own(keys), _MAX_BATCH, fetch)
        return {customer.key: customer for part in parts for customer in part}

    async def loyalty_by_customer(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, LoyaltyAccount]:
        """Read the accounts of contacts."""
        accounts = await self._accounts("loyalty_by_customer", "contactIds", keys, ask)
        return {account.customer_key: account for account in accounts}

    async def loyalty_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, LoyaltyAccount]:
        """Read accounts by their ids."""
        accounts = await self._accounts("loyalty_by_key", "accountIds", keys, ask)
        return {account.key: account for account in accounts}

    async def _accounts(
        self, call: str, parameter: str, keys: Sequence[str], ask: Ask
    ) -> list[LoyaltyAccount]:
        async def fetch(ids: Sequence[str]) -> list[LoyaltyAccount]:
            answer = await self._upstream.read(
                "POST",
                "/api/v1/loyalty/accounts/batch",
                ask=ask,
                call=call,
                decode=_Accounts,
                json={parameter: ids},
                headers=self._headers,
                explain=_explain,
            )
            provenance = Provenance(self._upstream.system, datetime.now(UTC), LOYALTY)
            with self._upstream.contract(call):
                return [self._account(account, provenance) for account in answer.data]

        parts = await self._upstream.chunked(self._own(keys), _MAX_BATCH, fetch)
        return [account for part in parts for account in part]

    def _own(self, keys: Sequence[str]) -> list[str]:
        """The CRM's ids among the keys; keys of other systems are not the CRM's to see."""
        own = [
            found.id for found in map(external_id, keys) if found.system == self._upstream.system
        ]
        return [local for local in own if 0 < len(local) <= _MAX_ID]

    def _key(self, local: str) -> str:
        if not 0 < len(local) <= _MAX_ID:
            raise ValueError("an id is empty or too long")
        return f"{self._upstream.system}:{local}"

    def _customer(self, contact: _Contact, provenance: Provenance) -> Customer:
        key, name = self._key(contact.id), contact.name
        linked = [
            f"{self._systems[reference.system]}:{reference.id}"
            for reference in contact.external_refs
            if reference.system in self._systems
        ]
        return Customer(
            key=key,
            number=contact.id,
            name=PersonName(f"{name.given} {name.family}".strip(), name.given, name.family),
            email=_first([e.address for e in contact.emails if e.primary]),
            phone=_first([p.number for p in contact.phones if p.primary]),
            birth_date=contact.birth_date,
            language=contact.locale.replace("_", "-") if contact.locale else None,
            addresses=tuple(map(_address, contact.addresses)),
            identities=(key, *linked),
            provenance=provenance,
        )

    def _account(self, account: _Account, provenance: Provenance) -> LoyaltyAccount:
        code = account.tier.code if account.tier else None
        return LoyaltyAccount(
            key=self._key(account.id),
            customer_key=self._key(account.contact_id),
            number=account.id,
            points=account.balance.points,
            tier=_TIERS.get(code, code) if code else None,
            provenance=provenance,
        )


def _address(address: _PostalAddress) -> Address:
    return Address(
        lines=tuple(line for line in (address.line1, address.line2) if line),
        postal_code=address.postal_code,
        city=address.city,
        country=address.country_code,
    )


def _first(texts: Sequence[str]) -> str | None:
    return texts[0] if texts else None


def _explain(answer: Rejected) -> str:
    # The error's detail may repeat what was sent, which may be somebody's.
    errors = msgspec.json.decode(answer.body, type=_Errors).errors
    return ", ".join(f"{error.title} ({error.code})" for error in errors)
