"""Stores, warehouses and lockers."""

from typing import NamedTuple

from sandbox.seed import Draw


class Site(NamedTuple):
    """A place that may hold goods; kind is S (store), W (warehouse) or L (locker).

    *Shape*: `services` two-letter codes: `PU` pick-up, `KB` kerbside, `LK` locker access, `SH`
    ships parcels, `RT` takes returns, `AL` alters, `GW` wraps presents. *Units*: `prep` opening
    minutes until an order is ready, None where nothing is handed over; `keep` days it is kept.
    """

    code: str
    kind: str
    name: str
    street: str
    postcode: str
    city: str
    country: str
    latitude: float
    longitude: float
    zone: str
    hours: dict[str, str | None]
    services: tuple[str, ...] = ()
    prep: int | None = None
    keep: int | None = None


class City(NamedTuple):
    """A town with one of its postcodes and the middle of it."""

    prefix: str
    name: str
    country: str
    postcode: str
    latitude: float
    longitude: float


CITIES = (
    City("WAW", "Warszawa", "PL", "00-590", 52.2297, 21.0122),
    City("KRK", "Kraków", "PL", "31-019", 50.0614, 19.9366),
    City("WRO", "Wrocław", "PL", "50-107", 51.1079, 17.0385),
    City("POZ", "Poznań", "PL", "61-771", 52.4064, 16.9252),
    City("GDA", "Gdańsk", "PL", "80-831", 54.3520, 18.6466),
    City("LOD", "Łódź", "PL", "90-410", 51.7592, 19.4560),
    City("KAT", "Katowice", "PL", "40-098", 50.2649, 19.0238),
    City("BER", "Berlin", "DE", "10117", 52.5200, 13.4050),
    City("SZZ", "Szczecin", "PL", "70-445", 53.4285, 14.5528),
    City("LUB", "Lublin", "PL", "20-002", 51.2465, 22.5684),
    City("PRG", "Praha", "CZ", "110 00", 50.0755, 14.4378),
    City("BIA", "Białystok", "PL", "15-062", 53.1325, 23.1688),
    City("RZE", "Rzeszów", "PL", "35-064", 50.0412, 21.9991),
    City("BYD", "Bydgoszcz", "PL", "85-006", 53.1235, 18.0084),
    City("TOR", "Toruń", "PL", "87-100", 53.0138, 18.5984),
    City("HAM", "Hamburg", "DE", "20095", 53.5511, 9.9937),
    City("BRN", "Brno", "CZ", "602 00", 49.1951, 16.6068),
    City("GDY", "Gdynia", "PL", "81-366", 54.5189, 18.5305),
    City("KIE", "Kielce", "PL", "25-310", 50.8661, 20.6286),
    City("OLS", "Olsztyn", "PL", "10-015", 53.7784, 20.4801),
    City("OPO", "Opole", "PL", "45-018", 50.6751, 17.9213),
    City("LEJ", "Leipzig", "DE", "04109", 51.3397, 12.3731),
    City("CZE", "Częstochowa", "PL", "42-202", 50.8118, 19.1203),
    City("RAD", "Radom", "PL", "26-610", 51.4027, 21.1471),
    City("DRE", "Dresden", "DE", "01067", 51.0504, 13.7373),
    City("OST", "Ostrava", "CZ", "702 00", 49.8209, 18.2625),
    City("BIE", "Bielsko-Biała", "PL", "43-300", 49.8224, 19.0444),
    City("ZGO", "Zielona Góra", "PL", "65-066", 51.9356, 15.5062),
    City("MUC", "München", "DE", "80331", 48.1351, 11.5820),
    City("TAR", "Tarnów", "PL", "33-100", 50.0121, 20.9858),
)

STREETS = {
    "PL": ("ul. Lipowa", "ul. Długa", "ul. Polna", "ul. Ogrodowa", "al. Niepodległości",
           "ul. Kościuszki", "ul. Mickiewicza", "ul. Słoneczna", "ul. Krótka", "pl. Wolności"),
    "DE": ("Lindenstraße", "Hauptstraße", "Bahnhofstraße", "Gartenstraße", "Schillerstraße"),
    "CZ": ("Lipová", "Dlouhá", "Nádražní", "Zahradní", "Komenského"),
}  # fmt: skip

ZONES = {"PL": "Europe/Warsaw", "DE": "Europe/Berlin", "CZ": "Europe/Prague"}

_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat")
_LOCKERS = ("WAW", "WAW", "KRK", "WRO", "POZ", "GDA", "LOD", "KAT")
_WAREHOUSES = (("CDC1", "LOD"), ("CDC2", "WRO"), ("CDC3", "LEJ"))
# The head start of the large cities: how many stores each has before the next round begins.
_ROUND = ("WAW", "WAW", "KRK", "WAW", "BER")
# From so many stores on, a chain needs the third warehouse and lockers all over the country.
_CHAIN = 50
_CHAIN_LOCKERS = 40


def sites(stores: int) -> tuple[Site, ...]:
    """So many stores with their warehouses and lockers, in a fixed order."""
    by_prefix = {city.prefix: city for city in CITIES}
    order = [by_prefix[prefix] for prefix in _ROUND] + list(CITIES[1:])
    houses = _WAREHOUSES[: 3 if stores >= _CHAIN else 2]
    found = [_warehouse(code, by_prefix[prefix]) for code, prefix in houses]
    numbers: dict[str, int] = {}
    for position in range(stores):
        city = order[position] if position < len(order) else CITIES[position % len(CITIES)]
        number = numbers[city.prefix] = numbers.get(city.prefix, 0) + 1
        found.append(_store(f"{city.prefix}{number}", city, position))
    lockers = _CHAIN_LOCKERS if stores >= _CHAIN else len(_LOCKERS)
    for position in range(lockers):
        known = position < len(_LOCKERS)
        city = by_prefix[_LOCKERS[position]] if known else CITIES[position % len(CITIES)]
        found.append(_locker(f"LK{position + 1:02d}", city, position))
    return tuple(found)


def _store(code: str, city: City, position: int) -> Site:
    draw = Draw("store", position)
    street = draw.pick(STREETS[city.country])
    late = draw.chance(60)
    hours: dict[str, str | None] = dict.fromkeys(_WEEK, "0900-2100" if late else "1000-1900")
    if not late:
        hours["sat"] = "1000-1600"
    place = Site(
        code, "S", f"{city.name}, {street}", f"{street} {draw.between(1, 120)}", city.postcode,
        city.name, city.country, _near(city.latitude, draw), _near(city.longitude, draw),
        ZONES[city.country], {**hours, "sun": None},
    )  # fmt: skip
    offers = Draw("services", position)
    # One store in twelve is too small to keep parcels; the first of all never is.
    collects = position == 0 or not offers.chance(8)
    services = [
        *(("PU",) if collects else ()),
        *(("KB",) if collects and offers.chance(25) else ()),
        *(("SH",) if late and offers.chance(40) else ()),
        "RT",
        *(("AL",) if offers.chance(20) else ()),
        *(("GW",) if offers.chance(50) else ()),
    ]
    return place._replace(
        services=tuple(services),
        prep=offers.pick((60, 90, 120)) if collects else None,
        keep=offers.pick((3, 5, 7)) if collects else None,
    )


def _warehouse(code: str, city: City) -> Site:
    draw = Draw("warehouse", int(code[-1]))
    hours: dict[str, str | None] = {**dict.fromkeys(_WEEK, "0600-2200"), "sun": None}
    name = "Logistikzentrum" if city.country == "DE" else "Centrum dystrybucyjne"
    street = "Logistikstraße" if city.country == "DE" else "ul. Logistyczna"
    return Site(
        code, "W", f"{name} {city.name}", f"{street} {draw.between(1, 40)}",
        city.postcode, city.name, city.country, _near(city.latitude, draw),
        _near(city.longitude, draw), ZONES[city.country], hours, ("SH",),
    )  # fmt: skip


def _locker(code: str, city: City, position: int) -> Site:
    draw = Draw("locker", position)
    street = draw.pick(STREETS[city.country])
    hours: dict[str, str | None] = dict.fromkeys((*_WEEK, "sun"), "0000-2400")
    return Site(
        code, "L", f"Automat {city.name}, {street}", f"{street} {draw.between(1, 120)}",
        city.postcode, city.name, city.country, _near(city.latitude, draw),
        _near(city.longitude, draw), ZONES[city.country], hours, ("LK", "RT"),
        1_440 * draw.between(1, 2), 2,
    )  # fmt: skip


def _near(degrees: float, draw: Draw) -> float:
    return round(degrees + (draw.share() - 0.5) * 0.06, 6)
