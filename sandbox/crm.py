"""The sandbox's CRM: contacts with their consents and links, and loyalty accounts."""

import base64
import binascii
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import crm_form as form
from sandbox.bearer import Bearer
from sandbox.catalogue import Catalogue
from sandbox.contact import Contact, contact_at
from sandbox.interaction import interactions
from sandbox.loyalty import Loyalty
from sandbox.order import Orders
from sandbox.persona import CRM_AUDIENCE, CRM_SCOPE
from sandbox.place import sites
from sandbox.profile import account_record, contact_record, entry_record, interaction_record
from sandbox.registry import Registry
from sandbox.scale import Scale
from sandbox.wire import Reply, Wire

KEY = "sandbox-crm-key"
MAX_CRITERIA = 500
RATE_LIMIT = 60_000

_WINDOW = 60


def build(scale: Scale) -> Wire:
    """The CRM as an ASGI app."""
    crm = _Crm(scale)
    crm.wire = Wire("crm", crm.app, form.broken)
    return crm.wire


class _Crm:
    wire: Wire

    def __init__(self, scale: Scale) -> None:
        self._count = scale.contacts
        places = sites(scale.stores)
        orders = Orders(Catalogue(scale.styles), places, scale.contacts, scale.orders)
        self._orders = orders
        self._loyalty = Loyalty(orders)
        self._registry = Registry(scale.contacts)
        self._restricted: dict[int, bool] = {}
        self._key = os.environ.get("SANDBOX_CRM_KEY", KEY)
        issuer = os.environ.get("SANDBOX_IDP_URL", "http://127.0.0.1:8004")
        self._bearer = Bearer(issuer, CRM_AUDIENCE, CRM_SCOPE)
        self._window = 0
        self._used = 0
        self.app = Starlette(
            routes=[
                self._route("GET", "/api/v1/contacts", self._contacts),
                self._route("POST", "/api/v1/contacts/batch", self._by_id),
                self._route("POST", "/api/v1/contacts/search", self._search),
                self._route("POST", "/api/v1/contacts/match", self._match),
                self._route("POST", "/api/v1/contacts/restriction", self._restrict),
                self._route("POST", "/api/v1/interactions/query", self._talks),
                self._route("POST", "/api/v1/loyalty/accounts/batch", self._accounts),
                self._route("POST", "/api/v1/loyalty/ledger/query", self._ledgers),
            ],
            exception_handlers={404: form.missing, 405: form.method},
        )

    def _route(
        self, method: str, path: str, answer: Callable[[Request], Awaitable[Response]]
    ) -> Route:
        async def guarded(request: Request) -> Response:
            left, reset, limit = self._charge()
            try:
                if not await self._is_known(request):
                    raise form.RefusedError(
                        401, "unauthenticated", "Unauthenticated",
                        "Send a valid X-Api-Key header, or an access token",
                    )  # fmt: skip
                if left < 0:
                    raise form.RefusedError(
                        429, "rate_limited", "Too many requests",
                        f"At most {limit} requests a minute are allowed",
                    )  # fmt: skip
                response = await answer(request)
            except form.RefusedError as refused:
                response = refused.response
            response.headers["X-RateLimit-Limit"] = str(limit)
            response.headers["X-RateLimit-Remaining"] = str(max(0, left))
            response.headers["X-RateLimit-Reset"] = str(reset)
            if response.status_code == 429:
                response.headers["Retry-After"] = str(reset)
            return response

        return Route(path, guarded, methods=[method])

    async def _is_known(self, request: Request) -> bool:
        given = request.headers.get("x-api-key")
        if given is not None:
            return given == self._key
        return await self._bearer.is_good(request.headers.get("authorization", ""))

    def _charge(self) -> tuple[int, int, int]:
        """Counts a request; how many more the minute allows, its seconds left, the limit."""
        limit = self.wire.fault.rate_limit
        limit = RATE_LIMIT if limit is None else limit
        second = int(time.monotonic())
        if second // _WINDOW != self._window:
            self._window, self._used = second // _WINDOW, 0
        self._used += 1
        return limit - self._used, _WINDOW - second % _WINDOW, limit

    async def _contacts(self, request: Request) -> Response:
        asked = request.query_params
        limit = form.limit(asked.get("limit", "25"))
        after = _decode(asked["cursor"], "cursor") if "cursor" in asked else 0
        last = min(after + limit, self._count)
        page = [self._record(contact_at(index)) for index in range(after + 1, last + 1)]
        following = _encode(last) if last < self._count else None
        return Reply({"data": page, "page": {"limit": limit, "next": following}})

    async def _by_id(self, request: Request) -> Response:
        body = await form.read(request, form.Batch)
        found = self._find(form.few(body.ids, "ids"), "C-")
        return form.data(_chosen(self._record(each), body.fields) for each in found)

    async def _search(self, request: Request) -> Response:
        body = await form.read(request, form.Search)
        form.few(body.emails + body.phones + body.erpNumbers, "emails, phones and erpNumbers")
        found: dict[int, None] = {}
        for keys, look in (
            (body.emails, self._registry.by_email),
            (body.phones, self._registry.by_phone),
            (body.erpNumbers, self._registry.by_kunnr),
        ):
            for key in keys:
                found.update(dict.fromkeys(look(key)))
        return form.data(self._record(contact_at(index)) for index in found)

    async def _match(self, request: Request) -> Response:
        body = await form.read(request, form.Match)
        form.few(body.criteria, "criteria", MAX_CRITERIA)
        limit = form.limit(str(body.limit))
        rows = [self._matching(criterion) for criterion in body.criteria]
        shown = dict.fromkeys(index for row in rows for index in row[:limit])
        return Reply(
            {
                "data": [
                    {
                        "ids": [contact_at(index).id for index in row[:limit]],
                        "more": len(row) > limit,
                    }
                    for row in rows
                ],
                "contacts": [
                    _chosen(self._record(contact_at(index)), body.fields) for index in shown
                ],
            }
        )

    def _matching(self, wanted: form.Criterion) -> list[int]:
        """The contacts to whom all parts of the criterion apply."""
        registry = self._registry
        looks = [
            found
            for found in (
                registry.by_email(wanted.email) if wanted.email else None,
                registry.by_phone(wanted.phone) if wanted.phone else None,
                registry.by_kunnr(wanted.erpNumber) if wanted.erpNumber else None,
                registry.by_card(wanted.card) if wanted.card else None,
                registry.by_birth(wanted.birthDate) if wanted.birthDate else None,
                registry.by_name(wanted.familyName, wanted.givenName, wanted.postalCode)
                if wanted.familyName
                else None,
            )
            if found is not None
        ]
        if not looks:
            allowed = "at least one of email, phone, erpNumber, card, birthDate, familyName"
            raise form.RefusedError(400, "bad_body", "Bad body", f"A criterion needs {allowed}")
        first, *others = looks
        return [index for index in first if all(index in other for other in others)]

    async def _restrict(self, request: Request) -> Response:
        body = await form.read(request, form.Restriction)
        found = self._find(form.few(body.ids, "ids"), "C-")
        self._restricted |= {each.position: body.restricted for each in found}
        return form.data(self._record(each) for each in found)

    def _record(self, contact: Contact) -> dict[str, Any]:
        said = self._restricted.get(contact.position, contact.restricted)
        return contact_record(contact._replace(restricted=said))

    async def _talks(self, request: Request) -> Response:
        body = await form.read(request, form.Talks)
        limit = form.limit(str(body.limit))
        answer = []
        for person in self._find(form.few(body.contactIds, "contactIds"), "C-"):
            before = body.before.get(person.id)
            every = interactions(person.position, self._orders)[::-1]
            newest = [talk for talk in every if before is None or talk.id < before]
            rows = [_chosen(interaction_record(talk), body.fields) for talk in newest[:limit]]
            more = len(newest) > limit
            answer.append({"contactId": person.id, "interactions": rows, "more": more})
        return form.data(answer)

    async def _accounts(self, request: Request) -> Response:
        body = await form.read(request, form.Accounts)
        form.few(body.contactIds + body.accountIds, "contactIds and accountIds")
        owners = {person.position: person for person in self._find(body.contactIds, "C-")}
        owners |= {person.position: person for person in self._find(body.accountIds, "LA-")}
        found = (self._loyalty.account(person.position) for person in owners.values())
        return form.data(account_record(account) for account in found if account is not None)

    async def _ledgers(self, request: Request) -> Response:
        body = await form.read(request, form.Ledgers)
        form.few(body.accountIds, "accountIds")
        limit = form.limit(str(body.limit))
        answer = []
        for person in self._find(body.accountIds, "LA-"):
            account = self._loyalty.account(person.position)
            if account is None:
                continue
            cursor = body.cursors.get(account.id)
            skip = 0 if cursor is None else _decode(cursor, f"cursors.{account.id}")
            before = body.before.get(account.id, len(account.entries) + 1)
            newest = [entry for entry in account.entries[::-1] if entry.number < before]
            following = _encode(skip + limit) if skip + limit < len(newest) else None
            entries = [entry_record(entry) for entry in newest[skip : skip + limit]]
            answer.append({"accountId": account.id, "entries": entries, "next": following})
        return form.data(answer)

    def _find(self, ids: Iterable[str], prefix: str) -> list[Contact]:
        found = []
        for key in dict.fromkeys(ids):
            digits = key.removeprefix(prefix)
            if (
                key == prefix + digits
                and len(digits) == 6
                and digits.isascii()
                and digits.isdigit()
            ):
                index = int(digits)
                if 1 <= index <= self._count:
                    found.append(contact_at(index))
        return found


def _chosen(record: dict[str, Any], fields: list[str] | None) -> dict[str, Any]:
    """The fields asked for, and the id; all of them where nobody says."""
    if fields is None:
        return record
    if unknown := [name for name in fields if name not in record]:
        raise form.RefusedError(
            400, "bad_fields", "Bad fields",
            f"{unknown[0]} is no field of these; allowed are {', '.join(record)}",
        )  # fmt: skip
    return {name: value for name, value in record.items() if name == "id" or name in fields}


def _encode(position: int) -> str:
    return base64.urlsafe_b64encode(f"after:{position}".encode()).decode().rstrip("=")


def _decode(cursor: str, name: str) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        text = ""
    digits = text.removeprefix("after:")
    if text != f"after:{digits}" or not digits.isdigit() or len(digits) > 9:
        raise form.RefusedError(
            400, "bad_cursor", "Bad cursor", f"{name} is not one this API handed out"
        )
    return int(digits)
