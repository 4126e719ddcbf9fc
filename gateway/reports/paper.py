"""Type for print: fonts that travel with the file, letters they lack, lines that fit. Draws no page."""

from __future__ import annotations

import unicodedata
from functools import cache

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

# They come with reportlab and are embedded: what is printed in ten years looks as it does today.
PLAIN, BOLD = "Vera", "VeraBd"
LACKING = "letters that this print's font lacks stand without their marks, or as [U+…]; CSV and JSON have them"


@cache
def _letters() -> frozenset[int]:
    """Registers the fonts, and says which letters they have."""
    for name in (PLAIN, BOLD):
        pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
    return frozenset(pdfmetrics.getFont(PLAIN).face.charToGlyph)


def printable(text: str) -> str:
    """The text in letters that the font has."""
    known = _letters()
    if all(ord(letter) in known for letter in text):
        return text
    return "".join(_printable(letter, known) for letter in unicodedata.normalize("NFC", text))


def lacks(text: str) -> bool:
    """Whether something of it cannot be printed as it is."""
    return printable(text) != text


def _printable(letter: str, known: frozenset[int]) -> str:
    if ord(letter) in known:
        return letter
    if letter.isspace() or unicodedata.category(letter) == "Cc":
        return " "
    bare = unicodedata.normalize("NFD", letter)[0]
    return bare if ord(bare) in known else f"[U+{ord(letter):04X}]"


_WIDTHS: dict[str, dict[str, float]] = {PLAIN: {}, BOLD: {}}


def width(text: str, font: str, size: float) -> float:
    """In points. Letter by letter from a table: reportlab's own way takes five times as long."""
    table = _WIDTHS[font]
    total = 0.0
    for letter in text:
        known = table.get(letter)
        if known is None:
            _letters()
            known = table[letter] = pdfmetrics.stringWidth(letter, font, 1000)
        total += known
    return total * size / 1000


def wrapped(text: str, font: str, size: float, room: float) -> list[str]:
    """The text as lines no wider than `room`; a word that is wider is broken."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}" if line else word
            if width(longer, font, size) <= room:
                line = longer
                continue
            if line:
                lines.append(line)
            *whole, line = _pieces(word, font, size, room)
            lines += whole
        lines.append(line)
    return lines


def _pieces(word: str, font: str, size: float, room: float) -> list[str]:
    pieces, piece = [], ""
    for letter in word:
        if piece and width(piece + letter, font, size) > room:
            pieces.append(piece)
            piece = ""
        piece += letter
    return [*pieces, piece]
