"""The retailer's customers, drawn on demand."""

import unicodedata
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from sandbox.clock import TODAY
from sandbox.number import NAMED, card_of, is_member, kunnr_of
from sandbox.persona import CUSTOMER_INDEX, RESTRICTED_INDEX
from sandbox.place import CITIES, STREETS, City
from sandbox.seed import Draw
from sandbox.twin import Likeness, altered, link_of, lives_with, shares_mail

_GIVEN = {
    "PL": (
        ("Anna", "Maria", "Katarzyna", "Małgorzata", "Agnieszka", "Barbara", "Ewa", "Magdalena",
         "Joanna", "Aleksandra", "Zofia", "Julia", "Natalia", "Karolina", "Łucja", "Żaneta"),
        ("Piotr", "Krzysztof", "Andrzej", "Tomasz", "Jan", "Paweł", "Michał", "Marcin", "Jakub",
         "Łukasz", "Grzegorz", "Wojciech", "Mateusz", "Rafał", "Stanisław", "Bartłomiej"),
    ),
    "DE": (
        ("Anke", "Sabine", "Petra", "Julia", "Lena", "Katrin", "Jürgen-Maria", "Heike"),
        ("Thomas", "Stefan", "Jürgen", "Lukas", "Felix", "Uwe", "Björn", "Matthias"),
    ),
    "CZ": (
        ("Jana", "Eva", "Hana", "Lenka", "Kateřina", "Lucie", "Věra", "Alena"),
        ("Jiří", "Petr", "Tomáš", "Lukáš", "Martin", "Ondřej", "Václav", "Zdeněk"),
    ),
}  # fmt: skip

# Feminine and masculine form; Polish and Czech family names decline with the bearer.
_FAMILY = {
    "PL": (
        ("Nowak", "Nowak"), ("Kowalska", "Kowalski"), ("Wiśniewska", "Wiśniewski"),
        ("Wójcik", "Wójcik"), ("Kamińska", "Kamiński"), ("Lewandowska", "Lewandowski"),
        ("Zielińska", "Zieliński"), ("Szymańska", "Szymański"), ("Woźniak", "Woźniak"),
        ("Dąbrowska", "Dąbrowski"), ("Kozłowska", "Kozłowski"), ("Mazur", "Mazur"),
        ("Jankowska", "Jankowski"), ("Krawczyk", "Krawczyk"), ("Piotrowska", "Piotrowski"),
        ("Grabowska", "Grabowski"), ("Zając", "Zając"), ("Król", "Król"),
        ("Wróbel", "Wróbel"), ("Gąsienica-Byrcyn", "Gąsienica-Byrcyn"),
    ),
    "DE": tuple((name, name) for name in ("Müller", "Schmidt", "Schneider", "Fischer", "Weber",
                                          "Groß", "Schäfer", "von der Heide", "Krüger")),
    "CZ": (("Nováková", "Novák"), ("Svobodová", "Svoboda"), ("Dvořáková", "Dvořák"),
           ("Černá", "Černý"), ("Procházková", "Procházka"), ("Kučerová", "Kučera")),
}  # fmt: skip

_LOCALES = {"PL": "pl_PL", "DE": "de_DE", "CZ": "cs_CZ"}
_MAIL_HOSTS = ("poczta.example", "mail.example", "example.com", "example.org", "example.net")
_CITIES = {code: tuple(c for c in CITIES if c.country == code) for code in ("PL", "DE", "CZ")}
_SEGMENTS = (("VIP", 3), ("FAMILY", 22), ("BARGAIN", 30), ("LAPSED", 12), ("SPORT", 15))
_ASCII = str.maketrans({"ł": "l", "Ł": "L", "ß": "ss", "ø": "o"})


class Address(NamedTuple):
    """A postal address of a contact."""

    kind: str
    street: str
    postcode: str
    city: str
    country: str


class Consent(NamedTuple):
    """What the contact said to one purpose, and when."""

    purpose: str
    state: str
    at: datetime
    source: str


class Person(NamedTuple):
    """Who somebody is and how to reach them."""

    country: str
    given: str
    family: str
    birth: date | None
    phone: str | None
    email: str
    other_email: str | None


class Contact(NamedTuple):
    """A contact of the CRM with the links the other systems need."""

    position: int
    kunnr: str | None
    person: Person
    locale: str
    addresses: tuple[Address, ...]
    consents: tuple[Consent, ...]
    status: str
    created: datetime
    updated: datetime
    member: bool
    segments: tuple[str, ...]
    restricted: bool

    @property
    def id(self) -> str:
        return f"C-{self.position:06d}"

    @property
    def card(self) -> str | None:
        """The number on the loyalty card, for members."""
        return card_of(self.position)


def fold(text: str) -> str:
    """The text in lower case and without diacritics."""
    plain = unicodedata.normalize("NFKD", text.translate(_ASCII))
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).lower()


def country_of(index: int) -> str:
    """The country the contact lives in."""
    if index in NAMED:
        return "PL"
    link = link_of(index)
    share = Draw("country", link.origin if link else index).share()
    return "PL" if share < 0.78 else "DE" if share < 0.9 else "CZ"


@lru_cache(maxsize=32_768)
def person_at(index: int) -> Person:
    """Who the contact is and how to reach them: what searches look through."""
    country = country_of(index)
    link = link_of(index)
    like = _likeness(index, country)
    email = None
    if link is not None:
        other = _likeness(link.origin, country)
        like = altered(link, index, other, like)
        if shares_mail(index):
            email = _mail(link.origin, other)
            email = email.title() if index % 2 else email  # as their telephone wrote it
    email = email or _mail(index, like)
    birth = like.birth
    mail = Draw("second mail", index)
    second = None
    if birth is not None and mail.chance(8):
        local = f"{_local_part(like.given)}.{_local_part(like.family)}"
        second = f"{local}{birth.year}.{index}@praca.example"
    return Person(country, like.given, like.family, birth, like.phone, email, second)


def _likeness(index: int, country: str) -> Likeness:
    """What the contact would be recognised by, whoever they follow."""
    draw = Draw("person", index)
    woman = draw.chance(64)
    given = draw.pick(_GIVEN[country][0 if woman else 1])
    family = draw.pick(_FAMILY[country])[0 if woman else 1]
    birth = None
    if draw.chance(70) or index in NAMED:
        birth = TODAY - timedelta(days=draw.between(18 * 366, 78 * 365))
    phone = _phone(country, draw) if draw.chance(85) or index in NAMED else None
    return Likeness(given, family, birth, phone)


def _mail(index: int, like: Likeness) -> str:
    local = f"{_local_part(like.given)}.{_local_part(like.family)}"
    return f"{local}.{index}@{Draw('mail', index).pick(_MAIL_HOSTS)}"


def home_of(index: int) -> Address:
    """Where the contact lives."""
    link = link_of(index)
    home = link.origin if link is not None and lives_with(index) else index
    draw = Draw("home", home)
    country = country_of(index)
    return _address("billing", country, draw.pick(_CITIES[country]), draw)


@lru_cache(maxsize=32_768)
def contact_at(index: int) -> Contact:
    """The contact at the index; the first one is 1."""
    draw = Draw("contact", index)
    person = person_at(index)
    country = person.country
    created = datetime(2021, 1, 4, 8, tzinfo=UTC) + timedelta(seconds=draw.below(1_240 * 86_400))
    updated = created + timedelta(seconds=draw.below(890 * 86_400))
    addresses = [home_of(index)]
    if draw.chance(35):
        addresses.append(_address("shipping", country, draw.pick(_CITIES[country]), draw))
    elif draw.chance(8):
        addresses.clear()
    return Contact(
        position=index,
        kunnr=kunnr_of(index),
        person=person,
        locale=_LOCALES[country],
        addresses=tuple(addresses),
        consents=_consents(draw, created),
        status="blocked" if draw.chance(1) and index not in NAMED else "active",
        created=created,
        updated=updated,
        member=is_member(index),
        segments=("VIP", "FAMILY") if index == CUSTOMER_INDEX else _segments(draw),
        restricted=index == RESTRICTED_INDEX,
    )


def _segments(draw: Draw) -> tuple[str, ...]:
    return tuple([name for name, percent in _SEGMENTS if draw.chance(percent)])


@lru_cache(maxsize=256)
def _local_part(name: str) -> str:
    return fold(name).replace(" ", "-")


def _phone(country: str, draw: Draw) -> str:
    # Number ranges that are not handed out to anybody.
    if country == "DE":
        return f"+49 199 {draw.below(10_000):04d} {draw.below(1_000):03d}"
    if country == "CZ":
        return f"+420 699 {draw.below(1_000):03d} {draw.below(1_000):03d}"
    return f"+48 40{draw.below(10)} {draw.below(1_000):03d} {draw.below(1_000):03d}"


def _address(kind: str, country: str, city: City, draw: Draw) -> Address:
    street = f"{draw.pick(STREETS[country])} {draw.between(1, 140)}"
    if country == "PL" and draw.chance(55):
        street += f"/{draw.between(1, 60)}"
    return Address(kind, street, city.postcode, city.name, country)


def _consents(draw: Draw, created: datetime) -> tuple[Consent, ...]:
    found = []
    for purpose, percent in (
        ("marketing_email", 55), ("marketing_sms", 25), ("profiling", 40), ("partners", 8),
    ):  # fmt: skip
        if draw.chance(20):
            continue  # never asked
        at = created + timedelta(days=draw.below(200))
        state = "granted" if draw.chance(percent) else "refused"
        if state == "granted" and draw.chance(12):
            state, at = "withdrawn", at + timedelta(days=draw.between(1, 300))
        found.append(Consent(purpose, state, at, draw.pick(("web", "app", "pos"))))
    return tuple(found)
