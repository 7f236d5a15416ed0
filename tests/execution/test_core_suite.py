"""graphql-core's own execution tests, led through the engine.

They come with its source package, which is fetched when the test runs and never committed.
docs/engine.md says of each that does not pass why.
"""

import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import graphql
import pytest

pytestmark = pytest.mark.systems

ROOT = Path(__file__).parent.parent.parent
CACHE = ROOT / ".cache" / "graphql-core"
DESCRIBE = "pytest-describe==3.2.0"
PATIENCE = 240

# Kept apart from this project's own settings, and from those of graphql-core's developers.
INI = "[pytest]\npython_classes = PyTest*\n"


def _pip(*arguments: str) -> None:
    # The environment has no pip of its own; the Python that it was made with has one.
    python = Path(sys.base_prefix) / "bin" / "python3"
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE)
    except (OSError, subprocess.SubprocessError) as error:
        reason = f"graphql-core's tests cannot be fetched: {getattr(error, 'stderr', '') or error}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


def _fetched() -> tuple[Path, Path]:
    """Give the folder with graphql-core's tests and the one with the plugin that they need."""
    source = CACHE / f"graphql_core-{graphql.version}"
    if not source.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        name = f"graphql-core=={graphql.version}"
        _pip("download", "--no-binary", "graphql-core", "--no-deps", "-d", str(CACHE), name)
        (archive,) = CACHE.glob(f"graphql_core-{graphql.version}.tar.gz")
        with tarfile.open(archive) as tar:
            tar.extractall(CACHE, filter="data")
    plugins = CACHE / "plugins"
    if not plugins.is_dir():
        _pip("install", "--no-deps", "--target", str(plugins), DESCRIBE)
    return source, plugins


def _ended(arguments: Sequence[str], report: Path) -> dict[str, Any]:
    source, plugins = _fetched()
    settings = report.with_suffix(".ini")
    settings.write_text(INI)
    paths = (ROOT, Path(__file__).parent, plugins)
    environment = {
        **os.environ,
        "CORE_REPORT": str(report),
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
    }
    subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-c", str(settings), "--rootdir", str(source)),
            *("-p", "core_plugin", "-p", "no:cacheprovider", "--tb=no", "-q"),
            *arguments,
        ],
        cwd=source,
        env=environment,
        check=False,
        capture_output=True,
        timeout=PATIENCE,
    )
    found: dict[str, Any] = json.loads(report.read_text())
    return found


@pytest.mark.long
def test_graphql_cores_tests_pass_on_the_engine(tmp_path: Path) -> None:
    """Of graphql-core's tests that are planned, 92 % pass; docs/engine.md lists the others."""
    report = _ended(["tests/execution"], tmp_path / "report.json")
    planned = {name: each for name, each in report.items() if each["planned"]}
    assert len(planned) > 200, "the plugin leads the tests through the engine"
    why = {
        name.split("::", 1)[1]: each.get("why")
        for name, each in planned.items()
        if each["outcome"] != "passed"
    }
    page = (ROOT / "docs" / "engine.md").read_text()
    listed = set(re.findall(r"^\| `([^`]*::[^`]*)` \|", page, re.MULTILINE))
    assert why.keys() <= listed, json.dumps(why, indent=1)
    assert 1 - len(why) / len(planned) >= 0.92
    untouched = [
        name for name, each in report.items() if not each["planned"] and each["outcome"] != "passed"
    ]
    assert not untouched, "what is not planned is graphql-core's own affair"
