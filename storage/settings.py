"""Where the gateway keeps what is its own."""

from typing import Annotated

from msgspec import Meta, Struct
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from domain.configuration import Problem
from domain.deadline import Duration
from domain.secret import Secret
from storage.seal import master_key

SQLITE = "sqlite+aiosqlite"
POSTGRESQL = "postgresql+asyncpg"


class RedisSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A Redis that the gateway's processes share; everything works without one."""

    url: Annotated[str, Meta(description="redis://host:port/number; rediss:// for TLS")]
    password_env: Secret | None = None
    timeout: Annotated[
        Duration, Meta(description="how long one call may take before it is done without Redis")
    ] = Duration(0.05)
    rest: Annotated[Duration, Meta(description="how long a Redis that failed is left alone")] = (
        Duration(1.0)
    )


class StorageSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The gateway's own store.

    *Shape*: without ``master_key_env`` the gateway does not start: what is personal is never
    written in clear.
    """

    url: Annotated[
        str,
        Meta(description=f"{SQLITE}:///PATH, or {POSTGRESQL}://user@host/database"),
    ] = f"{SQLITE}:///var/gateway.sqlite"
    password_env: Secret | None = None
    master_key_env: Annotated[
        Secret | None,
        Meta(description="32 bytes in base64, as `python -m storage key` prints them"),
    ] = None
    connections: Annotated[
        int, Meta(ge=1, le=500, description="how many connections are kept at most")
    ] = 10
    waiting: Annotated[
        int, Meta(ge=1, description="how many calls may wait for one before more are refused")
    ] = 1_000
    timeout: Annotated[
        Duration, Meta(description="how long a call may take that has no nearer deadline")
    ] = Duration(5.0)
    migrate: Annotated[
        bool | None,
        Meta(description="whether to migrate at start; by default on SQLite only"),
    ] = None
    redis: RedisSettings | None = None

    @property
    def database(self) -> URL:
        """The URL with its password. *Errors*: ``ValueError`` for none that is understood."""
        try:
            url = make_url(self.url)
        except ArgumentError:
            raise ValueError("it is not a URL") from None
        if url.drivername not in (SQLITE, POSTGRESQL):
            raise ValueError(f"found {url.drivername}")
        if not url.database:
            raise ValueError("it names no database")
        if self.password_env is not None:
            url = url.set(password=self.password_env.reveal())
        return url


def problems(settings: StorageSettings, prefix: str = "storage") -> list[Problem]:
    """Tell all that is wrong with the settings, beyond their form."""
    found: list[Problem] = []
    try:
        url = settings.database
        if url.drivername == SQLITE and url.database == ":memory:":
            raise ValueError("found :memory:, which every connection would have for itself")
        if settings.password_env is None and url.password is not None:
            raise ValueError("it holds a password; name its variable in password_env")
    except ValueError as error:
        allowed = f"{SQLITE}:///PATH or {POSTGRESQL}://user@host/database"
        found.append(Problem(f"{prefix}.url", str(error), allowed))
    key = f"{prefix}.master_key_env"
    if settings.master_key_env is None:
        allowed = "the name of a variable that holds a key; `python -m storage key` makes one"
        found.append(Problem(key, "nothing", allowed))
    else:
        try:
            master_key(settings.master_key_env)
        except ValueError as error:
            found.append(Problem(key, str(error), "32 bytes in base64"))
    return found
