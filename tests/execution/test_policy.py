"""The policy as the plan holds it, against the policy as the fallback asks it."""

import asyncio
import gc
import os
import random
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import GraphQLObjectType, parse, validate

from auth.pseudonym import KeyedPseudonyms
from domain.identity import node_id
from domain.policy import Category, Classification, Decision, Grant, View
from domain.secret import Secret
from domain.viewer import PolicyClass, Purpose
from execution.engine import Settings as EngineSettings
from execution.executor import Executor, Settings
from execution.notice import MAX_NOTICES
from execution.result import Result
from schema.build import build
from tests.execution.compare import difference
from tests.execution.generate import Generator
from tests.execution.shop import IDS, SKUS, VIEWERS, Policy, Shop, context

OPERATIONS = int(os.environ.get("ENGINE_OPERATIONS", "2000")) // 8
SEED = int(os.environ.get("ENGINE_SEED", random.SystemRandom().randrange(10**9)))

PUBLISHED = build()
POLICY = Policy(PUBLISHED.classification)
PLANNED = Executor(PUBLISHED.graphql, Settings(engine=EngineSettings(loop_after=1)))
REFERENCE = Executor(PUBLISHED.graphql, Settings(planner=False))


class ShopGenerator(Generator):
    """Knows the shop's ids."""

    def _scalar(self, kind: Any) -> Any:
        if kind.name == "ID":
            return self._dice.choice(IDS if self._dice.random() < 0.1 else IDS[:-1])
        if kind.name == "String":
            return self._dice.choice((*SKUS, "crm", "erp", "none"))
        return super()._scalar(kind)


def _said(result: Result, name: str) -> list[str]:
    # Below a null that a failure rose to, there is no position any more to say a thing of; what is
    # said of no position at all always counts.
    return sorted(
        repr(each)
        for each in result.extensions.get(name, ())
        if each["path"] is None or _at(result.data, each["path"][:-1]) is not None
    )


def _at(data: Any, path: Any) -> Any:
    for key in path:
        if data is None:
            return None
        data = data[key]
    return data


@pytest.mark.parametrize(
    "viewer", VIEWERS, ids=lambda viewer: f"{viewer.role.value}-{viewer.customer}"
)
async def test_each_viewer_gets_what_the_fallback_gives(viewer: Any) -> None:
    """For every viewer the plan denies, hides and shows what graphql-core with the guard does."""
    dice = random.Random(f"{SEED} {viewer}")
    sys.stdout.write(f"ENGINE_SEED={SEED}\n")
    done = 0
    while done < OPERATIONS // len(VIEWERS):
        generator = ShopGenerator(PUBLISHED.graphql, dice, 60)
        text = generator.operation()
        if validate(PUBLISHED.graphql, parse(text)):
            continue
        trouble = frozenset(dice.sample((*SKUS, "crm:c1", "wms:L1", "erp:o1"), dice.randint(0, 2)))
        answers = []
        for executor in (PLANNED, PLANNED, REFERENCE):
            opened = context(Shop(trouble), POLICY, viewer)
            answers.append(await executor.execute(text, generator.variables, None, opened))
            opened.loaders.close()
        first, ours, theirs = answers
        where = f"ENGINE_SEED={SEED}\n{text}\n{generator.variables}"
        assert first.data == ours.data, where
        found = difference((ours.data, ours.errors), (theirs.data, theirs.errors))
        assert found is None, f"{found}\n{where}"
        if not ours.errors:
            assert ours.extensions.get("cost") == theirs.extensions.get("cost"), where
        assert _said(ours, "access") == _said(theirs, "access"), where
        if max(len(each.extensions.get("notices", ())) for each in answers) < MAX_NOTICES:
            assert _said(ours, "notices") == _said(theirs, "notices"), where
        done += 1


class Barred(Policy):
    """Bars a type as a whole while it lets every field that leads to it pass."""

    def decide_type(self, type_name: str, policy_class: PolicyClass) -> Decision:
        barred = type_name == "LoyaltyAccount"
        return Decision.DENY if barred else super().decide_type(type_name, policy_class)


class Unkept(Policy):
    """Denies what is classified as loyalty, field by field."""

    def __init__(self, classification: Classification) -> None:
        super().__init__(classification)
        self._denied = {
            place
            for place, each in classification.fields.items()
            if each.category is Category.LOYALTY
        }

    def decide(self, parent_type: str, field: str, policy_class: PolicyClass) -> Decision:
        if (parent_type, field) in self._denied:
            return Decision.DENY
        return super().decide(parent_type, field, policy_class)


@pytest.mark.parametrize("planner", [True, False])
@pytest.mark.parametrize("kind", [Barred, Unkept])
async def test_no_object_of_a_denied_kind_comes_out(kind: Any, planner: bool) -> None:
    """Where a kind of object is denied, none comes out by any way, and the rest of it is whole."""
    text = """query ($customer: ID!, $account: ID!) {
        customer(id: $customer) { number loyalty { points tier } }
        node(id: $account) { id ... on LoyaltyAccount { points } }
        nodes(ids: [$customer, $account]) { ... on Customer { loyalty { points } }
            ... on LoyaltyAccount { points } } }"""
    ids = {
        "customer": node_id("Customer", "crm:c1"),
        "account": node_id("LoyaltyAccount", "crm:l1"),
    }
    agent = VIEWERS[-1]
    told = []
    for policy in (POLICY, kind(PUBLISHED.classification)):
        # A plan holds its policy's decisions: each executor knows one policy.
        executor = Executor(PUBLISHED.graphql, Settings(planner=planner))
        opened = context(Shop(), policy, agent)
        answer = await executor.execute(text, ids, None, opened)
        opened.loaders.close()
        assert answer.errors == []
        assert answer.data is not None
        assert answer.data["customer"]["number"] == "C1"
        told.append(str(answer.data).count("'points': 7"))
    assert told == [4, 0]


class Nameless(Policy):
    """Shows customers, whatever holds, by stand-ins of their ids."""

    def decide(self, parent_type: str, field: str, policy_class: PolicyClass) -> Decision:
        if (parent_type, field) == ("Customer", "id"):
            return Decision((Grant(View.PSEUDONYM),))
        return super().decide(parent_type, field, policy_class)


async def test_a_stand_in_stays_one_however_often_it_is_asked_for() -> None:
    """Code that a plan gets for itself shows no more of an object than the plan's first columns."""
    executor = Executor(PUBLISHED.graphql, Settings(engine=EngineSettings(loop_after=1)))
    id = node_id("Customer", "crm:c1")
    pseudonyms = KeyedPseudonyms(Secret("key"))
    for _ in range(4):
        opened = context(Shop(), Nameless(PUBLISHED.classification), VIEWERS[-1])
        opened.pseudonyms = pseudonyms
        text = "query ($id: ID!) { customer(id: $id) { id number } }"
        stand_in = pseudonyms.stand_in(id, Purpose.CUSTOMER_SERVICE)
        answer = await executor.execute(text, {"id": stand_in}, None, opened)
        opened.loaders.close()
        assert answer.data == {"customer": {"id": stand_in, "number": "C1"}}


async def test_a_type_denied_is_null_before_its_fields() -> None:
    """An object of a denied type is null itself, in the plan and in the fallback."""
    for planner in (True, False):
        executor = Executor(PUBLISHED.graphql, Settings(planner=planner))
        opened = context(Shop(), Barred(PUBLISHED.classification), VIEWERS[-1])
        ids = {"customer": node_id("Customer", "crm:c1")}
        text = "query ($customer: ID!) { customer(id: $customer) { loyalty { __typename } } }"
        answer = await executor.execute(text, ids, None, opened)
        opened.loaders.close()
        assert answer.data == {"customer": {"loyalty": None}}


async def test_a_field_dropped_before_it_began_leaves_nothing(recwarn: Any) -> None:
    """What the reference drops beside a field that failed leaves nothing that never began."""
    kind = PUBLISHED.graphql.type_map["Query"]
    assert isinstance(kind, GraphQLObjectType)
    resolve: Any = kind.fields["customer"].resolve
    opened = context(Shop(), POLICY, VIEWERS[-1])

    async def wait(answer: Any) -> Any:
        return await answer

    answer = resolve(None, SimpleNamespace(context=opened), id=node_id("Customer", "crm:c1"))
    dropped = asyncio.ensure_future(wait(answer))
    dropped.cancel()
    await asyncio.wait((dropped,))
    del answer, dropped
    gc.collect()
    opened.loaders.close()
    assert [str(each.message) for each in recwarn] == []
