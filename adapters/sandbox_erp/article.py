"""Styles into products."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from types import MappingProxyType
from typing import Any

from adapters._body import exact
from adapters.sandbox_erp import message, notation
from domain.ask import Ask
from domain.attribute import (
    AttributeValue,
    BooleanAttribute,
    CodedAttribute,
    FibreShare,
    NumberAttribute,
    ProductSafety,
    ResponsiblePerson,
    TextAttribute,
)
from domain.category import ROOT, Category
from domain.location import Address
from domain.product import Component, Media, Option, Product, Variant
from domain.provenance import Provenance

_COLOUR = "ZCOLOUR"
_DISCONTINUED = "Z9"
_YES = MappingProxyType({"PL": "tak", "EN": "yes", "DE": "ja"})
_NO = MappingProxyType({"PL": "nie", "EN": "no", "DE": "nein"})
_SPOKEN = ("EN", "PL")
_GTIN_LENGTHS = (8, 12, 13, 14)

Styles = type[message.Articles[Any]]
"""How much of styles is read."""
WHOLE: Styles = message.Articles[message.Article]
BRIEF: Styles = message.Articles[message.Style]
# A style's pictures, each with the colour that it shows.
_Pictures = Sequence[tuple[Media, str]]
# The attributes of a product that nothing but its own fields reads.
_AT_LENGTH = frozenset({"attributes", "composition", "safety"})


def code_of(name: str) -> str:
    """A characteristic's code for the world outside: ``ZHEEL`` is ``heel``."""
    return name.removeprefix("Z").lower()


def characteristic(code: str) -> str:
    """The characteristic that a code from outside means; one that nobody knows finds nothing."""
    return f"Z{code.upper()}"


def above(key: str) -> str:
    """The key of what a material group stands below; two digits of its code are a level."""
    system, _, code = key.partition(":")
    return f"{system}:{code[:-2]}" if len(code) > 2 else ROOT


def languages(language: str) -> tuple[str, ...]:
    """The ERP's languages to ask for, the wanted one first, then those to fall back on."""
    wanted = language.partition("-")[0].upper()
    return tuple(dict.fromkeys((wanted, *_SPOKEN) if wanted in _YES else _SPOKEN))


def styles(ask: Ask) -> Styles:
    """Tell how much of styles is read: what describes one at length is most of it."""
    is_brief = ask.fields is not None and _AT_LENGTH.isdisjoint(ask.fields)
    return BRIEF if is_brief else WHOLE


class Reader:
    """Translates the styles of one answer.

    *Errors*: ``ValueError`` and ``LookupError`` for data that makes no sense.
    """

    def __init__(
        self,
        names: Sequence[message.CharacteristicName],
        preferred: tuple[str, ...],
        media_url: str,
        provenance: Provenance,
    ) -> None:
        self._preferred = preferred
        self._media_url = media_url
        self._provenance = provenance
        self._locale = preferred[0].lower()
        spoken: dict[str, dict[str, str]] = {}
        for name in names:
            spoken.setdefault(name.atnam, {})[name.spras] = name.atbez
        self._names = {code: self._best(texts)[1] for code, texts in spoken.items()}
        self._formats = {name.atnam: name.atfor for name in names}
        # What a code means is the same throughout an answer, which has a few codes many times.
        self._values: dict[tuple[str, str], tuple[str, str | None]] = {}
        self._options: dict[tuple[str, str], Option] = {}
        self._categories: dict[str, Category] = {}

    def product(self, article: message.Style) -> Product:
        """One style with its variants, described as far as it was read."""
        key, number = self._key(article)
        spoken, name = self._title(article)
        descriptions = {text.spras: text.tdline for text in article.ltxt}
        media = self._pictures(article, name)
        category = self.category(article.matkl, article.t023t)
        whole = article if isinstance(article, message.Article) else None
        return Product(
            key=key,
            code=number,
            name=name,
            locale=spoken.lower(),
            description=descriptions.get(spoken),
            brand=article.brand_id or None,
            category=category,
            attributes=tuple(self._attributes(whole.ausp)) if whole else (),
            composition=tuple(map(self._fibre, whole.faser)) if whole else (),
            safety=self._safety(whole.gpsr) if whole else None,
            is_discontinued=article.mstae == _DISCONTINUED,
            changed_at=datetime.combine(notation.day(article.laeda), time(), UTC),
            media=tuple(picture for picture, _ in media),
            variants=self._variants(article, key, name, media),
            provenance=self._provenance,
        )

    def variants(self, article: message.Style) -> tuple[Variant, ...]:
        """The variants of one style, without it."""
        key, _ = self._key(article)
        _, name = self._title(article)
        return self._variants(article, key, name, self._pictures(article, name))

    def category(self, code: str, names: Sequence[message.GroupName]) -> Category:
        """A material group."""
        category = self._categories.get(code)
        if category is None:
            system = self._provenance.system
            category = self._categories[code] = Category(
                key=f"{system}:{code}",
                code=code,
                name=self._best({text.spras: text.wgbez for text in names})[1],
                parent_key=above(f"{system}:{code}"),
                provenance=self._provenance,
            )
        return category

    def name(self, characteristic: str) -> str:
        """What a characteristic is called."""
        return self._names[characteristic]

    def text(self, value: str, texts: Sequence[message.ValueText]) -> tuple[str, str | None]:
        """What a value is called, and in which language; one without texts is called as it is."""
        if not texts:
            if not value:
                raise ValueError("a characteristic has no value")
            return value, None
        language, text = self._best({text.spras: text.atwtb for text in texts})
        return text, language.lower()

    def _title(self, article: message.Style) -> tuple[str, str]:
        """The language that a style is told in, and what it is called."""
        return self._best({text.spras: text.maktx for text in article.makt})

    def _pictures(self, article: message.Style, name: str) -> _Pictures:
        """A style's pictures, each with the colour that it shows."""
        return [(self._picture(picture, name), picture.atwrt) for picture in article.media]

    def _key(self, article: message.Style) -> tuple[str, str]:
        """A style's key and its number."""
        number = notation.short(article.satnr)
        return f"{self._provenance.system}:{number}", number

    def _variants(
        self, article: message.Style, product_key: str, name: str, media: _Pictures
    ) -> tuple[Variant, ...]:
        category_key = f"{self._provenance.system}:{article.matkl}"
        return tuple(
            self._variant(variant, product_key, category_key, name, media)
            for variant in article.variants
        )

    def _variant(
        self,
        variant: message.Variant,
        product_key: str,
        category_key: str,
        name: str,
        media: _Pictures,
    ) -> Variant:
        colours = {value.atwrt for value in variant.ausp if value.atnam == _COLOUR}
        options = tuple(map(self._option, variant.ausp))
        return Variant(
            sku=notation.short(variant.matnr),
            product_key=product_key,
            category_key=category_key,
            name=", ".join((name, *(option.value for option in options))),
            gtins=(_gtin(variant.ean11),) if variant.ean11 else (),
            options=options,
            media=tuple(picture for picture, colour in media if colour in colours),
            components=tuple(map(_component, variant.stueli)) if variant.stueli else (),
            provenance=self._provenance,
        )

    def _option(self, value: message.Characteristic) -> Option:
        code = (value.atnam, value.atwrt or "")
        option = self._options.get(code)
        if option is None:
            option = self._options[code] = Option(
                code=code_of(value.atnam),
                name=self._names[value.atnam],
                choice=value.atwrt or "",
                value=self._coded(*code, value.texts)[0],
            )
        return option

    def _coded(
        self, name: str, value: str, texts: Sequence[message.ValueText]
    ) -> tuple[str, str | None]:
        code = (name, value)
        known = self._values.get(code)
        if known is None:
            known = self._values[code] = self.text(value, texts)
        return known

    def _attributes(self, values: Sequence[message.Characteristic]) -> Iterator[AttributeValue]:
        for value in values:
            code, name = code_of(value.atnam), self._names[value.atnam]
            written = self._formats[value.atnam]
            if written == "NUM":
                if value.atflv is None:
                    raise ValueError("a number has no value")
                number = exact(value.atflv)
                yield NumberAttribute(
                    code=code,
                    name=name,
                    value=f"{number:f}",
                    unit=value.msehi.lower() if value.msehi else None,
                    number=number,
                )
            elif written == "FLAG":
                said = (_YES if value.atwrt else _NO)[self._preferred[0]]
                yield BooleanAttribute(
                    code=code,
                    name=name,
                    value=said,
                    locale=self._locale,
                    is_true=bool(value.atwrt),
                )
            elif value.atwrt:
                text, locale = self._coded(value.atnam, value.atwrt, value.texts)
                if locale is None:
                    yield TextAttribute(code=code, name=name, value=text)
                else:
                    yield CodedAttribute(
                        code=code, name=name, value=text, locale=locale, choice=value.atwrt
                    )

    def _fibre(self, fibre: message.Fibre) -> FibreShare:
        name, _ = self._coded("ZMATERIAL", fibre.faser, fibre.texts)
        return FibreShare(fibre.faser, name, exact(fibre.anteil))

    def _safety(self, safety: message.Safety) -> ProductSafety:
        firm, warnings = safety.verant, safety.warn
        spoken = {line.spras for line in warnings}
        language = next((each for each in self._preferred if each in spoken), None)
        if warnings and language is None:
            raise ValueError("there is no warning in any language that was asked for")
        return ProductSafety(
            responsible_person=ResponsiblePerson(
                name=firm.name1,
                address=Address(
                    lines=(firm.stras,),
                    postal_code=firm.pstlz,
                    city=firm.ort01,
                    country=firm.land1,
                ),
                email=firm.smtp_addr,
            ),
            warnings=tuple(line.tdline for line in warnings if line.spras == language),
        )

    def _picture(self, picture: message.Picture, name: str) -> Media:
        if not picture.path.startswith("/") or picture.path.startswith("//"):
            raise ValueError("a picture's path does not begin with one slash")
        return Media(f"{self._media_url}{picture.path}", name)

    def _best(self, texts: Mapping[str, str]) -> tuple[str, str]:
        """The first language there is, and its text."""
        for language in self._preferred:
            if text := texts.get(language):
                return language, text
        raise ValueError("there is no text in any language that was asked for")


def _component(part: message.Part) -> Component:
    pieces = exact(part.menge)
    if pieces != int(pieces) or pieces < 1:
        raise ValueError("a set is packed of whole pieces")
    return Component(notation.short(part.idnrk), int(pieces))


def is_gtin(text: str) -> bool:
    """Tell whether a text can be a GS1 number."""
    return len(text) in _GTIN_LENGTHS and text.isascii() and text.isdigit()


def _gtin(text: str) -> str:
    if not is_gtin(text):
        raise ValueError("a GTIN has 8, 12, 13 or 14 digits")
    return text
