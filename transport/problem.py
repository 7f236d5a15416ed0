"""What a caller gets to read of an error, whatever carries the answer."""

import logging
import re
from collections.abc import Sequence
from typing import Any

import structlog
from graphql import (
    GraphQLError,
    GraphQLSyntaxError,
    ObjectFieldNode,
    Token,
    TokenKind,
    ValueNode,
    VariableNode,
)

from domain.errors import BadInput, Failure, SourceFailure

INTERNAL = "INTERNAL"
_MASK = "Internal error"
_MAX_MESSAGE = 1000
# graphql-core's words for a variable before execution, and for an argument at its field.
_SUGGESTION = re.compile(r" Did you mean [^?]*\?")
_BAD_VALUE = re.compile(r"(?:Variable '\$|Argument ')(\w+)' (?:has invalid|of required type)")
_OPENING = frozenset({TokenKind.PAREN_L, TokenKind.BRACKET_L, TokenKind.BRACE_L})
_CLOSING = frozenset({TokenKind.PAREN_R, TokenKind.BRACKET_R, TokenKind.BRACE_R})
_log = structlog.get_logger("transport")


def problems(
    errors: Sequence[GraphQLError],
    request_id: str,
    *,
    is_staff: bool = False,
    suggests: bool = True,
) -> list[dict[str, Any]]:
    """Shape the errors of an answer, and log those that an operator has to see.

    *Shape*: as GraphQL, section 7.1.2; ``extensions.code`` is always there. Staff read which
    system a value is missing from; nobody reads more of a bug than the request's id.
    ``suggests`` false leaves out which names of the schema are close to a wrong one.
    """
    shaped = [_problem(error, request_id, is_staff=is_staff) for error in errors]
    if not suggests:
        for each in shaped:
            each["message"] = _SUGGESTION.sub("", each["message"])
    return shaped


def problem(failure: Failure) -> dict[str, Any]:
    """Shape a failure that stands for the whole request."""
    return {"message": failure.message, "extensions": failure.extensions}


def masked(bug: BaseException, request_id: str, path: list[str | int] | None = None) -> Any:
    """Shape an exception that nobody foresaw, and log it with its traceback."""
    _log.error("bug", request_id=request_id, path=path, exc_info=bug)
    return {"message": _MASK, "extensions": {"code": INTERNAL, "requestId": request_id}}


def report(failure: Failure, request_id: str, path: list[str | int] | None = None) -> None:
    """Log a failure that an operator has to see, with what callers never read."""
    if failure.log_level < logging.WARNING:
        return
    facts: dict[str, object] = {"request_id": request_id, "code": failure.code, "path": path}
    if isinstance(failure, SourceFailure):
        facts |= {"system": failure.system, "call": failure.call, "detail": failure.detail}
    _log.log(failure.log_level, "failure", **facts)


def _problem(error: GraphQLError, request_id: str, *, is_staff: bool) -> dict[str, Any]:
    cause = _cause(error)
    path = error.path
    if isinstance(cause, Failure):
        report(cause, request_id, path)
        shaped = problem(cause)
        if is_staff and isinstance(cause, SourceFailure):
            shaped["extensions"] = {**cause.extensions, "system": cause.system}
    elif error.extensions and "code" in error.extensions:
        shaped = {"message": error.message, "extensions": dict(error.extensions)}
    elif _is_callers_fault(error):
        shaped = {"message": error.message, "extensions": _classified(error)}
    else:
        shaped = masked(cause or error, request_id, path)
    if len(shaped["message"]) > _MAX_MESSAGE:
        shaped["message"] = shaped["message"][: _MAX_MESSAGE - 3] + "..."
    if error.locations:
        shaped["locations"] = [each.formatted for each in error.locations]
    if path:
        shaped["path"] = path
    return shaped


def _cause(error: GraphQLError) -> Exception | None:
    """Find what was raised beneath graphql-core's own wrapping."""
    cause: Exception | None = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause


def _is_callers_fault(error: GraphQLError) -> bool:
    """Tell an error about the request from one about us.

    Before execution graphql-core's errors speak of the document and its variables, and name a
    place in it unless there is none, as for an operation that is not there. At a field only those
    about its arguments do; the rest show what a resolver returned.
    """
    if error.path:
        return bool(_BAD_VALUE.match(error.message))
    return bool(error.nodes) or error.original_error is None


def _classified(error: GraphQLError) -> dict[str, Any]:
    """Tell a bad value from a bad document, by graphql-core's words; both are the caller's."""
    if isinstance(error, GraphQLSyntaxError):
        return {"code": "GRAPHQL_PARSE_FAILED"}
    bad_value = _BAD_VALUE.match(error.message)
    argument = bad_value[1] if bad_value else _argument(error)
    if argument is not None:
        return {"code": BadInput.code, "argument": argument}
    return {"code": "GRAPHQL_VALIDATION_FAILED"}


def _argument(error: GraphQLError) -> str | None:
    """Name the argument, or the variable, that a refused value stands in as a literal."""
    node = error.nodes[0] if error.nodes else None
    # Validation names a value first only where the value itself is at fault.
    is_value = isinstance(node, ValueNode | ObjectFieldNode) and not isinstance(node, VariableNode)
    if node is None or node.loc is None or not is_value:
        return None
    # Nodes do not know their parents; tokens know what stands before them.
    token, depth, name = node.loc.start_token.prev, 0, None
    while token is not None:
        if token.kind in _CLOSING:
            depth += 1
        elif token.kind in _OPENING and depth:
            depth -= 1
        elif token.kind is TokenKind.PAREN_L:
            break
        elif token.kind in _OPENING:
            name = None  # what was found names a part of the value
        elif token.kind is TokenKind.COLON and not depth and name is None:
            name = token.prev
        token = token.prev
    return name.value if isinstance(name, Token) else None
