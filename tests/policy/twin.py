"""The same systems in another world: what stands between changes what they say of people."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from domain.policy import View

Change = Callable[[str, str, Any], Any]
"""Says what a system answers: its name, the path, and what it would answer."""

_KEPT = ("content-type", "retry-after", "x-ratelimit-limit")


class Twin:
    """Stands before one system; with a ``change`` it is the other world's.

    *Shape*: ``base`` changes what it says in both worlds.
    """

    def __init__(self, system: str) -> None:
        self.system = system
        self.target = ""
        self.base: Change | None = None
        self.change: Change | None = None
        self.url = ""

    def answer(self, client: httpx.Client, request: BaseHTTPRequestHandler, body: bytes) -> None:
        """Ask the system itself, and hand on what this world makes of it."""
        if not self.target:
            request.send_error(503)
            return
        sent = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        sent["Accept-Encoding"] = "identity"
        url = self.target + request.path
        found = client.request(request.command, url, content=body, headers=sent)
        content = found.content
        changes = [each for each in (self.base, self.change) if each is not None]
        if changes and found.is_success and "_admin" not in request.path:
            answer = found.json()
            for change in changes:
                answer = change(self.system, request.path, answer)
            content = json.dumps(answer, ensure_ascii=False).encode()
        request.send_response(found.status_code)
        for name in _KEPT:
            if name in found.headers:
                request.send_header(name, found.headers[name])
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)


@contextmanager
def twins(*systems: str) -> Iterator[dict[str, Twin]]:
    """Serve a twin of each system; their targets are told later."""
    found = {system: Twin(system) for system in systems}
    servers = []
    with httpx.Client(trust_env=False, timeout=30) as client:
        for twin in found.values():
            server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(twin, client))
            server.daemon_threads = True
            twin.url = f"http://127.0.0.1:{server.server_port}"
            threading.Thread(target=server.serve_forever, daemon=True).start()
            servers.append(server)
        try:
            yield found
        finally:
            for server in servers:
                server.shutdown()
                server.server_close()


def _handler(twin: Twin, client: httpx.Client) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            twin.answer(client, self, body)

        do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            pass

    return Handler


class Elsewhere:
    """Another world, which differs in what a caller of one class may not see of a customer.

    *Shape*: ``views`` how much they see of a customer's fields, by name; None for a customer of
    whom they may not even know. Who has something of their own in the systems goes on having it.
    """

    def __init__(
        self,
        contact: str,
        views: dict[str, View] | None,
        *,
        with_consents: bool,
        has_own: bool = False,
    ) -> None:
        self._contact = contact
        self._has_own = has_own
        self._views = views
        self._with_consents = with_consents
        self.changes = 0

    def __call__(self, system: str, path: str, answer: Any) -> Any:
        """Say what a system answers there."""
        text = json.dumps(answer, sort_keys=True)
        changed = self._answer(system, path, answer)
        self.changes += json.dumps(changed, sort_keys=True) != text
        return changed

    def _answer(self, system: str, path: str, answer: Any) -> Any:
        if system == "crm" and "/contacts" in path:
            return self._contacts(answer)
        if "/loyalty/" in path and self._hides("loyalty"):
            return {**answer, "data": []}
        if "/interactions" in path and self._hides("interactions"):
            rows = [{**row, "interactions": [], "more": False} for row in answer["data"]]
            return {**answer, "data": rows}
        if self._hides("orders"):
            if "/cards" in path:
                rows = [{**row, "receipts": [], "more": False} for row in answer["cards"]]
                return {**answer, "cards": rows}
            if path.endswith("/receipts"):
                return {**answer, "receipts": []}
            if "/ORDER" in path:
                return {"d": {**answer["d"], "results": []}}
        return answer

    def _hides(self, field: str) -> bool:
        if self._views is None:
            return not self._has_own
        return self._views[field] is View.NONE

    def _contacts(self, answer: Any) -> Any:
        if self._views is None and "contacts" in answer:
            rows = [
                {**row, "ids": [each for each in row["ids"] if each != self._contact]}
                for row in answer["data"]
            ]
            kept = [each for each in answer["contacts"] if each["id"] != self._contact]
            return {**answer, "data": rows, "contacts": kept}
        place = "contacts" if "contacts" in answer else "data"
        return {**answer, place: [*self._all(answer[place])]}

    def _all(self, contacts: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for contact in contacts:
            if contact["id"] != self._contact:
                yield contact
            elif self._views is not None:
                yield self._contact_there(contact, self._views)

    def _contact_there(self, contact: dict[str, Any], views: dict[str, View]) -> dict[str, Any]:
        hidden = {name for name, view in views.items() if view is View.NONE}
        masked = {name for name, view in views.items() if view is View.MASKED}
        there: dict[str, Any] = {}
        if "name" in hidden | masked and "name" in contact:
            keep = 1 if "name" in masked else 0
            there["name"] = {part: text[:keep] + "q" * 7 for part, text in contact["name"].items()}
        if "email" in hidden | masked:
            there["emails"] = [
                {**each, "address": _mail(each["address"], is_masked="email" in masked)}
                for each in contact.get("emails", ())
            ]
        if "phone" in hidden:
            there["phones"] = []
        elif "phone" in masked:
            there["phones"] = [
                {**each, "number": f"+4800000{each['number'][-3:]}"}
                for each in contact.get("phones", ())
            ]
        if "birthDate" in hidden:
            there["birthDate"] = "1971-01-31"
        if "addresses" in hidden:
            there["addresses"] = contact.get("addresses", ())[:-1]
        elif "addresses" in masked:
            there["addresses"] = [
                {**each, "city": f"{each['city'][:1]}qqq", "line1": f"{each['line1'][:1]}qqq"}
                for each in contact.get("addresses", ())
            ]
        if "segments" in hidden:
            there["segments"] = ["another"]
        if "language" in hidden:
            there["locale"] = "de_DE"
        if "consents" in hidden and not self._with_consents:
            there["consents"] = contact.get("consents", ())[:-1]
        # A field that was not asked for is not answered there either.
        return {**contact, **{name: each for name, each in there.items() if name in contact}}


def _mail(address: str, *, is_masked: bool) -> str:
    """Write another address that has the same mask, or one that has nothing in common."""
    if not is_masked:
        return "another@elsewhere.org"
    local, _, domain = address.partition("@")
    host, _, end = domain.rpartition(".")
    return f"{local[0]}qqq@{host[0]}qqq.{end}"
