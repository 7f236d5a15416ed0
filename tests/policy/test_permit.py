"""Every change asks the policy table whether its caller may make it, and nobody else."""

from datetime import UTC, datetime
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, get_named_type

import execution.executor
import execution.market
from auth.policy import PolicyTable
from auth.table import read_table
from domain.action import Permit
from domain.port import Ports
from domain.viewer import Channel, Purpose, Role, Viewer
from execution.executor import Executor
from execution.request import Asked, Contexts
from tests.policy.way import PUBLISHED

assert PUBLISHED.graphql.mutation_type is not None
MUTATIONS = PUBLISHED.graphql.mutation_type.fields
LEAD = Viewer(role=Role.AGENT_LEAD, subject="lead", purposes=(Purpose.CUSTOMER_SERVICE,))


class Nothing:
    """Permits nothing, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def permit(self, action: str, role: Role) -> Permit:
        self.asked.append(action)
        return Permit()


def _filled(kind: GraphQLInputObjectType) -> dict[str, Any]:
    """The least input of a type that is one."""
    return {
        name: _value(str(field.type), get_named_type(field.type))
        for name, field in kind.fields.items()
        if str(field.type).endswith("!")
    }


def _value(written: str, kind: Any) -> Any:
    if isinstance(kind, GraphQLInputObjectType):
        one: Any = _filled(kind)
    elif kind.name in ("String", "ID"):
        one = "permit-0001"
    elif kind.name == "Int":
        one = 1
    else:
        one = next(iter(kind.values)) if hasattr(kind, "values") else f"{datetime.now(UTC)}"
    return [one] if written.startswith("[") else one


@pytest.mark.anyio
@pytest.mark.parametrize("name", sorted(MUTATIONS))
async def test_a_change_asks_the_table_first(name: str) -> None:
    """What the table permits to nobody is refused to everybody, before anything is read."""
    actions = Nothing()
    settings = execution.market.Settings(markets={"PL": ["PLN"]}, languages=["en"])
    policy = PolicyTable(PUBLISHED.classification, read_table())
    contexts = Contexts(settings, Ports(), policy, actions=actions)
    context = contexts.open(LEAD, Asked(channel=Channel.AGENT.value), "request")
    field = MUTATIONS[name]
    kind = get_named_type(field.args["input"].type)
    assert isinstance(kind, GraphQLInputObjectType)
    document = f"mutation ($input: {kind.name}!) {{ {name}(input: $input) {{ __typename }} }}"
    executor = Executor(PUBLISHED.graphql, execution.executor.Settings())
    try:
        result = await executor.execute(document, {"input": _filled(kind)}, None, context)
    finally:
        context.loaders.close()
    (error,) = result.errors
    assert getattr(error.original_error, "code", error) == "FORBIDDEN"
    assert actions.asked == [name]
    assert not context.calls
