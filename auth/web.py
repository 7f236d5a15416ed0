"""HTTP to identity providers: the configured address only, and only so much of an answer."""

import ssl

import httpx

MAX_BODY = 256 * 1024


class TooLong(Exception):  # noqa: N818 - named after what happened
    """An answer has more bytes than are read."""


def open_client(timeout: float) -> httpx.AsyncClient:
    """Open a client that follows nothing and keeps nothing; whoever opens it closes it."""
    return httpx.AsyncClient(
        follow_redirects=False,
        timeout=timeout,
        trust_env=False,
        verify=ssl.create_default_context(),
        limits=httpx.Limits(max_connections=20, max_keepalive_connections=0),
    )


async def body_of(response: httpx.Response) -> bytes:
    """Read a body as it was sent. *Errors*: ``TooLong``; httpx's own."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_BODY:
            raise TooLong(f"more than {MAX_BODY} bytes")
    return bytes(body)
