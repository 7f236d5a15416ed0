"""What a reader of the documentation may rely on."""

import pkgutil
import re
from pathlib import Path

import pytest

import adapters
from app import Settings
from domain.rule import Rulebook
from domain.setting import describe
from schema.build import build
from tests.test_errors import tree

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [*DOCS.rglob("*.md"), *ROOT.glob("*.md")]


def _rows(page: str, form: str) -> set[str]:
    return set(re.findall(rf"^\| `({form})` \|", (DOCS / page).read_text(), re.MULTILINE))


def test_every_setting_is_documented() -> None:
    """docs/configuration.md has a row for each setting, and none for what is no setting."""
    rows = _rows("configuration.md", "[^`]+")
    assert rows == {setting.key for setting in describe(Settings)}


def test_every_key_of_a_promotion_is_documented() -> None:
    """docs/promotion.md has a row for each key of its file, and none for what is no key."""
    rows = _rows("promotion.md", "[^`]+")
    assert rows == {setting.key for setting in describe(Rulebook)}


def test_every_error_code_is_documented() -> None:
    """docs/errors.md has a row for each code of the tree and each of the door's own."""
    rows = _rows("errors.md", "[A-Z_]+")
    used = {
        code
        for file in (ROOT / "transport").glob("*.py")
        for code in re.findall(
            r'(?:Refusal\(\s*\d+,\s*|code = |"code": )"([A-Z_]+)"', file.read_text()
        )
    }
    assert {each.code for each in tree()} | used <= rows | {"INTERNAL"}
    assert "INTERNAL" in rows


def test_every_adapter_is_documented() -> None:
    """Each adapter's name stands in a page of docs/."""
    text = "\n".join(page.read_text() for page in DOCS.glob("*.md"))
    for module in pkgutil.iter_modules(adapters.__path__):
        if not module.name.startswith("_") and module.name != "connect":
            assert f"`{module.name}`" in text or f'adapter = "{module.name}"' in text


@pytest.mark.parametrize(("room", "page"), [("execution", "engine"), ("transport", "transport")])
def test_every_module_of_a_large_room_has_its_place(room: str, page: str) -> None:
    """The page on a room of many modules says of each one what it does, and of no other."""
    text = (DOCS / f"{page}.md").read_text() + "\n\n"
    table = re.search(rf"^\| file in `{room}/` .*?\n\n", text, re.MULTILINE | re.DOTALL)
    assert table is not None
    modules = {file.name for file in (ROOT / room).glob("*.py") if file.stem != "__init__"}
    assert set(re.findall(r"`(\w+\.py)`", table[0])) == modules


def test_every_decision_is_listed() -> None:
    """docs/decisions/README.md lists every decision by the page's own number and title."""
    folder = DOCS / "decisions"
    pages = sorted(folder.glob("[0-9]*.md"))
    titles = [page.read_text().partition("\n")[0].removeprefix("# ") for page in pages]
    wanted = [re.sub(r"\. (.*)", rf". [\1]({page.name})", t) for page, t in zip(pages, titles)]
    assert re.findall(r"^\d+\. .*", (folder / "README.md").read_text(), re.MULTILINE) == wanted


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link in the documentation leads to a file."""
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_named_files_are_there(page: Path) -> None:
    """Every file of ours that the documentation names exists."""
    rooms = "adapters|auth|docs|domain|execution|resolvers|sandbox|schema|scripts|storage|transport"
    for name in re.findall(rf"`((?:{rooms})/[\w/.-]+\.\w+)`", page.read_text()):
        assert (ROOT / name).exists(), name


def test_queries_in_the_documentation_are_valid() -> None:
    """Every GraphQL block in the documentation and every query of GraphiQL fits the schema."""
    from graphql import parse, validate

    schema = build().graphql
    blocks = [
        block
        for page in PAGES
        for block in re.findall(r"```graphql\n(.*?)```", page.read_text(), re.DOTALL)
    ]
    blocks += [file.read_text() for file in (ROOT / "transport/graphiql/queries").iterdir()]
    assert len(blocks) >= 4
    for block in blocks:
        assert validate(schema, parse(block)) == [], block
