"""Notices that systems send by themselves, signed."""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from domain.bucket import Rate, TokenBucket
from transport.answer import send_bytes
from transport.body import read
from transport.refusal import Refusal, bad_request, method_not_allowed, no_such_path
from transport.settings import Settings, WebhookSettings

PATH = "/webhooks/{system}"
# Takes a notice's body. *Errors*: ``ValueError`` for what cannot be read.
Take = Callable[[bytes], Awaitable[None]]
_TEXT = "text/plain; charset=utf-8"
_MAX_ID = 256
_MAX_SIGNATURES = 10
_PREFIX = "whsec_"


class Webhooks:
    """The ASGI application behind /webhooks/<system>.

    Of one delivery, however often it is repeated and to whichever process, one counts.

    *Source*: Standard Webhooks 1.0 (standardwebhooks.com): HMAC-SHA256 over id, time and body.
    """

    def __init__(self, settings: Settings, takes: Mapping[str, Take], bucket: TokenBucket) -> None:
        self._settings = settings
        self._takes = takes
        self._bucket = bucket

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one delivery. *Errors*: 401 for one that is not signed well, or not lately."""
        system = scope["path_params"]["system"]
        take, settings = self._takes.get(system), self._settings.webhooks.get(system)
        if take is None or settings is None:
            raise no_such_path()
        if scope["method"] != "POST":
            raise method_not_allowed(scope["method"], "POST")
        headers = Headers(scope=scope)
        body = await read(headers, receive, self._settings)
        name = _verified(headers, body, settings, time.time())
        # A token that comes back only after every repetition would be too old.
        once = Rate(1, 1 / (2 * settings.window + 1))
        key = f"webhook:{system}:{name}"
        if (await self._bucket.take(key, 1, once)).is_granted:
            try:
                await take(body)
            except BaseException as error:
                # It was not taken in, so that its repetition has to count.
                await self._bucket.take(key, -1, once)
                if isinstance(error, ValueError):
                    raise bad_request("The notice cannot be read.") from None
                raise
        await send_bytes(send, 202, _TEXT, b"")


def _verified(headers: Headers, body: bytes, settings: WebhookSettings, now: float) -> str:
    """Check a delivery's signature and age; tells its id."""
    name, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not 0 < len(name) <= _MAX_ID or not moment.isdecimal() or len(moment) > 12:
        raise _refused("it has no webhook-id or no webhook-timestamp")
    secret = settings.secret_env.reveal()
    signed = f"{name}.{moment}.".encode("latin-1") + body
    expected = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    given = headers.get("webhook-signature", "").split(" ")[:_MAX_SIGNATURES]
    if not any(hmac.compare_digest(expected, _signature(each)) for each in given):
        raise _refused("its signature is wrong")
    if abs(now - int(moment)) > settings.window:
        raise _refused("its time is not now")
    return name


def _key(secret: str) -> bytes:
    if not secret.startswith(_PREFIX):
        return secret.encode()
    return base64.b64decode(secret.removeprefix(_PREFIX))


def _signature(text: str) -> bytes:
    version, _, value = text.partition(",")
    try:
        return base64.b64decode(value, validate=True) if version == "v1" else b""
    except binascii.Error:
        return b""


def _refused(why: str) -> Refusal:
    return Refusal(401, "WEBHOOK_REFUSED", f"The delivery is not accepted: {why}.")
