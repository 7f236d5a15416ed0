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

    def product(self, article: message.Article) -> Product:
        """One style with its variants."""
        number = message.short(article.satnr)
        key = f"{self._provenance.system}:{number}"
        spoken, name = self._best({text.spras: text.maktx for text in article.makt})
        descriptions = {text.spras: text.tdline for text in article.ltxt}
        _, category = self._best({text.spras: text.wgbez for text in article.t023t})
        media = [(self._picture(picture, name), picture.atwrt) for picture in article.media]
        return Product(
            key=key,
            code=number,
            name=name,
            locale=spoken.lower(),
            description=descriptions.get(spoken),
            brand=article.brand_id or None,
            category=Category(article.matkl, category),
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
        options = tuple(
            Option(self._names[value.atnam], self._coded(value)) for value in variant.ausp
        )
        return Variant(
            sku=message.short(variant.matnr),
            product_key=product_key,
            name=", ".join((name, *(option.value for option in options))),
            gtins=(_gtin(variant.ean11),) if variant.ean11 else (),
            options=options,
            media=tuple(picture for picture, colour in media if colour in colours),
            provenance=self._provenance,
        )

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
            return self._best({text.spras: text.atwtb for text in value.texts})[1]
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
