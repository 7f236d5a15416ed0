"""What an operator may set of the door."""

from msgspec import Struct

from domain.deadline import Duration


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
    origins: list[str] = []
    batch: int = 0
    max_body: int = 1_000_000
    max_url: int = 16_384
    json_depth: int = 64
    body_time: Duration = Duration(10)
    viewer_time: Duration = Duration(3)
    ready_time: Duration = Duration(2)
    grace: Duration = Duration(1)
