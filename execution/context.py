"""The one object that belongs to an operation, and how it is made."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import structlog
from babel import Locale, UnknownLocaleError
from babel.core import negotiate_locale
from msgspec import Struct, field

from domain.action import NOBODY, ActionPolicy
from domain.appraisal import Appraisal
from domain.ask import Ask
from domain.attempt import Attempts
from domain.bucket import TokenBucket
from domain.campaign import Campaigns
from domain.cart import RULES, Rules
from domain.change import StockChanges
from domain.configuration import Problem
from domain.customer import Customer
from domain.deadline import Deadline, Duration
from domain.errors import BadInput, Failure, Forbidden, SourceFailure
from domain.holdback import NOTHING_HELD_BACK, HoldBack
from domain.identity import node_id, node_key
from domain.ledger import Place
from domain.money import is_currency
from domain.policy import BY_SECRET, NO_PSEUDONYMS, FieldPolicy, Pseudonyms, Standing
from domain.port import NOTHING_OWNED, UNSERVED, OwnPorts, Ports
from domain.record import UNRECORDED, AccessRecord
from domain.reservation import TERMS, Terms
from domain.viewer import Channel, PolicyClass, Purpose, Viewer
from execution.language import accepted
from execution.lineage import Lineage
from execution.loaders import Loaders
from execution.offering import Offering

_log = structlog.get_logger("execution")
# Scenes that are remembered, and how long what is asked for may be to be among them.
_MAX_SCENES = 1_000
_MAX_KNOWN = 500
_COUNTRY = re.compile(r"[A-Z]{2}")


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where this retailer sells, and how long an operation may take.

    *Shape*: ``markets`` ISO 3166-1 countries, each with the currencies it sells in, the first
    being its default; the first market is the default. ``languages`` BCP 47, the first being the
    default.
    """

    markets: dict[str, list[str]]
    languages: list[str]
    timeout: Duration = Duration(3.0)


def problems(settings: Settings, prefix: str = "context") -> list[Problem]:
    """Tell all that is wrong with the settings, beyond their form."""
    found: list[Problem] = []
    if not settings.markets:
        found.append(Problem(f"{prefix}.markets", "found no market", "write one, as in PL = [...]"))
    for country, currencies in settings.markets.items():
        found += _market_problems(f"{prefix}.markets.{country}", country, currencies)
    if not settings.languages:
        allowed = 'write the default language, as in ["en"]'
        found.append(Problem(f"{prefix}.languages", "found no language", allowed))
    for language in settings.languages:
        if not _is_language(language):
            allowed = "allowed: languages as BCP 47 writes them, such as pl or de-AT"
            found.append(Problem(f"{prefix}.languages", f"found {language!r}", allowed))
    return found


def _market_problems(key: str, country: str, currencies: list[str]) -> Iterator[Problem]:
    if not _COUNTRY.fullmatch(country):
        allowed = "allowed: the two capitals of a country (ISO 3166-1), such as PL"
        yield Problem(key, f"found the market {country!r}", allowed)
    form = "currencies as ISO 4217 writes them, such as PLN"
    if not currencies:
        yield Problem(key, "found no currency", f"write at least one of the {form}")
    for currency in currencies:
        if not is_currency(currency):
            yield Problem(key, f"found {currency!r}", f"allowed: {form}")


def _is_language(tag: str) -> bool:
    try:
        Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError):
        return False
    return True


class Asked(Struct, frozen=True, kw_only=True):
    """What the request says of its context, as text, unchecked; None where it is silent."""

    channel: str | None = None
    market: str | None = None
    currency: str | None = None
    language: str | None = None
    store: str | None = None
    purpose: str | None = None


class Notice(Struct, frozen=True, gc=False):
    """Something about the answer that its reader should know. *Shape*: ``path`` as in errors."""

    code: str
    message: str
    path: tuple[str | int, ...] | None = None


class Denial(Struct, frozen=True, gc=False):
    """A field that this viewer may not see here, and why."""

    path: tuple[str | int, ...]
    code: str
    reason: str


class Context(Struct, kw_only=True):
    """One operation: who asks, where, until when, with what; never shared by two operations.

    *Shape*: ``systems`` are the configured names of the retailer's systems, which staff alone may
    read; ``requested`` is what the operation could have cost at most, ``actual`` what was
    resolved; both as execution/cost.py counts. ``stood`` tells, where graphql-core runs the
    operation, what holds for the person's object at a path, and ``looks`` what was shown of it.
    ``documents`` and ``excerpts`` are the executor's own; ``opened`` and ``people`` what is
    remembered of cases and of customers' records, ``rested`` by customer which cases have counted
    so far. ``fresh_until`` is when the first of its values, as far as they tell their age, will not
    count as fresh any more. ``proven`` names whom this operation has shown a secret of: what is
    about them is the viewer's own.
    ``appraisals`` are what carts come to, by key, version, and whether stock was looked at.
    """

    viewer: Viewer
    purpose: Purpose
    policy: FieldPolicy
    loaders: Loaders
    ask: Ask
    store: str | None
    now: datetime
    request_id: str
    attempts: Attempts = UNSERVED
    changes: StockChanges = UNSERVED
    actions: ActionPolicy = NOBODY
    record: AccessRecord = UNRECORDED
    documents: Any = None
    excerpts: Any = None
    looks: list[Any] = field(default_factory=list)
    opened: dict[bool, frozenset[str]] = field(default_factory=dict)
    people: dict[str, Customer] = field(default_factory=dict)
    rested: dict[str, dict[str, None]] = field(default_factory=dict)
    pseudonyms: Pseudonyms = NO_PSEUDONYMS
    buckets: TokenBucket = UNSERVED
    offering: Offering = field(default_factory=lambda: Offering(Lineage()))
    systems: Sequence[str] = ()
    stood: dict[tuple[str | int, ...], Standing] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    access: list[Denial] = field(default_factory=list)
    echoes: Mapping[str, object] = field(default_factory=dict)
    done_without: list[Failure] = field(default_factory=list)
    requested: int = 0
    actual: int = 0
    fresh_until: datetime | None = None
    terms: Terms = TERMS
    rules: Rules = RULES
    hold_back: HoldBack = NOTHING_HELD_BACK
    proven: set[str] = field(default_factory=set)
    origin: str | None = None
    appraisals: dict[tuple[str, int, bool], Appraisal] = field(default_factory=dict)

    @property
    def campaigns(self) -> Campaigns:
        """The retailer's promotions."""
        return self.offering.campaigns

    @property
    def deadline(self) -> Deadline:
        """The instant by which the operation ends."""
        return self.ask.deadline

    @property
    def policy_class(self) -> PolicyClass:
        """All of the viewer that plans and caches may be keyed by."""
        return PolicyClass(self.viewer.role, self.purpose)

    @property
    def calls(self) -> Mapping[str, int]:
        """Calls sent so far, per system."""
        return self.ask.calls

    def deny(self, path: tuple[str | int, ...]) -> None:
        """Note that a field is null because this viewer may not see it."""
        who, why = self.viewer.role.value, self.purpose.value
        self.access.append(
            Denial(path, "FORBIDDEN", f"Role {who} may not see this for purpose {why}.")
        )

    def do_without(self, failure: Failure) -> None:
        """Go on without something that no field of the answer shows by being null.

        The reader is told by a notice without a path, the operator by the log; once for each.
        """
        if failure in self.done_without:
            return
        self.done_without.append(failure)
        self.notices.append(Notice("DEGRADED", failure.message))
        told = {"request_id": self.request_id, "code": failure.code, "path": None}
        if isinstance(failure, SourceFailure):
            told |= {"system": failure.system, "call": failure.call, "detail": failure.detail}
        _log.log(failure.log_level, "failure", **told)

    def go_on_incomplete(self) -> None:
        """Go on without a part of something that no field of the answer shows to be less."""
        notice = Notice("INCOMPLETE", "Not every source has answered.")
        if notice not in self.notices:
            self.notices.append(notice)

    def may_look_up(self, kind: str, key: str) -> bool:
        """Tell, before anything is fetched, whether the viewer can have any right to this object.

        True means only that it is worth fetching: what depends on the object itself (whose order
        is it) is decided when it has come.
        """
        decision = self.policy.decide_type(kind, self.policy_class)
        if decision.needs_own and kind == "Customer":
            return key == self.viewer.customer
        if decision.needs_own and self.viewer.customer is None:
            # Nothing but what a secret proves can be theirs.
            return kind in BY_SECRET
        return not decision.is_denied

    def pseudonym(self, text: str) -> str:
        """Give the stand-in of a text: always the same for one purpose, another for the next."""
        return self.pseudonyms.pseudonym(text, self.purpose)


class Contexts:
    """Opens a context for each operation, checking what its request says of itself."""

    def __init__(
        self,
        settings: Settings,
        ports: Ports,
        policy: FieldPolicy,
        own: OwnPorts = NOTHING_OWNED,
        attempts: Attempts = UNSERVED,
        changes: StockChanges = UNSERVED,
        systems: Sequence[str] = (),
        actions: ActionPolicy = NOBODY,
        record: AccessRecord = UNRECORDED,
        pseudonyms: Pseudonyms = NO_PSEUDONYMS,
        offering: Offering | None = None,
        terms: Terms = TERMS,
        rules: Rules = RULES,
        hold_back: HoldBack = NOTHING_HELD_BACK,
        buckets: TokenBucket = UNSERVED,
    ) -> None:
        self._settings = settings
        self._ports = ports
        self._policy = policy
        self._own = own
        self._attempts = attempts
        self._changes = changes
        self._systems = systems
        self._actions = actions
        self._record = record
        self._pseudonyms = pseudonyms
        self._offering = offering or Offering(Lineage())
        self._terms = terms
        self._rules = rules
        self._hold_back = hold_back
        self._buckets = buckets
        self._languages = [language.replace("-", "_") for language in settings.languages]
        # Callers say one of few things, in a language header that takes long to read.
        self._known_scene = lru_cache(maxsize=_MAX_SCENES)(self._read_scene)

    def open(
        self, viewer: Viewer, asked: Asked, request_id: str, origin: str | None = None
    ) -> Context:
        """Make the context of one operation; the caller closes ``context.loaders``.

        *Errors*: ``BadInput`` for a header that says something we do not know, ``Forbidden`` for
        one that says more than the viewer's token allows.
        """
        scene = self._scene(viewer, asked)
        ask = Ask(
            deadline=Deadline.after(self._settings.timeout),
            market=scene.market,
            currency=scene.currency,
            language=scene.language,
            channel=scene.channel,
            request_id=request_id,
        )
        return Context(
            viewer=viewer,
            purpose=scene.purpose,
            policy=self._policy,
            loaders=Loaders(self._ports, ask, self._own, self._offering.campaigns),
            ask=ask,
            store=scene.store,
            now=datetime.now(UTC),
            request_id=request_id,
            origin=origin,
            attempts=self._attempts,
            changes=self._changes,
            offering=self._offering,
            systems=self._systems,
            actions=self._actions,
            record=self._record,
            pseudonyms=self._pseudonyms,
            terms=self._terms,
            rules=self._rules,
            hold_back=self._hold_back,
            buckets=self._buckets,
            echoes=scene.echoes,
        )

    def ask(self, place: Place | None = None) -> Ask:
        """Make the standing request of work that nobody asked for: the defaults of everything."""
        market = place.market if place else next(iter(self._settings.markets))
        return Ask(
            deadline=Deadline.after(self._settings.timeout),
            market=market,
            currency=place.currency if place else self._settings.markets[market][0],
            language=self._settings.languages[0],
            channel=place.channel if place else Channel.WEB,
        )

    def _scene(self, viewer: Viewer, asked: Asked) -> "_Scene":
        narrowed = viewer.channel, viewer.purposes, viewer.store
        if len(asked.language or "") + len(asked.store or "") > _MAX_KNOWN:
            return self._read_scene(*narrowed, asked)
        return self._known_scene(*narrowed, asked)

    def _read_scene(
        self,
        registered: Channel | None,
        purposes: tuple[Purpose, ...],
        bound: str | None,
        asked: Asked,
    ) -> "_Scene":
        """Check what a request says of itself against what its viewer's token allows."""
        channel, purpose = _channel(registered, asked.channel), _purpose(purposes, asked.purpose)
        market, currency = self._market(asked.market, asked.currency)
        language = self._language(asked.language)
        store = _store(bound, asked.store)
        return _Scene(
            channel=channel,
            purpose=purpose,
            market=market,
            currency=currency,
            language=language,
            store=store,
            echoes={
                "channel": channel.value,
                "market": market,
                "currency": currency,
                "language": language,
                "store": node_id("Location", store) if store else None,
                "purpose": purpose.value,
            },
        )

    def _market(self, market: str | None, currency: str | None) -> tuple[str, str]:
        markets = self._settings.markets
        if market is None:
            market = next(iter(markets))
        elif market not in markets:
            raise BadInput("Commerce-Market", market, ", ".join(markets))
        if currency is None:
            currency = markets[market][0]
        elif currency not in markets[market]:
            allowed = ", ".join(markets[market])
            raise BadInput("Commerce-Currency", currency, f"{allowed} in market {market}")
        return market, currency

    def _language(self, header: str | None) -> str:
        default = self._settings.languages[0]
        if header is None:
            return default
        wanted = accepted(header)
        found = negotiate_locale(wanted, self._languages)
        return found.replace("_", "-") if found else default


class _Scene(Struct, frozen=True, kw_only=True):
    """Where an operation takes place: what its request says of itself, found good."""

    channel: Channel
    purpose: Purpose
    market: str
    currency: str
    language: str
    store: str | None
    echoes: Mapping[str, object]


def _channel(registered: Channel | None, asked: str | None) -> Channel:
    if asked is None:
        return registered or Channel.WEB
    try:
        channel = Channel(asked)
    except ValueError:
        allowed = ", ".join(each.value for each in Channel)
        raise BadInput("Commerce-Channel", asked, allowed) from None
    if registered not in (None, channel):
        raise Forbidden(f"This client is registered for channel {registered.value}.")
    return channel


def _purpose(purposes: tuple[Purpose, ...], asked: str | None) -> Purpose:
    if asked is None:
        return purposes[0]
    try:
        purpose = Purpose(asked)
    except ValueError:
        allowed = ", ".join(each.value for each in Purpose)
        raise BadInput("Commerce-Purpose", asked, allowed) from None
    if purpose not in purposes:
        raise Forbidden(f"This client may not claim purpose {purpose.value}.")
    return purpose


def _store(bound: str | None, asked: str | None) -> str | None:
    if asked is None:
        return bound
    _, store = node_key(asked, "Commerce-Store", "Location")
    if bound not in (None, store):
        raise Forbidden("This token is bound to another store.")
    return store
