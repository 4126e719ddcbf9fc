"""Shows tables, JSON and single lines to the person at the terminal. Decides nothing and reads nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

import msgspec


def say(text: str) -> None:
    """One line of result on standard output."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """One line beside the result, on standard error, so that a pipe gets the result alone."""
    sys.stderr.write(text + "\n")


def show_json(value: object) -> None:
    """The value as indented JSON; names and values as the records have them."""
    say(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def show_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table as wide as the terminal; through a pipe as wide as its content, so that nothing is cut."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    console = Console(soft_wrap=False, markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        # Measured without a bound: else it is cut to the 80 columns that a pipe is taken to have.
        unbound = console.options.update(max_width=10_000)
        console.width = max(80, console.measure(table, options=unbound).maximum)
    console.print(table)


def password_asked(what: str) -> str:
    """A password typed twice without being shown."""
    import getpass

    if not sys.stdin.isatty():
        raise EOFError(f"{what}: no terminal to ask at; use --password-file")
    while True:
        first = getpass.getpass(f"{what}: ")
        if getpass.getpass(f"{what}, again: ") == first:
            return first
        note("The two differ; once more.")
