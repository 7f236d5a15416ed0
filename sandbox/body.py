"""What the ERP takes as bodies, in its own words."""

import msgspec

from sandbox.sap import LANGUAGES
from sandbox.search import Search


class Materials(msgspec.Struct, forbid_unknown_fields=True):
    MATNR: list[str]
    SPRAS: tuple[str, ...] = LANGUAGES


class Styles(msgspec.Struct, forbid_unknown_fields=True):
    SATNR: list[str]
    SPRAS: tuple[str, ...] = LANGUAGES


class Codes(msgspec.Struct, forbid_unknown_fields=True):
    EAN11: list[str]
    SPRAS: tuple[str, ...] = LANGUAGES


class Prices(msgspec.Struct, forbid_unknown_fields=True):
    MATNR: list[str]
    VKORG: str
    KONWA: str
    PRSDT: str


class History(msgspec.Struct, forbid_unknown_fields=True):
    MATNR: list[str]
    VKORG: str
    KONWA: str
    DATAB: str
    DATBI: str


class Listing(Search, forbid_unknown_fields=True, frozen=True):
    SPRAS: tuple[str, ...] = LANGUAGES
    ORDERBY: str = "SATNR"
    TOP: int = 20
    SKIP: int = 0
    FACETS: tuple[str, ...] = ()


class Groups(msgspec.Struct, forbid_unknown_fields=True):
    MATKL: list[str]


class Documents(msgspec.Struct, forbid_unknown_fields=True):
    VBELN: list[str]


class Customers(msgspec.Struct, forbid_unknown_fields=True):
    KUNNR: list[str]
    TOP: int = 10
    SKIP: dict[str, int] = {}


class Numbers(msgspec.Struct, forbid_unknown_fields=True):
    NUMMER: list[str]


class Counted(msgspec.Struct, forbid_unknown_fields=True):
    KUNNR: list[str]
