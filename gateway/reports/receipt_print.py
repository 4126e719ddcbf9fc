"""A kept receipt on paper: a sheet of A4, or a strip of 80 mm as receipt printers have it. Words nothing."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from gateway.reports.paper import BOLD, LACKING, PLAIN, lacks, printable, wrapped
from gateway.reports.receipt_words import digest_line, lines, title
from storage.receipts import KeptReceipt

Paper = Literal["pdf", "slip"]


class _Shape(msgspec.Struct, frozen=True):
    wide: float
    high: float | None  # None: as long as it takes
    margin: float
    size: float
    line: float


_SHAPES: dict[Paper, _Shape] = {
    "pdf": _Shape(float(A4[0]), float(A4[1]), 48.0, 10.0, 14.0),
    # Printers of 80 mm rolls print 72 mm of them.
    "slip": _Shape(80.0 * float(mm), None, 4.0 * float(mm), 7.5, 10.0),
}
_SIGNATURE = (180.0, 60.0)  # 600 by 200, the paper that was drawn on


class _Piece(msgspec.Struct, frozen=True):
    """One line, or (without text) the room of the signature."""

    text: str
    font: str
    size: float
    indent: float
    height: float


def print_receipt(kept: KeptReceipt, paper: Paper, language: str) -> bytes:
    """The same receipt makes the same bytes."""
    receipt: dict[str, Any] = msgspec.json.decode(kept.body)
    shape = _SHAPES[paper]
    pieces = _pieces(receipt, kept, shape, language)
    high = shape.high or 2 * shape.margin + sum(one.height for one in pieces)
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(shape.wide, high), invariant=1)
    canvas.setTitle(title(receipt, language))
    canvas.setAuthor(printable(str(receipt["seller"]["legal_name"])))
    y = high - shape.margin
    for one in pieces:
        if y - one.height < shape.margin - 0.01:
            canvas.showPage()
            y = high - shape.margin
        y -= one.height
        if one.text:
            canvas.setFont(one.font, one.size)
            canvas.drawString(shape.margin + one.indent, y + one.size * 0.3, one.text)
        elif kept.signature_png is not None:
            picture = ImageReader(io.BytesIO(kept.signature_png))
            canvas.drawImage(picture, shape.margin + one.indent, y, *_SIGNATURE)
    canvas.showPage()
    canvas.save()
    return file.getvalue()


def _pieces(receipt: Mapping[str, Any], kept: KeptReceipt, shape: _Shape, language: str) -> list[_Piece]:
    heading = shape.size * 1.4
    pieces = _wrapped(title(receipt, language), BOLD, heading, 0.0, shape)
    said = list(lines(receipt, language))
    for one in said:
        pieces += _wrapped(one.text, PLAIN, shape.size, shape.size * 1.5 if one.indented else 0.0, shape)
    if kept.signature_png is not None:
        pieces.append(_Piece("", PLAIN, 0.0, shape.size * 1.5, _SIGNATURE[1]))
    small = shape.size * 0.7
    notes = [f"{digest_line(language)} {kept.sha256}"]
    if any(lacks(one.text) for one in said):
        notes.append(LACKING)
    for note in notes:
        pieces += _wrapped(note, PLAIN, small, 0.0, shape)
    return pieces


def _wrapped(text: str, font: str, size: float, indent: float, shape: _Shape) -> list[_Piece]:
    room = shape.wide - 2 * shape.margin - indent
    height = shape.line * size / shape.size
    return [_Piece(line, font, size, indent, height) for line in wrapped(printable(text), font, size, room)]
