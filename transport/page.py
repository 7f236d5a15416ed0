"""GraphiQL, served from the project's own files."""

import hashlib
from pathlib import Path
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

from transport.answer import send_bytes
from transport.refusal import no_such_path

FOLDER = Path(__file__).parent / "graphiql"
_TABS = {
    "mobile": {"Commerce-Channel": "APP"},
    "web": {"Commerce-Channel": "WEB"},
    "agent": {"Authorization": "Bearer <token>", "Commerce-Channel": "AGENT"},
}
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".svg": "image/svg+xml",
}
_ASSETS = (
    "react.production.min.js",
    "react-dom.production.min.js",
    "graphiql.min.js",
    "graphiql.min.css",
    "start.js",
    "start.css",
    "icon.svg",
)
# GraphiQL's editor writes style elements as it goes; scripts are files, all of them ours.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self'; font-src 'self' data:; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Page:
    """The page and its assets, read once; an asset's address changes with its content."""

    def __init__(self) -> None:
        self._assets = {name: (FOLDER / name).read_bytes() for name in _ASSETS}
        self._assets["tabs.json"] = orjson.dumps(_tabs())
        page = (FOLDER / "index.html").read_text()
        for name, content in self._assets.items():
            digest = hashlib.sha256(content).hexdigest()[:12]
            page = page.replace(f"{{{name}}}", f"graphql/assets/{name}?{digest}")
        self._page = page.encode()

    async def send(self, send: Send) -> None:
        """Answer with the page."""
        headers = {
            "Content-Security-Policy": _POLICY,
            "Cache-Control": "no-cache",
            "Vary": "Accept",
        }
        await send_bytes(send, 200, "text/html; charset=utf-8", self._page, headers)

    async def assets(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Answer with one asset; its name is looked up, never a file."""
        name = scope["path_params"]["name"]
        content = self._assets.get(name)
        if content is None:
            raise no_such_path()
        await send_bytes(
            send,
            200,
            _TYPES[Path(name).suffix],
            content,
            {"Cache-Control": "public, max-age=31536000, immutable"},
            is_head=scope["method"] == "HEAD",
        )


def _tabs() -> list[dict[str, Any]]:
    """Read the queries that GraphiQL opens with, each with the headers it is sent with."""
    return [
        {
            "query": (FOLDER / "queries" / f"{name}.graphql").read_text(),
            "headers": orjson.dumps(headers, option=orjson.OPT_INDENT_2).decode(),
        }
        for name, headers in _TABS.items()
    ]
