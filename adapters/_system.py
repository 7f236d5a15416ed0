"""What the configuration says of one of the retailer's systems."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from domain.credential import ClientCredentials
from domain.deadline import Duration
from domain.secret import Secret


class SystemSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of the retailer's systems: a ``[systems.NAME]`` table."""

    adapter: Annotated[
        str, Meta(description="The adapter that speaks with the system: a module of adapters/.")
    ]
    url: Annotated[
        str, Meta(description="Where the system answers: http or https, host, port, base path.")
    ]
    serves: Annotated[
        list[str], Meta(description="The ports that the system stands behind, such as stock.")
    ]
    scope: Annotated[
        dict[str, list[str]],
        Meta(description="For which part of the business it serves them, such as country."),
    ] = {}
    timeout: Annotated[
        Duration, Meta(description="How long one call to the system may take at most.")
    ] = Duration(0.8)
    concurrency: Annotated[
        int, Meta(ge=1, le=1024, description="How many calls to the system may run side by side.")
    ] = 16
    max_body: Annotated[
        int, Meta(ge=1024, description="How many bytes an answer may have, unpacked.")
    ] = 8 * 1024 * 1024
    secret_env: Annotated[
        Secret | None,
        Meta(description="The environment variable that holds the system's password or token."),
    ] = None
    auth: Annotated[
        ClientCredentials | None,
        Meta(description="How access tokens for the system are had, where it takes them."),
    ] = None
    options: Annotated[
        dict[str, Any], Meta(description="The adapter's own settings; its page lists them.")
    ] = {}
