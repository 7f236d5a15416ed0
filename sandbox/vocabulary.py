"""Words of the trade in Polish, English and German: categories, colours, materials, sizes."""

from typing import NamedTuple


class Text(NamedTuple):
    """One meaning in the three languages the ERP is kept in."""

    pl: str
    en: str
    de: str


class Category(NamedTuple):
    """A material group; those with nouns hold styles."""

    code: str
    name: Text
    nouns: tuple[Text, ...] = ()
    features: str = ""
    sizes: str = ""
    materials: tuple[str, ...] = ()
    price: tuple[int, int] = (0, 0)
    grams: int = 0
    weight: int = 0
    tax: str = "STANDARD"
    per: int = 1


COLOURS = {
    "BLK": Text("czarny", "black", "schwarz"),
    "WHT": Text("biały", "white", "weiß"),
    "ECR": Text("ecru", "ecru", "ecru"),
    "NVY": Text("granatowy", "navy", "marineblau"),
    "BLU": Text("niebieski", "blue", "blau"),
    "GRY": Text("szary", "grey", "grau"),
    "BEI": Text("beżowy", "beige", "beige"),
    "BRN": Text("brązowy", "brown", "braun"),
    "RED": Text("czerwony", "red", "rot"),
    "BRG": Text("bordowy", "burgundy", "bordeaux"),
    "PNK": Text("różowy", "pink", "rosa"),
    "GRN": Text("zielony", "green", "grün"),
    "OLV": Text("oliwkowy", "olive", "oliv"),
    "MUS": Text("musztardowy", "mustard", "senfgelb"),
    "LIL": Text("liliowy", "lilac", "flieder"),
    "DNM": Text("dżinsowy", "denim", "denim"),
}

CHARACTERISTICS = {
    "ZCOLOUR": Text("Kolor", "Colour", "Farbe"),
    "ZSIZE": Text("Rozmiar", "Size", "Größe"),
    "ZMATERIAL": Text("Materiał", "Material", "Material"),
    "ZCARE": Text("Pielęgnacja", "Care", "Pflege"),
    "ZHEEL": Text("Wysokość obcasa", "Heel height", "Absatzhöhe"),
    "ZRECYCLED": Text("Z recyklingu", "Recycled", "Recycelt"),
    "ZFIT": Text("Krój", "Fit", "Passform"),
    "ZMODEL": Text("Model", "Model", "Modell"),
}

FITS = {
    "SLM": Text("dopasowany", "slim", "schmal"),
    "REG": Text("regularny", "regular", "regulär"),
    "OVR": Text("luźny", "oversized", "weit"),
}

FIBRES = {
    "CO": Text("bawełna", "cotton", "Baumwolle"),
    "PES": Text("poliester", "polyester", "Polyester"),
    "EA": Text("elastan", "elastane", "Elasthan"),
    "WO": Text("wełna", "wool", "Wolle"),
    "VI": Text("wiskoza", "viscose", "Viskose"),
    "LI": Text("len", "linen", "Leinen"),
    "PA": Text("poliamid", "polyamide", "Polyamid"),
    "PC": Text("akryl", "acrylic", "Polyacryl"),
    "LE": Text("skóra", "leather", "Leder"),
    "PU": Text("poliuretan", "polyurethane", "Polyurethan"),
    "KR": Text("papier", "paper", "Papier"),
}

CARE = {
    "W30": Text("prać w 30 °C", "wash at 30 °C", "Waschen bei 30 °C"),
    "W40": Text("prać w 40 °C", "wash at 40 °C", "Waschen bei 40 °C"),
    "HW": Text("prać ręcznie", "hand wash", "Handwäsche"),
    "NB": Text("nie wybielać", "do not bleach", "nicht bleichen"),
    "NT": Text("nie suszyć w suszarce", "do not tumble dry", "nicht im Trockner trocknen"),
    "I1": Text("prasować do 110 °C", "iron at up to 110 °C", "Bügeln bis 110 °C"),
    "WP": Text("czyścić wilgotną ściereczką", "wipe with a damp cloth", "feucht abwischen"),
}

SIZES: dict[str, tuple[str, ...]] = {
    "letters": ("XS", "S", "M", "L", "XL", "XXL"),
    "women": ("34", "36", "38", "40", "42", "44"),
    "men": ("30", "31", "32", "33", "34", "36"),
    "collar": ("38", "39", "40", "41", "42", "43"),
    "kids": ("98", "104", "110", "116", "122", "128", "134", "140"),
    "baby": ("56", "62", "68", "74", "80", "86"),
    "shoes-women": ("36", "37", "38", "39", "40", "41"),
    "shoes-men": ("40", "41", "42", "43", "44", "45"),
    "shoes-kids": ("24", "26", "28", "30", "32", "34"),
    "socks": ("36-38", "39-41", "42-44"),
    "belts": ("85", "95", "105"),
    "one": ("ONE",),
}

FEATURES: dict[str, tuple[Text, ...]] = {
    "clothes": (
        Text("w paski", "with stripes", "mit Streifen"),
        Text("w kratę", "with checks", "mit Karomuster"),
        Text("w kropki", "with dots", "mit Punkten"),
        Text("z kieszeniami", "with pockets", "mit Taschen"),
        Text("z haftem", "with embroidery", "mit Stickerei"),
        Text("oversize", "oversized", "Oversize"),
        Text("slim", "slim", "Slim"),
        Text("basic", "basic", "Basic"),
        Text("premium", "premium", "Premium"),
    ),
    "warm": (
        Text("z kapturem", "with hood", "mit Kapuze"),
        Text("z podszewką", "with lining", "mit Futter"),
        Text("z kieszeniami", "with pockets", "mit Taschen"),
        Text("oversize", "oversized", "Oversize"),
        Text("premium", "premium", "Premium"),
    ),
    "shoes": (
        Text("na co dzień", "for every day", "für jeden Tag"),
        Text("na grubej podeszwie", "with thick sole", "mit dicker Sohle"),
        Text("comfort", "comfort", "Comfort"),
        Text("premium", "premium", "Premium"),
    ),
    "plain": (
        Text("classic", "classic", "Classic"),
        Text("premium", "premium", "Premium"),
        Text("mini", "mini", "Mini"),
        Text("basic", "basic", "Basic"),
    ),
}

MODELS = (
    "Ada", "Alba", "Amber", "Aster", "Baltic", "Basia", "Bora", "Breza", "Cedr", "Dalia", "Dora",
    "Elba", "Ema", "Fala", "Flora", "Gaja", "Hela", "Iga", "Inka", "Iris", "Jantar", "Jura", "Kaja",
    "Kalina", "Klara", "Lena", "Lido", "Luna", "Maja", "Malwa", "Mila", "Mira", "Nela", "Nord",
    "Olza", "Orla", "Pola", "Rega", "Roma", "Sawa", "Sola", "Tara", "Tosca", "Una", "Vera", "Wanda",
    "Warta", "Wera", "Zora", "Zula",
)  # fmt: skip

BRANDS = ("LIPOWA", "LIPOWA PREMIUM", "LIPOWA BASIC", "TRAKT", "KRĘTA 17")

ORIGINS = ("PL", "PT", "TR", "IT", "BD", "LT", "RO", "CN", "VN")

_WOMEN = Text("Kobiety", "Women", "Damen")
_MEN = Text("Mężczyźni", "Men", "Herren")
_KIDS = Text("Dzieci", "Kids", "Kinder")
_SHOES = Text("Obuwie", "Shoes", "Schuhe")
_EXTRAS = Text("Akcesoria", "Accessories", "Accessoires")

CATEGORIES = (
    Category("10", _WOMEN),
    Category(
        "1010", Text("Sukienki", "Dresses", "Kleider"),
        (Text("Sukienka midi", "Midi dress", "Midikleid"),
         Text("Sukienka koszulowa", "Shirt dress", "Hemdblusenkleid"),
         Text("Sukienka maxi", "Maxi dress", "Maxikleid")),
        "clothes", "women", ("VI 100", "CO 95;EA 5", "LI 55;CO 45"), (12999, 34999), 380, 12,
    ),
    Category(
        "1020", Text("Bluzki i koszule", "Blouses and shirts", "Blusen und Hemden"),
        (Text("Bluzka", "Blouse", "Bluse"), Text("Koszula damska", "Women's shirt", "Damenhemd")),
        "clothes", "women", ("VI 100", "CO 100", "PES 100"), (7999, 19999), 210, 9,
    ),
    Category(
        "1030", Text("T-shirty damskie", "Women's T-shirts", "Damen-T-Shirts"),
        (Text("T-shirt damski", "Women's T-shirt", "Damen-T-Shirt"), Text("Top", "Top", "Top")),
        "clothes", "letters", ("CO 100", "CO 95;EA 5"), (2999, 8999), 150, 10,
    ),
    Category(
        "1040", Text("Spodnie damskie", "Women's trousers", "Damenhosen"),
        (Text("Spodnie damskie", "Women's trousers", "Damenhose"),
         Text("Kuloty", "Culottes", "Culotte")),
        "clothes", "women", ("CO 98;EA 2", "PES 64;VI 32;EA 4"), (9999, 22999), 420, 8,
    ),
    Category(
        "1050", Text("Jeansy damskie", "Women's jeans", "Damenjeans"),
        (Text("Jeansy damskie", "Women's jeans", "Damenjeans"),),
        "clothes", "women", ("CO 99;EA 1",), (12999, 24999), 620, 5,
    ),
    Category(
        "1060", Text("Swetry damskie", "Women's knitwear", "Damenstrick"),
        (Text("Sweter damski", "Women's jumper", "Damenpullover"),
         Text("Kardigan", "Cardigan", "Cardigan")),
        "warm", "letters", ("WO 70;PA 30", "CO 100", "PC 60;PA 40"), (11999, 29999), 450, 7,
    ),
    Category(
        "1070", Text("Płaszcze i kurtki damskie", "Women's coats", "Damenmäntel"),
        (Text("Płaszcz damski", "Women's coat", "Damenmantel"),
         Text("Kurtka damska", "Women's jacket", "Damenjacke")),
        "warm", "women", ("WO 70;PES 30", "PES 100"), (24999, 79999), 1350, 5,
    ),
    Category(
        "1080", Text("Spódnice", "Skirts", "Röcke"),
        (Text("Spódnica midi", "Midi skirt", "Midirock"),),
        "clothes", "women", ("VI 100", "PES 100"), (8999, 17999), 300, 4,
    ),
    Category("20", _MEN),
    Category(
        "2010", Text("Koszule męskie", "Men's shirts", "Herrenhemden"),
        (Text("Koszula męska", "Men's shirt", "Herrenhemd"),),
        "clothes", "collar", ("CO 100", "LI 100", "CO 97;EA 3"), (9999, 24999), 260, 8,
    ),
    Category(
        "2020", Text("T-shirty i polo", "T-shirts and polos", "T-Shirts und Polos"),
        (Text("T-shirt męski", "Men's T-shirt", "Herren-T-Shirt"),
         Text("Polo", "Polo shirt", "Poloshirt")),
        "clothes", "letters", ("CO 100", "CO 95;EA 5"), (3999, 12999), 190, 9,
    ),
    Category(
        "2030", Text("Spodnie męskie", "Men's trousers", "Herrenhosen"),
        (Text("Chinosy", "Chinos", "Chino"),
         Text("Spodnie męskie", "Men's trousers", "Herrenhose")),
        "clothes", "men", ("CO 98;EA 2",), (11999, 24999), 520, 6,
    ),
    Category(
        "2040", Text("Jeansy męskie", "Men's jeans", "Herrenjeans"),
        (Text("Jeansy męskie", "Men's jeans", "Herrenjeans"),),
        "clothes", "men", ("CO 99;EA 1",), (13999, 27999), 720, 4,
    ),
    Category(
        "2050", Text("Swetry męskie", "Men's knitwear", "Herrenstrick"),
        (Text("Sweter męski", "Men's jumper", "Herrenpullover"),
         Text("Bluza", "Sweatshirt", "Sweatshirt")),
        "warm", "letters", ("WO 80;PA 20", "CO 80;PES 20"), (12999, 29999), 560, 6,
    ),
    Category(
        "2060", Text("Kurtki męskie", "Men's jackets", "Herrenjacken"),
        (Text("Kurtka męska", "Men's jacket", "Herrenjacke"),
         Text("Parka", "Parka", "Parka")),
        "warm", "letters", ("PES 100", "PA 100"), (24999, 69999), 1200, 4,
    ),
    Category("30", _KIDS),
    Category(
        "3010", Text("Bluzki dziecięce", "Kids' tops", "Kinderoberteile"),
        (Text("Koszulka dziecięca", "Kids' T-shirt", "Kinder-T-Shirt"),
         Text("Bluza dziecięca", "Kids' sweatshirt", "Kindersweatshirt")),
        "clothes", "kids", ("CO 100", "CO 80;PES 20"), (2499, 7999), 140, 7,
    ),
    Category(
        "3020", Text("Spodnie dziecięce", "Kids' trousers", "Kinderhosen"),
        (Text("Legginsy dziecięce", "Kids' leggings", "Kinderleggings"),
         Text("Spodnie dziecięce", "Kids' trousers", "Kinderhose")),
        "clothes", "kids", ("CO 95;EA 5",), (2999, 8999), 210, 5,
    ),
    Category(
        "3030", Text("Kurtki dziecięce", "Kids' jackets", "Kinderjacken"),
        (Text("Kurtka dziecięca", "Kids' jacket", "Kinderjacke"),),
        "warm", "kids", ("PES 100",), (12999, 24999), 640, 3,
    ),
    Category(
        "3040", Text("Niemowlęta", "Baby", "Baby"),
        (Text("Body niemowlęce", "Baby bodysuit", "Babybody"),
         Text("Pajacyk", "Sleepsuit", "Strampler")),
        "clothes", "baby", ("CO 100",), (2499, 6999), 90, 4,
    ),
    Category("40", _SHOES),
    Category(
        "4010", Text("Obuwie damskie", "Women's shoes", "Damenschuhe"),
        (Text("Botki", "Ankle boots", "Stiefeletten"), Text("Baleriny", "Ballerinas", "Ballerinas"),
         Text("Sneakersy damskie", "Women's trainers", "Damensneaker")),
        "shoes", "shoes-women", ("LE 100", "PU 100"), (14999, 44999), 780, 6,
    ),
    Category(
        "4020", Text("Obuwie męskie", "Men's shoes", "Herrenschuhe"),
        (Text("Półbuty", "Derby shoes", "Derbyschuhe"),
         Text("Sneakersy męskie", "Men's trainers", "Herrensneaker")),
        "shoes", "shoes-men", ("LE 100", "PU 60;PES 40"), (17999, 49999), 960, 4,
    ),
    Category(
        "4030", Text("Obuwie dziecięce", "Kids' shoes", "Kinderschuhe"),
        (Text("Trzewiki dziecięce", "Kids' boots", "Kinderstiefel"),),
        "shoes", "shoes-kids", ("PU 100", "LE 100"), (9999, 19999), 420, 3,
    ),
    Category("50", _EXTRAS),
    Category(
        "5010", Text("Torebki", "Bags", "Taschen"),
        (Text("Torebka", "Handbag", "Handtasche"), Text("Plecak", "Backpack", "Rucksack")),
        "plain", "one", ("LE 100", "PU 100"), (9999, 49999), 650, 5,
    ),
    Category(
        "5020", Text("Szaliki i czapki", "Scarves and hats", "Schals und Mützen"),
        (Text("Szalik", "Scarf", "Schal"), Text("Czapka", "Beanie", "Mütze")),
        "plain", "one", ("WO 100", "PC 100"), (3999, 14999), 120, 5,
    ),
    Category(
        "5030", Text("Paski", "Belts", "Gürtel"),
        (Text("Pasek", "Belt", "Gürtel"),),
        "plain", "belts", ("LE 100",), (5999, 15999), 180, 3,
    ),
    Category(
        "5040", Text("Skarpety", "Socks", "Socken"),
        (Text("Skarpety", "Socks", "Socken"),),
        "plain", "socks", ("CO 78;PA 20;EA 2",), (1499, 3999), 50, 5,
    ),
    Category(
        "5050", Text("Wyroby uciskowe", "Compression hosiery", "Kompressionsstrümpfe"),
        (Text("Podkolanówki uciskowe", "Compression socks", "Kompressionsstrümpfe"),),
        "plain", "socks", ("PA 72;EA 28",), (8999, 14999), 60, 2, "MEDICAL",
    ),
    Category(
        "5060", Text("Opakowania", "Gift wrapping", "Geschenkverpackung"),
        (Text("Torba prezentowa", "Gift bag", "Geschenktüte"),),
        "plain", "one", ("KR 100",), (499, 999), 40, 1, "STANDARD", 10,
    ),
)  # fmt: skip
