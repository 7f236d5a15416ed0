"""What is refused before anything is done, and how little work it takes to refuse it."""

import itertools
import json
import time
from typing import Any

import pytest
from graphql import get_introspection_query

from bench.attack import chain, documents
from domain.identity import node_id
from domain.viewer import Role, Viewer
from execution.engine import Settings as EngineSettings
from execution.executor import Executor, Settings
from execution.limit import Limits, RoleLimits
from execution.result import Result
from schema.build import build
from tests.execution.shop import VIEWERS, Policy, Shop, context

PUBLISHED = build()
POLICY = Policy(PUBLISHED.classification)
STAFF = Viewer(role=Role.AGENT)
# A bound that no slow machine misses; the work itself is a small fraction of it.
SECONDS = 2.0


async def _execute(
    text: str, variables: dict[str, Any] | None = None, settings: Settings | None = None
) -> tuple[Result, Shop]:
    shop = Shop()
    opened = context(shop, POLICY, STAFF)
    executor = Executor(PUBLISHED.graphql, settings or Settings())
    before = time.process_time()
    result = await executor.execute(text, variables, None, opened)
    assert time.process_time() - before < SECONDS
    opened.loaders.close()
    return result, shop


@pytest.mark.parametrize("attack", documents().values(), ids=documents().keys())
async def test_a_hostile_document_is_refused(attack: str) -> None:
    """A document made to keep the server busy is refused in bounded time, asking no system."""
    result, shop = await _execute(attack)
    assert not result.was_executed
    assert result.errors
    assert not shop.asked


async def test_what_unfolds_to_too_much_is_refused_for_its_figure() -> None:
    """The message says what was found and what is allowed."""
    result, _ = await _execute(chain(40))
    assert [each.message for each in result.errors] == [
        "The document has more than 10^9 fields; allowed: 2000. "
        "Ask for less, or in several requests."
    ]


LISTING = """query ($first: Int!) { products(first: $first) { nodes { variants {
  availability { locations(first: 100) { location { name } } } } } } }"""


async def test_cost_follows_from_the_variables() -> None:
    """An operation is refused for what its variables would make of it, before it runs."""
    cheap, shop = await _execute(LISTING, {"first": 1})
    assert cheap.was_executed
    assert shop.asked
    # products 2; availability 10 variants; locations 0; location 10 * 100 each.
    assert cheap.extensions["cost"]["requested"] == 2 + 1 * 10 * (1 + 100)
    dear, shop = await _execute(LISTING, {"first": 1_000_000_000})
    assert not dear.was_executed
    assert "points of cost; allowed: 20000" in dear.errors[0].message
    assert not shop.asked


async def test_actual_cost_counts_what_was_resolved() -> None:
    """What was resolved is counted once for each object that it was resolved of."""
    text = "query ($id: ID!) { nodes(ids: [$id]) { ... on Variant { offer { version } } } }"
    result, _ = await _execute(text, {"id": node_id("Variant", "S3")})
    assert result.extensions["cost"] == {
        "requested": 2,
        "actual": 2,
        "calls": {},
    }


async def test_an_object_that_is_not_shown_costs_what_an_absent_one_costs() -> None:
    """No figure tells a viewer whether an object exists that they may not see."""
    costs = []
    for key in ("erp:o2", "erp:none"):
        opened = context(Shop(), POLICY, VIEWERS[1])
        executor = Executor(PUBLISHED.graphql, Settings())
        text = "query ($id: ID!) { node(id: $id) { ... on Order { lines { variant { sku } } } } }"
        await executor.execute(text, {"id": node_id("Order", key)}, None, opened)
        costs.append((opened.requested, opened.actual))
        opened.loaders.close()
    assert costs[0] == costs[1]


@pytest.mark.parametrize(
    "variables",
    [{"ids": ["x"] * 20_000}, {"ids": [[["x"] * 200] * 200]}, {f"v{i}": 1 for i in range(20_000)}],
    ids=["long list", "nested lists", "many"],
)
async def test_more_variables_than_anybody_needs_are_refused(variables: dict[str, Any]) -> None:
    """Variables are counted before they are read."""
    result, shop = await _execute("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", variables)
    assert not result.was_executed
    assert "values in its variables; allowed: 10000" in result.errors[0].message
    assert not shop.asked


async def test_deep_variables_are_refused() -> None:
    """Variables nested deeper than Python's own stack are refused like any others."""
    deep: Any = []
    for _ in range(5_000):
        deep = [deep]
    result, _ = await _execute("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": deep})
    assert not result.was_executed


async def test_combinations_of_conditions_stay_bounded() -> None:
    """2^12 combinations of @include are answered with few plans kept."""
    names = [f"c{number}" for number in range(12)]
    definitions = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"f{name}: __typename @include(if: ${name})" for name in names)
    executor = Executor(PUBLISHED.graphql, Settings(engine=EngineSettings(combinations=8)))
    text = f"query ({definitions}) {{ {fields} }}"
    opened = context(Shop(), POLICY, STAFF)
    for values in itertools.islice(itertools.product((False, True), repeat=12), 0, 4_096, 16):
        result = await executor.execute(text, dict(zip(names, values)), None, opened)
        assert result.data == {f"f{name}": "Query" for name, value in zip(names, values) if value}
    assert len(executor._engine._plans) <= 8
    assert sum(executor._engine._counts.values()) == len(executor._engine._plans)
    opened.loaders.close()


async def test_plans_and_documents_stay_bounded() -> None:
    """However many documents come, what is kept of them is bounded in number and size."""
    settings = Settings(
        documents=20, characters=2_000, engine=EngineSettings(plans=10, steps=60, loop_after=1)
    )
    executor = Executor(PUBLISHED.graphql, settings)
    opened = context(Shop(), POLICY, STAFF)
    for number in range(100):
        text = f"query Q{number} {{ viewer {{ role purposes }} __typename }}"
        for _ in range(2):
            assert (await executor.execute(text, None, None, opened)).data
    assert len(executor._documents._known) <= 20
    assert executor._documents._held == sum(map(len, executor._documents._known))
    assert len(executor._engine._plans) <= 10
    size = sum(plan.size for plan in executor._engine._plans.values())
    assert size == executor._engine._planner.size
    # The newest one has grown since it was kept.
    assert size <= 60 + 10
    for number in range(100):
        await executor.execute(f'{{ __type(name: "T{number}") {{ name }} }}', None, None, opened)
    assert len(executor._engine._introspection._known) <= 32
    opened.loaders.close()


async def test_what_is_told_of_the_schema_is_paid_for() -> None:
    """Introspection costs what it tells: the usual query fits, what multiplies it does not."""
    usual = get_introspection_query(specified_by_url=True, input_value_deprecation=True)
    result, _ = await _execute(usual)
    assert not result.errors
    cost = result.extensions["cost"]
    assert 0 < cost["actual"] < cost["requested"] < Limits().cost
    names = " ".join(f"a{number}: fields {{ name args {{ name }} }}" for number in range(80))
    result, _ = await _execute(f"{{ __schema {{ types {{ {names} }} }} }}")
    assert "points of cost; allowed" in str(result.errors)


@pytest.mark.parametrize("text", ["{ __schema { types { name } } }", get_introspection_query()])
async def test_what_is_told_again_costs_nothing(text: str) -> None:
    """An answer that is kept costs no more; one that would fill the room is not kept."""
    executor = Executor(PUBLISHED.graphql, Settings())
    for is_first in (True, False):
        opened = context(Shop(), POLICY, STAFF)
        assert not (await executor.execute(text, None, None, opened)).errors
        assert (opened.actual > 0) is is_first
        opened.loaders.close()
    small = Executor(PUBLISHED.graphql, Settings(engine=EngineSettings(told=500)))
    opened = context(Shop(), POLICY, STAFF)
    for number in range(20):
        one = f'{{ __type(name: "Product") {{ a{number}: fields {{ name }} }} }}'
        assert (await small.execute(one, None, None, opened)).data
    kept = small._engine._introspection
    assert 0 < len(kept._known) < 20
    assert kept._held <= 500
    assert not (await small.execute(text, None, None, opened)).errors
    assert all(count <= 50 for _, count in kept._known.values())
    opened.loaders.close()


async def test_a_lower_limit_is_obeyed() -> None:
    """Each limit is a setting."""
    result, _ = await _execute("{ viewer { role } }", settings=Settings(limits=Limits(depth=1)))
    assert "2 levels of fields; allowed: 1" in json.dumps([str(each) for each in result.errors])


async def test_a_role_has_limits_of_its_own() -> None:
    """What a role's limits say holds for it alone, also of a document that another one has sent."""
    roles = {
        Role.ANONYMOUS: RoleLimits(depth=1, values=1),
        Role.AGENT: RoleLimits(tokens=3_000, root_fields=600, aliases=600),
    }
    executor = Executor(PUBLISHED.graphql, Settings(roles=roles))
    guest, customer, agent = (
        Viewer(role=role) for role in (Role.ANONYMOUS, Role.CUSTOMER, Role.AGENT)
    )
    wide = "{" + " ".join(f"a{number}: __typename" for number in range(500)) + "}"
    for text, variables, allowed in (
        ("{ viewer { role } }", None, (customer, agent)),
        ("{ __typename }", {"a": 1, "b": 2}, (customer, agent)),
        (wide, None, (agent,)),
    ):
        for viewer in (guest, customer, agent, guest, customer):
            opened = context(Shop(), POLICY, viewer)
            result = await executor.execute(text, variables, None, opened)
            opened.loaders.close()
            assert result.was_executed == (viewer in allowed), (text[:40], viewer)
