"""Requests that are answered without asking anybody: the reasons, each with its HTTP status."""

from collections.abc import Mapping

from domain.errors import Failure


class Refusal(Failure):
    """A request that is not GraphQL over HTTP as this gateway speaks it."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        *,
        closes: bool = False,
    ) -> None:
        """Refuse with a status; ``closes`` ends the connection, whose rest is not wanted."""
        super().__init__(message)
        self.status = status
        self.name = code
        self.headers = headers or {}
        self.closes = closes

    @property
    def extensions(self) -> dict[str, object]:
        """The code alone."""
        return {"code": self.name}


def bad_request(message: str) -> Refusal:
    """Refuse a request whose parts cannot be read."""
    return Refusal(400, "BAD_REQUEST", message)


def method_not_allowed(method: str, allowed: str) -> Refusal:
    """Refuse a method."""
    return Refusal(
        405,
        "METHOD_NOT_ALLOWED",
        f"Method {method[:20]} is not served here; allowed: {allowed}.",
        {"Allow": allowed},
    )


def no_such_path() -> Refusal:
    """Refuse a path that nothing stands behind."""
    return Refusal(404, "PATH_NOT_FOUND", "Nothing is served here; the API is at /graphql.")


# What a failure of the whole request means in HTTP; 400 where the table is silent.
_STATUS = {
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "METHOD_NOT_ALLOWED": 405,
    "RATE_LIMITED": 429,
    "INTERNAL": 500,
    "SOURCE_REJECTED": 502,
    "SOURCE_CONTRACT": 502,
    "STORE_UNAVAILABLE": 503,
    "SOURCE_UNAVAILABLE": 503,
    "SOURCE_TIMEOUT": 504,
    "DEADLINE_EXCEEDED": 504,
}


def status_of(code: object) -> int:
    """Tell the HTTP status for the code of an error that kept a request from being executed."""
    return _STATUS.get(str(code), 400)
