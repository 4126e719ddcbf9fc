"""What was said before the sub-command, and the settings that follow from it. Runs no command."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

import typer

from waybill.configuration import Loaded, configure
from waybill.settings import Settings


class CommandError(Exception):
    """A command cannot do what was asked; the text says what, where and the way out."""


class Invocation:
    """One call of `waybill`: global options, and the settings, which are loaded when a command asks for them."""

    def __init__(self, *, data_dir: Path | None = None, debug: bool = False) -> None:
        self.data_dir = data_dir
        self.debug = debug

    @cached_property
    def loaded(self) -> Loaded:
        return configure(os.environ, data_dir=self.data_dir)

    @property
    def settings(self) -> Settings:
        return self.loaded.settings


def invocation(context: typer.Context) -> Invocation:
    """The invocation that a command's context belongs to."""
    found = context.find_object(Invocation)
    assert found is not None, "cli.main puts it there"
    return found


def settings_of(context: typer.Context) -> Settings:
    """The settings of the call that a command's context belongs to."""
    return invocation(context).settings
