"""Print: lines that fit, letters the font lacks, every cell of wide tables, and an end at so many rows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from gateway.reports import print_sink
from gateway.reports.columns import Column, Row
from gateway.reports.head import Head, Whose
from gateway.reports.paper import PLAIN, lacks, printable, width, wrapped
from gateway.reports.print_sink import PrintSink
from storage.audit import Actor
from tests.fixtures.pdf_text import pdf_pages

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WHOSE = Whose(
    premises_id=UUID(int=1), code="store", name="Store", address=None, licence_no=None, licence_type=None, tz="UTC",
    profile="plain", profile_version=None, licensee=None, licensee_licence_no=None,
)  # fmt: skip
HEAD = Head(
    report="test", title="A test", report_id=UUID(int=2), whose=WHOSE, filters={}, made_at=NOON,
    made_by=Actor("account", "aino"),
)  # fmt: skip


def printed(folder: Path, columns: list[Column], rows: list[Row]) -> bytes:
    sink = PrintSink()
    sink.begin(HEAD, columns)
    for row in rows:
        sink.take(row)
    sink.end(len(rows), {"kilometres": 3.5})
    sink.draw(folder / "report.pdf", "ab" * 32)
    return (folder / "report.pdf").read_bytes()


@given(st.text(max_size=60), st.floats(min_value=15, max_value=120))
def test_lines_fit_and_lose_nothing(text: str, room: float) -> None:
    shown = printable(text)
    lines = wrapped(shown, PLAIN, 6, room)

    assert all(width(line, PLAIN, 6) <= room or len(line) == 1 for line in lines)
    assert "".join("".join(lines).split()) == "".join(shown.split())


def test_letters_that_the_font_lacks_are_never_left_out() -> None:
    assert printable("Łukasz Müller, Čapek") == "Łukasz Müller, Čapek"
    assert printable("Nguyễn 北\x00") == "Nguyen [U+5317] "
    assert lacks("Nguyễn")
    assert not lacks("Müller")


def test_a_table_wider_than_the_page_stands_in_bands_and_shows_every_cell(tmp_path: Path) -> None:
    columns = [Column(f"column_{n}") for n in range(40)]
    rows = [[f"cell-{n}-of-row-{row}" for n in range(40)] for row in range(30)]

    pages = pdf_pages(printed(tmp_path, columns, rows))

    words = {word for page in pages for word in page.split("\n")}
    assert {cell for row in rows for cell in row} <= words
    assert len(pages) > 1
    assert [f"page {n} of {len(pages)}" in page for n, page in enumerate(pages, 1)] == [True] * len(pages)
    assert all("column 39" in page.replace("\n", " ") for page in pages[:-1])
    assert "30 rows · SHA-256 of their CSV abab" in pages[-1]
    assert "3.5" in pages[-1]


def test_what_all_rows_share_is_said_once_and_what_none_has_is_named(tmp_path: Path) -> None:
    columns = [Column("trip"), Column("order"), Column("note")]

    [page] = pdf_pages(printed(tmp_path, columns, [["T-1", str(n), None] for n in range(5)]))

    assert page.count("T-1") == 1
    assert "not on record in any row\nnote" in page


def test_the_same_report_is_the_same_file(tmp_path: Path) -> None:
    columns, rows = [Column("order")], [["1001"], ["1002"]]

    assert printed(tmp_path, columns, rows) == printed(tmp_path, columns, rows)


def test_print_ends_where_it_would_take_memory_without_end(tmp_path: Path) -> None:
    sink = PrintSink()
    sink.begin(HEAD, [Column("order")])
    for n in range(print_sink.MOST_ROWS):
        sink.take([str(n)])
    assert not sink.full

    sink.take(["one more"])

    assert sink.full
