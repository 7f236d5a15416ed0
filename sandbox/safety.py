"""Who answers for a product in the Union, and what its user is warned of."""

from typing import Any

from sandbox.catalogue import Style
from sandbox.sap import in_language
from sandbox.vocabulary import Text

_MAKERS = {
    "LIPOWA": ("Lipowa Odzież sp. z o.o.", "ul. Lipowa 12", "90-629", "Łódź", "PL", "lipowa"),
    "TRAKT": ("Trakt Studio sp. z o.o.", "ul. Traktowa 4", "61-131", "Poznań", "PL", "trakt"),
    "KRĘTA 17": ("Kręta Design GmbH", "Lindenstraße 17", "10969", "Berlin", "DE", "kreta17"),
}

_BABY = Text("Trzymać z dala od ognia.", "Keep away from fire.", "Von Feuer fernhalten.")
_CORD = Text(
    "Sznurki w kapturze: nie dla dzieci poniżej 3 lat bez nadzoru.",
    "Cords in the hood: not for children under 3 without supervision.",
    "Kordeln in der Kapuze: nicht für Kinder unter 3 Jahren ohne Aufsicht.",
)
_PRESSURE = Text(
    "Stosować po konsultacji z lekarzem; nie nosić w nocy.",
    "Use on medical advice; do not wear at night.",
    "Nach ärztlicher Beratung anwenden; nicht nachts tragen.",
)


def safety(style: Style, languages: tuple[str, ...]) -> dict[str, Any]:
    """The responsible person and the warnings that an offer at a distance must show.

    *Source*: Regulation (EU) 2023/988, article 19.
    """
    key = style.brand if style.brand in _MAKERS else "LIPOWA"
    name, street, postcode, city, country, domain = _MAKERS[key]
    return {
        "VERANT": {
            "NAME1": name,
            "STRAS": street,
            "PSTLZ": postcode,
            "ORT01": city,
            "LAND1": country,
            "SMTP_ADDR": f"safety@{domain}.example",
        },
        "WARN": [
            {"SPRAS": language, "TDLINE": in_language(text, language)}
            for text in _warnings(style)
            for language in languages
        ],
    }


def _warnings(style: Style) -> list[Text]:
    code = style.category.code
    found = []
    if code == "3040":
        found.append(_BABY)
    if code == "3030":
        found.append(_CORD)
    if style.category.tax == "MEDICAL":
        found.append(_PRESSURE)
    return found
