"""Liveness and readiness."""

from collections.abc import Mapping

import pytest

from domain.deadline import Duration
from tests.transport.gateway import running
from transport.settings import Settings

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("systems", "status", "text"),
    [
        ({"wms": True, "erp": True}, 200, "ready\nerp up\nwms up\n"),
        ({"wms": False, "erp": True}, 200, "ready\nerp up\nwms down\n"),
        ({"wms": False, "erp": False}, 503, "not ready\nerp down\nwms down\n"),
        ({}, 200, "ready\n"),
        (None, 503, "not ready\n"),
        (RuntimeError("probe"), 503, "not ready\n"),
    ],
)
async def test_readiness_has_a_line_per_system(
    systems: Mapping[str, bool] | Exception | None, status: int, text: str
) -> None:
    """The gateway is ready while one of its systems is up; a probe that hangs or breaks is not."""
    async with running(Settings(ready_time=Duration(0.1))) as gateway:
        gateway.systems = systems
        async with gateway.session.get(f"{gateway.address}/health/ready") as answer:
            assert (answer.status, await answer.text()) == (status, text)
        async with gateway.session.get(f"{gateway.address}/health/live") as answer:
            assert (answer.status, await answer.text()) == (200, "live\n")
        async with gateway.session.post(f"{gateway.address}/health/live") as answer:
            assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
