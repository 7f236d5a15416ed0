"""What the gateway proves itself with to the retailer's systems, where that is a token."""

from typing import Annotated, Literal, Protocol

from msgspec import Meta, Struct

from domain.secret import Secret


class ClientCredentials(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How access tokens for a system are had. *Source*: RFC 6749, section 4.4."""

    token_url: Annotated[
        str, Meta(description="The token endpoint: https, or http on this machine.")
    ]
    client_id: Annotated[str, Meta(description="The gateway's id as a client.")]
    client_secret_env: Annotated[
        Secret, Meta(description="The environment variable that holds the client's secret.")
    ]
    scope: Annotated[
        str | None, Meta(description="The scopes to ask for, with spaces between them.")
    ] = None
    audience: Annotated[
        str | None, Meta(description="The system's name at the provider, where it wants one.")
    ] = None
    method: Annotated[
        Literal["client_secret_basic", "client_secret_post"],
        Meta(description="How the secret is sent."),
    ] = "client_secret_basic"
    allow_insecure: Annotated[
        bool, Meta(description="Whether plain http may leave this machine.")
    ] = False


class CredentialUnavailable(Exception):  # noqa: N818 - named after what happened
    """No token can be had; the text is for the log and tells nothing secret."""


class TokenSource(Protocol):
    """Gives access tokens for one system; whoever made it closes it."""

    async def token(self) -> str:
        """Give a token that is good for a while. *Errors*: ``CredentialUnavailable``.

        It never takes longer than a few seconds; a caller who leaves takes nothing along.
        """
        ...

    def refused(self, token: str) -> None:
        """Take note that the system did not accept a token that was given out."""
        ...

    async def close(self) -> None:
        """Stop asking for tokens."""
        ...
