"""What is sent to keep a gateway busy: documents, and whole bodies."""

import json
from collections.abc import Mapping
from typing import Any

_LISTING = """query ($first: Int!) { products(first: $first) { nodes { variants {
  availability { locations(first: 100) { location { name } } } } } } }"""


def chain(links: int) -> str:
    """Make fragments of which each spreads the next one twice."""
    parts = [
        f"fragment F{link} on Query {{ ...F{link + 1} ... {{ ...F{link + 1} }} }}"
        for link in range(links)
    ]
    return "\n".join(["{ ...F0 }", *parts, f"fragment F{links} on Query {{ __typename }}"])


def documents() -> dict[str, str]:
    """Make documents that are refused for what they are."""
    nested = "{ product(id: 1) " * 3_000 + "{ id }" + "}" * 3_000
    same = "".join(f" a: product(id: {number}) {{ id }}" for number in range(400))
    return {
        "fragment chain": chain(60),
        "fragment chain without end": "{ ...A } fragment A on Query { ...B } "
        "fragment B on Query { ...A }",
        "a thousand links": "{ ...F0 }"
        + "".join(f"fragment F{link} on Query {{ ...F{link + 1} }}" for link in range(900))
        + "fragment F900 on Query { __typename }",
        "10,000 aliases": "{" + " ".join(f"a{number}: __typename" for number in range(9_000)) + "}",
        "1,300 aliases": "{" + " ".join(f"a{number}: __typename" for number in range(1_300)) + "}",
        "a megabyte": "{ viewer { role } } #" + "x" * 1_000_000,
        "10,000 tokens": "{" + "a " * 10_000 + "}",
        "unknown fields": "{" + " ".join(f"a{number}" for number in range(3_900)) + "}",
        "unknown arguments": "{"
        + " ".join(f"a{n}: product(id: 1, skuu: 2) {{ id }}" for n in range(45))
        + "}",
        "deep nesting": nested,
        "deep within the tokens": "{ product " * 1_900 + "{ id }" + "}" * 1_900,
        "deep inline fragments": "{" + "... {" * 4_000 + "__typename" + "}" * 4_001,
        "deep list value": "{ nodes(ids: " + "[" * 4_000 + "]" * 4_000 + ") { id } }",
        "deep list within the tokens": "{ nodes(ids: " + "[" * 1_900 + "]" * 1_900 + ") { id } }",
        "directives": "{ __typename " + "@skip(if: false) " * 500 + "}",
        "root fields": "{" + " ".join(f"a{number}: __typename" for number in range(60)) + "}",
        "overlapping fields": "{" + same + "}",
        "overlapping fields nowhere used": "{ __typename } fragment F on Query {" + same + "}",
        "overlapping, nested": "{" + "viewer { customer { orders { nodes { id } } } }" * 120 + "}",
        "introspection without end": "{ __schema { types "
        + "{ fields { type" * 6
        + "{ name }"
        + "} }" * 6
        + "} }",
        "many operations": " ".join(f"query Q{n} {{ __typename }}" for n in range(700)),
        "many variables": "query ("
        + " ".join(f"$v{n}: Int" for n in range(900))
        + ") { __typename }",
        # Just below the limit of tokens, so that it has to be parsed.
        "1,000 tokens of unknown fields": "{" + " ".join(f"a{n}" for n in range(990)) + "}",
        "1,000 tokens of aliases": "{" + " ".join(f"a{n}: __typename" for n in range(330)) + "}",
        "1,000 tokens of variables": "query ("
        + " ".join(f"$v{n}: Int" for n in range(245))
        + ") { __typename }",
        "1,000 tokens of directives": "{ __typename " + "@skip(if: false) " * 141 + "}",
        "1,000 tokens of links": "{ ...F0 }"
        + "".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(120))
        + "fragment F120 on Query { __typename }",
        "1,000 tokens of overlaps": "{" + same[:2_300].rpartition("}")[0] + "} }",
        "1,000 tokens of unknown fragments": "{" + "...F " * 490 + "}",
        "1,000 tokens of levels": "{ product " * 90 + "{ id }" + "}" * 90,
    }


def attacks() -> Mapping[str, bytes]:
    """Make the body of every request, by name."""
    found = {name: _body(text) for name, text in documents().items()}
    nodes = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    return found | {
        "an array of 10,000": b"[" + b'{"query":"{__typename}"},' * 9_999 + b"{}]",
        "a body of 10 MB": _body("{ __typename } #" + "x" * 10_000_000),
        "first: 1e9": _body(_LISTING, {"first": 1_000_000_000}),
        "first: 1e9 as a literal": _body("{ products(first: 1000000000) { nodes { id } } }"),
        "deep JSON": b"[" * 130_000 + b"]" * 130_000,
        "deep variables": b'{"query":"{__typename}","variables":{"a":'
        + b"[" * 900
        + b"]" * 900
        + b"}}",
        "nested lists": _body(nodes, {"ids": [[["x"] * 200] * 200]}),
        "many values": _body(nodes, {"ids": ["x"] * 50_000}),
        "many keys": _body("query ($v0: Int) { __typename }", {f"v{n}": n for n in range(15_000)}),
        "a wide body": json.dumps({f"k{n}": [] for n in range(19_000)}).encode(),
        "no JSON": b'{"query":"' + b"\xff" * 250_000,
    }


def _body(text: str, variables: dict[str, Any] | None = None) -> bytes:
    return json.dumps({"query": text, "variables": variables or {}}).encode()
