"""Entry point: serves all systems, or one, or prints a persona's access token."""

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence

from sandbox import carrier, crm, erp, idp, pos, wms
from sandbox.contact import contact_at
from sandbox.persona import PERSONAS
from sandbox.scale import SCALES
from sandbox.server import PortTakenError, listen, serve, url_of
from sandbox.supervisor import SYSTEMS, StartError, Supervisor
from sandbox.twin import link_of, owner_of
from sandbox.vocabulary import BRANDS
from sandbox.wire import Wire

PORT = 8001
_LAST_PORT = 65_535


def main(arguments: Sequence[str]) -> int:
    """Does what the arguments say; the exit status."""
    try:
        if arguments[:1] == ["token"]:
            return _token(arguments[1:])
        if arguments[:1] == ["truth"]:
            return _truth(arguments[1:])
        if arguments[:1] and arguments[0] in SYSTEMS:
            return _system(arguments[0], arguments[1:])
        return _all(arguments)
    except PortTakenError as taken:
        print(f"sandbox: {taken}", file=sys.stderr)
        return 2
    except StartError as failed:
        print(f"sandbox: {failed}", file=sys.stderr)
        return 1


def _all(arguments: Sequence[str]) -> int:
    own, command = list(arguments), []
    if "--" in own:
        place = own.index("--")
        own, command = own[:place], own[place + 1 :]
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="Serves a sandbox ERP, WMS, CRM, identity provider, tills and carriers on "
        "loopback, and runs COMMAND beside them. Others: python -m sandbox "
        f"{{{','.join(SYSTEMS)}}}; python -m sandbox token PERSONA; python -m sandbox truth.",
        epilog="-- COMMAND ... ends the sandbox when it ends; it finds SANDBOX_ERP_URL, "
        "SANDBOX_ERP_KEY and their like in its environment.",
    )
    _add_port(parser, f"first of {len(SYSTEMS)} ports: {', '.join(SYSTEMS)}")
    _add_size(parser)
    asked = parser.parse_args(own)
    if asked.port > _LAST_PORT - len(SYSTEMS) + 1:
        parser.error(f"--port is {asked.port}, allowed is 0 to {_LAST_PORT - len(SYSTEMS) + 1}")
    return asyncio.run(Supervisor(asked.port, asked.size).run(command))


def _system(name: str, arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog=f"python -m sandbox {name}")
    _add_port(parser, "port to serve on")
    _add_size(parser)
    if name == "wms":
        parser.add_argument(
            "--country", nargs="+", choices=wms.COUNTRIES, default=wms.COUNTRIES,
            help="whose sites it has, as where each country has a WMS of its own (default: all)",
        )  # fmt: skip
    if name == "erp":
        parser.add_argument(
            "--brand", nargs="+", choices=BRANDS, default=BRANDS,
            help="whose articles and orders it has, as where each brand has an ERP of its own "
            "(default: all)",
        )  # fmt: skip
    parser.add_argument("--listener", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--leash", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.listener is not None:
        listener = socket.socket(fileno=asked.listener)
    else:
        listener = listen(asked.port)
    try:
        app = _build(name, asked, url_of(listener))
    except ValueError as wrong:
        print(f"sandbox: {wrong}", file=sys.stderr)
        return 2
    serve(name, app, listener, asked.leash)
    return 0


def _build(name: str, asked: argparse.Namespace, url: str) -> Wire:
    scale = SCALES[asked.size]
    if name == "erp":
        return erp.build(scale, asked.brand)
    if name == "wms":
        return wms.build(scale, asked.country)
    if name == "crm":
        return crm.build(scale)
    if name == "pos":
        return pos.build(scale)
    if name == "carrier":
        return carrier.build(scale)
    return idp.build(url)


def _truth(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox truth",
        description="Prints who the contacts are that follow another one: contact, the other, "
        "AGAIN or ALIKE (the same person), RELATIVE or NAMESAKE (another one), and the contact "
        "under which the person registered first.",
    )
    _add_size(parser)
    # Who reads the first lines only is no error.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for index in range(1, SCALES[parser.parse_args(arguments).size].contacts + 1):
        link = link_of(index)
        if link is not None:
            of, first = contact_at(link.origin).id, contact_at(owner_of(index)).id
            print(f"{contact_at(index).id}\t{of}\t{link.kind}\t{first}")
    return 0


def _token(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox token")
    parser.add_argument("persona", choices=PERSONAS)
    parser.add_argument(
        "--url",
        default=os.environ.get("SANDBOX_IDP_URL", f"http://127.0.0.1:{PORT + 3}"),
        help="the identity provider's (default: %(default)s)",
    )
    asked = parser.parse_args(arguments)
    persona = PERSONAS[asked.persona]
    form = {
        "grant_type": "client_credentials",
        "client_id": persona.client_id,
        "client_secret": persona.client_secret,
    }
    url = f"{asked.url.rstrip('/')}/token"
    try:
        body = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(url, body, timeout=10) as response:
            print(json.load(response)["access_token"])
    except (OSError, ValueError, KeyError) as error:
        reason = getattr(error, "reason", error)
        print(
            f"sandbox: no token from {url} ({reason}): start the sandbox first, or name its "
            "identity provider with --url",
            file=sys.stderr,
        )
        return 1
    return 0


def _add_port(parser: argparse.ArgumentParser, meaning: str) -> None:
    parser.add_argument("--port", type=_port, default=PORT, help=f"{meaning} (default: {PORT})")


def _add_size(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", choices=SCALES, default="small", help="how large the retailer is")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port from 0 to {_LAST_PORT}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
