"""Whether every port has its systems, and each system a port."""

import difflib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from adapters._scope import uneven
from adapters._system import SystemSettings
from domain.configuration import Problem


def uncovered(
    settings: Mapping[str, SystemSettings],
    words: Sequence[str],
    unserved: Sequence[str],
    markets: Sequence[str],
) -> Iterator[Problem]:
    """Check that each port is served exactly once for a scope, or said to be served by nobody."""
    serving: dict[str, list[str]] = defaultdict(list)
    for name, system in settings.items():
        for word in system.serves:
            if word in words:
                serving[word].append(name)
            else:
                yield _unknown(f"systems.{name}.serves", word, words)
    for word in unserved:
        if word not in words:
            yield _unknown("unserved", word, words)
    for word in words:
        names = list(dict.fromkeys(serving[word]))
        for name in names:
            if (count := serving[word].count(name)) > 1:
                found = f"lists {word} {count} times"
                yield Problem(f"systems.{name}.serves", found, "list it once")
        if names:
            scopes = {name: system.scope for name, system in settings.items()}
            yield from uneven(word, names, scopes, markets)
        if names and word in unserved:
            yield Problem("unserved", f"{names[0]} serves {word}", "take it out of one of the two")
        if not names and word not in unserved:
            allowed = f"add {word} to serves of the system that has it, or to unserved"
            yield Problem("systems", f"no system serves {word}", allowed)


def _unknown(key: str, word: str, words: Sequence[str]) -> Problem:
    near = difflib.get_close_matches(word, words, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return Problem(key, f"found {word!r}", f"{hint}allowed: {', '.join(words)}")
