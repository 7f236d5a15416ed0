"""The shared client over TLS."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import aiohttp.connector
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from adapters._outcome import NotSent, Response
from adapters._system import SystemSettings
from adapters._upstream import Upstream
from domain.ask import Ask
from domain.deadline import Deadline
from domain.viewer import Channel


@pytest.fixture(params=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Served on uvloop, started without it where there is none: TLS is each loop's own."""
    return "asyncio", {"use_uvloop": request.param == "uvloop"}


@pytest.fixture
def stranger(tmp_path: Path) -> ssl.SSLContext:
    """A server's side of TLS with a certificate that nobody has signed but itself."""
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "stranger.pem"
    file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


async def test_stranger(stranger: ssl.SSLContext) -> None:
    """A system whose certificate cannot be verified is told nothing, not even at start-up."""
    said: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said.append(await reader.read())
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=stranger)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    upstream = Upstream("erp", SystemSettings(adapter="any", url=url, serves=[]))
    ask = Ask(Deadline.after(5), "PL", "PLN", "en", Channel.WEB)
    try:
        outcome = await upstream.send("POST", "/x", ask=ask, call="x", content=b"secret")
        reason = await upstream.reach(5)
    finally:
        await upstream.close()
        server.close()
    assert isinstance(outcome, NotSent)
    assert "certificate verify failed" in outcome.detail
    assert reason is not None
    assert "certificate verify failed" in reason
    assert not any(said)


async def test_trusted(
    stranger: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system whose certificate is trusted is spoken with, again and again on one connection."""
    trusting = ssl.create_default_context(cafile=tmp_path / "stranger.pem")
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", trusting)
    connections = 0
    # More than one record of TLS, and more than is read at a time.
    body = b" " * 700_000

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
                writer.write(body)
                await writer.drain()
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=stranger)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    upstream = Upstream("erp", SystemSettings(adapter="any", url=url, serves=[]))
    try:
        for _ in range(3):
            ask = Ask(Deadline.after(5), "PL", "PLN", "en", Channel.WEB)
            outcome = await upstream.send("GET", "/x", ask=ask, call="x")
            assert isinstance(outcome, Response)
            assert outcome.body == body
    finally:
        await upstream.close()
        server.close()
    assert connections == 1
