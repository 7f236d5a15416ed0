"""A small retailer in the wire of the sandbox's systems: the data that every contender serves.

Everything follows from numbers, so that each run has the same bytes. Styles come in two families:
``SINGLE`` ones have one variant each, ``BULK`` ones ten, for the listing of five hundred items.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

SITES = ("CDC1", "GDN1", "KRK1", "WAW1", "WRO1")
SINGLE_STYLES = 400
BULK_STYLES = 200
BULK_VARIANTS = 10
CUSTOMERS = 40
ORDERS = 10
LINES = 3
SEARCH_BULK = "bulk"

_SINGLE, _BULK = 100_001, 500_001
_SIZES = ("XS", "S", "M", "L", "XL", "XXL", "36", "38", "40", "42")
_COLOURS = (("BRN", "brown", "brązowy"), ("NVY", "navy", "granatowy"), ("RED", "red", "czerwony"))
_KINDS = (("Top with embroidery", "Top z haftem"), ("Rain jacket", "Kurtka przeciwdeszczowa"))
_NAMES = ("Ada", "Bona", "Celina", "Daria", "Ewa", "Flora", "Gaja", "Hanna", "Ida", "Jagna")
_GROUPS = (("1030", "T-shirts", "T-shirty"), ("2040", "Jackets", "Kurtki"))
_NAMED = (
    ("ZCOLOUR", "Colour", "Kolor"),
    ("ZSIZE", "Size", "Rozmiar"),
    ("ZMATERIAL", "Material", "Materiał"),
    ("ZCARE", "Care", "Pielęgnacja"),
    ("ZHEEL", "Heel height", "Wysokość obcasa"),
)

Row = dict[str, Any]

NAMES: list[Row] = [
    {
        "ATNAM": code,
        "ATFOR": "NUM" if code == "ZHEEL" else "CHAR",
        "SPRAS": language,
        "ATBEZ": text,
    }
    for code, english, polish in _NAMED
    for language, text in (("EN", english), ("PL", polish))
]


def styles(*, bulk: bool) -> list[int]:
    """The numbers of a family's styles, in the order in which they are listed."""
    first, count = (_BULK, BULK_STYLES) if bulk else (_SINGLE, SINGLE_STYLES)
    return list(range(first, first + count))


def skus(style: int) -> list[int]:
    """The numbers of a style's variants."""
    count = BULK_VARIANTS if style >= _BULK else 1
    return [style * 1000 + position for position in range(1, count + 1)]


def customers() -> list[str]:
    """The CRM's ids of all customers."""
    return [f"C-{number:06}" for number in range(1, CUSTOMERS + 1)]


def article(style: int) -> Row:
    """A style with all its variants, as the ERP writes it."""
    group, kind, name = _GROUPS[style % 2], _KINDS[style % 2], _NAMES[style % 10]
    english, polish = f"{kind[0]} {name}", f"{kind[1]} {name}"
    colour = _COLOURS[style % 3]
    return {
        "SATNR": f"{style:018}",
        "MATKL": group[0],
        "T023T": _texts("WGBEZ", group[1], group[2]),
        "BRAND_ID": "KRĘTA 17",
        "MSTAE": "",
        "SAISO": "AW",
        "SAISJ": "2026",
        "HERKL": "PL",
        "ERSDA": "20260420",
        "LAEDA": "20260519",
        "MAKT": _texts("MAKTX", english, polish),
        "LTXT": _texts(
            "TDLINE",
            f"{english}. Composition: 100% cotton. Country of origin: PL.",
            f"{polish}. Skład: 100% bawełna. Kraj pochodzenia: PL.",
        ),
        "AUSP": [
            {"ATNAM": "ZMATERIAL", "ATWRT": "CO 100", "TEXTS": _texts("ATWTB", "cotton", "len")},
            {"ATNAM": "ZCARE", "ATWRT": "W40", "TEXTS": _texts("ATWTB", "wash at 40 °C", "w 40")},
            {"ATNAM": "ZHEEL", "ATFLV": "4.5", "MSEHI": "CM"},
        ],
        "FASER": [{"FASER": "CO", "ANTEIL": "100", "TEXTS": _texts("ATWTB", "cotton", "len")}],
        "GPSR": {
            "VERANT": {
                "NAME1": "Kręta Design GmbH",
                "STRAS": "Lindenstraße 17",
                "PSTLZ": "10969",
                "ORT01": "Berlin",
                "LAND1": "DE",
                "SMTP_ADDR": "safety@kreta17.example",
            },
            "WARN": [],
        },
        "MEDIA": [
            {"PATH": f"/media/{style}/{n}.jpg", "MIME": "image/jpeg", "ATWRT": colour[0], "SEQ": n}
            for n in ("001", "002")
        ],
        "VARIANTS": [_variant(sku, colour) for sku in skus(style)],
    }


def priced(sku: int) -> Row:
    """A variant's conditions; every third is reduced."""
    conditions = [_condition("PR00", list_minor(sku), "99991231")]
    if sku % 3 == 0:
        conditions.append(_condition("ZSAL", list_minor(sku) - 1_000, "20991231"))
    return {
        "MATNR": f"{sku:018}",
        "VKORG": "PL01",
        "KONP": conditions,
        "MWST": {"MWSKZ": "P1", "KBETR": "23.00", "KONWA": "%"},
    }


def stocked(sku: int, asof: int) -> Row:
    """What each site holds of an article. *Units*: ``asof`` in milliseconds since 1970."""
    return {
        "article": str(sku),
        "stock": [
            {
                "site": site,
                "qoh": (sku * 7 + place * 11) % 37 - 1,
                "alloc": (sku + place) % 4,
                "ss": 1,
                "dmg": 0,
                "trn": 0,
                "due": [{"qty": 7, "eta": asof + 86_400_000}] if (sku + place) % 9 == 0 else [],
                "asof": asof,
            }
            for place, site in enumerate(SITES)
        ],
    }


def contact(key: str) -> Row:
    """A customer, as the CRM writes them."""
    number = int(key[2:])
    name = _NAMES[number % 10]
    return {
        "id": key,
        "status": "active",
        "name": {"given": name, "family": "Grabowska"},
        "emails": [
            {"address": f"{name}.{number}@example.org".lower(), "primary": True, "verified": True}
        ],
        "phones": [{"number": f"+48 409 151 {number:03}", "kind": "mobile", "primary": True}],
        "birthDate": "1962-06-28",
        "locale": "pl_PL",
        "restricted": False,
        "addresses": [
            {
                "kind": kind,
                "line1": f"pl. Wolności {number}",
                "line2": None,
                "postalCode": "42-202",
                "city": "Częstochowa",
                "countryCode": "PL",
            }
            for kind in ("billing", "shipping")
        ],
        "consents": [
            {
                "purpose": purpose,
                "state": "granted",
                "at": "2026-07-17T10:21:16+02:00",
                "source": "web",
            }
            for purpose in ("marketing_email", "profiling")
        ],
        "segments": [],
        "externalRefs": [{"system": "ERP", "type": "KUNNR", "id": f"{2_000_000 + number:010}"}],
        "createdAt": "2024-05-13T10:21:16+02:00",
        "updatedAt": "2025-04-09T00:01:59+02:00",
    }


def account(key: str) -> Row:
    """A customer's membership."""
    number = int(key[2:])
    return {
        "id": f"LA-{number:06}",
        "contactId": key,
        "cardNumber": None,
        "balance": {"points": 100 + number, "lifetimePoints": 500 + number},
        "tier": {"code": ("BRZ", "SLV", "GLD", "PLT")[number % 4], "from": 0},
        "memberSince": "2024-05-13T10:21:16+02:00",
        "updatedAt": "2026-11-20T17:17:59+01:00",
    }


def orders(key: str) -> Row:
    """A customer's sales orders, newest first, by the ERP's number of the customer."""
    number = int(key[2:])
    kunnr = f"{2_000_000 + number:010}"
    return {
        "KUNNR": kunnr,
        "ANZAHL": ORDERS + 2,
        "VBAK": [_order(number, kunnr, turn) for turn in range(ORDERS)],
    }


def list_minor(sku: int) -> int:
    """A variant's list price. *Units*: minor."""
    return 3_999 + sku % 97 * 100


def _variant(sku: int, colour: tuple[str, str, str]) -> Row:
    return {
        "MATNR": f"{sku:018}",
        "EAN11": f"{590_000_000_0000 + sku % 1_000_000_000:013}",
        "NTGEW": "0.172",
        "GEWEI": "KG",
        "AUSP": [
            {
                "ATNAM": "ZCOLOUR",
                "ATWRT": colour[0],
                "TEXTS": _texts("ATWTB", colour[1], colour[2]),
            },
            {"ATNAM": "ZSIZE", "ATWRT": _SIZES[(sku % 1000 - 1) % 10], "TEXTS": []},
        ],
    }


def _condition(kind: str, minor: int, until: str) -> Row:
    return {
        "KSCHL": kind,
        "KBETR": _amount(minor),
        "KPEIN": "1",
        "KMEIN": "ST",
        "KONWA": "PLN",
        "MWSKZ": "P1",
        "DATAB": "20240101",
        "DATBI": until,
    }


def _order(customer: int, kunnr: str, turn: int) -> Row:
    family = styles(bulk=False)
    items = []
    net = tax = 0
    for line in range(LINES):
        sku = skus(family[(customer * 31 + turn * 7 + line * 3) % len(family)])[0]
        pieces = 1 + (customer + turn + line) % 2
        gross = list_minor(sku) * pieces
        part = int((Decimal(gross) * 23 / 123).to_integral_value(ROUND_HALF_UP))
        net, tax = net + gross - part, tax + part
        items.append(
            {
                "POSNR": f"{(line + 1) * 10:06}",
                "MATNR": f"{sku:018}",
                "ARKTX": f"{_KINDS[line % 2][1]} {_NAMES[turn % 10]}",
                "KWMENG": f"{pieces}.000",
                "VRKME": "ST",
                "KZWI1": _amount(gross),
                "KZWI2": "0.00",
                "NETWR": _amount(gross - part),
                "MWSBP": _amount(part),
                "MWSKZ": "P1",
                "WERKS": "WRO1",
                "ABGRU": "",
                "LFSTA": "C",
            }
        )
    return {
        "VBELN": f"{4_500_000_000 + customer * 100 + turn}",
        "AUART": "ZPOS",
        "LIKP": [],
        "VKORG": "PL01",
        "VTWEG": ("10", "20", "30")[turn % 3],
        "KUNNR": kunnr,
        "XCPDK": "",
        "BSTNK": f"POS-2026-{customer:06}",
        "ERDAT": f"202611{20 - turn:02}",
        "ERZET": f"1617{turn:02}",
        "WAERK": "PLN",
        "NETWR": _amount(net),
        "MWSBK": _amount(tax),
        "GBSTK": ("A", "B", "C")[turn % 3],
        "LFSTK": "C",
        "VBAP": items,
        "KONV": [],
    }


def _texts(name: str, english: str, polish: str) -> list[Row]:
    return [{"SPRAS": "EN", name: english}, {"SPRAS": "PL", name: polish}]


def _amount(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"
