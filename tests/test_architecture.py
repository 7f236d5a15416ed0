"""The rules of the house, as far as a machine can hold them."""

import ast
import importlib.metadata
import inspect
import re
import shutil
import subprocess
import sys
import typing
from configparser import ConfigParser
from pathlib import Path

import msgspec
import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType

from domain.ask import Ask
from domain.port import OwnPorts, Ports
from execution.loaders import Batched, Loaders
from schema.build import build, domain_class

ROOT = Path(__file__).parent.parent
ROOMS = sorted(
    path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name != "tests"
)
MODULES = sorted(
    path
    for room in ROOMS
    for path in (ROOT / room).rglob("*.py")
    if "__pycache__" not in path.parts
)
UNWANTED = {
    *("utils", "util", "common", "core", "lib", "helpers", "helper", "services", "service"),
    *("models", "managers", "manager", "middleware", "src", "misc", "base"),
}


def _lint(root: Path) -> str:
    run = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--config", ".importlinter", "--no-cache"],
        cwd=root,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return run.stdout + run.stderr


def _breaches(config: ConfigParser) -> dict[str, set[str]]:
    """For each room, imports that together break every contract in the file."""
    breaches: dict[str, set[str]] = {}
    for name in config.sections():
        contract = config[name]
        kind = contract.get("type")
        if kind == "layers":
            lowest, highest = contract["layers"].split()[-1], contract["layers"].split()[0]
            breaches.setdefault(lowest, set()).add(highest)
        elif kind == "forbidden":
            source = contract["source_modules"].split()[0]
            breaches.setdefault(source, set()).add(contract["forbidden_modules"].split()[0])
    return breaches


def test_every_contract_fails_when_it_is_broken(tmp_path: Path) -> None:
    """Each import contract holds in the tree, and is seen to fail once it is broken on purpose."""
    config = ConfigParser()
    config.read(ROOT / ".importlinter")
    names = [config[each]["name"] for each in config.sections() if "contract" in each]
    assert re.search(rf"Contracts: {len(names)} kept, 0 broken", _lint(ROOT))

    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("app.py", "command.py", "config.py", ".importlinter"):
        shutil.copy(ROOT / file, tmp_path / file)
    for module, targets in _breaches(config).items():
        place = tmp_path / module.replace(".", "/")
        broken = place.with_suffix(".py") if not place.is_dir() else place / "broken.py"
        with broken.open("a") as text:
            text.write("".join(f"\nimport {each}\n" for each in sorted(targets)))
    answer = re.sub(r"\s+", " ", _lint(tmp_path))
    assert [name for name in names if f"{name} BROKEN" not in answer] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_small_and_named_after_one_thing(path: Path) -> None:
    """A module has at most 400 lines, a name that says what it is, and no relative import."""
    text = path.read_text()
    assert len(text.splitlines()) <= 400, "find the seam and split it"
    assert path.stem not in UNWANTED
    relative = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


def test_no_adapter_imports_another() -> None:
    """What adapters share is private to their room; none of them imports another, or its parts."""
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in MODULES
        if path.is_relative_to(ROOT / "adapters")
        for name in _imported(path)
        if name.startswith("adapters.")
        and not name.startswith("adapters._")
        and name.split(".")[1] != path.relative_to(ROOT / "adapters").with_suffix("").parts[0]
    }
    assert found == set()


def _imported(path: Path) -> set[str]:
    """The modules that a module imports, and what it takes from packages, in full."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    return names


def test_no_top_level_name_is_anybody_elses() -> None:
    """The rooms' plain names shadow no installed distribution and no standard module."""
    ours = {*ROOMS, "app", "command", "config"}
    theirs = set(sys.stdlib_module_names) | set(importlib.metadata.packages_distributions())
    assert ours & theirs == set()


def test_every_plain_field_is_an_attribute_of_the_domain_class() -> None:
    """A plain field is the attribute of the same name: no mapper stands between."""
    missing = []
    for name, kind in build().graphql.type_map.items():
        if name.startswith("__"):
            continue
        if isinstance(kind, GraphQLObjectType):
            for field_name, field in kind.fields.items():
                attribute = field.extensions.get("attribute")
                if attribute is not None and not hasattr(domain_class(kind), attribute):
                    missing.append(f"{name}.{field_name}")
        elif isinstance(kind, GraphQLInputObjectType):
            names = {each.name for each in msgspec.structs.fields(domain_class(kind))}
            missing += [f"{name}.{each}" for each in kind.fields if _snake(each) not in names]
    assert missing == []


def test_ports_are_batches_and_loaders_bear_their_names() -> None:
    """Every port method is ``<what>_by_<key>`` over many keys, and its loader has the same name."""
    methods = {
        name: method
        for ports in (Ports, OwnPorts)
        for port in typing.get_type_hints(ports).values()
        for name, method in inspect.getmembers(port, inspect.isfunction)
        if not name.startswith("_")
    }
    for name, method in methods.items():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*_by_[a-z]+", name)
        _, keys, last = inspect.signature(method).parameters.values()
        assert str(keys.annotation).startswith("collections.abc.Sequence[")
        assert last.annotation is Ask
    loaders = {name for name, each in vars(Loaders).items() if isinstance(each, Batched)}
    assert loaders == set(methods)


def test_resolvers_are_batches() -> None:
    """Every field that is not plain is resolved by one function over all parents."""
    for kind in build().graphql.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for field in kind.fields.values():
                batch = field.extensions.get("batch")
                if batch is None:
                    continue
                assert inspect.isfunction(batch)
                names = list(inspect.signature(batch).parameters)
                assert names[:2] == ["parents", "context"]
                assert set(names[2:]) == {each.out_name for each in field.args.values()}


def _snake(name: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", name).lower()
