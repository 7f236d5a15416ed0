"""Why a caller could not be told: the token is not accepted, or cannot be checked now."""

from domain.errors import SourceUnavailable, Unauthenticated


class TokenRefused(Unauthenticated):
    """A token that is not accepted; every refusal reads the same to the caller.

    *Shape*: ``reason`` is for the log and holds nothing of the token.
    """

    public = "The access token is not accepted. Send a valid one, or none to ask as anonymous."

    def __init__(self, reason: str) -> None:
        super().__init__(self.public)
        self.reason = reason


class IdentityUnavailable(SourceUnavailable):
    """The identity provider's keys cannot be had, so that no token of its can be checked; retry.

    It is not ``Unauthenticated``: the token may be good, and a client that is told otherwise would
    sign its user out. *Shape*: ``system`` is ``auth.issuers.<name>``.
    """

    public = "The access token cannot be checked at the moment."
