"""A gateway that believes any caller, so that each rule of the policy can be tried from outside."""

import os
import random
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from domain.viewer import Purpose, Role
from sandbox.persona import ASSOCIATE_STORE, CUSTOMER_CONTACT
from tests.policy.issuer import AUDIENCE, Caller, Issuer, serving
from tests.shop import ROOT, Answer, Shop, serve

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
        """Run one operation as this caller."""
        sent = {**self.headers(caller), **(headers or {})}
        return self.shop.ask(query, variables, headers=sent)


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
        text += _ISSUER.format(url=issuer.url, audience=AUDIENCE) + _ROOM + more
        config = folder / "gateway.toml"
        config.write_text(text)
        also = {f"{name}-world": url for name, url in (systems or {}).items()}
        file = folder / "log"
        with file.open("w") as log, serve(config, log=log, also=also) as shop:
            yield Proof(shop, issuer, file)
