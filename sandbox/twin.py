"""Who registered twice, and who only looks like somebody else: the truth about contacts.

Of every fifty contacts one is a person who registered again as they are (`AGAIN`), one a person who
registered again and wrote things differently (`ALIKE`), one lives with somebody (`RELATIVE`) and
one has somebody's name (`NAMESAKE`). The first two are the same person as the contact they follow,
the last two are not.
"""

from datetime import date, timedelta
from typing import NamedTuple

from sandbox.seed import Draw

AGAIN, ALIKE, RELATIVE, NAMESAKE = "AGAIN", "ALIKE", "RELATIVE", "NAMESAKE"

_FIRST = 101
_EVERY = 50
# Remainder by fifty: what the contact is, and how far before it the one it follows stands. No
# follower is followed.
_KINDS = {0: (AGAIN, 37), 20: (ALIKE, 13), 35: (RELATIVE, 11), 45: (NAMESAKE, 17)}

_SHORT = {
    "Anna": "Ania", "Katarzyna": "Kasia", "Małgorzata": "Gosia", "Agnieszka": "Aga",
    "Barbara": "Basia", "Magdalena": "Magda", "Joanna": "Asia", "Aleksandra": "Ola",
    "Zofia": "Zosia", "Julia": "Julka", "Krzysztof": "Krzysiek", "Andrzej": "Andrzej",
    "Tomasz": "Tomek", "Paweł": "Pawel", "Michał": "Michal", "Jakub": "Kuba", "Piotr": "Piotrek",
    "Grzegorz": "Grzesiek", "Wojciech": "Wojtek", "Stanisław": "Staszek", "Thomas": "Tom",
    "Stefan": "Steffen", "Lukas": "Luki", "Matthias": "Matze", "Jiří": "Jirka", "Tomáš": "Tom",
}  # fmt: skip
_PLAIN = str.maketrans(
    "ąćęłńóśźżäöüßáčďéěíňřšťúůýĄĆĘŁŃÓŚŹŻÄÖÜŘŠČ", "acelnoszzaousacdeeinrstuuyACELNOSZZAOURSC"
)


class Link(NamedTuple):
    """What a contact is to the one it follows."""

    kind: str
    origin: int


class Likeness(NamedTuple):
    """The parts by which a person is recognised."""

    given: str
    family: str
    birth: date | None
    phone: str | None


def link_of(index: int) -> Link | None:
    """What the contact is to another one, or None for one who only is who they are."""
    found = _KINDS.get(index % _EVERY) if index >= _FIRST else None
    return Link(found[0], index - found[1]) if found else None


def owner_of(index: int) -> int:
    """The contact under which the person registered first: the truth that matching looks for."""
    link = link_of(index)
    return link.origin if link and link.kind in (AGAIN, ALIKE) else index


def altered(link: Link, index: int, other: Likeness, own: Likeness) -> Likeness:
    """How the contact is recorded, given whom it follows and what it would be by itself."""
    draw = Draw("twin", index)
    if link.kind == AGAIN:
        return other
    if link.kind == NAMESAKE:
        return own._replace(given=other.given, family=other.family)
    if link.kind == RELATIVE:
        birth = _relative(other.birth, draw)
        phone = other.phone if draw.chance(30) else own.phone
        given = own.given if own.given != other.given else f"{own.given} Maria"
        return Likeness(given, other.family, birth, phone)
    return _alike(other, own, draw)


def lives_with(index: int) -> bool:
    """True where the contact's home is that of the one it follows."""
    link = link_of(index)
    if link is None or link.kind == NAMESAKE:
        return False
    # Some have moved before they registered again.
    return link.kind == RELATIVE or not Draw("moved", index).chance(30)


def shares_mail(index: int) -> bool:
    """True where the contact gave the e-mail address of the one it follows."""
    link = link_of(index)
    if link is None or link.kind == NAMESAKE:
        return False
    return Draw("shared mail", index).chance(8 if link.kind == RELATIVE else 20)


def _alike(other: Likeness, own: Likeness, draw: Draw) -> Likeness:
    given, family, birth, phone = other
    if draw.chance(35):
        given = _SHORT.get(given, given)
    if draw.chance(50):
        given, family = given.translate(_PLAIN), family.translate(_PLAIN)
    if draw.chance(30):
        family = _mistyped(family, draw)
    if birth is not None and draw.chance(25):
        birth = date(birth.year, birth.day, birth.month) if birth.day <= 12 else None
    elif draw.chance(15):
        birth = None
    share = draw.share()
    if share < 0.4 and phone:
        phone = phone.replace(" ", "")
    elif share < 0.65:
        phone = own.phone
    return Likeness(given, family, birth, phone)


def _mistyped(name: str, draw: Draw) -> str:
    """Two neighbouring letters exchanged, or one doubled."""
    if len(name) < 4:
        return name
    place = draw.between(1, len(name) - 3)
    if draw.chance(50):
        return name[:place] + name[place + 1] + name[place] + name[place + 2 :]
    return name[:place] + name[place] + name[place:]


def _relative(birth: date | None, draw: Draw) -> date | None:
    """A birthday of a spouse, a child or, rarely, a twin."""
    if birth is None:
        return None
    if draw.chance(5):
        return birth
    years = draw.pick((-3, -1, 1, 2, 4, -25, -28))
    return birth - timedelta(days=years * 365 + draw.below(300))
