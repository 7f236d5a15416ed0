"""A gateway that believes any caller, so that each rule of the policy can be tried from outside."""

import os
import random
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from auth.table import read_table
from domain.errors import BadInput
from domain.identity import node_key
from domain.policy import Category, View
from domain.viewer import Purpose, Role
from sandbox.persona import ASSOCIATE_STORE, CUSTOMER_CONTACT
from schema.build import build
from tests.policy.issuer import AUDIENCE, Caller, Issuer, serving
from tests.shop import ROOT, Answer, Shop, keyed, serve, stand_in

SEED = int(os.environ.get("PROOF_SEED") or random.SystemRandom().randrange(1_000_000))
_ISSUER = """
[auth.issuers.proof]
url = "{url}"
audience = "{audience}"
"""
# A document with every field there is is larger than what anybody needs.
_ROOM = """
[execution]
characters = 50_000_000

[execution.engine]
steps = 5_000_000

[execution.limits]
characters = 900_000
tokens = 100_000
fields = 100_000
overlaps = 500_000
cost = 10_000_000

[reservation]
time = "290s"

[transport.demand]
mode = "measure"
"""

_CELLS = read_table().cells
_PERSONS = build().classification.person_types


class Proof:
    """A served gateway, and tokens for every caller there can be."""

    def __init__(self, shop: Shop, issuer: Issuer, log: Path) -> None:
        self.shop = shop
        self.log = log
        self._issuer = issuer

    def headers(self, caller: Caller) -> dict[str, str]:
        """What a caller sends beside the operation."""
        token = self._issuer.token(caller)
        said = {"Commerce-Purpose": caller.purpose.value}
        if token is None:
            return said if caller.purpose is Purpose.SHOPPING else {}
        return {"Authorization": f"Bearer {token}", **said}

    def ask(
        self,
        caller: Caller,
        query: str,
        variables: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Run one operation as this caller, with ids as they know them."""
        sent = {**self.headers(caller), **(headers or {})}
        known = {name: _known(caller, value) for name, value in (variables or {}).items()}
        return self.shop.ask(query, known, headers=sent)


def _has_stand_ins(caller: Caller) -> bool:
    """Whether a caller knows people, and what is theirs, by stand-ins alone."""
    found = _CELLS.get((caller.role, caller.purpose, Category.IDENTIFIER))
    return found is not None and [each.view for each in found.grants] == [View.PSEUDONYM]


def _known(caller: Caller, value: Any) -> Any:
    if not _has_stand_ins(caller) or not isinstance(value, str):
        return value
    try:
        kind, _ = node_key(value)
    except BadInput:
        return value
    return stand_in(value, caller.purpose.value) if kind in _PERSONS else value


def caller(role: Role, purpose: Purpose, *, customer: str = CUSTOMER_CONTACT) -> Caller:
    """Make the caller of a role as the sandbox knows them."""
    return Caller(
        role=role,
        purpose=purpose,
        subject=f"proof-{role.value.lower()}",
        customer=customer if role is Role.CUSTOMER else None,
        store=ASSOCIATE_STORE if role is Role.ASSOCIATE else None,
    )


def callers() -> list[Caller]:
    """List a caller of every role for every purpose; an anonymous one has one purpose alone."""
    return [
        caller(role, purpose)
        for role in Role
        for purpose in Purpose
        if role is not Role.ANONYMOUS or purpose is Purpose.SHOPPING
    ]


@contextmanager
def proving(
    folder: Path,
    *,
    more: str = "",
    systems: Mapping[str, str] | None = None,
) -> Iterator[Proof]:
    """Serve a gateway beside the sandbox that believes any caller.

    *Shape*: ``folder`` takes its log; ``more`` is further configuration; ``systems`` replace
    systems of the sandbox by name.
    """
    with serving() as issuer:
        # What is late is another answer, and no other caller's.
        text = re.sub(r'timeout = "\ds"', 'timeout = "20s"', (ROOT / "gateway.toml").read_text())
        for name in systems or {}:
            variable = f"${{SANDBOX_{name.upper()}_URL:"
            text = text.replace(variable, f"${{SANDBOX_{name.upper()}_WORLD_URL:")
        text = keyed(text) + _ISSUER.format(url=issuer.url, audience=AUDIENCE) + _ROOM + more
        config = folder / "gateway.toml"
        config.write_text(text)
        also = {f"{name}-world": url for name, url in (systems or {}).items()}
        file = folder / "log"
        with file.open("w") as log, serve(config, log=log, also=also) as shop:
            yield Proof(shop, issuer, file)
