"""What the demo's shop sells and to whom: invented names and goods. Chooses nothing."""

from __future__ import annotations

import msgspec

PREMISES_CODE = "demo"
PREMISES_NAME = "Waybill Demo Store"
LICENCE_NO = "DEMO-0001"
TIME_ZONE = "Europe/Helsinki"
OPENS_LOCAL = "09:00"
CLOSES_LOCAL = "21:00"
# A street where no traffic light stands within 150 m and few ways pass: a van that waits near its own premises on
# the way to a door would look like one that came back.
PREMISES_ADDRESS = "Kaisaniementie 5"


class Goods(msgspec.Struct, frozen=True):
    """One thing the shop sells; price in cents."""

    item: str
    category: str
    unit: str
    price_minor: int


# Most of it may be handed to adults only: that is what the ID check at the door is for.
GOODS = (
    Goods("Riesling 0.75 l", "wine", "bottle", 1290),
    Goods("Pinot noir 0.75 l", "wine", "bottle", 1690),
    Goods("Crémant 0.75 l", "wine", "bottle", 1890),
    Goods("Alcohol-free sparkling 0.75 l", "soft drink", "bottle", 890),
    Goods("Lager 6 x 0.33 l", "beer", "pack", 1140),
    Goods("Pale ale 6 x 0.33 l", "beer", "pack", 1560),
    Goods("Dry cider 4 x 0.5 l", "cider", "pack", 1180),
    Goods("Gin 0.5 l", "spirits", "bottle", 2890),
    Goods("Aquavit 0.5 l", "spirits", "bottle", 2490),
    Goods("Nicotine pouches", "nicotine", "tin", 490),
    Goods("Rye bread", "grocery", "piece", 320),
    Goods("Cheese board", "grocery", "piece", 1450),
    Goods("Sparkling water 6 x 0.5 l", "soft drink", "pack", 540),
)
FOR_ADULTS = frozenset({"wine", "beer", "cider", "spirits", "nicotine"})

FIRST_NAMES = (
    "Aino", "Eino", "Helmi", "Oliver", "Sofia", "Väinö", "Lilja", "Onni", "Aava", "Leo", "Venla", "Eetu", "Saga",
    "Noah", "Iida", "Toivo", "Elsa", "Hugo", "Kerttu", "Arvo", "Siiri", "Otso", "Alma", "Niilo", "Hilla", "Veikko",
)  # fmt: skip
LAST_NAMES = (
    "Korhonen", "Virtanen", "Nieminen", "Mäkelä", "Hämäläinen", "Laine", "Heikkinen", "Koskinen", "Järvinen",
    "Lehtonen", "Saarinen", "Salminen", "Heinonen", "Niemi", "Heikkilä", "Kinnunen", "Salonen", "Turunen", "Laitinen",
    "Tuominen", "Rantanen", "Karjalainen", "Jokinen", "Mattila", "Savolainen", "Lahtinen", "Ahonen",
)  # fmt: skip
NOTES = (
    "Door code on the phone.",
    "Ring twice, the bell is quiet.",
    "Third floor, no lift.",
    "Please call on arrival.",
    "Dog at home, friendly.",
)
MAKES = (
    ("Toyota", "Proace Electric"),
    ("Volkswagen", "ID. Buzz Cargo"),
    ("Mercedes-Benz", "eVito"),
    ("Ford", "E-Transit"),
)
COLOURS = ("white", "silver", "blue", "green")
