"""The parameters of a GraphQL request, out of a body or an address."""

from typing import Any
from urllib.parse import parse_qsl

import orjson
from msgspec import Struct

from transport.refusal import Refusal, bad_request
from transport.settings import Settings

# A persisted document's id, as GraphQL over HTTP (appendix A) and two families of clients call it.
_IDS = ("documentId", "doc_id", "id")
_NAMES = ("query", "operationName", "variables", "extensions", *_IDS)
_MAX_PAIRS = 50
_MAX_ID = 256


class Parameters(Struct, frozen=True):
    """One GraphQL request (GraphQL over HTTP, section 5.1).

    *Shape*: ``query`` is None where ``document_id`` alone names the document. ``is_automatic``
    tells an id that the client computed from the text (automatic persisted queries), and sends
    with it once.
    """

    query: str | None
    operation_name: str | None
    variables: dict[str, Any] | None
    extensions: dict[str, Any] | None
    document_id: str | None = None
    is_automatic: bool = False


def from_body(body: bytes, settings: Settings) -> Parameters | list[Parameters]:
    """Read a body: one request, or where batches are allowed an array of them.

    A key given twice counts as given last; keys that the specification does not know are ignored.

    *Errors*: 400 for anything else.
    """
    if not body:
        raise bad_request("The body is empty; send a JSON object with a 'query'.")
    found = _json(body, "The body")
    if not isinstance(found, list):
        return parameters(found, settings)
    if not settings.batch:
        raise bad_request("The body is an array; send one operation per request.")
    if not 1 <= len(found) <= settings.batch:
        raise bad_request(
            f"The array holds {len(found)} operations; allowed: 1 to {settings.batch}."
        )
    return [parameters(each, settings) for each in found]


def from_address(query_string: bytes, settings: Settings) -> Parameters:
    """Read the address of a GET.

    *Errors*: 400 for what cannot be read or is there twice, 414 above ``max_url``.
    """
    if len(query_string) > settings.max_url:
        raise Refusal(
            414,
            "URL_TOO_LONG",
            f"The address is longer than the {settings.max_url} bytes allowed; use POST.",
        )
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAX_PAIRS,
        )
    except ValueError:
        raise bad_request("The address does not hold URL-encoded UTF-8 parameters.") from None
    given: dict[str, Any] = {}
    for name, value in pairs:
        if name not in _NAMES:
            continue
        if name in given:
            raise bad_request(f"Parameter '{name}' is in the address twice; send it once.")
        given[name] = value
    for name in ("variables", "extensions"):
        if name in given:
            given[name] = (
                _json(given[name].encode(), f"Parameter '{name}'") if given[name] else None
            )
    given["operationName"] = given.get("operationName") or None
    return parameters(given, settings)


def _json(text: bytes, what: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        # The parser's own text may be about memory or hold the document; the place is enough.
        raise bad_request(
            f"{what} is not JSON in UTF-8 (line {error.lineno}, column {error.colno})."
        ) from None


def parameters(found: Any, settings: Settings) -> Parameters:
    """Read one request that has been JSON. *Errors*: 400 for what is not one."""
    if not isinstance(found, dict):
        raise bad_request(f"The request is {_kind(found)}; send an object with a 'query'.")
    query, name = found.get("query"), found.get("operationName")
    if query is not None and not isinstance(query, str):
        raise bad_request(f"'query' is {_kind(query)}; send the document as text.")
    if name is not None and not isinstance(name, str):
        raise bad_request(f"'operationName' is {_kind(name)}; allowed: text or null.")
    extensions = _object(found, "extensions", settings.json_depth)
    document_id, is_automatic = _document_id(found, extensions)
    if query is None and document_id is None:
        raise bad_request("The request has no 'query'; send the document as text.")
    return Parameters(
        query,
        name,
        _object(found, "variables", settings.json_depth),
        extensions,
        document_id,
        is_automatic,
    )


def _document_id(
    found: dict[str, Any], extensions: dict[str, Any] | None
) -> tuple[str | None, bool]:
    persisted = (extensions or {}).get("persistedQuery")
    if isinstance(persisted, dict) and "sha256Hash" in persisted:
        return _id(persisted["sha256Hash"], "extensions.persistedQuery.sha256Hash"), True
    for name in _IDS:
        # Beside a text, what clients of other servers call by these names is not ours to read.
        if found.get(name) is not None and found.get("query") is None:
            return _id(found[name], name), False
    return None, False


def _id(value: Any, name: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_ID:
        raise bad_request(f"'{name}' is {_kind(value)}; send 1 to {_MAX_ID} characters of text.")
    return value


def _object(found: dict[str, Any], name: str, depth: int) -> dict[str, Any] | None:
    value = found.get(name)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise bad_request(f"'{name}' is {_kind(value)}; allowed: an object or null.")
    level: list[Any] = [value]
    for _ in range(depth):
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each)
            if type(inner) is list or type(inner) is dict
        ]
        if not level:
            return value
    raise bad_request(f"'{name}' is nested deeper than the {depth} levels allowed.")


def _kind(value: Any) -> str:
    """Name a JSON value's type; the value itself is not repeated to anybody."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "an array"
        case _:
            return "an object"
