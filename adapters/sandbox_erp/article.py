"""Styles into products."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from adapters._body import exact
from adapters.sandbox_erp import message
from domain.product import AttributeValue, Category, Media, Option, Product, Variant
from domain.provenance import Provenance

_COLOUR = "ZCOLOUR"
_YES = MappingProxyType({"PL": "tak", "EN": "yes", "DE": "ja"})
_SPOKEN = ("EN", "PL")
_GTIN_LENGTHS = (8, 12, 13, 14)


def languages(language: str) -> tuple[str, ...]:
    """The ERP's languages to ask for, the wanted one first, then those to fall back on."""
    wanted = language.partition("-")[0].upper()
    return tuple(dict.fromkeys((wanted, *_SPOKEN) if wanted in _YES else _SPOKEN))


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
        spoken: dict[str, dict[str, str]] = {}
        for name in names:
            spoken.setdefault(name.atnam, {})[name.spras] = name.atbez
        self._names = {code: self._best(texts)[1] for code, texts in spoken.items()}
        # What a code means is the same throughout an answer, which has a few codes many times.
        self._values: dict[tuple[str, str], str] = {}
        self._options: dict[tuple[str, str], Option] = {}
        self._categories: dict[str, Category] = {}

    def product(self, article: message.Article) -> Product:
        """One style with its variants."""
        number = message.short(article.satnr)
        key = f"{self._provenance.system}:{number}"
        spoken, name = self._best({text.spras: text.maktx for text in article.makt})
        descriptions = {text.spras: text.tdline for text in article.ltxt}
        media = [(self._picture(picture, name), picture.atwrt) for picture in article.media]
        return Product(
            key=key,
            code=number,
            name=name,
            locale=spoken.lower(),
            description=descriptions.get(spoken),
            brand=article.brand_id or None,
            category=self._category(article),
            attributes=tuple(
                attribute
                for characteristic in article.ausp
                if (attribute := self._attribute(characteristic)) is not None
            ),
            media=tuple(picture for picture, _ in media),
            variants=tuple(
                self._variant(variant, key, name, media) for variant in article.variants
            ),
            provenance=self._provenance,
        )

    def _variant(
        self,
        variant: message.Variant,
        product_key: str,
        name: str,
        media: Sequence[tuple[Media, str]],
    ) -> Variant:
        colours = {value.atwrt for value in variant.ausp if value.atnam == _COLOUR}
        options = tuple(map(self._option, variant.ausp))
        return Variant(
            sku=message.short(variant.matnr),
            product_key=product_key,
            name=", ".join((name, *(option.value for option in options))),
            gtins=(_gtin(variant.ean11),) if variant.ean11 else (),
            options=options,
            media=tuple(picture for picture, colour in media if colour in colours),
            provenance=self._provenance,
        )

    def _category(self, article: message.Article) -> Category:
        category = self._categories.get(article.matkl)
        if category is None:
            _, name = self._best({text.spras: text.wgbez for text in article.t023t})
            category = self._categories[article.matkl] = Category(article.matkl, name)
        return category

    def _option(self, value: message.Characteristic) -> Option:
        code = (value.atnam, value.atwrt or "")
        option = self._options.get(code)
        if option is None:
            option = Option(self._names[value.atnam], self._coded(value))
            if value.atwrt:
                self._options[code] = option
        return option

    def _attribute(self, value: message.Characteristic) -> AttributeValue | None:
        name = self._names[value.atnam]
        if value.atflv is not None:
            unit = value.msehi.lower() if value.msehi else None
            return AttributeValue(name, f"{exact(value.atflv):f}", unit)
        if not value.atwrt:
            return None  # a flag that is not set, or a characteristic without a value
        return AttributeValue(name, self._coded(value))

    def _coded(self, value: message.Characteristic) -> str:
        if value.texts:
            code = (value.atnam, value.atwrt or "")
            known = self._values.get(code)
            if known is None:
                known = self._best({text.spras: text.atwtb for text in value.texts})[1]
                if value.atwrt:
                    self._values[code] = known
            return known
        if not value.atwrt:
            raise ValueError("an option has no value")
        if value.atwrt == "X":
            return _YES[self._preferred[0]]
        return value.atwrt

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


def _gtin(text: str) -> str:
    if len(text) not in _GTIN_LENGTHS or not text.isascii() or not text.isdigit():
        raise ValueError("a GTIN has 8, 12, 13 or 14 digits")
    return text
