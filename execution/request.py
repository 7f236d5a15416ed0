"""What a request says of its context, and the contexts that are opened for requests."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial

from babel.core import negotiate_locale
from msgspec import Struct

from domain.action import NOBODY, ActionPolicy
from domain.ask import Ask
from domain.attempt import Attempts
from domain.bucket import TokenBucket
from domain.cart import RULES, Rules
from domain.change import StockChanges
from domain.deadline import Deadline
from domain.errors import BadInput, Forbidden
from domain.holdback import NOTHING_HELD_BACK, HoldBack
from domain.holding import HOLDING, Holding
from domain.identity import node_id, node_key
from domain.ledger import Place
from domain.page import NO_CURSORS, Cursors
from domain.policy import NO_PSEUDONYMS, FieldPolicy, Pseudonyms
from domain.port import NOTHING_OWNED, UNSERVED, OwnPorts, Ports
from domain.record import UNRECORDED, AccessRecord
from domain.viewer import Channel, Purpose, Viewer
from execution.context import Context
from execution.language import accepted
from execution.lineage import Lineage
from execution.loaders import Loaders
from execution.market import Settings
from execution.offering import Offering

# Scenes that are remembered, and how long what is asked for may be to be among them.
_MAX_SCENES = 1_000
_MAX_KNOWN = 500


class Asked(Struct, frozen=True, kw_only=True):
    """What the request says of its context, as text, unchecked; None where it is silent."""

    channel: str | None = None
    market: str | None = None
    currency: str | None = None
    language: str | None = None
    store: str | None = None
    purpose: str | None = None


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
        holding: Holding = HOLDING,
        rules: Rules = RULES,
        hold_back: HoldBack = NOTHING_HELD_BACK,
        buckets: TokenBucket = UNSERVED,
        cursors: Cursors = NO_CURSORS,
    ) -> None:
        self._settings = settings
        self._ports = ports
        self._own = own
        self._offering = offering or Offering(Lineage())
        self._make = partial(
            Context,
            policy=policy,
            attempts=attempts,
            changes=changes,
            systems=systems,
            actions=actions,
            record=record,
            pseudonyms=pseudonyms,
            offering=self._offering,
            holding=holding,
            rules=rules,
            hold_back=hold_back,
            buckets=buckets,
            cursors=cursors,
        )
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
        return self._make(
            viewer=viewer,
            purpose=scene.purpose,
            loaders=Loaders(self._ports, ask, self._own, self._offering.campaigns),
            ask=ask,
            store=scene.store,
            now=datetime.now(UTC),
            request_id=request_id,
            origin=origin,
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
        raise Forbidden(
            f"Commerce-Channel is {asked}; this client is registered for {registered.value}."
        )
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
        allowed = ", ".join(each.value for each in purposes)
        raise Forbidden(f"This client may not claim purpose {asked}; allowed: {allowed}.")
    return purpose


def _store(bound: str | None, asked: str | None) -> str | None:
    if asked is None:
        return bound
    _, store = node_key(asked, "Commerce-Store", "Location")
    if bound not in (None, store):
        raise Forbidden("This token is bound to another store; leave Commerce-Store out.")
    return store
