"""GraphiQL: the vendored files, and how they are served."""

import hashlib
import re

import pytest
from yarl import URL

from tests.transport.gateway import Gateway, running
from transport.page import FOLDER
from transport.settings import Settings

pytestmark = pytest.mark.anyio
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def test_vendored_files_are_what_was_published() -> None:
    """A vendored file is never edited: its checksum is the one that was written down."""
    lines = (FOLDER / "vendored.sha256").read_text().splitlines()
    listed = {name: digest for digest, name in map(str.split, lines)}
    assert sorted(listed) == sorted(path.name for path in FOLDER.glob("*.min.*"))
    for name, expected in listed.items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == expected


async def test_a_browser_gets_the_page_from_here_alone(gateway: Gateway) -> None:
    """The page names no other host, holds no script of its own, and may run none."""
    async with gateway.session.get(gateway.url, headers={"Accept": BROWSER}) as answer:
        page = await answer.text()
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self';" in policy
    assert "//" not in page
    assert not re.search(r"<script[^>]*>[^<]", page)
    assets = re.findall(r"graphql/assets/[^\"]+", page)
    assert len(assets) == 8
    kinds = {".js": "text/javascript", ".css": "text/css", ".json": "application/json"}
    for asset in assets:
        async with gateway.session.get(f"{gateway.address}/{asset}") as answer:
            assert answer.status == 200
            kind = kinds.get(re.sub(r".*(\.\w+)\?.*", r"\1", asset), "image/svg+xml")
            assert answer.content_type == kind
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            content = await answer.read()
            assert hashlib.sha256(content).hexdigest().startswith(asset.partition("?")[2])


async def test_the_page_opens_with_the_ready_queries(gateway: Gateway) -> None:
    """Every query in the folder is a tab."""
    async with gateway.session.get(f"{gateway.url}/assets/tabs.json") as answer:
        tabs = await answer.json()
    files = {path.read_text() for path in (FOLDER / "queries").glob("*.graphql")}
    assert {tab["query"] for tab in tabs} == files
    assert len(tabs) == len(files) == 3


@pytest.mark.parametrize(
    "name", ["README.md", "index.html", "vendored.sha256", "..%2fpage.py", "%2e%2e/page.py", "x"]
)
async def test_nothing_else_of_the_folder_is_served(gateway: Gateway, name: str) -> None:
    """An asset is looked up by name; no name reaches a file."""
    address = URL(f"{gateway.url}/assets/{name}", encoded=True)
    async with gateway.session.get(address) as answer:
        assert answer.status == 404


async def test_the_page_can_be_turned_off() -> None:
    """Without GraphiQL a browser's navigation is refused like any GET that may be forged."""
    async with running(Settings(graphiql=False)) as gateway:
        async with gateway.session.get(gateway.url, headers={"Accept": BROWSER}) as answer:
            assert answer.status == 403
        async with gateway.session.get(f"{gateway.url}/assets/start.js") as answer:
            assert answer.status == 404
