"""`waybill demo`: a day of deliveries in Helsinki. Holds no work itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from waybill.invocation import CommandError, invocation


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    context: typer.Context,
    vehicles: Annotated[int | None, typer.Option(min=1, max=40, help="How many vans; 8 at first.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed makes another day; 1 at first.")] = None,
    speedup: Annotated[
        float | None, typer.Option(min=0.1, max=600.0, help="How many times as fast as true time; 1 at first.")
    ] = None,
    for_s: Annotated[
        float | None,
        typer.Option("--for", metavar="SECONDS", min=1.0, help="End after so many seconds and check what is stored."),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete the demo in the folder and begin anew.")] = False,
    headless: Annotated[bool, typer.Option("--headless", help="Plain lines only, for scripts.")] = False,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Folder of this demo; two demos need two.", show_default=False)
    ] = None,
) -> None:
    """A fleet in Helsinki on this machine: servers, all parts, simulated vans. A second call goes on."""
    from waybill.demo.calendar import Wishes
    from waybill.demo.run import DemoOptions, run_demo

    folder = _folder(context, data_dir)
    wishes = Wishes(seed=seed, vehicles=vehicles, speedup=speedup)
    options = DemoOptions(
        data_dir=folder, wishes=wishes, fresh=fresh, headless=headless, for_s=for_s, run=_typed(folder)
    )
    raise typer.Exit(run_demo(options))


def _folder(context: typer.Context, named: Path | None) -> Path:
    """The demo's folder. Never that of a waybill.toml which lies about: that may be a real installation's."""
    from waybill.settings import Settings

    before = invocation(context).data_dir
    if named is not None and before is not None and named != before:
        raise CommandError(f"--data-dir is {before} before the word demo and {named} after it; say it once")
    from_environment = os.environ.get("WAYBILL_DATA_DIR")
    chosen = named or before or (Path(from_environment) if from_environment else Settings().data_dir)
    return chosen.resolve()


def _typed(folder: Path) -> str:
    """What reaches this demo from another terminal in the same folder."""
    from waybill.settings import Settings
    from waybill.stack.places import checkout

    run = checkout() / "run"
    program = ("./run" if Path.cwd() == run.parent else str(run)) if run.is_file() else "waybill"
    return program if folder == Settings().data_dir.resolve() else f"{program} --data-dir {folder}"
