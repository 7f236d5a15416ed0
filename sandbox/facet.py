"""How the ERP writes what a search would leave."""

from decimal import Decimal
from typing import Any

from sandbox.group import GROUPS
from sandbox.material import FORMATS, group_texts, value_texts
from sandbox.sap import amount
from sandbox.search import Facet

_MOST_VALUES = 100


def facet_row(facet: Facet, languages: tuple[str, ...], currency: str) -> dict[str, Any]:
    """One facet: its values with their texts and counts, or the range it spans."""
    row: dict[str, Any] = {"ATNAM": facet.name, "ANZAHL": facet.styles}
    if facet.low is not None and facet.high is not None:
        if facet.name == "KONP":
            return row | {
                "ATFOR": "CURR",
                "LOW": amount(int(facet.low)),
                "HIGH": amount(int(facet.high)),
                "KONWA": currency,
            }
        low, high = f"{Decimal(str(facet.low))}", f"{Decimal(str(facet.high))}"
        return row | {"ATFOR": "NUM", "LOW": low, "HIGH": high, "MSEHI": "CM"}
    if facet.name == "ZSAL" or FORMATS.get(facet.name) == "FLAG":
        return row | {"ATFOR": "FLAG"}
    values = []
    for code, count in list(facet.counts.items())[:_MOST_VALUES]:
        value: dict[str, Any] = {"ATWRT": code, "ANZAHL": count}
        if facet.name == "MATKL":
            value["T023T"] = group_texts(GROUPS[code], languages)
        else:
            value["TEXTS"] = value_texts(facet.name, code, languages)
        values.append(value)
    return row | {"ATFOR": FORMATS.get(facet.name, "CHAR"), "VALUES": values}
