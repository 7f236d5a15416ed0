"""The tree of failures: everything that can keep a field, or an operation, from its value.

Outcomes that a caller can act on (a shortage, a version conflict) are data and stand elsewhere;
bugs are any other exception, masked as ``INTERNAL`` and logged. Between the two stands this tree::

    Failure
    ├── BadInput            BAD_INPUT            the caller's argument is not one we accept
    ├── Unauthenticated     UNAUTHENTICATED      no viewer could be proved
    ├── Forbidden           FORBIDDEN            this viewer may not do this
    ├── NotFound            NOT_FOUND            a mutation names something that is not there
    ├── QueryTooComplex     QUERY_TOO_COMPLEX    refused before any work
    ├── RateLimited         RATE_LIMITED         later
    ├── DocumentNotFound    DOCUMENT_NOT_FOUND   an unknown persisted document
    ├── DeadlineExceeded    DEADLINE_EXCEEDED    the operation's time is over
    ├── StoreUnavailable    STORE_UNAVAILABLE    our own store is away; retry
    ├── NotServed           NOT_SERVED           the retailer has no system for this
    ├── PriceExpired        PRICE_EXPIRED        the price known is too old to sell at
    └── SourceFailure                            a system of record did not give the value
        ├── SourceTimeout       SOURCE_TIMEOUT       no answer within the deadline
        ├── SourceUnavailable   SOURCE_UNAVAILABLE   no connection, or it says it cannot
        ├── SourceRejected      SOURCE_REJECTED      it refused our request
        └── SourceContract      SOURCE_CONTRACT      its answer is not what it promised

The text of a failure is for any caller: it never names a system. What an operator needs (system,
call, field) is in ``SourceFailure``'s attributes and goes to the log, and to staff.
"""

import logging
from typing import ClassVar


class Failure(Exception):  # noqa: N818 - the tree is named after what happened, not after Python
    """A value, or an operation, that could not be had; ``code`` is stable and documented."""

    code: ClassVar[str] = "INTERNAL"
    log_level: ClassVar[int] = logging.INFO
    retryable: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def extensions(self) -> dict[str, object]:
        """What every caller may read beside the message; ``code`` first."""
        return {"code": self.code, "retryable": True} if self.retryable else {"code": self.code}


class BadInput(Failure):
    """An argument holds what we do not accept; names the argument, what was found and allowed."""

    code = "BAD_INPUT"

    def __init__(self, argument: str, found: object, allowed: str) -> None:
        shown = repr(found)
        if len(shown) > 80:
            shown = shown[:77] + "..."
        super().__init__(f"Argument '{argument}' is {shown}; allowed: {allowed}.")
        self.argument = argument

    @property
    def extensions(self) -> dict[str, object]:
        """The code, and the argument at fault."""
        return {"code": self.code, "argument": self.argument}


class Unauthenticated(Failure):
    """The token cannot be accepted, or the operation needs one."""

    code = "UNAUTHENTICATED"


class Forbidden(Failure):
    """The viewer is known, and may not do this."""

    code = "FORBIDDEN"


class NotFound(Failure):
    """A mutation names an object that does not exist, or is not the caller's: the same answer."""

    code = "NOT_FOUND"


class QueryTooComplex(Failure):
    """The document is larger, deeper or dearer than this caller's limits; nothing was executed."""

    code = "QUERY_TOO_COMPLEX"


class RateLimited(Failure):
    """The caller's budget is spent for now."""

    code = "RATE_LIMITED"
    retryable = True


class DocumentNotFound(Failure):
    """No persisted document has this id; send the text as well."""

    code = "DOCUMENT_NOT_FOUND"


class DeadlineExceeded(Failure):
    """The operation's time was over before the answer was whole."""

    code = "DEADLINE_EXCEEDED"
    log_level = logging.WARNING
    retryable = True


class StoreUnavailable(Failure):
    """The gateway's own store cannot be reached. Retry; a mutation's key keeps it from doubling."""

    code = "STORE_UNAVAILABLE"
    log_level = logging.ERROR
    retryable = True


class NotServed(Failure):
    """The retailer has no system for this, by its own settings; asking again changes nothing."""

    code = "NOT_SERVED"

    def __init__(self, call: str) -> None:
        super().__init__("This shop has no system for this value.")
        self.call = call


class PriceExpired(Failure):
    """The price that is known is too old to sell at, and its system cannot tell a newer one."""

    code = "PRICE_EXPIRED"
    log_level = logging.WARNING
    retryable = True


class SourceFailure(Failure):
    """A system of record did not give the value; ``system``, ``call`` and ``detail`` say whose."""

    log_level = logging.WARNING
    public: ClassVar[str] = "This value cannot be had at the moment."

    def __init__(self, system: str, call: str, detail: str) -> None:
        super().__init__(self.public)
        self.system = system
        self.call = call
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.system}: {self.call}: {self.detail}"


class SourceTimeout(SourceFailure):
    """The system did not answer within the time the operation had left."""

    code = "SOURCE_TIMEOUT"
    public = "This value did not arrive in time."
    retryable = True


class SourceUnavailable(SourceFailure):
    """The system cannot be reached, or says that it cannot answer now."""

    code = "SOURCE_UNAVAILABLE"
    retryable = True


class SourceRejected(SourceFailure):
    """The system understood our request and refused it."""

    code = "SOURCE_REJECTED"
    log_level = logging.ERROR
    public = "This value was refused."


class SourceContract(SourceFailure):
    """The system's answer breaks its own contract; nothing of it is used."""

    code = "SOURCE_CONTRACT"
    log_level = logging.ERROR
    public = "This value arrived damaged and is not shown."

    def __init__(self, system: str, call: str, detail: str, field: str | None = None) -> None:
        super().__init__(system, call, f"field {field}: {detail}" if field else detail)
        self.field = field
