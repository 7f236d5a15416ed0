"""API keys: made by a command, kept as digests, refused within a minute of their end."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from auth.errors import TokenRefused
from auth.machine import LIMIT, REFRESH, UNKNOWN_INTERVAL
from auth.settings import AuthSettings
from auth.token import TokenVerifier
from domain.apikey import MARK, ApiKey, new_text
from domain.deadline import Deadline
from domain.errors import StoreUnavailable
from domain.secret import Secret
from domain.viewer import Purpose, Role, Viewer
from storage.__main__ import main
from storage.settings import StorageSettings
from storage.store import Store, open_store
from tests.auth.issuer import TestClock


class Counted:
    """A store's keys, which count how often they are read and can be away."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reads = 0
        self.is_away = False

    async def api_keys(self, deadline: Deadline) -> Mapping[bytes, ApiKey]:
        self.reads += 1
        if self.is_away:
            raise StoreUnavailable("away")
        return await self._store.api_keys.api_keys(deadline)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "gateway.toml"
    file.write_text(f'[storage]\nurl = "sqlite+aiosqlite:///{tmp_path}/gateway.sqlite"\n')
    return file


@pytest.fixture
async def keys(tmp_path: Path) -> AsyncIterator[Counted]:
    settings = StorageSettings(
        url=f"sqlite+aiosqlite:///{tmp_path}/gateway.sqlite",
        master_key_env=Secret("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
    )
    store = open_store(settings)
    assert await store.start() is None
    yield Counted(store)
    await store.close()


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
async def verifier(keys: Counted, clock: TestClock) -> AsyncIterator[TokenVerifier]:
    async with TokenVerifier(AuthSettings(), clock, keys) as found:
        yield found


async def command(config: Path, *words: str) -> int:
    # A command has an event loop of its own.
    return await asyncio.to_thread(main, ["--config", str(config), "api-key", *words], {})


async def create(
    config: Path, capsys: pytest.CaptureFixture[str], *more: str, role: str = "AGENT"
) -> str:
    words = ("create", "night-export", "--role", role, "--purpose", "ANALYTICS", "--days", "3650")
    assert await command(config, *words, *more) == 0
    return capsys.readouterr().out.strip()


async def asked(verifier: TokenVerifier, key: str) -> Viewer:
    return await verifier.viewer(f"Bearer {key}")


async def test_a_key_proves_what_it_was_made_for(
    verifier: TokenVerifier, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key proves its role, purposes, store and channel, and never a customer."""
    words = ("--purpose", "LEGAL", "--store", "wms:WAW1", "--channel", "POS")
    key = await create(config, capsys, *words)
    viewer = await asked(verifier, key)
    assert viewer.subject is not None
    assert viewer.subject.startswith("key:")
    assert viewer == Viewer(
        role=Role.AGENT,
        subject=viewer.subject,
        client="night-export",
        store="wms:WAW1",
        purposes=(Purpose.ANALYTICS, Purpose.LEGAL),
        channel=viewer.channel,
    )
    assert viewer.channel is not None
    assert viewer.channel.value == "POS"


async def test_no_text_of_a_key_is_kept(
    keys: Counted, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither the database nor the list tells a key; it is printed once, when it is made."""
    key = await create(config, capsys)
    assert re.fullmatch(rf"{MARK}[\w-]{{43}}", key)
    assert await command(config, "list") == 0
    assert key[len(MARK) :] not in capsys.readouterr().out
    with sqlite3.connect(tmp_path / "gateway.sqlite") as database:
        assert key[len(MARK) :] not in "\n".join(database.iterdump())
    database.close()


async def test_wrong_keys_are_refused(
    verifier: TokenVerifier, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key that differs in anything is refused, in the words of every other refusal."""
    key = await create(config, capsys)
    wrong = [new_text(), key[:-1], key + "A", key.swapcase(), MARK, MARK + "A" * 10_000, key + " "]
    for each in (*wrong, MARK + "é" * 43):
        with pytest.raises(TokenRefused) as caught:
            await asked(verifier, each)
        assert caught.value.message == TokenRefused.public
        assert key not in caught.value.reason
    assert (await asked(verifier, key)).role is Role.AGENT


async def test_revoked_within_a_minute(
    verifier: TokenVerifier,
    clock: TestClock,
    config: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A revoked key is refused within 60 s; revoking it again says that there is none."""
    key = await create(config, capsys)
    viewer = await asked(verifier, key)
    assert viewer.subject is not None
    id = viewer.subject.removeprefix("key:")
    assert await command(config, "revoke", id) == 0
    await clock.advance(REFRESH)
    with pytest.raises(TokenRefused):
        await asked(verifier, key)
    assert await command(config, "revoke", id) == 1
    assert "revoked" in capsys.readouterr().out


async def test_over_at_its_time(
    verifier: TokenVerifier, clock: TestClock, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key whose time is over is refused from that moment on, though it is held."""
    key = await create(config, capsys)
    await asked(verifier, key)
    clock.moved += 3_650 * 86_400
    with pytest.raises(TokenRefused):
        await asked(verifier, key)


async def test_a_new_key_is_good_at_once(
    verifier: TokenVerifier, clock: TestClock, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key that was made after the last reading is accepted as soon as one may read again."""
    await asked(verifier, await create(config, capsys))
    second = await create(config, capsys)
    await clock.advance(UNKNOWN_INTERVAL)
    assert (await asked(verifier, second)).role is Role.AGENT


async def test_a_flood_reads_little(
    verifier: TokenVerifier,
    keys: Counted,
    clock: TestClock,
    config: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """However many wrong keys come, the store is read once a second at most."""
    key = await create(config, capsys)
    await asked(verifier, key)
    assert keys.reads == 1
    for _ in range(5):
        await clock.advance(UNKNOWN_INTERVAL)
        found = await asyncio.gather(
            *(asked(verifier, new_text()) for _ in range(200)), return_exceptions=True
        )
        assert all(isinstance(each, TokenRefused) for each in found)
        await asyncio.gather(*(asked(verifier, key) for _ in range(200)))
    assert keys.reads == 6


async def test_the_store_is_away(
    verifier: TokenVerifier,
    keys: Counted,
    clock: TestClock,
    config: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """While the store is away held keys are good for 60 s; then all wait, none is refused."""
    key = await create(config, capsys)
    await asked(verifier, key)
    keys.is_away = True
    await clock.advance(LIMIT - 1)
    assert (await asked(verifier, key)).role is Role.AGENT
    await clock.advance(1)
    for each in (key, new_text()):
        with pytest.raises(StoreUnavailable) as caught:
            await asked(verifier, each)
        assert caught.value.extensions == {"code": "STORE_UNAVAILABLE", "retryable": True}
    keys.is_away = False
    await clock.advance(UNKNOWN_INTERVAL)
    assert (await asked(verifier, key)).role is Role.AGENT


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("Night Export", "--role", "AGENT", "--purpose", "LEGAL"), "small letters"),
        (("x", "--role", "CUSTOMER", "--purpose", "LEGAL"), "no machine's"),
        (("x", "--role", "ANONYMOUS", "--purpose", "LEGAL"), "no machine's"),
        (("x", "--role", "ASSOCIATE", "--purpose", "LEGAL"), "bound to a store"),
        (("x", "--role", "AGENT", "--purpose", "LEGAL", "--days", "0"), "a day at least"),
    ],
)
async def test_keys_that_are_not_made(
    keys: Counted,
    config: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    said: str,
) -> None:
    """A key for what is no machine's is not made, and the command says what is allowed."""
    assert await command(config, "create", *words) == 1
    shown = capsys.readouterr()
    assert said in shown.err
    assert not shown.out


async def test_nothing_is_kept() -> None:
    """Where the gateway keeps nothing, no API key is accepted."""
    async with TokenVerifier(AuthSettings(), TestClock()) as verifier:
        with pytest.raises(TokenRefused):
            await asked(verifier, new_text())
