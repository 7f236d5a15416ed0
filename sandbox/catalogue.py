"""The styles and variants the retailer sells, drawn on demand."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import NamedTuple

from sandbox.clock import TODAY
from sandbox.group import Group, group_of
from sandbox.seed import Draw
from sandbox.vocabulary import (
    BRANDS,
    CATEGORIES,
    COLOURS,
    FEATURES,
    MODELS,
    ORIGINS,
    SIZES,
    Category,
    Text,
)

FIRST_STYLE = 100_001

_LEAVES = tuple(category for category in CATEGORIES if category.nouns)
_SPREAD = tuple(category for category in _LEAVES for _ in range(category.weight))
_COLOUR_CODES = tuple(COLOURS)
_SHOE_CARE = ("WP",)
_CLOTH_CARE = (("W30", "NB", "NT", "I1"), ("W40", "NB", "I1"), ("HW", "NB", "NT"))
_NAME_LENGTH = 40


class Style(NamedTuple):
    """A style (generic article) with everything its variants share.

    *Units*: `list_price` in groszy, `grams` net weight of one piece, `heel` in millimetres.
    """

    position: int
    category: Category
    group: Group
    model: str
    name: Text
    languages: tuple[str, ...]
    brand: str
    colours: tuple[str, ...]
    sizes: tuple[str, ...]
    material: str
    fit: str | None
    care: tuple[str, ...]
    origin: str
    season: str
    year: int
    created: date
    changed: date
    status: str
    list_price: int
    grams: int
    heel: int | None
    recycled: bool

    @property
    def number(self) -> str:
        return str(FIRST_STYLE + self.position)

    @property
    def variants(self) -> int:
        return len(self.colours) * len(self.sizes)

    def options(self, variant: int) -> tuple[str, str]:
        """Colour code and size of the variant."""
        colour, size = divmod(variant, len(self.sizes))
        return self.colours[colour], self.sizes[size]


def sku(style: int, variant: int) -> str:
    """The article number the shop floor uses: the style's number and three digits."""
    return f"{FIRST_STYLE + style}{variant + 1:03d}"


def ean(style: int, variant: int) -> str:
    """The EAN-13 of a variant, check digit included."""
    body = f"59077{style + 1:04d}{variant + 1:03d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


class Catalogue:
    """All styles by index; each is drawn when first asked for.

    *Shape*: by number only the styles of `brands` are found: the rest is another system's.
    """

    def __init__(self, styles: int, brands: Collection[str] = BRANDS) -> None:
        self.count = styles
        self._brands = brands
        self._styles: list[Style | None] = [None] * styles

    def style(self, index: int) -> Style:
        """The style at the index."""
        found = self._styles[index]
        if found is None:
            found = self._styles[index] = _style(index)
        return found

    def find_style(self, number: str) -> Style | None:
        """The style with this number, or None."""
        if len(number) != 6 or not number.isascii() or not number.isdigit():
            return None
        index = int(number) - FIRST_STYLE
        if not 0 <= index < self.count:
            return None
        style = self.style(index)
        return style if style.brand in self._brands else None

    def find_variant(self, article: str) -> tuple[Style, int] | None:
        """The style and the variant's position for an article number, or None."""
        style = self.find_style(article[:-3])
        if style is None or not article[-3:].isdigit():
            return None
        variant = int(article[-3:]) - 1
        return (style, variant) if 0 <= variant < style.variants else None

    def find_ean(self, code: str) -> tuple[Style, int] | None:
        """The style and the variant's position for an EAN-13, or None."""
        if len(code) != 13 or not code.isascii() or not code.isdigit():
            return None
        index, variant = int(code[5:9]) - 1, int(code[9:12]) - 1
        style = self.find_style(str(FIRST_STYLE + index))
        if style is None or not 0 <= variant < style.variants:
            return None
        return (style, variant) if ean(index, variant) == code else None


def _style(index: int) -> Style:
    draw = Draw("style", index)
    category = draw.pick(_SPREAD)
    kind = draw.below(len(category.nouns))
    feature = draw.pick(FEATURES[category.features])
    model = MODELS[index % len(MODELS)]
    shares = draw.share()
    single = category.sizes == "one"
    colours = 1 if shares < 0.62 else 2 if shares < 0.9 else 3
    all_sizes = SIZES[category.sizes]
    width = min(len(all_sizes), draw.between(3, 5) + (index % 3 == 2))
    start = draw.below(len(all_sizes) - width + 1)
    created = TODAY - timedelta(days=draw.between(20, 1_500))
    low, high = category.price
    shoes = category.features == "shoes" or "LE" in category.materials[0]
    languages: tuple[str, ...] = ("PL", "EN", "DE")
    # Two in a hundred were never translated, six more lack German: readers must fall back.
    untranslated = draw.below(100)
    if untranslated < 8:
        languages = ("PL",) if untranslated < 2 else ("PL", "EN")
    return Style(
        position=index,
        category=category,
        group=group_of(category, kind),
        model=model,
        name=Text._make(map(_name, category.nouns[kind], feature, (model, model, model))),
        languages=languages,
        brand=draw.pick(BRANDS),
        colours=tuple(draw.pick_some(_COLOUR_CODES, colours + (2 if single else 0))),
        sizes=all_sizes[start : start + width],
        material=draw.pick(category.materials),
        fit=("SLM", "REG", "OVR")[index % 3] if category.features in ("clothes", "warm") else None,
        care=_SHOE_CARE if shoes else draw.pick(_CLOTH_CARE),
        origin=draw.pick(ORIGINS),
        season=draw.pick(("SS", "AW")),
        year=created.year,
        created=created,
        changed=created + timedelta(days=draw.below((TODAY - created).days)),
        status="Z9" if draw.chance(2) else "",
        list_price=retail_price(draw.between(low, high)),
        grams=category.grams * draw.between(85, 120) // 100,
        heel=draw.between(10, 90) if category.code == "4010" else None,
        recycled=draw.chance(18),
    )


def _name(noun: str, feature: str, model: str) -> str:
    full = f"{noun} {feature} {model}"
    return full if len(full) <= _NAME_LENGTH else f"{noun} {model}"


def retail_price(groszy: int) -> int:
    """The nearest price a Polish shop would print on a label."""
    step = 1_000 if groszy < 30_000 else 5_000
    if groszy < 1_500:
        return max(99, round(groszy / 100) * 100 - 1)
    return max(step, round(groszy / step) * step) - 1
