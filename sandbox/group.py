"""The tree of material groups: departments, groups, and what a group divides into."""

from typing import NamedTuple

from sandbox.vocabulary import CATEGORIES, Category, Text


class Group(NamedTuple):
    """A material group. *Shape*: two digits a level, so that a parent's code begins a child's."""

    code: str
    name: Text

    @property
    def parent(self) -> str:
        return self.code[:-2]


# What the kinds of one group are called in the plural, by their English singular.
_PLURALS = {
    "Midi dress": Text("Sukienki midi", "Midi dresses", "Midikleider"),
    "Shirt dress": Text("Sukienki koszulowe", "Shirt dresses", "Hemdblusenkleider"),
    "Maxi dress": Text("Sukienki maxi", "Maxi dresses", "Maxikleider"),
    "Blouse": Text("Bluzki", "Blouses", "Blusen"),
    "Women's shirt": Text("Koszule damskie", "Women's shirts", "Damenhemden"),
    "Women's T-shirt": Text("T-shirty", "T-shirts", "T-Shirts"),
    "Top": Text("Topy", "Tops", "Tops"),
    "Women's trousers": Text("Spodnie", "Trousers", "Hosen"),
    "Culottes": Text("Kuloty", "Culottes", "Culottes"),
    "Women's jumper": Text("Swetry", "Jumpers", "Pullover"),
    "Cardigan": Text("Kardigany", "Cardigans", "Cardigans"),
    "Women's coat": Text("Płaszcze", "Coats", "Mäntel"),
    "Women's jacket": Text("Kurtki", "Jackets", "Jacken"),
    "Men's T-shirt": Text("T-shirty", "T-shirts", "T-Shirts"),
    "Polo shirt": Text("Koszulki polo", "Polo shirts", "Poloshirts"),
    "Chinos": Text("Chinosy", "Chinos", "Chinos"),
    "Men's trousers": Text("Spodnie", "Trousers", "Hosen"),
    "Men's jumper": Text("Swetry", "Jumpers", "Pullover"),
    "Sweatshirt": Text("Bluzy", "Sweatshirts", "Sweatshirts"),
    "Men's jacket": Text("Kurtki", "Jackets", "Jacken"),
    "Parka": Text("Parki", "Parkas", "Parkas"),
    "Kids' T-shirt": Text("Koszulki", "T-shirts", "T-Shirts"),
    "Kids' sweatshirt": Text("Bluzy", "Sweatshirts", "Sweatshirts"),
    "Kids' leggings": Text("Legginsy", "Leggings", "Leggings"),
    "Kids' trousers": Text("Spodnie", "Trousers", "Hosen"),
    "Baby bodysuit": Text("Body", "Bodysuits", "Bodys"),
    "Sleepsuit": Text("Pajacyki", "Sleepsuits", "Strampler"),
    "Ankle boots": Text("Botki", "Ankle boots", "Stiefeletten"),
    "Ballerinas": Text("Baleriny", "Ballerinas", "Ballerinas"),
    "Women's trainers": Text("Sneakersy", "Trainers", "Sneaker"),
    "Derby shoes": Text("Półbuty", "Derby shoes", "Derbyschuhe"),
    "Men's trainers": Text("Sneakersy", "Trainers", "Sneaker"),
    "Handbag": Text("Torebki", "Handbags", "Handtaschen"),
    "Backpack": Text("Plecaki", "Backpacks", "Rucksäcke"),
    "Scarf": Text("Szaliki", "Scarves", "Schals"),
    "Beanie": Text("Czapki", "Beanies", "Mützen"),
}


def group_of(category: Category, noun: int) -> Group:
    """The group that a style of this category and noun belongs to: the lowest there is."""
    if len(category.nouns) < 2:
        return Group(category.code, category.name)
    return Group(f"{category.code}{(noun + 1) * 10}", _PLURALS[category.nouns[noun].en])


def _groups() -> dict[str, Group]:
    found = [Group(category.code, category.name) for category in CATEGORIES]
    found += [
        group_of(category, noun) for category in CATEGORIES for noun in range(len(category.nouns))
    ]
    return {group.code: group for group in sorted(found)}


GROUPS = _groups()
"""All groups by code, parents before their children."""
