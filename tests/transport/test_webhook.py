"""Webhooks: signed, fresh, and each delivery counted once."""

import base64
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Callable

import pytest

from domain.deadline import Duration
from domain.secret import Secret
from tests.transport.gateway import Gateway, running
from transport.settings import Settings, WebhookSettings

pytestmark = pytest.mark.anyio
BODY = b'{"kind":"stock.changed","articles":["1"]}'


def signed(
    body: bytes = BODY, name: str = "msg_1", secret: str = "secret", age: int = 0
) -> dict[str, str]:
    moment = str(int(time.time()) - age)
    digest = hmac.new(secret.encode(), f"{name}.{moment}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": name,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


@pytest.fixture
async def told(anyio_backend: str) -> AsyncIterator[Gateway]:
    hooks = {"wms": WebhookSettings(secret_env=Secret("secret"), window=Duration(60))}
    async with running(Settings(webhooks=hooks)) as gateway:
        yield gateway


async def tell(
    gateway: Gateway, headers: dict[str, str], body: bytes = BODY, system: str = "wms"
) -> int:
    url = f"{gateway.address}/webhooks/{system}"
    async with gateway.session.post(url, data=body, headers=headers) as answer:
        return answer.status


async def test_a_signed_delivery_counts_once(told: Gateway) -> None:
    """A delivery that is repeated, as senders do, is taken in once and accepted each time."""
    headers = signed()
    assert [await tell(told, headers) for _ in range(3)] == [202] * 3
    assert told.notices == [BODY]
    assert await tell(told, signed(name="msg_2")) == 202
    assert len(told.notices) == 2


async def test_one_of_several_signatures_is_enough(told: Gateway) -> None:
    """While a secret is changed, a sender signs with the old and the new one."""
    headers = signed()
    headers["webhook-signature"] = f"v1,AAAA v2,x {headers['webhook-signature']}"
    assert await tell(told, headers) == 202


async def test_a_delivery_that_failed_may_come_again(told: Gateway) -> None:
    """What could not be taken in is not counted, so that its repetition is."""
    bad = b"[]"
    assert await tell(told, signed(bad), bad) == 400
    assert await tell(told, signed(BODY), BODY) == 202


BAD: dict[str, Callable[[], dict[str, str]]] = {
    "nothing": dict,
    "another secret": lambda: signed(secret="another"),
    "another body": lambda: signed(BODY + b" "),
    "another id": lambda: signed(name="msg_2") | {"webhook-id": "msg_1"},
    "no signature": lambda: signed() | {"webhook-signature": ""},
    "an empty one": lambda: signed() | {"webhook-signature": "v1,"},
    "no base64": lambda: signed() | {"webhook-signature": "v1,%%%"},
    "a guessed one": lambda: signed() | {"webhook-signature": "v1," + "A" * 44},
    "no time": lambda: signed() | {"webhook-timestamp": "now"},
    "a negative time": lambda: signed() | {"webhook-timestamp": "-1"},
    "a huge time": lambda: signed() | {"webhook-timestamp": "9" * 40},
    "too old": lambda: signed(age=120),
    "too new": lambda: signed(age=-120),
    "a long id": lambda: signed(name="a" * 300),
}


@pytest.mark.parametrize("wrong", BAD)
async def test_what_is_not_signed_well_and_lately_is_refused(told: Gateway, wrong: str) -> None:
    """A delivery counts only with the signature of its body, id and time, and only for a while."""
    assert await tell(told, BAD[wrong]()) == 401
    assert told.notices == []


async def test_only_configured_systems_are_heard(told: Gateway) -> None:
    """There is no address for anybody else, and none for anything but POST."""
    assert await tell(told, signed(), system="erp") == 404
    async with told.session.get(f"{told.address}/webhooks/wms") as answer:
        assert answer.status == 405
