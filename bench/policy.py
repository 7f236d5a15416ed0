"""``python -m bench.policy``: what access control and the record of looks cost, in percent of CPU.

Each round runs a query under the policy table and under a policy that allows everything, one
after the other, with warm plans and everything in memory; a figure is the median of the rounds'
own ratios. Upstream calls and HTTP are not in it, so that of a whole request it is a smaller part.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from auth.policy import PolicyTable
from auth.table import read_table
from domain.ask import Ask
from domain.case import Case, Verification
from domain.identity import node_id
from domain.policy import NO_TERMS, Decision, Terms
from domain.port import OwnPorts
from domain.record import UNRECORDED, AccessRecord
from domain.viewer import PolicyClass, Purpose, Role, Viewer
from execution.executor import Executor, Settings
from execution.market import Settings as ContextSettings
from execution.request import Asked, Contexts
from execution.trail import AccessTrail
from schema.build import build
from storage.cursor import SealedCursors
from tests.execution.shop import NOW, Shop

_ROUNDS, _TIMES = 31, 30
_CUSTOMER = """query ($id: ID!) { customer(id: $id) {
  number name { full { text masked } } email { text masked } phone { text } birthDate
  addresses { lines { text } city { text } } consents { purpose state } segments
  loyalty { tier points } orders(first: 10) { nodes { number state placedAt total { minor currency }
    payments { method amount { minor } }
    lines { name quantity total { minor currency } variant { sku name } } } } } }"""
_LISTING = """{ products(first: 4) { nodes { id name variants { sku name options { name value }
  offer { price { gross { minor currency } } } availability { band } } } } }"""
_QUERIES = {"customer": _CUSTOMER, "listing": _LISTING}
_VIEWERS = {
    "customer's own": Viewer(role=Role.CUSTOMER, subject="c", customer="crm:c1"),
    "agent, case open": Viewer(role=Role.AGENT, subject="a", purposes=(Purpose.CUSTOMER_SERVICE,)),
    "machine": Viewer(role=Role.SYSTEM, subject="m", purposes=(Purpose.CUSTOMER_SERVICE,)),
}


class _Cases:
    """One open case, in memory."""

    async def open_cases_by_agent(
        self,
        agents: Sequence[str],
        ask: Ask,  # noqa: ARG002 - as the port has it
    ) -> Mapping[str, Sequence[Case]]:
        case = Case(
            key="1",
            customer_key="crm:c1",
            agent="a",
            purpose=Purpose.CUSTOMER_SERVICE,
            reason="bench",
            verification=Verification.CODE,
            opened_at=NOW - timedelta(hours=1),
            expires_at=NOW + timedelta(hours=10),
        )
        return {agent: [case] for agent in agents}


class _Everything:
    """Allows everything to everybody."""

    def decide(self, parent_type: str, field: str, policy_class: PolicyClass) -> Decision:  # noqa: ARG002
        return Decision.ALLOW

    def decide_type(self, type_name: str, policy_class: PolicyClass) -> Decision:  # noqa: ARG002
        return Decision.ALLOW

    def explain(self, parent_type: str, field: str, policy_class: PolicyClass) -> Mapping[str, str]:  # noqa: ARG002
        return {}

    def terms(self, type_name: str, policy_class: PolicyClass) -> Terms:  # noqa: ARG002
        return NO_TERMS


class _Side:
    """One policy with an executor of its own: a plan holds its policy's decisions."""

    def __init__(self, published: Any, policy: Any, record: AccessRecord) -> None:
        cases: Any = _Cases()
        settings = ContextSettings(markets={"PL": ["PLN"]}, languages=["en"])
        self._executor = Executor(published.graphql, Settings())
        self._contexts = Contexts(
            settings,
            Shop().ports(),
            policy,
            OwnPorts(case=cases),
            record=record,
            cursors=SealedCursors(),
        )

    async def run(self, text: str, viewer: Viewer, times: int) -> float:
        """Run a query some times. *Units*: seconds of CPU."""
        given = {"id": node_id("Customer", "crm:c1")} if "$id" in text else {}
        began = time.process_time()
        for _ in range(times):
            context = self._contexts.open(viewer, Asked(), "bench")
            result = await self._executor.execute(text, given, None, context)
            assert not result.errors, result.errors
            context.loaders.close()
        return time.process_time() - began


async def main() -> None:
    """Print a row for each query and viewer."""
    published = build()
    table = PolicyTable(published.classification, read_table())
    base = _Side(published, _Everything(), UNRECORDED)
    guarded = _Side(published, table, UNRECORDED)
    recorded = _Side(published, table, AccessTrail())
    print("| query | caller | policy | and record |\n|---|---|---|---|")
    for query, text in _QUERIES.items():
        for who, viewer in _VIEWERS.items():
            sides = (base, guarded, recorded)
            for side in sides:
                await side.run(text, viewer, 3 * _TIMES)
            rounds = [
                [await side.run(text, viewer, _TIMES) for side in sides] for _ in range(_ROUNDS)
            ]
            policy = statistics.median(with_it / without for without, with_it, _ in rounds) - 1
            record = statistics.median(both / with_it for _, with_it, both in rounds) - 1
            print(f"| {query} | {who} | {policy:+.1%} | {record:+.1%} |")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
