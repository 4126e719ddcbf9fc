"""A password from a file, from standard input or from the person at the terminal. Keeps none."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from waybill.invocation import CommandError
from waybill.terminal import password_asked

PasswordFile = Annotated[
    Path | None, typer.Option(help="File whose first line is the password; - reads it from standard input.")
]


def password_from(file: Path | None, whose: str) -> str:
    """The password that the file's first line holds, or that is asked for."""
    if file is None:
        try:
            return password_asked(f"Password of {whose}")
        except EOFError as error:
            raise CommandError(str(error)) from error
    try:
        text = sys.stdin.readline() if str(file) == "-" else file.read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"--password-file {file}: {error.strerror}") from error
    return text.splitlines()[0] if text else ""
