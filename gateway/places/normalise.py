"""An address as people write it, taken apart and made comparable. Pure: knows no map and no country.

Whatever is done here is done to both sides, to what an order says and to what a map or an earlier order said: a rule
that is wrong for some language then costs nothing, as long as it makes no two different doors equal.
"""

from __future__ import annotations

import re
import unicodedata

import msgspec

# Letters that no decomposition takes apart.
_LETTERS = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\N{LATIN SMALL LETTER DOTLESS I}": "i"}
)
# Kinds of street and their abbreviations; each row is one word afterwards. That Avenue and Avenida become the same does
# no harm: no town has both of one name.
_ALIKE = (
    ("st", "str", "street", "strasse", "saint", "sankt"), ("av", "ave", "avenue", "avenida", "avda", "avd"),
    ("rd", "road"), ("blvd", "bd", "boulevard", "bulevar"), ("dr", "drive"), ("ln", "lane"), ("ct", "court"),
    ("pl", "place", "platz", "plaza", "pza", "praca"), ("sq", "square"), ("hwy", "highway"), ("pkwy", "parkway"),
    ("ter", "terr", "terrace"), ("cir", "circle"), ("rte", "route"), ("r", "rue", "rua"), ("ch", "chemin"),
    ("imp", "impasse"), ("cl", "c", "calle"), ("ctra", "carretera"), ("n", "north"), ("s", "south"), ("e", "east"),
    ("w", "west"), ("ne", "northeast"), ("nw", "northwest"), ("se", "southeast"), ("sw", "southwest"),
    ("1st", "first"), ("2nd", "second"), ("3rd", "third"), ("4th", "fourth"), ("5th", "fifth"), ("6th", "sixth"),
    ("7th", "seventh"), ("8th", "eighth"), ("9th", "ninth"), ("10th", "tenth"), ("mt", "mount"),
)  # fmt: skip
_SHORT = {word: words[0] for words in _ALIKE for word in words}
# Words that say "this part is the street"; where one of _LAST stands, the street's name ends.
_LAST = frozenset(("st", "str", "street", "ave", "avenue", "rd", "road", "blvd", "boulevard", "dr", "drive", "ln",
                   "lane", "ct", "court", "pkwy", "terrace", "way"))  # fmt: skip
_KINDS = _LAST | {"strasse", "av", "avenida", "pl", "place", "platz", "plaza", "sq", "square", "hwy", "highway",
                  "parkway", "ter", "cir", "circle", "rue", "rua", "calle", "via"}  # fmt: skip
_WINDS = frozenset(("n", "s", "e", "w", "ne", "nw", "se", "sw", "north", "south", "east", "west", "northeast",
                    "northwest", "southeast", "southwest"))  # fmt: skip
_KIND_ENDS = ("strasse", "str", "weg", "platz", "gasse", "allee", "straat", "gracht", "laan", "gatan", "vagen", "katu",
              "tie", "polku", "kuja", "kaari", "ranta", "tori", "aukio")  # fmt: skip

_POSTCODE = re.compile(
    r"\b(?:[a-z]{1,2}\d[a-z\d]?\s+\d[a-z]{2}"  # SW1A 2AA
    r"|[a-z]\d[a-z]\s+\d[a-z]\d"  # K1A 0B1
    r"|\d{4}\s+(?!ne\b|nw\b|se\b|sw\b|st\b|rd\b|dr\b|ct\b|ln\b|av\b)[a-z]{2}(?=\s|,|$)"  # 1012 AB
    r"|\d{5}-\d{4})\b"  # 62701-1234
)
_UNIT = re.compile(
    r"(?:\b(?:apartment|apt|appartement|app|unit|suite|ste|flat|room|wohnung|whg|lgh|asunto|as|piso|top|stiege|floor|fl"
    r"|etage)\b\.?\s*(?:nr\.?|no\.?|#)?\s*|#\s*)(\d+[a-z]?|[a-z]\d*)\b"
    r"|\b(\d+)(?:st|nd|rd|th|\.)\s*(?:floor|fl|og|stock|etage|krs|piso)\b"
)
_STAIR_AND_FLAT = re.compile(r"\b(\d+)\s+([a-z])\s+(\d+)$")  # Mannerheimintie 12 A 5
_NUMBER = r"\d+(?!st\b|nd\b|rd\b|th\b)\s?[^\W\d_]{0,3}(?:\s?[-/]\s?\d+\s?[^\W\d_]?)?"
_LAST_NUMBER = re.compile(rf"^(?P<street>.*\D.*?)[\s,]+(?P<number>{_NUMBER})$")
_FIRST_NUMBER = re.compile(
    rf"^(?P<number>{_NUMBER.replace('{0,3}', '{0,1}')})[\s,]+(?P<street>\d+(?:st|nd|rd|th)\b.*|\D.*)$"
)
_MIDDLE_NUMBER = re.compile(r"^(?P<street>\D+?)\s+(?P<number>\d{1,4}[a-z]?)\s+(?P<rest>\d{4,5}\s+\D.*|\D.*)$")
_BARE_NUMBER = re.compile(r"^\d{1,4}\s?[a-z]{0,3}$")
_POSTCODE_DIGITS = 5


class Address(msgspec.Struct, frozen=True):
    """The parts of an address in comparable form. The unit is not part of the door: one stands before the house."""

    street: str
    number: str | None
    unit: str | None
    rest: tuple[str, ...]  # words of town, postcode, country, whatever else, sorted

    @property
    def key(self) -> str:
        """Equal for whatever means the same door."""
        return f"{self.street}|{self.number or ''}|{' '.join(self.rest)}"


def take_apart(text: str) -> Address:
    """The street part is the one with a house number, wherever it stands; a text without any is all street."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("–", "-").replace("—", "-")
    text = re.sub(r"[\n;]+", ",", text)
    aside = [found.group() for found in _POSTCODE.finditer(text)]
    text = _POSTCODE.sub(" ", text)
    unit = next((one or other for one, other in _UNIT.findall(text)), None)
    text = _UNIT.sub(" ", text)
    parts = _joined([part for piece in text.split(",") if (part := " ".join(piece.split()).strip(". "))])
    if not parts:
        return Address("", None, unit, words(*aside))
    place = min(range(len(parts)), key=lambda at: (_doubt(parts[at]), at))
    part, flat = _without_flat(parts[place])
    street, number, more = _street_and_number(part)
    others = [one for at, one in enumerate(parts) if at != place]
    return Address(comparable(street), number, unit or flat, words(*aside, *others, more))


def comparable(text: str) -> str:
    """One form for whatever differs in case, accents, punctuation and usual abbreviations only."""
    return " ".join(_short(word) for word in folded(text.casefold().translate(_LETTERS)).split())


def words(*texts: str) -> tuple[str, ...]:
    """The comparable words of the texts, each once, sorted."""
    return tuple(sorted({word for text in texts for word in comparable(text).split()}))


def folded(text: str) -> str:
    """Without accents, case and punctuation, so that `Rue de l'Eglise` finds `Rue de l'Église`."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[\W_]+", " ", plain).split())


def plain_number(text: str) -> str:
    """A house number as every map and order has it: `12 A` is `12a`."""
    return re.sub(r"\s+", "", text).casefold()


def house_numbers(number: str) -> tuple[str, ...]:
    """The number, then what is nearly the same door: the first of a range, the house without its letter."""
    first = re.split(r"[-/]", number)[0]
    return tuple(dict.fromkeys((number, first, re.sub(r"\D+$", "", first))))


def _short(word: str) -> str:
    word = _SHORT.get(word, word)
    for end in ("strasse", "straat"):
        if word.endswith(end):
            word = word.removesuffix(end) + "str"
    # Müller, Mueller and Muller are one.
    for two, one in (("ae", "a"), ("oe", "o"), ("ue", "u"), ("aa", "a")):
        word = word.replace(two, one)
    return word


def _joined(parts: list[str]) -> list[str]:
    """`Via Roma, 5, Milano` and `5, rue Haute` have the number in a part of its own."""
    made: list[str] = []
    for part in parts:
        before = made[-1] if made else ""
        follows = _BARE_NUMBER.match(part) and not any(letter.isdigit() for letter in before)
        if before and (follows or _BARE_NUMBER.match(before)):
            made[-1] = f"{before} {part}"
        else:
            made.append(part)
    return made


def _doubt(part: str) -> tuple[bool, bool, int]:
    """How little a part looks like the street with its number: the least is taken."""
    street, number, _ = _street_and_number(_without_flat(part)[0])
    names = folded(street).split()
    is_street = any(name in _KINDS or name.endswith(_KIND_ENDS) for name in names)
    if number is None:
        return True, not is_street, 0
    is_postcode = _digits(number) >= _POSTCODE_DIGITS and not is_street
    return is_postcode, not is_street, _digits(number)


def _digits(number: str) -> int:
    """How many digits it begins with."""
    return len(number) - len(number.lstrip("0123456789"))


def _without_flat(part: str) -> tuple[str, str | None]:
    found = _STAIR_AND_FLAT.search(part)
    return (part, None) if found is None else (f"{part[: found.start()]}{found[1]}{found[2]}", found[3])


def _street_and_number(part: str) -> tuple[str, str | None, str]:
    """Street, number and what stands behind them in one part."""
    last, first = _LAST_NUMBER.match(part), _FIRST_NUMBER.match(part)
    if last and not (first and _digits(last["number"]) >= _POSTCODE_DIGITS):
        return last["street"], plain_number(last["number"]), ""
    if first:
        street, more = _cut_behind_kind(first["street"])
        return street, plain_number(first["number"]), more
    if found := _MIDDLE_NUMBER.match(part):
        return found["street"], plain_number(found["number"]), found["rest"]
    return part, None, ""


def _cut_behind_kind(text: str) -> tuple[str, str]:
    """`main st springfield il` is a street and a town, when nobody set a comma between."""
    names = text.split()
    for at, name in enumerate(names[1:], 1):
        if name.strip(".") in _LAST:
            end = at + 2 if at + 1 < len(names) and names[at + 1].strip(".") in _WINDS else at + 1
            return " ".join(names[:end]), " ".join(names[end:])
    return text, ""
