"""What the makers of clients say of the schema: relay-compiler, and the rules of graphql-eslint."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import GraphQLObjectType

from schema.build import build
from tests.shop import Shop
from tests.transport import node
from transport.document import read_manifest

pytestmark = [pytest.mark.anyio, pytest.mark.systems]
SDL = Path(__file__).parents[2] / "schema" / "schema.graphql"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The programs beside a schema of this test's own."""
    installed = node.installed(Path(__file__).parent / "lint")
    for name in ("package.json", "eslint.config.js", "relay.config.json"):
        shutil.copy(installed / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(installed / "node_modules")
    shutil.copy(SDL, tmp_path)
    yield tmp_path
    (tmp_path / "node_modules").unlink()


async def test_graphql_eslint_finds_nothing(folder: Path) -> None:
    """The schema keeps the rules schema-recommended and schema-relay."""
    kinds = build().graphql.type_map.values()
    values = [
        kind.name
        for kind in kinds
        if isinstance(kind, GraphQLObjectType)
        and not any(each.name == "Node" for each in kind.interfaces)
    ]
    (folder / "values.json").write_text(json.dumps(values))
    program = "node_modules/eslint/bin/eslint.js"
    status, output, errors = await node.run(
        folder, program, "--max-warnings", "0", "schema.graphql", seconds=120
    )
    assert status == 0, (output + errors).decode()


async def test_relay_compiles_an_application(folder: Path, shop: Shop) -> None:
    """Connections, refetching by id, @defer and a subscription compile, and what comes out runs."""
    (folder / "src").mkdir()
    (folder / "persisted.json").write_text("{}")
    shutil.copy(Path(__file__).parent / "lint" / "Shop.js", folder / "src")
    program = "node_modules/relay-compiler/cli.js"
    status, output, errors = await node.run(folder, program, seconds=120)
    assert status == 0, (output + errors).decode()
    documents = read_manifest((folder / "persisted.json").read_bytes())
    assert len(documents) == 5
    [listing] = [text for text in documents.values() if "query ShopListQuery" in text]
    answer = shop.ask(listing)
    assert answer.errors == []
    [found] = [text for text in documents.values() if "query ShopNodeQuery" in text]
    wanted = answer.data["products"]["edges"][0]["node"]["id"]
    assert shop.ask(found, {"id": wanted}).data["node"]["id"] == wanted
