"""The key set: fetched seldom, kept when the provider is away, followed when it rotates."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from functools import partial

import httpx
import pytest

import auth.token
from auth.errors import IdentityUnavailable, TokenRefused
from auth.keyset import RETRY, UNKNOWN_KID_INTERVAL
from auth.provider import Provider, ProviderError
from auth.token import TokenVerifier
from domain.errors import SourceUnavailable, Unauthenticated
from domain.viewer import ANONYMOUS, Role
from tests.auth.issuer import (
    METADATA,
    NOW,
    Issuer,
    Reply,
    TestClock,
    b64,
    ec,
    public,
    rsa,
    serving,
    sign,
)


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with serving() as found:
        yield found


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
async def verifier(issuer: Issuer, clock: TestClock) -> AsyncIterator[TokenVerifier]:
    found = TokenVerifier(issuer.settings(), clock)
    yield found
    await found.close()


async def accepted(verifier: TokenVerifier, *tokens: str) -> None:
    found = await asyncio.gather(*(verifier.viewer(f"Bearer {token}") for token in tokens))
    assert {viewer.role for viewer in found} == {Role.AGENT}


async def refused(verifier: TokenVerifier, *tokens: str) -> None:
    found = await asyncio.gather(
        *(verifier.viewer(f"Bearer {token}") for token in tokens), return_exceptions=True
    )
    assert all(isinstance(each, TokenRefused) for each in found), found


async def undecided(verifier: TokenVerifier, *tokens: str) -> None:
    found = await asyncio.gather(
        *(verifier.viewer(f"Bearer {token}") for token in tokens), return_exceptions=True
    )
    assert all(isinstance(each, IdentityUnavailable) for each in found), found


def strangers(issuer: Issuer, count: int) -> list[str]:
    key = ec("stranger")
    return [
        sign(issuer.header(kid=f"unknown-{each}"), issuer.claims(), key) for each in range(count)
    ]


async def test_one_read_for_all(issuer: Issuer, verifier: TokenVerifier) -> None:
    """A thousand tokens at once, before any key is held, make one reading of the key set."""
    await accepted(verifier, *(issuer.token(sub=f"user-{each}") for each in range(1000)))
    assert issuer.reads == {METADATA: 1, "/keys": 1}


async def test_rotation_refuses_nobody(issuer: Issuer, verifier: TokenVerifier) -> None:
    """While keys rotate under load, one after the other and with no notice, no valid token is
    refused."""
    await verifier.start()
    tokens = [issuer.token(sub=f"user-{each}") for each in range(50)]
    for round_ in range(10):
        issuer.rotate(f"round-{round_}")
        tokens += [issuer.token(sub=f"user-{round_}-{each}") for each in range(50)]
        await accepted(verifier, *tokens)
    assert issuer.key_reads == 11


async def test_rotation_behind_a_slow_read(issuer: Issuer, verifier: TokenVerifier) -> None:
    """A token whose key appears while an older reading is under way waits for a newer one."""
    await verifier.start()
    issuer.held = asyncio.Event()
    answers = iter([[*issuer.keys]])
    current = issuer.keys

    def keys() -> Reply:
        return 200, {}, json.dumps({"keys": next(answers, None) or issuer.keys}).encode()

    issuer.replies["/keys"] = keys
    reading = asyncio.create_task(verifier.start())
    await issuer.served(2)
    issuer.rotate("new")
    assert issuer.keys is not current
    asked = asyncio.create_task(accepted(verifier, issuer.token()))
    issuer.held.set()
    await asyncio.gather(reading, asked)
    assert issuer.key_reads == 3


async def test_flood_of_unknown_keys(
    issuer: Issuer, verifier: TokenVerifier, clock: TestClock
) -> None:
    """However many tokens name unknown keys, the set is read for them once in 30 s at most."""
    await accepted(verifier, issuer.token())
    for window in range(5):
        for _ in range(5):
            await refused(verifier, *strangers(issuer, 100))
            await clock.advance(UNKNOWN_KID_INTERVAL / 5 - 0.01)
        assert issuer.key_reads == 2 + window
        await accepted(verifier, issuer.token(sub=f"user-{window}"))
        await clock.advance(0.1)


async def test_flood_while_down(issuer: Issuer, verifier: TokenVerifier, clock: TestClock) -> None:
    """A flood while the provider is down does not hammer it either."""
    await verifier.start()
    await clock.asleep()
    issuer.down = True
    for _ in range(30):
        await clock.advance(10)
        await refused_or_undecided(verifier, strangers(issuer, 20))
    assert issuer.key_reads + issuer.reads[METADATA] <= 2 + 300 / UNKNOWN_KID_INTERVAL + 1


async def refused_or_undecided(verifier: TokenVerifier, tokens: list[str]) -> None:
    for token in tokens:
        with pytest.raises((Unauthenticated, SourceUnavailable)):
            await verifier.viewer(f"Bearer {token}")


async def test_last_good_set_stays(
    issuer: Issuer, verifier: TokenVerifier, clock: TestClock
) -> None:
    """While the provider is down, its last good keys go on, and what they cannot decide is to be
    tried again rather than refused."""
    await verifier.start()
    await clock.asleep()
    reads = issuer.reads.total()
    issuer.down = True
    for _ in range(20):
        await clock.advance(300)
        await clock.asleep()
        await accepted(verifier, issuer.token(exp=NOW + 100_000, sub=f"{clock.moved}"))
    assert issuer.reads.total() > reads
    await clock.advance(RETRY)
    issuer.rotate("new")
    await undecided(verifier, issuer.token(exp=NOW + 100_000))
    issuer.down = False
    await clock.advance(RETRY)
    await accepted(verifier, issuer.token(exp=NOW + 100_000))


async def test_down_at_start(issuer: Issuer, verifier: TokenVerifier, clock: TestClock) -> None:
    """With the provider down at start the gateway serves anonymous callers, tells the others to
    try again, and accepts them as soon as the provider is back."""
    issuer.down = True
    problems = await verifier.start()
    assert list(problems) == ["auth.issuers.test"]
    assert (await verifier.viewer(None)).role is Role.ANONYMOUS
    with pytest.raises(IdentityUnavailable) as caught:
        await verifier.viewer(f"Bearer {issuer.token()}")
    assert caught.value.extensions == {"code": "SOURCE_UNAVAILABLE", "retryable": True}
    assert issuer.url not in caught.value.message
    issuer.down = False
    await clock.advance(1)
    await accepted(verifier, issuer.token())


async def test_backoff_without_any_set(
    issuer: Issuer, verifier: TokenVerifier, clock: TestClock
) -> None:
    """Before the first good set, attempts come after 1, 2, 4, 8, 16 and 30 s, whoever asks."""
    issuer.down = True
    for pause in (0, 1, 2, 4, 8, 16, 30, 30):
        await clock.advance(pause - 0.01)
        reads = issuer.reads.total()
        if pause:
            await undecided(verifier, *(issuer.token(sub=f"{each}") for each in range(5)))
            assert issuer.reads.total() == reads
        await clock.advance(0.01)
        await undecided(verifier, *(issuer.token(sub=f"{each}") for each in range(5)))
        assert issuer.reads.total() == reads + 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 300),
        ({"Cache-Control": "max-age=5"}, 60),
        ({"Cache-Control": "no-store"}, 60),
        ({"Cache-Control": "no-cache, max-age=900"}, 60),
        ({"Cache-Control": "public, max-age=900, must-revalidate"}, 900),
        ({"Cache-Control": 'Max-Age="900"'}, 900),
        ({"Cache-Control": "max-age=900", "Age": "200"}, 700),
        ({"Cache-Control": "max-age=900", "Age": "x"}, 900),
        ({"Cache-Control": "max-age=9999999999"}, 86_400),
        ({"Cache-Control": "max-age=-1"}, 300),
        ({"Cache-Control": "s-maxage=900"}, 300),
    ],
)
async def test_refresh_in_time(
    issuer: Issuer,
    verifier: TokenVerifier,
    clock: TestClock,
    headers: dict[str, str],
    seconds: int,
) -> None:
    """The set is read anew when cache-control says, never before a minute or after a day."""
    issuer.headers = headers
    await verifier.start()
    await clock.asleep()
    await clock.advance(seconds - 1)
    await clock.asleep()
    assert issuer.key_reads == 1
    await clock.advance(1)
    await issuer.served(2)


async def test_shorter_lifetime_is_heeded(
    issuer: Issuer, verifier: TokenVerifier, clock: TestClock
) -> None:
    """A reading that a token caused may set an earlier date than the one before."""
    issuer.headers = {"Cache-Control": "max-age=86400"}
    await verifier.start()
    await clock.asleep()
    issuer.headers = {"Cache-Control": "max-age=60"}
    issuer.rotate("new")
    await accepted(verifier, issuer.token())
    await clock.advance(60)
    await issuer.served(3)


async def test_withdrawn_key(issuer: Issuer, verifier: TokenVerifier, clock: TestClock) -> None:
    """A token that was verified before is refused once its key has left the set, and an equal key
    that stayed does not make its tokens be verified anew."""
    await verifier.start()
    await clock.asleep()
    old = issuer.token()
    issuer.rotate("new")
    new = issuer.token()
    await accepted(verifier, old, new)
    issuer.keys = issuer.keys[:1]
    remembered = dict(verifier._verified)
    await clock.advance(300)
    await issuer.served(3)
    await clock.asleep()
    await refused(verifier, old)
    await accepted(verifier, new)
    kept = [each for each in verifier._verified.items() if remembered.get(each[0]) is each[1]]
    assert len(kept) == len(verifier._verified) == 1


async def test_key_replaced_under_its_id(
    issuer: Issuer, verifier: TokenVerifier, clock: TestClock
) -> None:
    """A token that was verified with a key is refused once another key has taken its id."""
    await verifier.start()
    await clock.asleep()
    old = issuer.token()
    await accepted(verifier, old)
    issuer.rotate("key-1", keep=False)
    await clock.advance(300)
    await issuer.served(2)
    await clock.asleep()
    await refused(verifier, old)
    await accepted(verifier, issuer.token())


async def test_pace_of_retries(issuer: Issuer, verifier: TokenVerifier, clock: TestClock) -> None:
    """With a good set in hand, a provider that is down is asked every 30 s, and not more often."""
    await verifier.start()
    await clock.asleep()
    issuer.down = True
    await clock.advance(300)
    await issuer.served(2)
    reads = issuer.reads.total()
    for turn in range(5):
        await clock.asleep()
        await clock.advance(RETRY - 1)
        await clock.asleep()
        assert issuer.reads.total() == reads + turn
        await clock.advance(1)
        await issuer.served(1 + turn + 1, METADATA)


async def test_all_keys_withdrawn(
    issuer: Issuer, verifier: TokenVerifier, clock: TestClock
) -> None:
    """An empty set is taken at its word; a set of unusable keys is a fault and changes nothing."""
    await verifier.start()
    await clock.asleep()
    good = issuer.keys
    issuer.keys = [public(issuer.signing, use="enc")]
    await clock.advance(300)
    await issuer.served(2)
    await clock.asleep()
    await accepted(verifier, issuer.token())
    issuer.keys = []
    await clock.advance(30)
    await issuer.served(3)
    await clock.asleep()
    await refused(verifier, issuer.token())
    issuer.keys = good
    await clock.advance(30)
    await accepted(verifier, issuer.token())


async def test_remembered_no_longer_than_it_lives(
    issuer: Issuer, verifier: TokenVerifier, clock: TestClock
) -> None:
    """A remembered token is refused when its time is over."""
    token = issuer.token(exp=NOW + 100)
    await accepted(verifier, token)
    await clock.advance(100)
    await accepted(verifier, token)  # within the leeway, by a full verification
    await clock.advance(30)
    await refused(verifier, token)
    assert not verifier._verified


async def test_who_was_proved_is_known(
    issuer: Issuer, verifier: TokenVerifier, clock: TestClock
) -> None:
    """Who was proved is known again with nobody being asked, until the token's time is over."""
    sent = f"Bearer {issuer.token(exp=NOW + 100)}"
    assert verifier.known(sent) is None
    proved = await verifier.viewer(sent)
    assert verifier.known(sent) is proved
    assert verifier.known(None) is ANONYMOUS
    with pytest.raises(TokenRefused):
        verifier.known(sent.replace("Bearer", "Basic"))
    await clock.advance(100)
    assert verifier.known(sent) is None


async def test_remembered_tokens_are_bounded(
    issuer: Issuer, verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The memory of verified tokens has a limit, holds no token, and drops the least used."""
    monkeypatch.setattr(auth.token, "MAX_VERIFIED", 3)
    tokens = [issuer.token(sub=f"user-{each}") for each in range(4)]
    await accepted(verifier, *tokens[:3])
    first, second, _ = verifier._verified
    await accepted(verifier, tokens[0])
    await accepted(verifier, tokens[3])
    assert len(verifier._verified) == 3
    assert first in verifier._verified
    assert second not in verifier._verified
    assert not any(token.encode() in verifier._verified for token in tokens)


Replies = dict[str, Callable[[Issuer], Reply]]


def metadata(*, slash: str = "", **changed: object) -> Replies:
    """Publish other metadata than the provider would."""

    def reply(issuer: Issuer) -> Reply:
        honest = {"issuer": issuer.url + slash, "jwks_uri": f"{issuer.url}/keys"}
        return 200, {}, json.dumps({**honest, **changed}).encode()

    return {METADATA: reply}


BROKEN: dict[str, Replies] = {
    "status 500": {"/keys": lambda _: (500, {}, b"{}")},
    "status 404": {METADATA: lambda _: (404, {}, b"{}")},
    "redirect": {"/keys": lambda issuer: (302, {"Location": f"{issuer.url}/elsewhere"}, b"")},
    "metadata redirect": {METADATA: lambda issuer: (302, {"Location": f"{issuer.url}/x"}, b"")},
    "not JSON": {"/keys": lambda _: (200, {}, b"<html>")},
    "empty": {"/keys": lambda _: (200, {}, b"")},
    "a list": {"/keys": lambda _: (200, {}, b"[]")},
    "keys is an object": {"/keys": lambda _: (200, {}, b'{"keys": {}}')},
    "keys are numbers": {"/keys": lambda _: (200, {}, b'{"keys": [1]}')},
    "deep": {"/keys": lambda _: (200, {}, b'{"keys": ' + b"[" * 100_000)},
    "too large": {"/keys": lambda _: (200, {}, b" " * 300_000)},
    "too many keys": {
        "/keys": lambda issuer: (200, {}, json.dumps({"keys": issuer.keys * 101}).encode())
    },
    "compressed": {
        "/keys": lambda _: (200, {"Content-Encoding": "gzip"}, gzip.compress(b" " * 10_000_000))
    },
    "not HTTP": {"/keys": lambda _: (99999, {"\0": "\0"}, b"")},
    "another issuer": metadata(issuer="https://attacker.example"),
    "issuer with a slash more": metadata(slash="/"),
    "no key address": metadata(jwks_uri=None),
    "key address is a list": metadata(jwks_uri=["/keys"]),
    "metadata is a list": {METADATA: lambda _: (200, {}, b"[]")},
}
for _address in (
    "http://127.0.0.1:1/keys",
    "http://localhost/keys",
    "http://169.254.169.254/latest/meta-data",
    "https://attacker.example/keys",
    "file:///etc/passwd",
    "http://user:password@127.0.0.1/keys",
    "//127.0.0.1/keys",
    "http://[::1/keys",
    "http://127.0.0.1:99999/keys",
):
    BROKEN[f"keys at {_address}"] = metadata(jwks_uri=_address)


@pytest.mark.parametrize("name", BROKEN)
async def test_broken_provider(
    issuer: Issuer, verifier: TokenVerifier, clock: TestClock, name: str
) -> None:
    """Whatever a provider answers, nothing but its own key address is called, tokens wait, and
    the gateway recovers with it."""
    for path, reply in BROKEN[name].items():
        issuer.replies[path] = partial(reply, issuer)
    problems = await verifier.start()
    assert list(problems) == ["auth.issuers.test"]
    await undecided(verifier, issuer.token())
    assert set(issuer.reads) <= {METADATA, "/keys"}
    issuer.replies.clear()
    await clock.advance(1)
    await accepted(verifier, issuer.token())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_keys_on_another_host(verifier: TokenVerifier, issuer: Issuer, host: str) -> None:
    """Metadata cannot send the gateway to another host or port, not even to one that answers."""
    async with serving() as other:
        other.keys = issuer.keys
        address = other.url if host == "127.0.0.1" else issuer.url.replace("127.0.0.1", host)
        issuer.replies.update(
            {METADATA: partial(metadata(jwks_uri=f"{address}/keys")[METADATA], issuer)}
        )
        problems = await verifier.start()
        assert "another host" in problems["auth.issuers.test"]
        await undecided(verifier, issuer.token())
        assert not other.reads
        assert not issuer.key_reads


async def test_odd_keys_do_not_cost_the_others(issuer: Issuer) -> None:
    """Keys that cannot be read or used are left out of the set, and the rest is used."""
    huge = b64(((1 << 16_383) + 1).to_bytes(2048, "big"))
    issuer.keys = [
        {},
        {"kid": "a"},
        {"kid": 1, "kty": "EC"},
        {"kid": "b", "kty": "unheard-of"},
        {"kid": "c", "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kid": "d", "kty": "EC", "crv": "P-999", "x": "AA", "y": "AA"},
        {"kid": "e", "kty": "RSA", "n": "!", "e": "AQAB"},
        {"kid": "f", "kty": "RSA", "n": "A" * 100_000, "e": "AQAB"},
        {"kid": "g", "kty": "RSA", "n": ["x"], "e": {}},
        {"kid": "h", "kty": "OKP", "crv": 5, "x": None},
        {"kid": "i", "kty": "EC", "key_ops": {}, "use": 1},
        {"kid": "j", "kty": "RSA", "n": huge, "e": "AQAB"},
        {**public(rsa("k")), "e": huge},
        public(rsa("l", 1024)),
        {**public(ec("m")), "alg": 1},
        *issuer.keys,
        public(ec("key-1")),
        public(rsa("n")),
    ]
    async with httpx.AsyncClient(trust_env=False) as client:
        published = await Provider("test", issuer.settings().issuers["test"], client).published()
    assert set(published.keys) == {("key-1", "EC"), ("n", "RSA")}
    assert published.keys["key-1", "EC"].as_dict() == {
        **public(issuer.signing),
        "use": "sig",
        "alg": "ES256",
    }


async def test_bounds_of_a_key_set(issuer: Issuer) -> None:
    """A key set may be large, but neither in bytes nor in keys beyond measure."""
    async with httpx.AsyncClient(trust_env=False) as client:
        provider = Provider("test", issuer.settings().issuers["test"], client)
        good = json.dumps({"keys": issuer.keys}).encode()
        issuer.replies["/keys"] = lambda: (200, {}, good + b" " * 200_000)
        assert len((await provider.published()).keys) == 1
        issuer.replies["/keys"] = lambda: (200, {}, good + b" " * 300_000)
        with pytest.raises(ProviderError, match="more than 262144 bytes"):
            await provider.published()


async def test_dripping_answer(issuer: Issuer) -> None:
    """An answer that never ends is given up in time."""
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        issuer.held = asyncio.Event()
        provider = Provider("test", issuer.settings().issuers["test"], client, timeout=0.1)
        with pytest.raises(ProviderError, match="no whole answer"):
            await provider.published()
        issuer.held.set()
        issuer.replies[METADATA] = lambda: (503, {}, b"")
        patient = Provider("test", issuer.settings().issuers["test"], client, timeout=5)
        with pytest.raises(ProviderError, match="answered with status"):
            await patient.published()


async def test_configured_key_address(issuer: Issuer, clock: TestClock) -> None:
    """With a configured key address there is no discovery."""
    async with TokenVerifier(issuer.settings(jwks_uri=f"{issuer.url}/keys"), clock) as verifier:
        await accepted(verifier, issuer.token())
    assert issuer.reads == {"/keys": 1}


async def test_moved_key_address(issuer: Issuer, verifier: TokenVerifier, clock: TestClock) -> None:
    """When the keys are no longer where they were, discovery is asked again."""
    await verifier.start()
    await clock.asleep()
    issuer.replies["/keys"] = lambda: (410, {}, b"")
    issuer.rotate("new")
    body = json.dumps({"keys": issuer.keys}).encode()
    issuer.replies["/moved"] = lambda: (200, {}, body)
    issuer.replies[METADATA] = partial(metadata(jwks_uri=f"{issuer.url}/moved")[METADATA], issuer)
    await undecided(verifier, issuer.token())
    await clock.advance(RETRY)
    await accepted(verifier, issuer.token())


async def test_impatient_caller(issuer: Issuer, verifier: TokenVerifier) -> None:
    """A caller that leaves takes neither the reading nor the others with it."""
    issuer.held = asyncio.Event()
    impatient = asyncio.create_task(verifier.viewer(f"Bearer {issuer.token()}"))
    patient = asyncio.create_task(verifier.viewer(f"Bearer {issuer.token(sub='user-2')}"))
    await issuer.served(1, METADATA)
    impatient.cancel()
    await asyncio.wait({impatient})
    assert impatient.cancelled()
    issuer.held.set()
    assert (await patient).subject == f"{issuer.url} user-2"
    assert issuer.key_reads == 1


async def test_close_ends_everything(issuer: Issuer, clock: TestClock) -> None:
    """After closing no task is left, and who was waiting is told to try again."""
    before = asyncio.all_tasks()
    verifier = TokenVerifier(issuer.settings(), clock)
    await verifier.start()
    await clock.asleep()
    issuer.held = asyncio.Event()
    waiting = asyncio.create_task(verifier.viewer(f"Bearer {strangers(issuer, 1)[0]}"))
    await issuer.served(2)
    await verifier.close()
    with pytest.raises(IdentityUnavailable):
        await waiting
    issuer.held.set()
    left = {task for task in asyncio.all_tasks() - before if "auth.issuers" in task.get_name()}
    assert not left
    await verifier.close()
