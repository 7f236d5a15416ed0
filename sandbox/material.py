"""How the ERP writes articles and their prices."""

from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.catalogue import Style, ean, sku
from sandbox.contact import fold
from sandbox.price import Organisation, valid_conditions
from sandbox.sap import LANGUAGES, amount, day_text, in_language, long_number
from sandbox.vocabulary import CARE, CHARACTERISTICS, COLOURS, FIBRES, Category, Text


def article(style: Style, languages: tuple[str, ...]) -> dict[str, Any]:
    """The style with all its variants."""
    spoken = [language for language in languages if language in style.languages]
    number = style.number
    return {
        "SATNR": long_number(number),
        "MATKL": style.category.code,
        "T023T": group_texts(style.category, languages),
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
        "MEDIA": [
            _medium(f"/media/{number}/{colour.lower()}/{view}.jpg", colour, view)
            for colour in style.colours
            for view in (1, 2)
        ],
        "VARIANTS": [_variant(style, position, languages) for position in range(style.variants)],
    }


def _variant(style: Style, position: int, languages: tuple[str, ...]) -> dict[str, Any]:
    colour, size = style.options(position)
    return {
        "MATNR": long_number(sku(style.position, position)),
        "EAN11": ean(style.position, position),
        "NTGEW": f"{Decimal(style.grams) / 1000:.3f}",
        "GEWEI": "KG",
        "AUSP": [
            _coded("ZCOLOUR", colour, COLOURS[colour], languages),
            {"ATNAM": "ZSIZE", "ATWRT": size, "TEXTS": []},
        ],
    }


def _characteristics(style: Style, languages: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = [_coded("ZMATERIAL", style.material, _composition(style.material), languages)]
    rows += [_coded("ZCARE", code, CARE[code], languages) for code in style.care]
    if style.heel is not None:
        rows.append({"ATNAM": "ZHEEL", "ATFLV": f"{Decimal(style.heel) / 10}", "MSEHI": "CM"})
    rows.append({"ATNAM": "ZRECYCLED", "ATWRT": "X" if style.recycled else "", "TEXTS": []})
    return rows


def _coded(name: str, code: str, text: Text, languages: tuple[str, ...]) -> dict[str, Any]:
    texts = [{"SPRAS": language, "ATWTB": in_language(text, language)} for language in languages]
    return {"ATNAM": name, "ATWRT": code, "TEXTS": texts}


def _composition(material: str) -> Text:
    parts = [part.split(" ") for part in material.split(";")]
    return Text(
        *(
            ", ".join(f"{share}% {in_language(FIBRES[fibre], language)}" for fibre, share in parts)
            for language in LANGUAGES
        )
    )


def _description(style: Style, language: str) -> str:
    name, made = (
        in_language(style.name, language),
        in_language(_composition(style.material), language),
    )
    if language == "PL":
        return f"{name}. Skład: {made}. Kraj pochodzenia: {style.origin}."
    if language == "DE":
        return f"{name}. Material: {made}. Ursprungsland: {style.origin}."
    return f"{name}. Composition: {made}. Country of origin: {style.origin}."


def _medium(path: str, colour: str, view: int) -> dict[str, Any]:
    return {"PATH": path, "MIME": "image/jpeg", "ATWRT": colour, "SEQ": f"{view:03d}"}


def group_texts(category: Category, languages: tuple[str, ...]) -> list[dict[str, str]]:
    """The material group's names."""
    return [{"SPRAS": code, "WGBEZ": in_language(category.name, code)} for code in languages]


def characteristic_names(languages: tuple[str, ...]) -> list[dict[str, str]]:
    """What each characteristic is called."""
    return [
        {"ATNAM": name, "SPRAS": language, "ATBEZ": in_language(text, language)}
        for name, text in CHARACTERISTICS.items()
        for language in languages
    ]


def search_text(style: Style) -> str:
    """What a text search looks through, folded."""
    names = [in_language(style.name, language) for language in style.languages]
    group = style.category.name
    colours = [name for code in style.colours for name in COLOURS[code]]
    return fold(" ".join((style.number, style.brand, *names, *group, *colours)))


def price_conditions(
    style: Style, variant: int, organisation: Organisation, day: date
) -> dict[str, Any] | None:
    """The variant's price conditions valid on the day, or None without any."""
    valid = valid_conditions(style, variant, organisation, day)
    if not valid:
        return None
    tax = organisation.taxes[style.category.tax]
    return {
        "MATNR": long_number(sku(style.position, variant)),
        "VKORG": organisation.code,
        "KONP": [
            {
                "KSCHL": condition.kind,
                "KBETR": amount(condition.amount),
                "KPEIN": str(condition.per),
                "KMEIN": "ST",
                "KONWA": organisation.currency,
                "MWSKZ": tax.code,
                "DATAB": day_text(condition.first),
                "DATBI": day_text(condition.last),
            }
            for condition in valid
        ],
        "MWST": {"MWSKZ": tax.code, "KBETR": amount(tax.rate), "KONWA": "%"},
    }
