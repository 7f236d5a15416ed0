"""The GraphQL over HTTP audit of the graphql-http package, run by Node against a real server."""

from pathlib import Path

import pytest

from tests.transport import node
from tests.transport.gateway import Gateway

pytestmark = [pytest.mark.anyio, pytest.mark.systems]


async def test_every_audit_passes(gateway: Gateway) -> None:
    """Every audit of the specification passes, the optional ones included."""
    audit = node.installed(Path(__file__).parent / "audit")
    results = await node.checks(audit, "audit.js", gateway.url)
    assert [each for each in results if each["status"] != "ok"] == []
    assert len(results) == 61
