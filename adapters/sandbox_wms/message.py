"""What the WMS's answers look like, in its own words."""

from datetime import date

import msgspec
from msgspec import Struct

from adapters._body import Whole
from adapters._outcome import Rejected
from adapters._row import Rows


class Due(Struct, frozen=True, gc=False):
    """A delivery on its way."""

    qty: Whole
    eta: int


class Row(Struct, frozen=True, gc=False):
    """What a site holds of an article."""

    site: str
    qoh: Whole
    alloc: Whole
    ss: Whole
    asof: int
    dmg: Whole
    trn: Whole
    due: list[Due] = []


class Article(Struct, frozen=True, gc=False):
    """An article's stock, site by site."""

    article: str
    stock: list[Row]


class Available(Struct, frozen=True, gc=False):
    """What a site can promise any of, and where the next page begins."""

    site: str
    articles: list[str]
    free: list[Whole]
    next: str | None
    asof: int


class Aside(Struct, frozen=True, gc=False):
    """Pieces that are set aside."""

    article: str
    site: str
    qty: Whole


class Order(Struct, frozen=True, gc=False):
    """What is set aside under one reference, and from when on snapshots have it."""

    ref: str
    rows: list[Aside]
    valid: int


class Orders(Struct, frozen=True, gc=False):
    """Several of them."""

    orders: list[Order]


class Released(Struct, frozen=True, gc=False):
    """What was let go."""

    refs: list[str]


class Addr(Struct, frozen=True, gc=False):
    """Where a site is."""

    street: str
    zip: str
    city: str
    ctry: str


class Special(Struct, frozen=True, gc=False):
    """A day with other hours."""

    date: date
    hours: str | None
    name: str | None = None


class Site(Struct, frozen=True, gc=False):
    """A place with its hours and services."""

    code: str
    type: str
    name: str
    addr: Addr
    lat: str
    lon: str
    tz: str
    hours: dict[str, str | None]
    svc: list[str]
    prep: int | None
    keep: int | None
    special: list[Special] = []


class Found(Struct, frozen=True, gc=False):
    """A page of sites, and how many there are in all."""

    total: Whole
    sites: list[Site]


class Notice(Struct, frozen=True, gc=False):
    """What has changed."""

    kind: str
    articles: list[str]


class _Problem(Struct, frozen=True, gc=False):
    """Why a call was refused."""

    type: str
    title: str


class Articles(Struct, frozen=True, gc=False):
    """The stock of articles."""

    articles: list[Article]


class Sites(Struct, frozen=True, gc=False):
    """Sites."""

    sites: list[Site]


ARTICLE_ROWS = (Rows(("articles",), ("article",)),)
SITE_ROWS = (Rows(("sites",), ("code",)),)


def explain(answer: Rejected) -> str:
    """Read the WMS's form of an error into a sentence."""
    problem = msgspec.json.decode(answer.body, type=_Problem)
    return f"{problem.title} ({problem.type})"
