"""Every kind of caller, and what the table says of each."""

from collections.abc import Iterator

from auth.policy import PolicyTable
from auth.table import read_table
from domain.identity import node_id
from domain.viewer import PolicyClass, Purpose, Role
from sandbox.persona import ASSOCIATE_STORE, NEIGHBOUR_CONTACT
from tests.policy.issuer import Caller
from tests.policy.oracle import Oracle
from tests.policy.proof import caller
from tests.policy.way import PUBLISHED, World

TABLE = PolicyTable(PUBLISHED.classification, read_table())
STORE = node_id("Location", f"wms:{ASSOCIATE_STORE}")


def _callers() -> Iterator[tuple[Caller, bool]]:
    """A caller of each role and purpose; those who open cases once with one and once without."""
    for role in Role:
        for purpose in Purpose:
            if role is Role.ANONYMOUS and purpose is not Purpose.SHOPPING:
                continue
            if TABLE.permit("assistStart", role).decision.is_full:
                yield Caller(role=role, purpose=purpose, subject=f"with-{role.value}"), True
            yield caller(role, purpose), False
            if role is Role.CUSTOMER:
                yield caller(role, purpose, customer=NEIGHBOUR_CONTACT), False


CALLERS = list(_callers())


def oracle_of(world: World, who: Caller, *, has_case: bool) -> Oracle:
    """Say what a caller must see of the customer."""
    policy_class = PolicyClass(who.role, who.purpose)
    standing = world.standing(who, has_case=has_case)
    store = STORE if who.store == ASSOCIATE_STORE else None
    return Oracle(PUBLISHED.graphql, TABLE, policy_class, standing, store)
