"""GraphiQL in a real browser, under the policy that it is served with."""

import asyncio
import base64
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from domain.viewer import Role
from tests.transport.gateway import Gateway, running
from transport.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.systems]
_SECONDS = 60
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_QUERY = "document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror"
_RESULT = "document.querySelector('.result-window .CodeMirror').CodeMirror"
_TOOLS = (
    "[...document.querySelectorAll('.graphiql-editor-tool .CodeMirror')]"
    ".map(editor => editor.CodeMirror.getValue()).join('')"
)
_HEADERS = "[...document.querySelectorAll('.graphiql-editor-tool .CodeMirror')].at(-1).CodeMirror"
_AGENT = '{ "Authorization": "Bearer agent" }'
_DOCUMENTATION = "document.querySelector('[aria-label*=\"Documentation Explorer\"]')"


class Browser:
    """One page, steered over the DevTools protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self.complaints: list[str] = []

    async def call(self, method: str, **parameters: Any) -> Any:
        """Call a method, noting on the way what the page complains about."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        while True:
            message = await self._socket.receive_json(timeout=_SECONDS)
            if message.get("id") == self._number:
                assert "error" not in message, message
                return message["result"]
            if message.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown"):
                self.complaints.append(json.dumps(message["params"]))

    async def value(self, expression: str) -> Any:
        """Evaluate an expression in the page."""
        answer = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    async def until(self, expression: str) -> Any:
        """Wait until an expression is true in the page."""
        async with asyncio.timeout(_SECONDS):
            # The page has no event of ours to wait for.
            while not (value := await self.value(expression)):
                await asyncio.sleep(0.05)
        return value


@pytest.fixture
async def browser(anyio_backend: str, tmp_path: Path) -> AsyncIterator[Browser]:
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip("no Chromium found; install chromium to try GraphiQL in a browser")
    process = await asyncio.create_subprocess_exec(
        program,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--window-size=1400,900",
        "--remote-debugging-port=0",
        f"--user-data-dir={tmp_path}",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stderr
        async with asyncio.timeout(_SECONDS):
            address = ""
            while not address:
                line = (await process.stderr.readline()).decode()
                assert line, "the browser ended before it listened"
                address = line.partition("DevTools listening on ")[2].strip()
        port = address.split(":")[2].split("/")[0]
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = [each for each in await answer.json() if each["type"] == "page"]
            async with session.ws_connect(
                pages[0]["webSocketDebuggerUrl"], max_msg_size=50_000_000
            ) as socket:
                browser = Browser(socket)
                for domain in ("Page", "Runtime", "Log"):
                    await browser.call(f"{domain}.enable")
                yield browser
    finally:
        if process.returncode is None:
            process.terminate()
            await asyncio.wait_for(process.communicate(), 20)


async def test_graphiql_runs_a_query(gateway: Gateway, browser: Browser) -> None:
    """The page loads without a complaint, knows the schema, and shows a query's answer."""
    await browser.call("Page.navigate", url=gateway.url)
    await browser.until("!!document.querySelector('.graphiql-execute-button')")
    tabs = "[...document.querySelectorAll('.graphiql-tab')].map(tab => tab.innerText.trim())"
    assert await browser.value(tabs) == ["Mobile", "Web", "Agent"]
    await browser.until(f"{_TOOLS}.includes('Commerce-Channel')")
    await browser.value(
        f"{_QUERY}.setValue('query Mobile {{ hello(name: \"GraphiQL\") }}')",
    )
    await browser.value("document.querySelector('.graphiql-execute-button').click()")
    shown = await browser.until(f"(text => text.includes('Hello') && text)({_RESULT}.getValue())")
    assert json.loads(shown)["data"] == {"hello": "Hello GraphiQL"}
    assert json.loads(shown)["extensions"]["context"]["channel"] == "APP"
    await browser.until(f"(button => button && !button.click())({_DOCUMENTATION})")
    await browser.until("document.body.innerText.includes('Root Types')")
    if folder := os.environ.get("SCREENSHOTS"):
        picture = await browser.call("Page.captureScreenshot")
        (Path(folder) / "graphiql.png").write_bytes(base64.b64decode(picture["data"]))
    await browser.value("document.querySelectorAll('.graphiql-tab-button')[2].click()")
    await browser.until(f"{_TOOLS}.includes('<token>')")
    await browser.until("localStorage.getItem('graphiql:tabState')?.includes('Agent')")
    assert "<token>" not in await browser.value("JSON.stringify(localStorage)")
    assert browser.complaints == []


async def test_graphiql_knows_the_schema_of_its_caller(browser: Browser) -> None:
    """Who pastes a token is shown the schema that its bearer is told of, once it is all there."""
    async with running(Settings(introspection=(Role.AGENT,))) as gateway:
        await browser.call("Page.navigate", url=gateway.url)
        await browser.until("!!document.querySelector('.graphiql-execute-button')")
        await browser.until(f"{_TOOLS}.includes('Commerce-Channel')")
        await browser.until(f"(button => button && !button.click())({_DOCUMENTATION})")
        await browser.until("document.body.innerText.includes('Error fetching schema')")
        for written in ('{ "Author', '{ "Authorization": "Bearer <token>" }'):
            await browser.value(f"{_HEADERS}.setValue('{written}')")
        await browser.value(f"{_HEADERS}.setValue('{_AGENT}')")
        await browser.until("document.body.innerText.includes('Root Types')")
        await browser.value("document.querySelectorAll('.graphiql-tab-button')[1].click()")
        await browser.until("document.body.innerText.includes('Error fetching schema')")
        assert all("403" in each for each in browser.complaints)
