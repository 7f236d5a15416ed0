"""Which languages a request would have its answer in."""

from babel import Locale, UnknownLocaleError


def accepted(header: str) -> list[str]:
    """Order the languages of an Accept-Language header by weight (RFC 9110, section 12.5.4)."""
    weighed: list[tuple[float, str]] = []
    for part in header[:200].split(","):
        tag, _, parameter = part.strip().partition(";")
        name, _, weight = parameter.strip().partition("=")
        try:
            quality = float(weight) if name.strip() == "q" else 1.0
            locale = str(Locale.parse(tag.strip(), sep="-"))
        except (ValueError, UnknownLocaleError):
            continue
        if 0 < quality <= 1:
            weighed.append((-quality, locale))
    return [locale for _, locale in sorted(weighed, key=lambda each: each[0])]
