"""The CRM's side of the ports: which of its calls answers which question."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from msgspec import Meta, Struct, field

from adapters._query import Queries
from adapters._row import by_key, readable, told
from adapters._upstream import Upstream
from adapters.sandbox_crm import message
from adapters.sandbox_crm.translation import MAX_ID, Reader
from domain.ask import Ask
from domain.configuration import ConfigurationError, Problem
from domain.customer import MAX_MATCHES, Customer, Trait, TraitKind
from domain.errors import BadInput, Failure, SourceContract
from domain.identity import external_id
from domain.interaction import Interaction, InteractionQuery
from domain.loyalty import LedgerQuery, LoyaltyAccount, LoyaltyEntry
from domain.page import Page, PageRequest
from domain.provenance import INTERACTION, LOYALTY, PROFILE, Lifetime, Provenance
from domain.secret import Secret

Q = TypeVar("Q", LedgerQuery, InteractionQuery)
R = TypeVar("R")
T = TypeVar("T")

_BASE = "/api/v1"
_MAX_BATCH = 100
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

        parts = await self._upstream.chunked(self._own(keys), _MAX_BATCH, fetch)
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
        call = "ledger_by_account"
        before, refused = _places(queries, _row)

        async def fetch(
            first: int, chunk: Mapping[str, int | None]
        ) -> dict[str, Page[LoyaltyEntry] | SourceContract]:
            body = {"accountIds": list(chunk), "limit": first, "before": _set(chunk)}
            kind, rows = message.Data[message.Ledger], message.LEDGER_ROWS
            answer = await self._queries.read(call, "loyalty/ledger/query", body, kind, ask, rows)
            system, provenance = self._upstream.system, self._now(LOYALTY)

            def page(row: message.Ledger) -> Page[LoyaltyEntry]:
                entries = told(
                    system,
                    call,
                    row.entries,
                    lambda entry: (str(entry.seq),),
                    lambda entry: self._reader.entry(row.account_id, entry, provenance),
                )
                return _page(entries, has_next=row.next is not None)

            return by_key(system, call, answer.data, lambda row: (row.account_id,), page, chunk)

        return {**refused, **await self._pages(before, lambda query: query.account_key, fetch)}

    async def interactions_by_customer(
        self, queries: Sequence[InteractionQuery], ask: Ask
    ) -> Mapping[InteractionQuery, Page[Interaction] | Failure]:
        """Read a page of each contact's conversations; a cursor is the id of one."""
        call, asked = "interactions_by_customer", _talk_fields(ask)
        before, refused = _places(queries, _talk)

        async def fetch(
            first: int, chunk: Mapping[str, str | None]
        ) -> dict[str, Page[Interaction] | SourceContract]:
            body = {"contactIds": list(chunk), "limit": first, "before": _set(chunk), **asked}
            kind, rows = message.Data[message.Talks], message.TALK_ROWS
            answer = await self._queries.read(call, "interactions/query", body, kind, ask, rows)
            system, provenance = self._upstream.system, self._now(INTERACTION)

            def page(row: message.Talks) -> Page[Interaction]:
                talks = told(
                    system,
                    call,
                    row.interactions,
                    lambda talk: (talk.id,),
                    lambda talk: self._reader.interaction(
                        row.contact_id, talk, provenance, asked.get("fields")
                    ),
                )
                return _page(talks, has_next=row.more)

            return by_key(system, call, answer.data, lambda row: (row.contact_id,), page, chunk)

        return {**refused, **await self._pages(before, lambda query: query.customer_key, fetch)}

    async def _pages(
        self,
        before: Mapping[Q, T | None],
        key: Callable[[Q], str],
        fetch: Callable[[int, Mapping[str, T | None]], Any],
    ) -> dict[Q, Page[R] | Failure]:
        """Read a page for each query; those of one size share calls, each owner once in a call."""
        pages: dict[Q, Page[R] | Failure] = {
            query: Page((), (), has_next=False) for query in before
        }
        calls: list[tuple[int, dict[str, Q]]] = []
        for query in before:
            for local in self._own([key(query)]):
                for first, owners in calls:
                    fits = first == query.page.first and len(owners) < _MAX_BATCH
                    if fits and local not in owners:
                        owners[local] = query
                        break
                else:
                    calls.append((query.page.first, {local: query}))

        async def read(chunk: Sequence[int]) -> None:
            first, owners = calls[chunk[0]]
            found = await fetch(first, {local: before[query] for local, query in owners.items()})
            pages.update({owners[local]: page for local, page in found.items() if local in owners})

        await self._upstream.chunked(range(len(calls)), 1, read)
        return pages

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

        parts = await self._upstream.chunked(self._own(keys), _MAX_BATCH, fetch)
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

    def _own(self, keys: Sequence[str]) -> list[str]:
        """The CRM's ids among the keys; keys of other systems are not the CRM's to see."""
        own = [
            found.id for found in map(external_id, keys) if found.system == self._upstream.system
        ]
        return [local for local in own if 0 < len(local) <= MAX_ID]

    def _now(self, lifetime: Lifetime) -> Provenance:
        return Provenance(self._upstream.system, datetime.now(UTC), lifetime)


def _fields(ask: Ask) -> dict[str, list[str]]:
    """Name the fields of a contact that somebody will read; nothing where that is all of them."""
    if ask.fields is None:
        return {}
    return {"fields": sorted({message.FIELDS[each] for each in ask.fields & message.FIELDS.keys()})}


def _talk_fields(ask: Ask) -> dict[str, list[str]]:
    """Name the fields of a conversation that somebody will read; nothing where that is all."""
    if ask.fields is None:
        return {}
    more = {message.TALK_FIELDS[each] for each in ask.fields & message.TALK_FIELDS.keys()}
    return {"fields": [*message.TALK, *sorted(more)]}


def _page(rows: Sequence[tuple[Collection[str], R | SourceContract]], *, has_next: bool) -> Page[R]:
    """Make a page of rows that tell their own cursors, the damaged ones too."""
    for keys, value in rows:
        if not keys and isinstance(value, SourceContract):
            raise value
    cursors = tuple(next(iter(keys)) for keys, _ in rows)
    return Page(tuple(value for _, value in rows), cursors, has_next=has_next)


def _set(chunk: Mapping[str, T | None]) -> dict[str, T]:
    return {local: value for local, value in chunk.items() if value is not None}


def _places(
    queries: Sequence[Q], read: Callable[[PageRequest], T | None]
) -> tuple[dict[Q, T | None], dict[Q, Failure]]:
    """Read how far each list has come; a cursor that is none costs its own page."""
    places: dict[Q, T | None] = {}
    refused: dict[Q, Failure] = {}
    for query in queries:
        try:
            places[query] = read(query.page)
        except BadInput as failure:
            refused[query] = failure
    return places, refused


def _row(page: PageRequest) -> int | None:
    cursor = page.after
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 11):
        raise page.refused()
    return int(cursor)


def _talk(page: PageRequest) -> str | None:
    if page.after is not None and not 0 < len(page.after) <= MAX_ID:
        raise page.refused()
    return page.after
