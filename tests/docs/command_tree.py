"""The tree of the command line's commands, as Typer sees it. Runs none of them."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from waybill.cli import command_line


def commands() -> dict[str, Any]:
    """Every command by its words after `waybill`, such as `device add`."""
    return dict(_leaves("", typer.main.get_command(command_line())))


def find_command(words: list[str]) -> tuple[Any, list[str]]:
    """The command that `words` lead to, and the words left over for it."""
    command: Any = typer.main.get_command(command_line())
    rest = list(words)
    while isinstance(command, TyperGroup) and rest and rest[0] in command.commands:
        command = command.commands[rest.pop(0)]
    return command, rest


def _leaves(words: str, command: Any) -> list[tuple[str, Any]]:
    if not isinstance(command, TyperGroup):
        return [(words, command)]
    return [leaf for name, inner in command.commands.items() for leaf in _leaves(f"{words} {name}".strip(), inner)]
