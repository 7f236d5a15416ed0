"""What the ERP's answers of articles and prices look like, in its own words."""

from decimal import Decimal
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct, field

from adapters._body import Whole
from adapters._outcome import Rejected
from adapters._row import Rows

S = TypeVar("S", bound="Style")
T = TypeVar("T")


class Name(Struct, frozen=True, gc=False, rename=str.upper):
    """What a material is called in one language."""

    spras: str
    maktx: str


class Line(Struct, frozen=True, gc=False, rename=str.upper):
    """A material's description in one language."""

    spras: str
    tdline: str


class GroupName(Struct, frozen=True, gc=False, rename=str.upper):
    """What a material group is called in one language."""

    spras: str
    wgbez: str


class ValueText(Struct, frozen=True, gc=False, rename=str.upper):
    """A coded value in words of one language."""

    spras: str
    atwtb: str


class Characteristic(Struct, frozen=True, gc=False, rename=str.upper):
    """A value of a characteristic: coded with texts, or a number with its unit."""

    atnam: str
    atwrt: str | None = None
    texts: list[ValueText] = []
    atflv: Decimal | None = None
    msehi: str | None = None


class CharacteristicName(Struct, frozen=True, gc=False, rename=str.upper):
    """What a characteristic is called in one language, and how its values are written."""

    atnam: str
    atfor: str
    spras: str
    atbez: str


class Picture(Struct, frozen=True, gc=False, rename=str.upper):
    """A picture, and the colour it shows."""

    path: str
    atwrt: str


class Fibre(Struct, frozen=True, gc=False, rename=str.upper):
    """A fibre and its share in percent."""

    faser: str
    anteil: Decimal
    texts: list[ValueText]


class Firm(Struct, frozen=True, gc=False, rename=str.upper):
    """A firm's name and addresses."""

    name1: str
    stras: str
    pstlz: str
    ort01: str
    land1: str
    smtp_addr: str


class Safety(Struct, frozen=True, gc=False, rename=str.upper):
    """Who answers for a style, and its warnings by language."""

    verant: Firm
    warn: list[Line]


class Part(Struct, frozen=True, gc=False, rename=str.upper):
    """What a set is packed of."""

    idnrk: str
    menge: Decimal


class Variant(Struct, frozen=True, gc=False, rename=str.upper):
    """A sellable article."""

    matnr: str
    ean11: str
    ausp: list[Characteristic]
    stueli: list[Part] = []


class Style(Struct, frozen=True, gc=False, rename=str.upper):
    """A style with all its variants, without what describes it at length."""

    satnr: str
    matkl: str
    t023t: list[GroupName]
    brand_id: str
    mstae: str
    laeda: str
    makt: list[Name]
    ltxt: list[Line]
    media: list[Picture]
    variants: list[Variant]


class Article(Style, frozen=True, gc=False, rename=str.upper):
    """A style with all its variants."""

    ausp: list[Characteristic]
    faser: list[Fibre]
    gpsr: Safety


class FacetValue(Struct, frozen=True, gc=False, rename=str.upper):
    """A value of a facet: a material group's has names, a coded one texts."""

    atwrt: str
    anzahl: Whole
    texts: list[ValueText] = []
    t023t: list[GroupName] = []


class Facet(Struct, frozen=True, gc=False, rename=str.upper):
    """What one characteristic would leave: values, or a range, or a count alone."""

    atnam: str
    atfor: str
    anzahl: Whole
    values: list[FacetValue] = []
    low: Decimal | None = None
    high: Decimal | None = None
    msehi: str | None = None
    konwa: str | None = None


class Articles(Struct, Generic[S], frozen=True, gc=False):
    """Styles, and what their characteristics are called; count and facets only in listings."""

    results: list[S]
    names: list[CharacteristicName] = field(name="CABNT")
    count: str | None = field(name="__count", default=None)
    facets: list[Facet] = field(name="FACETS", default_factory=list)


class Group(Struct, frozen=True, gc=False, rename=str.upper):
    """A material group; the topmost have an empty parent."""

    matkl: str
    parent: str
    t023t: list[GroupName]


class GroupCount(Struct, frozen=True, gc=False, rename=str.upper):
    """How many styles a material group holds."""

    matkl: str
    anzahl: Whole


class Condition(Struct, frozen=True, gc=False, rename=str.upper):
    """A price that is valid from one day to another, both included."""

    kschl: str
    kbetr: Decimal
    kpein: Decimal
    konwa: str
    datab: str
    datbi: str


class PastCondition(Condition, frozen=True, gc=False, rename=str.upper):
    """A price of any time, for everybody or one customer group, in force or only simulated."""

    kdgrp: str
    kfrst: str


class Rate(Struct, frozen=True, gc=False, rename=str.upper):
    """The tax that a price contains, in percent."""

    kbetr: Decimal
    konwa: str


class Priced(Struct, frozen=True, gc=False, rename=str.upper):
    """A variant's price conditions in one sales organisation."""

    matnr: str
    vkorg: str
    konp: list[Condition]
    mwst: Rate


class PricedEver(Struct, frozen=True, gc=False, rename=str.upper):
    """A variant's price conditions over a stretch of time."""

    matnr: str
    vkorg: str
    konp: list[PastCondition]
    mwst: Rate


class Results(Struct, Generic[T], frozen=True, gc=False):
    """Rows of one kind."""

    results: list[T]


class Envelope(Struct, Generic[T], frozen=True, gc=False):
    """Wraps every answer."""

    d: T


_RESULTS = ("results",)
LISTED_ROWS = (
    Rows(_RESULTS, ("SATNR", "VARIANTS/MATNR", "VARIANTS/EAN11")),
    Rows(("CABNT",), ("ATNAM",)),
)
"""A style is about itself and its variants."""
GROUP_ROWS = Rows(_RESULTS, ("MATKL",))
PRICE_ROWS = Rows(_RESULTS, ("MATNR",))


class _Text(Struct, frozen=True, gc=False):
    value: str


class _Error(Struct, frozen=True, gc=False):
    code: str
    message: _Text


class _Failed(Struct, frozen=True, gc=False):
    error: _Error


def explain(answer: Rejected) -> str | None:
    """Read the ERP's form of an error into a sentence."""
    # Only authorisation and availability are told in words: others may repeat what was sent.
    error = msgspec.json.decode(answer.body, type=_Failed).error
    return f"{error.message.value} ({error.code})" if error.code[:3] == "SY/" else error.code
