"""The context of an operation: what the request may say, and what the token narrows."""

import logging
from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from domain.errors import BadInput, Failure, Forbidden
from domain.identity import node_id
from domain.policy import Decision, Terms
from domain.port import Ports
from domain.viewer import ANONYMOUS, Channel, PolicyClass, Purpose, Role, Viewer
from execution.context import Context
from execution.executor import Executor
from execution.executor import Settings as ExecutionSettings
from execution.market import Settings
from execution.request import Asked, Contexts
from schema.build import build

SETTINGS = Settings(markets={"PL": ["PLN", "EUR"], "DE": ["EUR"]}, languages=["en", "pl", "de-AT"])
STORE = node_id("Location", "wms:WAW1")


class Everything:
    """A policy that allows everything: what is tested here comes before it."""

    def decide(self, parent_type: str, field: str, policy_class: PolicyClass) -> Decision:
        return Decision.ALLOW

    def decide_type(self, type_name: str, policy_class: PolicyClass) -> Decision:
        return Decision.ALLOW

    def explain(self, parent_type: str, field: str, policy_class: PolicyClass) -> Mapping[str, str]:
        return {}

    def terms(self, type_name: str, policy_class: PolicyClass) -> Terms:
        return frozenset()


def opened(asked: Asked, viewer: Viewer = ANONYMOUS) -> Context:
    return Contexts(SETTINGS, Ports(), Everything()).open(viewer, asked, "r")


async def test_silence_takes_the_defaults() -> None:
    """A request that says nothing gets the first market, currency, language and purpose."""
    context = opened(Asked())
    assert context.echoes == {
        "channel": "WEB",
        "market": "PL",
        "currency": "PLN",
        "language": "en",
        "store": None,
        "purpose": "SHOPPING",
    }
    assert 2.5 < context.deadline.remaining() <= 3


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("pl", "pl"),
        ("pl-PL", "pl"),
        ("xx, pl;q=0.3, en;q=0.2", "pl"),
        ("en;q=0.2, pl;q=0.9", "pl"),
        ("pl;q=0, en", "en"),
        ("de-AT", "de-AT"),
        ("*", "en"),
        ("", "en"),
        (";;q=,,pl;q=x", "en"),
        ("pl;q=nan, en;q=0.1", "en"),
    ],
)
async def test_languages_are_negotiated_and_never_an_error(header: str, language: str) -> None:
    """The best language that is served is taken by weight; any other header means the default."""
    assert opened(Asked(language=header)).ask.language == language


@pytest.mark.parametrize(
    ("asked", "argument"),
    [
        (Asked(market="XX"), "Commerce-Market"),
        (Asked(market="DE", currency="PLN"), "Commerce-Currency"),
        (Asked(channel="web"), "Commerce-Channel"),
        (Asked(purpose="ALL"), "Commerce-Purpose"),
        (Asked(store="WAW1"), "Commerce-Store"),
        (Asked(store=node_id("Product", "erp:1")), "Commerce-Store"),
    ],
)
async def test_what_is_unknown_is_bad_input(asked: Asked, argument: str) -> None:
    """A header that says something unknown is refused by name, with what is allowed."""
    with pytest.raises(BadInput) as raised:
        opened(asked)
    assert raised.value.argument == argument


@pytest.mark.parametrize(
    ("viewer", "asked", "told"),
    [
        (ANONYMOUS, Asked(purpose="LEGAL"), "LEGAL; allowed: SHOPPING."),
        (Viewer(role=Role.CUSTOMER, channel=Channel.APP), Asked(channel="POS"), "for APP."),
        (Viewer(role=Role.ASSOCIATE, store="wms:KRK1"), Asked(store=STORE), "Commerce-Store out."),
    ],
)
async def test_a_header_never_says_more_than_the_token(
    viewer: Viewer, asked: Asked, told: str
) -> None:
    """Purpose, channel and store are bound to the token; a header cannot widen them, and who tries
    is told what it may say."""
    with pytest.raises(Forbidden) as raised:
        opened(asked, viewer)
    assert raised.value.message.endswith(told)


async def test_what_one_may_say_another_may_not() -> None:
    """What was found good for one viewer is not taken for good from another, nor told to them."""
    contexts = Contexts(SETTINGS, Ports(), Everything())
    asked = Asked(store=STORE, purpose="RETURNS", language="pl;q=0.9")
    here = Viewer(role=Role.ASSOCIATE, store="wms:WAW1", purposes=(Purpose.RETURNS,))
    for _ in range(2):
        assert contexts.open(here, asked, "r").purpose is Purpose.RETURNS
    for other in (ANONYMOUS, replace(here, store="wms:KRK1")):
        with pytest.raises(Forbidden):
            contexts.open(other, asked, "r")
    assert contexts.open(replace(here, channel=Channel.POS), asked, "r").ask.channel is Channel.POS


async def test_a_long_header_is_read_like_a_short_one() -> None:
    """A header that is too long to be remembered says what it says nevertheless."""
    header = "pl," + "x" * 5_000
    assert opened(Asked(language=header)).ask.language == "pl"


async def test_the_token_speaks_where_the_header_is_silent() -> None:
    """The token's own channel, store and first purpose hold without a header."""
    viewer = Viewer(
        role=Role.ASSOCIATE,
        store="wms:WAW1",
        channel=Channel.POS,
        purposes=(Purpose.RETURNS, Purpose.CUSTOMER_SERVICE),
    )
    context = opened(Asked(), viewer)
    assert (context.ask.channel, context.store, context.purpose) == (
        Channel.POS,
        "wms:WAW1",
        Purpose.RETURNS,
    )
    assert context.echoes["store"] == STORE
    assert opened(Asked(store=STORE), viewer).store == "wms:WAW1"


async def test_a_port_without_a_system_fails_its_own_keys() -> None:
    """A port that the retailer has no system for fails what is asked of it, as unavailable."""
    found = await opened(Asked()).loaders.stock_by_sku.load(["a", "b"])
    assert [isinstance(each, Failure) and each.code for each in found] == [
        "NOT_SERVED",
        "NOT_SERVED",
    ]


async def test_a_port_that_nobody_serves_is_no_outage() -> None:
    """A field without a system says so: not retryable, not degraded, nothing for the log."""
    executor = Executor(build().graphql, ExecutionSettings())
    context = opened(Asked())
    answer = await executor.execute('{ variant(sku: "1") { sku } }', None, None, context)
    context.loaders.close()
    assert answer.data == {"variant": None}
    (failure,) = [error.original_error for error in answer.errors or ()]
    assert isinstance(failure, Failure)
    assert failure.extensions == {"code": "NOT_SERVED"}
    assert failure.log_level < logging.WARNING
    assert "notices" not in answer.extensions
