"""What an operator may set of the door."""

from typing import Annotated

from msgspec import Meta, Struct

from domain.deadline import Duration

Positive = Annotated[int, Meta(ge=1)]
# As browsers write it: a slash at its end would match nothing, ever.
Origin = Annotated[str, Meta(pattern=r"^(\*|[a-z][a-z0-9+.-]*://[^/\s]+)$")]


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How requests are let in.

    *Shape*: ``origins`` the web origins whose pages may call the API, as browsers write them
    (``https://shop.example.com``), or ``["*"]`` for every page; none by default. ``batch`` the
    operations that one array may hold; 0 refuses arrays. ``json_depth`` the levels that variables
    and extensions may nest.

    *Units*: ``max_body`` and ``max_url`` in bytes. ``body_time`` bounds the arrival of a whole
    body, ``viewer_time`` the proof of a token, ``ready_time`` the answer about the systems;
    ``grace`` is what an operation gets beyond its deadline, and an abandoned one to end.
    """

    graphiql: bool = True
    origins: list[Origin] = []
    batch: Annotated[int, Meta(ge=0, le=100)] = 0
    max_body: Positive = 1_000_000
    max_url: Positive = 16_384
    json_depth: Positive = 64
    body_time: Duration = Duration(10)
    viewer_time: Duration = Duration(3)
    ready_time: Duration = Duration(2)
    grace: Duration = Duration(1)
