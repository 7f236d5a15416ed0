"""The CRM's side of the ports: which of its calls answers which question."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, TypeVar

from msgspec import Meta, Struct, field

from adapters._query import Queries
from adapters._row import by_key, readable, told
from adapters._upstream import Upstream
from adapters.sandbox_crm import message
from adapters.sandbox_crm.listing import Lists, ledger, talks
from adapters.sandbox_crm.translation import MAX_BATCH, Reader, own_ids
from domain.ask import Ask
from domain.configuration import ConfigurationError, Problem
from domain.customer import MAX_MATCHES, Customer, Trait, TraitKind
from domain.errors import Failure, SourceContract
from domain.identity import external_id
from domain.interaction import Interaction, InteractionQuery
from domain.loyalty import LedgerQuery, LoyaltyAccount, LoyaltyEntry
from domain.page import Page
from domain.provenance import LOYALTY, PROFILE, Lifetime, Provenance
from domain.secret import Secret

R = TypeVar("R")

_BASE = "/api/v1"
_MAX_CRITERIA = 500
_MAX_TEXT = 200
_TEXTS = {TraitKind.EMAIL: "email", TraitKind.PHONE: "phone", TraitKind.BIRTH_DATE: "birthDate"}


class Adapter:
    """Reads customers, loyalty accounts and conversations; one call for up to 100 of them."""

    class Options(Struct, frozen=True, forbid_unknown_fields=True):
        """How the CRM's names for other systems read in the gateway's configuration."""

        systems: Annotated[
            dict[str, str],
            Meta(description="The system that each name in the CRM's references means."),
        ] = field(default_factory=lambda: {"ERP": "erp", "POS": "pos"})

    def __init__(self, upstream: Upstream, secret: Secret | None, options: Options) -> None:
        if secret is None and not upstream.has_tokens:
            key = f"systems.{upstream.system}.secret_env"
            allowed = "the variable with the CRM's key, or how to have tokens, as auth"
            raise ConfigurationError([Problem(key, "missing", allowed)])
        self._upstream = upstream
        self._reader = Reader(upstream.system, options.systems)
        self._numbers = {
            system: parameter
            for name, parameter in (("ERP", "erpNumber"), ("POS", "card"))
            if (system := options.systems.get(name)) is not None
        }
        headers = {"X-Api-Key": secret.reveal()} if secret else {}
        self._queries = Queries(upstream, _BASE, headers, message.explain)
        self._lists = Lists(upstream, self._queries)
        self._ledger, self._talks = ledger(self._reader), talks(self._reader)

    async def customer_by_key(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Customer | Failure]:
        """Read contacts by their ids."""
        call, asked = "customer_by_key", _fields(ask)

        async def fetch(ids: Sequence[str]) -> dict[str, Customer | SourceContract]:
            kind, rows = message.Data[message.Contact], message.CONTACT_ROWS
            body = {"ids": ids, **asked}
            answer = await self._queries.read(call, "contacts/batch", body, kind, ask, rows)
            provenance = self._now(PROFILE)
            return by_key(
                self._upstream.system,
                call,
                answer.data,
                lambda contact: (contact.id,),
                lambda contact: self._reader.customer(contact, provenance, asked.get("fields")),
                ids,
            )

        parts = await self._upstream.chunked(own_ids(keys, self._upstream.system), MAX_BATCH, fetch)
        return self._keyed(parts)

    async def customers_by_trait(
        self, traits: Sequence[Trait], ask: Ask
    ) -> Mapping[Trait, Sequence[Customer] | Failure]:
        """Find contacts; the CRM takes 500 criteria at once."""
        call, asked = "customers_by_trait", _fields(ask)
        wanted = {trait: found for trait in traits if (found := self._criterion(trait))}

        async def fetch(chunk: Sequence[Trait]) -> dict[Trait, Sequence[Customer] | Failure]:
            body = {"criteria": [wanted[trait] for trait in chunk], "limit": MAX_MATCHES}
            body |= asked
            kind, rows = message.Matches, message.MATCH_ROWS
            answer = await self._queries.read(call, "contacts/match", body, kind, ask, rows)
            system, provenance = self._upstream.system, self._now(PROFILE)
            with self._upstream.contract(call):
                if len(answer.data) != len(chunk):
                    raise ValueError("there is not one row for each criterion")
            known: dict[str, Customer | SourceContract] = {}
            for ids, customer in told(
                system,
                call,
                answer.contacts,
                lambda contact: (contact.id,),
                lambda contact: self._reader.customer(contact, provenance, asked.get("fields")),
            ):
                if not ids and isinstance(customer, SourceContract):
                    raise customer
                known |= dict.fromkeys(ids, customer)
            found = told(
                system,
                call,
                answer.data,
                lambda _: (),
                lambda row: readable([known[each] for each in row.ids], system, ask),
            )
            return {trait: some for trait, (_, some) in zip(chunk, found)}

        parts = await self._upstream.chunked(list(wanted), _MAX_CRITERIA, fetch)
        return {trait: found for part in parts for trait, found in part.items() if found}

    async def loyalty_by_customer(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, LoyaltyAccount | Failure]:
        """Read the accounts of contacts."""
        return await self._accounts("loyalty_by_customer", "contactIds", keys, ask)

    async def loyalty_by_key(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, LoyaltyAccount | Failure]:
        """Read accounts by their ids."""
        return await self._accounts("loyalty_by_key", "accountIds", keys, ask)

    async def ledger_by_account(
        self, queries: Sequence[LedgerQuery], ask: Ask
    ) -> Mapping[LedgerQuery, Page[LoyaltyEntry] | Failure]:
        """Read a page of each account's ledger; a cursor is the number of a row."""
        owners = {query: query.account_key for query in queries}
        return await self._lists.pages(self._ledger, owners, ask)

    async def interactions_by_customer(
        self, queries: Sequence[InteractionQuery], ask: Ask
    ) -> Mapping[InteractionQuery, Page[Interaction] | Failure]:
        """Read a page of each contact's conversations; a cursor is the id of one."""
        owners = {query: query.customer_key for query in queries}
        return await self._lists.pages(self._talks, owners, ask)

    async def _accounts(
        self, call: str, parameter: str, keys: Sequence[str], ask: Ask
    ) -> dict[str, LoyaltyAccount | Failure]:
        async def fetch(ids: Sequence[str]) -> dict[str, LoyaltyAccount | SourceContract]:
            path, body = "loyalty/accounts/batch", {parameter: ids}
            kind, rows = message.Data[message.Account], message.ACCOUNT_ROWS
            answer = await self._queries.read(call, path, body, kind, ask, rows)
            provenance = self._now(LOYALTY)
            return by_key(
                self._upstream.system,
                call,
                answer.data,
                lambda account: (account.id, account.contact_id),
                lambda account: self._reader.account(account, provenance),
                ids,
            )

        parts = await self._upstream.chunked(own_ids(keys, self._upstream.system), MAX_BATCH, fetch)
        return self._keyed(parts)

    def _keyed(self, parts: Sequence[Mapping[str, R | SourceContract]]) -> dict[str, R | Failure]:
        return {
            f"{self._upstream.system}:{local}": value
            for part in parts
            for local, value in part.items()
        }

    def _criterion(self, trait: Trait) -> dict[str, str] | None:
        """What the CRM is asked for a trait; None where it cannot know anybody by it."""
        value = trait.value.strip()
        if not 0 < len(value) <= _MAX_TEXT:
            return None
        if trait.kind in _TEXTS:
            if trait.kind is TraitKind.PHONE and not any(map(str.isdigit, value)):
                return None
            return {_TEXTS[trait.kind]: value}
        if trait.kind is TraitKind.EXTERNAL:
            found = external_id(value)
            parameter = self._numbers.get(found.system)
            return {parameter: found.id} if parameter and found.id else None
        more = {"givenName": trait.given, "postalCode": trait.postal_code}
        return {"familyName": value, **{name: text for name, text in more.items() if text}}

    def _now(self, lifetime: Lifetime) -> Provenance:
        return Provenance(self._upstream.system, datetime.now(UTC), lifetime)


def _fields(ask: Ask) -> dict[str, list[str]]:
    """Name the fields of a contact that somebody will read; nothing where that is all of them."""
    if ask.fields is None:
        return {}
    return {"fields": sorted({message.FIELDS[each] for each in ask.fields & message.FIELDS.keys()})}
