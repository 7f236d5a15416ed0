"""How alike two names are, as people write and say them.

*Source*: Jaro 1989, Winkler 1990.
"""

import unicodedata
from functools import lru_cache

_STRANGE = str.maketrans({"ł": "l", "ß": "ss", "ø": "o", "æ": "ae"})

# Everyday forms of given names that no comparison of letters finds.
_EVERYDAY = {
    "ania": "anna", "kasia": "katarzyna", "gosia": "malgorzata", "aga": "agnieszka",
    "basia": "barbara", "magda": "magdalena", "asia": "joanna", "ola": "aleksandra",
    "zosia": "zofia", "ela": "elzbieta", "jola": "jolanta", "iza": "izabela",
    "krzysiek": "krzysztof", "tomek": "tomasz", "kuba": "jakub", "piotrek": "piotr",
    "grzesiek": "grzegorz", "wojtek": "wojciech", "staszek": "stanislaw", "tom": "tomasz",
    "jirka": "jiri", "honza": "jan", "bartek": "bartlomiej", "thomas": "tomasz",
}  # fmt: skip


def given_alike(one: str | None, other: str | None) -> float:
    """Tell how alike two given names are, 0 to 1; everyday forms are the name itself."""
    if not one or not other:
        return 0.0
    first, second = _plain(one), _plain(other)
    if _EVERYDAY.get(first, first) == _EVERYDAY.get(second, second):
        return 1.0
    return similarity(first, second)


def alike(one: str | None, other: str | None) -> float:
    """Tell how alike two texts are, 0 to 1, whatever their case, diacritics and signs."""
    return similarity(_plain(one), _plain(other)) if one and other else 0.0


@lru_cache(maxsize=65_536)
def _plain(text: str) -> str:
    """Take case, diacritics and everything that is no letter or digit off a text."""
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_STRANGE))
    return "".join(sign for sign in folded if sign.isalnum())


def similarity(one: str, other: str) -> float:
    """Tell how alike two short texts are, 0 to 1, weighing their beginnings most.

    *Source*: Jaro 1989, Winkler 1990.
    """
    if one == other:
        return 1.0
    jaro = _jaro(one, other)
    prefix = 0
    for a, b in zip(one[:4], other[:4]):
        if a != b:
            break
        prefix += 1
    return jaro + prefix * 0.1 * (1 - jaro)


def _jaro(one: str, other: str) -> float:
    if not one or not other:
        return 0.0
    reach = max(0, max(len(one), len(other)) // 2 - 1)
    taken = [False] * len(other)
    common: list[str] = []
    for place, sign in enumerate(one):
        for at in range(max(0, place - reach), min(len(other), place + reach + 1)):
            if not taken[at] and other[at] == sign:
                taken[at] = True
                common.append(sign)
                break
    if not common:
        return 0.0
    again = [sign for sign, is_taken in zip(other, taken) if is_taken]
    moved = sum(a != b for a, b in zip(common, again)) / 2
    count = len(common)
    return (count / len(one) + count / len(other) + (count - moved) / count) / 3
