"""Ties the configured systems to the ports, or says everything that keeps it from doing so."""

import asyncio
import importlib
import inspect
import pkgutil
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Protocol, TypeVar, get_type_hints

from msgspec import Struct

import adapters
from adapters._address import base_url
from adapters._coverage import uncovered
from adapters._scope import Member, misread
from adapters._several import Several
from adapters._system import SystemSettings
from adapters._upstream import Upstream
from domain.allocation import Allocator
from domain.change import StockNotices
from domain.configuration import ConfigurationError, Noted, Problem, Reader
from domain.credential import ClientCredentials, TokenSource
from domain.deadline import Duration
from domain.errors import Failure
from domain.port import Ports

__all__ = ["SystemSettings", "Systems", "connect"]

T = TypeVar("T")

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_PATIENCE = Duration(5)
_REACH = Duration(1)


class Tokens(Protocol):
    """Makes what gives a system's access tokens, as auth does."""

    def __call__(self, system: str, settings: ClientCredentials) -> TokenSource:
        """Make it; the system's connection closes it."""
        ...


class Systems(Struct, frozen=True, kw_only=True):
    """The retailer's systems, connected; whoever made it closes it."""

    ports: Ports
    upstreams: Mapping[str, Upstream]
    adapters: Mapping[str, Any]
    allocators: Mapping[str, Allocator]

    async def start(self, patience: Duration = _PATIENCE) -> None:
        """Reach every system and let its adapter prepare, side by side, each within ``patience``.

        *Errors*: ``ConfigurationError`` with one problem for each system that cannot be reached.
        """
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._start(name, patience)) for name in self.upstreams]
        problems = [problem for task in tasks if (problem := task.result()) is not None]
        if problems:
            raise ConfigurationError(problems)

    async def _start(self, name: str, patience: Duration) -> Problem | None:
        adapter, key = self.adapters[name], f"systems.{name}"
        if (problem := await _reached(self.upstreams[name], patience)) is not None:
            return problem
        if (reason := await self.upstreams[name].authorize()) is not None:
            return Problem(f"{key}.auth", reason, "see whether the provider knows this client")
        if not hasattr(adapter, "start"):
            return None
        try:
            async with asyncio.timeout(patience):
                await adapter.start()
        except Failure as failure:
            return Problem(key, f"the adapter cannot start: {failure}", "see its page in docs/")
        except TimeoutError:
            return Problem(key, f"no start within {patience:g} s", "see whether the system is well")
        return None

    async def readiness(self) -> Mapping[str, bool]:
        """Tell which systems can be reached now."""
        found = await asyncio.gather(*(each.reach(_REACH) for each in self.upstreams.values()))
        return {name: reason is None for name, reason in zip(self.upstreams, found)}

    def notices(
        self, names: Iterable[str], tell: Callable[[Sequence[str]], Awaitable[None]]
    ) -> Mapping[str, Callable[[bytes], Awaitable[None]]]:
        """Tie what each of these systems sends to its adapter, which reads whose stock changed.

        *Errors*: ``ConfigurationError`` for a system that sends no notices.
        """
        takes: dict[str, Callable[[bytes], Awaitable[None]]] = {}
        for name in names:
            adapter = self.adapters.get(name)
            if not isinstance(adapter, StockNotices):
                able = [each for each, one in self.adapters.items() if _sends(one)]
                found = (
                    "found a system that sends no notices" if adapter else "found no such system"
                )
                allowed = f"allowed: {', '.join(able)}" if able else "leave it out: none sends any"
                raise ConfigurationError([Problem(f"transport.webhooks.{name}", found, allowed)])
            takes[name] = partial(_take, adapter, tell)
        return takes

    async def close(self) -> None:
        """Close adapters, each before its connections."""
        async with AsyncExitStack() as closing:
            for name, adapter in self.adapters.items():
                closing.push_async_callback(self.upstreams[name].close)
                if hasattr(adapter, "close"):
                    closing.push_async_callback(adapter.close)


def connect(
    settings: Mapping[str, SystemSettings],
    read: Reader,
    unserved: Sequence[str] = (),
    markets: Sequence[str] = (),
    tokens: Tokens | None = None,
) -> Systems:
    """Make one adapter for each system, and put each port in front of those that serve it.

    *Shape*: ``read`` checks an adapter's own options; ``unserved`` lists the ports that this
    retailer has no system for; ``markets`` are all those that it sells in; ``tokens`` makes what
    gives access tokens to systems that take them.
    *Errors*: ``ConfigurationError`` with everything that is wrong.
    """
    problems: list[Problem] = []
    connected: dict[str, tuple[Upstream, Any]] = {}
    for name, system in settings.items():
        with Noted(problems):
            connected[name] = _system(name, system, read, markets, tokens)
    problems += uncovered(settings, [*get_type_hints(Ports)], unserved, markets)
    if problems:
        raise ConfigurationError(problems)
    ports: dict[str, Any] = {}
    for port, protocol in get_type_hints(Ports).items():
        members = [
            Member(name, connected[name][1], each.scope)
            for name, each in settings.items()
            if port in each.serves
        ]
        if len(members) > 1:
            ports[port] = Several(port, _calls(protocol), members)
        elif members:
            ports[port] = members[0].adapter
    return Systems(
        ports=Ports(**ports),
        upstreams={name: upstream for name, (upstream, _) in connected.items()},
        adapters={name: adapter for name, (_, adapter) in connected.items()},
        allocators={
            name: adapter
            for name, (_, adapter) in connected.items()
            if "stock" in settings[name].serves and isinstance(adapter, Allocator)
        },
    )


async def unreachable(
    settings: Mapping[str, SystemSettings], patience: Duration = _PATIENCE
) -> list[Problem]:
    """Look for every system whose address can be read, and tell which cannot be reached."""
    upstreams = []
    for name, system in settings.items():
        try:
            upstreams.append(Upstream(name, system))
        except ValueError:
            continue  # connect tells what is wrong with the address
    found = await asyncio.gather(*(_reached(upstream, patience) for upstream in upstreams))
    await asyncio.gather(*(upstream.close() for upstream in upstreams))
    return [problem for problem in found if problem is not None]


async def _reached(upstream: Upstream, patience: Duration) -> Problem | None:
    if (reason := await upstream.reach(patience)) is None:
        return None
    found = f"found no connection to {upstream.address} ({reason})"
    allowed = "start the system, or correct the address"
    return Problem(f"systems.{upstream.system}.url", found, allowed)


def _sends(adapter: object) -> bool:
    return isinstance(adapter, StockNotices)


async def _take(
    adapter: StockNotices, tell: Callable[[Sequence[str]], Awaitable[None]], body: bytes
) -> None:
    await tell(adapter.changed_skus(body))


def _system(
    name: str,
    system: SystemSettings,
    read: Reader,
    markets: Sequence[str],
    tokens: Tokens | None,
) -> tuple[Upstream, Any]:
    key = f"systems.{name}"
    problems: list[Problem] = []
    if not _NAME.fullmatch(name):
        # The name is the first part of every key, and stands before a colon there.
        allowed = "write up to 32 small letters, digits and hyphens, a letter first"
        problems.append(Problem(key, f"found the name {name!r}", allowed))
    problems += misread(f"{key}.scope", system.scope, system.serves, markets)
    try:
        base_url(system.url)
    except ValueError as error:
        # What stands before an @ may be a password.
        found = "found an address with an @" if "@" in system.url else f"found {system.url!r}"
        problems.append(Problem(f"{key}.url", found, str(error)))
    if system.adapter not in (available := _available()):
        allowed = f"allowed: {', '.join(available)}"
        problems.append(Problem(f"{key}.adapter", f"found {system.adapter!r}", allowed))
        raise ConfigurationError(problems)
    kind = importlib.import_module(f"{adapters.__name__}.{system.adapter}").Adapter
    problems += _lacks(key, system, kind)
    options = None
    with Noted(problems):
        options = read(system.options, kind.Options, f"{key}.options")
    if problems:
        raise ConfigurationError(problems)
    source = tokens(name, system.auth) if tokens and system.auth else None
    upstream = Upstream(name, system, source)
    try:
        return upstream, kind(upstream, system.secret_env, options)
    except ValueError as error:
        found = f"adapter {system.adapter} cannot work with these settings"
        raise ConfigurationError([Problem(key, found, str(error))]) from None


def _available() -> list[str]:
    names = (module.name for module in pkgutil.iter_modules(adapters.__path__))
    return sorted(name for name in names if name != "connect" and not name.startswith("_"))


def _lacks(key: str, system: SystemSettings, kind: type) -> Iterator[Problem]:
    """Find the ports that a system is to serve and its adapter does not implement."""
    for port, protocol in get_type_hints(Ports).items():
        if port not in system.serves:
            continue
        lacking = [
            call
            for call in _calls(protocol)
            if not inspect.iscoroutinefunction(getattr(kind, call, None))
        ]
        if lacking:
            found = f"adapter {system.adapter} has no {', no '.join(lacking)}"
            allowed = f"leave {port} out, or choose an adapter that serves it"
            yield Problem(f"{key}.serves", found, allowed)


def _calls(protocol: type) -> list[str]:
    return [
        name
        for name, each in inspect.getmembers(protocol, inspect.isfunction)
        if not name.startswith("_")
    ]
