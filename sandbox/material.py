"""How the ERP writes articles and their prices."""

from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.bundle import parts
from sandbox.catalogue import Style, ean, sku
from sandbox.contact import fold
from sandbox.group import GROUPS, Group
from sandbox.price import Condition, Organisation, overlapping_conditions, valid_conditions
from sandbox.safety import safety
from sandbox.sap import amount, day_text, in_language, long_number
from sandbox.vocabulary import CARE, CHARACTERISTICS, COLOURS, FIBRES, FITS, Text

FORMATS = {"ZHEEL": "NUM", "ZRECYCLED": "FLAG"}
"""How a characteristic's values are written; the others are CHAR."""

# Codes with their texts; a characteristic without them holds text as it is.
TEXTS: dict[str, dict[str, Text]] = {
    "ZCOLOUR": COLOURS,
    "ZMATERIAL": FIBRES,
    "ZCARE": CARE,
    "ZFIT": FITS,
}


def article(style: Style, languages: tuple[str, ...]) -> dict[str, Any]:
    """The style with all its variants."""
    spoken = [language for language in languages if language in style.languages]
    number = style.number
    return {
        "SATNR": long_number(number),
        "MATKL": style.group.code,
        "T023T": group_texts(style.group, languages),
        "BRAND_ID": style.brand,
        "MSTAE": style.status,
        "SAISO": style.season,
        "SAISJ": str(style.year),
        "HERKL": style.origin,
        "ERSDA": day_text(style.created),
        "LAEDA": day_text(style.changed),
        "MAKT": [{"SPRAS": code, "MAKTX": in_language(style.name, code)} for code in spoken],
        "LTXT": [{"SPRAS": code, "TDLINE": _description(style, code)} for code in spoken],
        "AUSP": _characteristics(style, languages),
        "FASER": [
            {"FASER": fibre, "ANTEIL": share, "TEXTS": value_texts("ZMATERIAL", fibre, languages)}
            for fibre, share in fibres(style)
        ],
        "GPSR": safety(style, languages),
        "MEDIA": [
            _medium(f"/media/{number}/{colour.lower()}/{view}.jpg", colour, view)
            for colour in style.colours
            for view in (1, 2)
        ],
        "VARIANTS": [_variant(style, position, languages) for position in range(style.variants)],
    }


def _variant(style: Style, position: int, languages: tuple[str, ...]) -> dict[str, Any]:
    return {
        "MATNR": long_number(sku(style.position, position)),
        "EAN11": ean(style.position, position),
        "NTGEW": f"{Decimal(style.grams) / 1000:.3f}",
        "GEWEI": "KG",
        "AUSP": [
            _characteristic(name, value, languages)
            for name, value in variant_values(style, position).items()
        ],
        **_parts(style, position),
    }


def _parts(style: Style, position: int) -> dict[str, Any]:
    """The bill of materials of a set; nothing for what is none."""
    found = [
        {"IDNRK": long_number(number), "MENGE": f"{count}.000", "MEINS": "ST"}
        for number, count in parts(style.position, position)
    ]
    return {"STUELI": found} if found else {}


def style_values(style: Style) -> dict[str, tuple[str, ...]]:
    """What a style's own characteristics are, as codes and texts; numbers as decimal strings."""
    found = {
        "ZMATERIAL": tuple(fibre for fibre, _ in fibres(style)),
        "ZCARE": style.care,
        "ZRECYCLED": ("X" if style.recycled else "",),
        "ZMODEL": (style.model,),
    }
    if style.fit is not None:
        found["ZFIT"] = (style.fit,)
    if style.heel is not None:
        found["ZHEEL"] = (f"{Decimal(style.heel) / 10}",)
    return found


def variant_values(style: Style, variant: int) -> dict[str, str]:
    """What tells a variant apart."""
    return dict(zip(("ZCOLOUR", "ZSIZE"), style.options(variant)))


def fibres(style: Style) -> list[tuple[str, str]]:
    """The fibres a style is made of, with their shares in percent."""
    parts = (part.split(" ") for part in style.material.split(";"))
    return [(fibre, share) for fibre, share in parts]


def value_texts(name: str, code: str, languages: tuple[str, ...]) -> list[dict[str, str]]:
    """What a coded value is called; empty for one that is not coded."""
    text = TEXTS.get(name, {}).get(code)
    if text is None:
        return []
    return [{"SPRAS": language, "ATWTB": in_language(text, language)} for language in languages]


def _characteristics(style: Style, languages: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        _characteristic(name, value, languages)
        for name, values in style_values(style).items()
        for value in values
    ]


def _characteristic(name: str, value: str, languages: tuple[str, ...]) -> dict[str, Any]:
    if FORMATS.get(name) == "NUM":
        return {"ATNAM": name, "ATFLV": value, "MSEHI": "CM"}
    return {"ATNAM": name, "ATWRT": value, "TEXTS": value_texts(name, value, languages)}


def _composition(style: Style, language: str) -> str:
    return ", ".join(
        f"{share}% {in_language(FIBRES[fibre], language)}" for fibre, share in fibres(style)
    )


def _description(style: Style, language: str) -> str:
    name, made = in_language(style.name, language), _composition(style, language)
    if language == "PL":
        return f"{name}. Skład: {made}. Kraj pochodzenia: {style.origin}."
    if language == "DE":
        return f"{name}. Material: {made}. Ursprungsland: {style.origin}."
    return f"{name}. Composition: {made}. Country of origin: {style.origin}."


def _medium(path: str, colour: str, view: int) -> dict[str, Any]:
    return {"PATH": path, "MIME": "image/jpeg", "ATWRT": colour, "SEQ": f"{view:03d}"}


def group_texts(group: Group, languages: tuple[str, ...]) -> list[dict[str, str]]:
    """The material group's names."""
    return [{"SPRAS": code, "WGBEZ": in_language(group.name, code)} for code in languages]


def characteristic_names(languages: tuple[str, ...]) -> list[dict[str, str]]:
    """What each characteristic is called, and how its values are written."""
    return [
        {
            "ATNAM": name,
            "ATFOR": FORMATS.get(name, "CHAR"),
            "SPRAS": language,
            "ATBEZ": in_language(text, language),
        }
        for name, text in CHARACTERISTICS.items()
        for language in languages
    ]


def search_text(style: Style) -> str:
    """What a text search looks through, folded."""
    names = [in_language(style.name, language) for language in style.languages]
    groups = [*style.category.name, *GROUPS[style.group.code].name]
    colours = [name for code in style.colours for name in COLOURS[code]]
    return fold(" ".join((style.number, style.brand, *names, *groups, *colours)))


def price_conditions(
    style: Style, variant: int, organisation: Organisation, day: date
) -> dict[str, Any] | None:
    """The variant's price conditions valid on the day, or None without any."""
    valid = valid_conditions(style, variant, organisation, day)
    if not valid:
        return None
    return _priced(
        style, variant, organisation, [_condition(c, style, organisation) for c in valid]
    )


def price_history(
    style: Style, variant: int, organisation: Organisation, first: date, last: date
) -> dict[str, Any] | None:
    """Every price condition of the variant that touches the days, released or not, or None."""
    found = overlapping_conditions(style, variant, organisation, first, last)
    if not found:
        return None
    rows = [
        {**_condition(c, style, organisation), "KDGRP": c.group, "KFRST": c.release} for c in found
    ]
    return _priced(style, variant, organisation, rows)


def _condition(condition: Condition, style: Style, organisation: Organisation) -> dict[str, Any]:
    return {
        "KSCHL": condition.kind,
        "KBETR": amount(condition.amount),
        "KPEIN": str(condition.per),
        "KMEIN": "ST",
        "KONWA": organisation.currency,
        "MWSKZ": organisation.taxes[style.category.tax].code,
        "DATAB": day_text(condition.first),
        "DATBI": day_text(condition.last),
    }


def _priced(
    style: Style, variant: int, organisation: Organisation, rows: list[dict[str, Any]]
) -> dict[str, Any]:
    tax = organisation.taxes[style.category.tax]
    return {
        "MATNR": long_number(sku(style.position, variant)),
        "VKORG": organisation.code,
        "KONP": rows,
        "MWST": {"MWSKZ": tax.code, "KBETR": amount(tax.rate), "KONWA": "%"},
    }
