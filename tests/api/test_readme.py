"""What README shows is what one gets."""

import re
from typing import Any

from tests.shop import ROOT, Shop

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```graphql\n(.*?)```", README, re.DOTALL)
END = """mutation ($case: ID!) { assistEnd(input: { idempotencyKey: "readme-end", case: $case }) {
  case { id } } }"""


def _block(word: str) -> str:
    (found,) = [block for block in BLOCKS if word in block]
    return str(found)


def _table() -> dict[str, dict[str, str]]:
    """The cells of README's table, by who asks and which field."""
    rows = re.findall(r"^\|(.+)\|$", README, re.MULTILINE)
    cells = [[cell.strip().strip("`") for cell in row.split("|")] for row in rows]
    _, *askers = cells[0]
    return {
        asker: {row[0]: row[number] for row in cells[2:]}
        for number, asker in enumerate(askers, start=1)
    }


def _cell(customer: dict[str, Any] | None, path: str) -> str:
    found: Any = customer
    for step in path.split("."):
        found = found.get(step) if found is not None else None
    if customer is None:
        return ""
    return "null" if found is None else str(found)


def test_the_agents_query_side_by_side(shop: Shop) -> None:
    """The same query shows an agent, an associate and nobody what README's table says."""
    table, query = _table(), _block("query Desk")
    shown = {
        "agent": shop.ask(query, persona="agent"),
        "store associate": shop.ask(query, persona="associate"),
        "anonymous": shop.ask(query),
    }
    customer = shown["agent"].data["lookup"]["id"]
    opened = shop.ask(_block("assistStart"), {"customer": customer}, persona="agent")
    case = opened.data["assistStart"]["case"]["id"]
    shown["agent, with a case open"] = shop.ask(query, persona="agent")
    # A case is its agent's alone, and what it opened is closed with it.
    assert shop.ask(query, persona="colleague").data == shown["agent"].data
    assert shop.ask(END, {"case": case}, persona="agent").errors == []
    assert shop.ask(query, persona="agent").data == shown["agent"].data
    assert shown.keys() == table.keys()
    for asker, cells in table.items():
        found = shown[asker].data["lookup"]
        assert {path: _cell(found, path) for path in cells} == cells, asker
    denied = [each["path"][-1] for each in shown["agent"].extensions["access"]]
    assert denied == ["birthDate", "loyalty"]
