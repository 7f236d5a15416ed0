"""Search, filters, order and facets over all variants, in columns built once at the start."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from itertools import accumulate, compress
from typing import Any, NamedTuple

import msgspec

from sandbox.catalogue import Catalogue, Style, sku
from sandbox.contact import fold
from sandbox.material import search_text, style_values, variant_values
from sandbox.price import ORGANISATIONS, Organisation, unit_prices
from sandbox.sap import LANGUAGES, in_language, short_number

ORDERS = ("SATNR", "ERSDA desc", "LAEDA desc", "KBETR", "KBETR desc", "MAKTX")

_VARIANT_NAMES = ("ZCOLOUR", "ZSIZE")
_KEPT_DAYS = 8


class Wanted(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One characteristic's accepted values: any of `ATWRT`, or a number from `LOW` to `HIGH`."""

    ATNAM: str
    ATWRT: tuple[str, ...] = ()
    LOW: float | None = None
    HIGH: float | None = None


class Priced(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The organisation and day whose prices count, bounds in minor units, reduced ones only."""

    VKORG: str
    PRSDT: str
    LOW: int | None = None
    HIGH: int | None = None
    ZSAL: bool | None = None


class Search(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What the body of a search says beside language and page."""

    SEARCH: str = ""
    MATKL: tuple[str, ...] = ()
    BRAND_ID: tuple[str, ...] = ()
    MSTAE: tuple[str, ...] | None = None
    AUSP: tuple[Wanted, ...] = ()
    KONP: Priced | None = None
    MATNR: tuple[str, ...] | None = None


class Facet(NamedTuple):
    """What one property would leave of the result.

    *Shape*: `styles` how many have it at all; `counts` styles by code, for numbers and prices
    `low` and `high` instead.
    """

    name: str
    styles: int
    counts: dict[str, int] = {}
    low: float | None = None
    high: float | None = None


class _Prices(NamedTuple):
    """By variant: what is paid in minor units (-1: not sold), and whether it is reduced."""

    paid: list[int]
    reduced: bytes


class Index:
    """Columns over the variants, those of a style side by side; sets of variants are wide ints
    with one byte each, so that intersections are single operations.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._styles = [catalogue.style(index) for index in range(catalogue.count)]
        sizes = [style.variants for style in self._styles]
        self._first = [0, *accumulate(sizes)]
        self._style_of = [index for index, size in enumerate(sizes) for _ in range(size)]
        self._count = len(self._style_of)
        self._texts = [search_text(style) for style in self._styles]
        self._values = [style_values(style) for style in self._styles]
        self._options: dict[str, list[str]] = {name: [] for name in _VARIANT_NAMES}
        self._numbers: dict[str, int] = {}
        for style in self._styles:
            for variant in range(style.variants):
                self._numbers[sku(style.position, variant)] = len(self._numbers)
                for name, value in variant_values(style, variant).items():
                    self._options[name].append(value)
        self._prices = lru_cache(maxsize=_KEPT_DAYS)(self._read_prices)
        self._all = int.from_bytes(b"\1" * self._count, "little")

    def find(self, search: Search, order: str, language: str, day: date) -> list[Style]:
        """The styles with at least one variant that meets every criterion, in the order asked."""
        variants = self._variants(self._matching(self._masks(search, day)))
        found: dict[int, int] = {}
        if order.startswith("KBETR"):
            paid = self._paid(search.KONP, day)
            down = order.endswith("desc")
            for variant in variants:
                style, price = self._style_of[variant], paid[variant]
                if price >= 0 and (style not in found or (price > found[style]) == down):
                    found[style] = price
            # What is not sold here comes last, whichever way prices run.
            late = [s for s in self._distinct(variants) if s not in found]
            ranked = sorted(found, key=lambda s: (-found[s] if down else found[s], s))
            return [self._styles[index] for index in (*ranked, *late)]
        return sorted(
            (self._styles[index] for index in self._distinct(variants)),
            key=_KEYS[order](language),
        )

    def facets(self, search: Search, names: Sequence[str], day: date) -> tuple[int, list[Facet]]:
        """How many styles match, and the facets: each as if nothing had been chosen of its own."""
        masks = self._masks(search, day)
        whole = self._variants(self._matching(masks))
        found = []
        for name in names:
            variants = self._variants(self._matching(masks, name)) if name in masks else whole
            facet = self._facet(name, variants, search, day)
            if facet is not None:
                found.append(facet)
        return len(self._distinct(whole)), found

    def count(self, group: str) -> int:
        """How many styles the group and those below it hold."""
        return sum(style.group.code.startswith(group) for style in self._styles)

    def names(self) -> list[str]:
        """All that facets can be asked for."""
        own = dict.fromkeys(name for values in self._values for name in values)
        return ["MATKL", "BRAND_ID", "KONP", "ZSAL", *_VARIANT_NAMES, *own]

    def _masks(self, search: Search, day: date) -> dict[str, int]:
        """A set of variants for each criterion that is there, by the facet it belongs to."""
        masks: dict[str, int] = {}
        if words := fold(search.SEARCH).split():
            masks["SEARCH"] = self._of_styles(
                all(word in text for word in words) for text in self._texts
            )
        if search.MATKL:
            masks["MATKL"] = self._of_styles(
                style.group.code.startswith(search.MATKL) for style in self._styles
            )
        if search.BRAND_ID:
            masks["BRAND_ID"] = self._of_styles(
                style.brand in search.BRAND_ID for style in self._styles
            )
        if search.MSTAE is not None:
            masks["MSTAE"] = self._of_styles(style.status in search.MSTAE for style in self._styles)
        for wanted in search.AUSP:
            mask = self._of_wanted(wanted)
            masks[wanted.ATNAM] = masks.get(wanted.ATNAM, mask) & mask
        if search.MATNR is not None:
            flags = bytearray(self._count)
            for number in search.MATNR:
                variant = self._numbers.get(short_number(number))
                if variant is not None:
                    flags[variant] = 1
            masks["MATNR"] = int.from_bytes(flags, "little")
        if search.KONP is not None:
            masks |= self._of_prices(search.KONP, day)
        return masks

    def _of_wanted(self, wanted: Wanted) -> int:
        values = frozenset(wanted.ATWRT)
        if wanted.ATNAM in self._options:
            return _mask(value in values for value in self._options[wanted.ATNAM])
        if wanted.LOW is None and wanted.HIGH is None:
            return self._of_styles(
                not values.isdisjoint(each.get(wanted.ATNAM, ())) for each in self._values
            )
        low = float("-inf") if wanted.LOW is None else wanted.LOW
        high = float("inf") if wanted.HIGH is None else wanted.HIGH
        return self._of_styles(
            any(low <= float(value) <= high for value in each.get(wanted.ATNAM, ()))
            for each in self._values
        )

    def _of_prices(self, priced: Priced, day: date) -> dict[str, int]:
        prices = self._prices(priced.VKORG, day)
        found = {}
        if priced.LOW is not None or priced.HIGH is not None:
            low = priced.LOW or 0
            high = float("inf") if priced.HIGH is None else priced.HIGH
            found["KONP"] = _mask(low <= paid <= high for paid in prices.paid)
        if priced.ZSAL is not None:
            reduced = int.from_bytes(prices.reduced, "little")
            found["ZSAL"] = reduced if priced.ZSAL else self._all & ~reduced
        return found

    def _of_styles(self, flags: Iterable[bool]) -> int:
        own = bytes(flags)
        return int.from_bytes(bytes(map(own.__getitem__, self._style_of)), "little")

    def _matching(self, masks: dict[str, int], without: str = "") -> int:
        found = self._all
        for name, mask in masks.items():
            if name != without:
                found &= mask
        return found

    def _variants(self, mask: int) -> list[int]:
        return list(compress(range(self._count), mask.to_bytes(self._count, "little")))

    def _distinct(self, variants: Iterable[int]) -> list[int]:
        return list(dict.fromkeys(map(self._style_of.__getitem__, variants)))

    def _facet(self, name: str, variants: list[int], search: Search, day: date) -> Facet | None:
        styles = self._distinct(variants)
        if name in self._options:
            values = self._options[name]
            pairs = {(self._style_of[variant], values[variant]) for variant in variants}
            return Facet(name, len(styles), _counted(value for _, value in pairs))
        if name == "MATKL":
            codes = Counter(self._styles[index].group.code for index in styles)
            counts: Counter[str] = Counter()
            for code, count in codes.items():
                for end in range(2, len(code) + 1, 2):
                    counts[code[:end]] += count
            return Facet(name, len(styles), dict(sorted(counts.items())))
        if name == "BRAND_ID":
            return Facet(name, len(styles), _counted(self._styles[s].brand for s in styles))
        if name in ("KONP", "ZSAL"):
            if search.KONP is None:
                return None
            prices = self._prices(search.KONP.VKORG, day)
            if name == "ZSAL":
                return Facet(name, len(self._distinct(v for v in variants if prices.reduced[v])))
            sold = [variant for variant in variants if prices.paid[variant] >= 0]
            paid = [prices.paid[variant] for variant in sold]
            return _ranged(name, len(self._distinct(sold)), paid)
        found = [value for index in styles for value in self._values[index].get(name, ())]
        if name == "ZHEEL":
            return _ranged(name, len(found), list(map(float, found)))
        if name == "ZRECYCLED":
            return Facet(name, found.count("X"))
        return Facet(name, len(styles), _counted(found))

    def _paid(self, priced: Priced | None, day: date) -> list[int]:
        return self._prices("PL01" if priced is None else priced.VKORG, day).paid

    def _read_prices(self, organisation: str, day: date) -> _Prices:
        paid: list[int] = []
        reduced = bytearray()
        for style in self._styles:
            for price, is_reduced in _variant_prices(style, ORGANISATIONS[organisation], day):
                paid.append(price)
                reduced.append(is_reduced)
        return _Prices(paid, bytes(reduced))


def _variant_prices(
    style: Style, organisation: Organisation, day: date
) -> Iterator[tuple[int, bool]]:
    # Sizes of one colour cost the same, so each colour is looked up once.
    for colour in range(len(style.colours)):
        found = unit_prices(style, colour * len(style.sizes), organisation, day)
        price = (-1, False) if found is None else (found[1], found[1] < found[0])
        for _ in style.sizes:
            yield price


def _mask(flags: Iterable[bool]) -> int:
    return int.from_bytes(bytes(flags), "little")


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items(), key=lambda each: (-each[1], each[0])))


def _ranged(name: str, count: int, values: Sequence[float]) -> Facet | None:
    return Facet(name, count, {}, min(values), max(values)) if values else None


_Key = Callable[[Style], Any]


def _by_name(language: str) -> _Key:
    spoken = language if language in LANGUAGES else LANGUAGES[0]
    return lambda style: (fold(in_language(style.name, spoken)), style.position)


_KEYS: dict[str, Callable[[str], _Key]] = {
    "SATNR": lambda _: lambda style: style.position,
    "ERSDA desc": lambda _: lambda style: (-style.created.toordinal(), style.position),
    "LAEDA desc": lambda _: lambda style: (-style.changed.toordinal(), style.position),
    "MAKTX": _by_name,
}
