"""The command line `waybill`: global options, sub-commands, errors as one clear line. Does no work itself."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from waybill.invocation import Invocation

# In the order in which `waybill --help` lists them; each module's `register(app)` adds its commands.
_MODULES = (
    "demo",
    "test",
    "parts",
    "bridge",
    "simulate",
    "map",
    "decode",
    "detect",
    "record",
    "up",
    "status",
    "history",
    "report",
    "rejects",
    "wire",
    "retention",
    "hold",
    "init",
    "user",
    "key",
    "order",
    "address",
    "premises",
    "licensee",
    "vehicle",
    "driver",
    "device",
    "install",
    "document",
    "missing",
    "zone",
    "place",
    "policy",
    "profile",
    "trip",
    "eta",
    "stop",
    "notify",
    "alert",
    "explain",
    "database",
    "broker",
    "backup",
    "restore",
    "alive",
    "settings",
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Waybill: every order's journey is on the record.",
)
_debug = False


def _show_version(*, asked: bool) -> None:
    if asked:
        # Here, because it reads mail headers and zip files: a tenth of the start-up time of every other command.
        from importlib.metadata import version

        typer.echo(f"waybill {version('waybill')}")
        raise typer.Exit


@app.callback()
def _global_options(
    context: typer.Context,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", "-D", help="Folder of the installation, with its waybill.toml.", show_default=False),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error was raised.")] = False,  # noqa: FBT002
    _version: Annotated[  # noqa: FBT002
        bool,
        typer.Option("--version", is_eager=True, callback=lambda asked: _show_version(asked=asked), help="Show it."),
    ] = False,
) -> None:
    global _debug  # noqa: PLW0603 - main() has no other way to learn an option that typer parsed
    _debug = debug
    context.obj = Invocation(data_dir=data_dir, debug=debug)


def command_line() -> typer.Typer:
    """The whole command line with every sub-command."""
    if not app.registered_commands:
        for name in _MODULES:
            module = f"waybill.commands.{name}"
            if find_spec(module) is not None:
                import_module(module).register(app)
    return app


def main() -> None:
    """Runs the command line; every failure is one line on standard error and exit code 1."""
    try:
        command_line()(prog_name="waybill")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our pipe has gone (| head): nothing to tell, and nothing more to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if _debug:
            raise
        typer.echo(f"waybill: {_one_line(error)}", err=True)
        sys.exit(1)


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    if type(error).__module__.partition(".")[0] in _OURS:
        return text
    return f"{type(error).__name__}: {text or 'no message'} (waybill --debug shows where)"


_OURS = frozenset({"contract", "storage", "gateway", "firmware_bridge", "dashboard", "waybill"})
