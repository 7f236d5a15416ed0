"""Settings: read from TOML and the environment, with all that is wrong told at once."""

import pickle
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct, field

import config
from adapters.connect import SystemSettings
from domain.configuration import ConfigurationError
from domain.deadline import Duration
from domain.secret import Secret
from domain.setting import Setting, describe


class Mode(Enum):
    FAST = "fast"
    SAFE = "safe"


class Store(Struct, kw_only=True):
    url: Annotated[str, Meta(description="Where it is.")]
    pool: Annotated[int, Meta(ge=1, le=100, description="Connections.")] = 10


class Settings(Struct, kw_only=True):
    title: str
    store: Store
    mode: Mode = Mode.SAFE
    level: Literal["info", "debug"] = "info"
    port: int = 8000
    ratio: float = 0.5
    loud: bool = False
    timeout: Duration = Duration(3)
    key_env: Secret | None = None
    languages: list[str] = field(default_factory=lambda: ["en"])
    markets: dict[str, list[str]] = {}
    stores: dict[str, Store] = {}
    extra: list[Store] = []
    options: dict[str, Any] = {}


def load(tmp_path: Path, text: str, **environment: str) -> Settings:
    file = tmp_path / "gateway.toml"
    file.write_text(text, encoding="utf-8")
    return config.load(file, Settings, environment)


def problems(tmp_path: Path, text: str, **environment: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, text, **environment)
    prefix = f"{tmp_path / 'gateway.toml'}: "
    assert all(str(each).startswith(prefix) for each in caught.value.problems)
    return [str(each).removeprefix(prefix) for each in caught.value.problems]


SMALL = 'title = "Shop"\nstore.url = "db"\n'


def test_defaults(tmp_path: Path) -> None:
    """What the file leaves out is as the Struct says."""
    assert load(tmp_path, SMALL) == Settings(title="Shop", store=Store(url="db"))


def test_everything(tmp_path: Path) -> None:
    """Every kind of value is read into its type, secrets from the variable they name."""
    settings = load(
        tmp_path,
        """
        title = "Shop ${NAME}"
        mode = "fast"
        level = "debug"
        port = "${PORT:-9000}"
        ratio = 1
        loud = "${LOUD}"
        timeout = "${TIMEOUT:-800ms}"
        key_env = "SHOP_KEY"
        languages = ["pl", "${LANGUAGE:-en}"]
        markets = { PL = ["PLN"], DE = ["EUR"] }
        extra = [{ url = "a" }, { url = "b", pool = 2 }]
        options = { anything = "${KEPT}", 1 = [1, { a = 2 }] }
        [store]
        url = "db://${NAME}:${EMPTY:-none}"
        [stores.one]
        url = "x"
        """,
        NAME="Nord",
        LOUD="true",
        EMPTY="",
        SHOP_KEY="hunter2",
    )
    assert settings == Settings(
        title="Shop Nord",
        store=Store(url="db://Nord:none"),
        mode=Mode.FAST,
        level="debug",
        port=9000,
        ratio=1.0,
        loud=True,
        timeout=Duration(0.8),
        key_env=Secret("hunter2"),
        languages=["pl", "en"],
        markets={"PL": ["PLN"], "DE": ["EUR"]},
        stores={"one": Store(url="x")},
        extra=[Store(url="a"), Store(url="b", pool=2)],
        options={"anything": "${KEPT}", "1": [1, {"a": 2}]},
    )


def test_all_at_once(tmp_path: Path) -> None:
    """All problems come in one message, a line each: file, key, what was found, what is allowed."""
    text = """
        titel = "Shop"
        mode = "quick"
        level = 3
        port = "8000"
        ratio = nan
        loud = "yes"
        timeout = "fast"
        key_env = "SHOP_KEY"
        languages = ["en", 5]
        markets = { PL = "PLN" }
        stores = { "my store" = { pool = 0 } }
        extra = [{ url = "a" }, 7]
        [store]
        pool = true
        hosts = []
        """
    assert problems(tmp_path, text) == [
        "titel: unknown key; did you mean title? allowed here: title, store, mode, level, port, "
        "ratio, loud, timeout, key_env, languages, markets, stores, extra, options",
        "title: missing; write a text in quotes",
        "store.hosts: unknown key; allowed here: url, pool",
        "store.url: missing; write a text in quotes: Where it is.",
        "store.pool: found true; write a whole number, at least 1 and at most 100",
        'mode: found \'quick\'; write one of "fast", "safe"',
        'level: found 3; write one of "info", "debug"',
        "port: found '8000'; write a whole number",
        "ratio: found nan; write a number",
        "loud: found 'yes'; write true or false",
        "timeout: found 'fast'; write a number and its unit (ms, s, min, h, d), as in \"800ms\"",
        "key_env: the environment variable SHOP_KEY is not set; set it",
        "languages[1]: found 5; write a text in quotes",
        "markets.PL: found 'PLN'; write a list, each of it a text in quotes",
        'stores."my store".url: missing; write a text in quotes: Where it is.',
        'stores."my store".pool: found 0; write a whole number, at least 1 and at most 100',
        "extra[1]: found 7; write a table [extra[1]]",
    ]


def test_tables(tmp_path: Path) -> None:
    """Where a table, or a table of tables, is wanted, anything else is told."""
    assert problems(tmp_path, 'title = "x"\nstore = 3\nstores = 4\noptions = [5]') == [
        "store: found 3; write a table [store]",
        "stores: found 4; write a table",
        "options: found [5]; write a table",
    ]


def test_printed(tmp_path: Path) -> None:
    """The printed error is a head and one line per problem."""
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, SMALL + 'port = 1.5\nloud = "no"')
    head, first, second = str(caught.value).split("\n")
    assert head == "The configuration has 2 problems:"
    assert first.endswith("gateway.toml: port: found 1.5; write a whole number")
    assert second.endswith("gateway.toml: loud: found 'no'; write true or false")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            'title = "${NAME}"',
            "title: the environment variable NAME is not set; set it, or write ${NAME:-default}",
        ),
        (
            'title = "${}"',
            "title: ${} does not name a variable; set it, or write ${NAME:-default}",
        ),
        ('title = "x"\nport = "${PORT}"', "port: found '${PORT}'; write a whole number"),
        (
            'title = "x"\ntimeout = "${PORT}"',
            "timeout: found '${PORT}'; "
            'write a number and its unit (ms, s, min, h, d), as in "800ms"',
        ),
    ],
)
def test_environment(tmp_path: Path, line: str, problem: str) -> None:
    """A text that cannot be filled is told by its place; the environment's value is not shown."""
    assert problems(tmp_path, f'{line}\nstore.url = "db"', PORT="hunter2") == [problem]


@pytest.mark.parametrize(
    ("line", "environment", "problem"),
    [
        ('key_env = "KEY"', {"KEY": ""}, "the environment variable KEY is empty; set it"),
        (
            'key_env = "hunter2!"',
            {},
            "found something that is not a variable's name; "
            "write the name of the environment variable that holds the value",
        ),
        (
            "key_env = 7",
            {},
            "found something that is not a variable's name; "
            "write the name of the environment variable that holds the value",
        ),
    ],
)
def test_secret(tmp_path: Path, line: str, environment: dict[str, str], problem: str) -> None:
    """A secret that cannot be had is told by the name of its variable, and never shown."""
    assert problems(tmp_path, f"{SMALL}{line}", **environment) == [f"key_env: {problem}"]


def test_secret_is_never_shown(tmp_path: Path) -> None:
    """No text form of the settings shows a secret; only asking for it does."""
    settings = load(tmp_path, f'{SMALL}key_env = "KEY"', KEY="hunter2")
    assert settings.key_env is not None
    assert settings.key_env.reveal() == "hunter2"
    assert "hunter2" not in f"{settings!r} {settings.key_env} {settings.key_env!r}"
    with pytest.raises(TypeError):
        pickle.dumps(settings.key_env)


def test_no_file(tmp_path: Path) -> None:
    """A file that is not there is one problem that names it."""
    with pytest.raises(ConfigurationError, match=r"absent\.toml: there is no such file"):
        config.load(tmp_path / "absent.toml", Settings, {})


def test_no_permission(tmp_path: Path) -> None:
    """What is no file that can be read is one problem that names it."""
    with pytest.raises(ConfigurationError, match="it cannot be read"):
        config.load(tmp_path, Settings, {})


def test_not_toml(tmp_path: Path) -> None:
    """Broken TOML is one problem with the line."""
    [problem] = problems(tmp_path, 'title = "Shop"\nport = = 3\n')
    assert "it is not TOML" in problem
    assert "line 2" in problem


def test_not_text(tmp_path: Path) -> None:
    """A file that is not UTF-8 is one problem with the line."""
    (tmp_path / "gateway.toml").write_bytes(b'title = "a"\nname = "\xff"\n')
    with pytest.raises(ConfigurationError, match="line 2 is not UTF-8"):
        config.load(tmp_path / "gateway.toml", Settings, {})


def test_settings_that_do_not_fit(tmp_path: Path) -> None:
    """What a Struct refuses as a whole is told with its reason, at its key."""

    class Window(Struct):
        low: int
        high: int

        def __post_init__(self) -> None:
            if self.low > self.high:
                raise ValueError("low must not be above high")

    class Outer(Struct):
        window: Window

    with pytest.raises(ConfigurationError) as caught:
        config.read({"window": {"low": 2, "high": 1}}, Outer, environment={})
    assert [str(each) for each in caught.value.problems] == [
        "window: these settings do not fit together; low must not be above high"
    ]


def test_describe() -> None:
    """Every setting can be listed with key, type, default and description."""
    listed = {each.key: each for each in describe(Settings)}
    assert list(listed)[:4] == ["title", "store.url", "store.pool", "mode"]
    assert listed["store.url"] == Setting("store.url", "a text in quotes", None, "Where it is.")
    assert listed["store.pool"].type == "a whole number, at least 1 and at most 100"
    assert listed["mode"].default == '"safe"'
    assert listed["loud"].default == "false"
    assert listed["key_env"] == Setting(
        "key_env", "the name of an environment variable", "none", ""
    )
    assert listed["stores.NAME.pool"].default == "10"
    assert listed["extra[].url"].default is None


def test_systems_are_described() -> None:
    """Every setting of a system has a description that is one sentence."""
    for setting in describe(SystemSettings):
        assert setting.description.endswith("."), setting.key
