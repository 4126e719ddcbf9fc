"""`waybill eta`: how good forecasts were. Computes none."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from waybill.connections import reader
from waybill.instants import instant
from waybill.invocation import settings_of
from waybill.terminal import note, show_json, show_table


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="ETA: how good forecasts were.")
    group.command(name="report")(report)
    app.add_typer(group, name="eta")


def report(
    context: typer.Context,
    by: Annotated[Literal["horizon", "hour", "area"], typer.Option(help="What errors are told apart by.")] = "horizon",
    since: Annotated[str, typer.Option(metavar="TIME", help="Forecasts made since then.")] = "28 days ago",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Errors of forecasts against the true arrivals, and how often the p90 and the late risk were right."""
    from gateway.eta.spread import HORIZONS_S
    from storage.eta_reports import forecast_grades
    from storage.reads import all_premises_ids

    settings = settings_of(context)
    since_at = instant(since, settings.parsed_clock().now(), "--since")
    with reader(settings) as connection:
        found = forecast_grades(connection, all_premises_ids(connection), by, since_at, HORIZONS_S)
    names = {str(n + 1): _ahead(n, HORIZONS_S) for n in range(len(HORIZONS_S))}
    if by != "area":
        found.sort(key=lambda one: int(one.part))
    if as_json:
        show_json(found)
        return
    rows = [
        (names.get(one.part, one.part) if by == "horizon" else one.part, one.drops, one.samples, f"{one.mae_s:.0f} s",
         f"{one.median_s:.0f} s", f"{one.bias_s:+.0f} s", f"{one.p90_share:.0%}", f"{one.said_late:.0%}",
         f"{one.were_late:.0%}")
        for one in found
    ]  # fmt: skip
    heading = {"horizon": "ahead", "hour": "local hour", "area": "area from lat, lon"}[by]
    show_table((heading, "drops", "samples", "mean error", "median", "bias", "by p90", "said late", "were late"), rows)
    if not found:
        note(f"No van has come to a door since {since_at.isoformat()} that was forecast: the worker forecasts them.")


def _ahead(number: int, horizons_s: tuple[float, ...]) -> str:
    low = f"{horizons_s[number] / 60:g}"
    return f"{low} min or more" if number + 1 == len(horizons_s) else f"{low} to {horizons_s[number + 1] / 60:g} min"
