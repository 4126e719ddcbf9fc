"""`waybill retention`: what would be deleted, and deleting it now. Chooses no period: the settings do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from waybill.connections import database
from waybill.invocation import settings_of
from waybill.terminal import note, say, show_json, show_table

if TYPE_CHECKING:
    from storage.retention import ClassPlan

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]

_NAMES = {
    "on_trip": "fixes of trips",
    "off_trip": "fixes off trip",
    "reject": "rejects",
    "business": "orders and trips",
}


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Retention: how long each class of record is kept.")
    group.command(name="plan")(plan)
    group.command(name="run")(run)
    app.add_typer(group, name="retention")


def plan(context: typer.Context, as_json: Json = False) -> None:
    """Per class of record: its age, the oldest, what the next run would delete, what holds keep. Deletes nothing."""
    from storage.holds import holds
    from storage.retention import retention_plan, retention_runs
    from waybill.periods import periods_of

    settings = settings_of(context)
    periods = periods_of(settings)
    with database(settings, "database_retention_url") as connection:
        plans = retention_plan(connection, periods)
    with database(settings) as connection:
        runs = {run.name: run for run in retention_runs(connection)}
        holding = [hold for hold in holds(connection) if hold.released_at is None]
    kept_days = msgspec.structs.asdict(periods)
    if as_json:
        show_json({"periods": kept_days, "plan": plans, "last_runs": list(runs.values()), "holds": holding})
        return
    # A run goes through every class; of fixes off trip only the days that were due leave a mark.
    newest = max((run.ran_at for run in runs.values()), default=None)
    show_plan(plans, kept_days)
    note("Retention never ran." if newest is None else f"Retention last ran {newest:%Y-%m-%d %H:%M} UTC.")
    for hold in holding:
        what = hold.vehicle or "every vehicle"
        note(f"hold {hold.id}: {what} of {hold.premises} since {hold.placed_at:%Y-%m-%d}, {hold.reason}")
    note("Nothing deletes orders and trips yet; the row says how many are older than their age.")


def show_plan(plans: list[ClassPlan], kept_days: dict[str, int]) -> None:
    from waybill.sizes import size

    rows = [
        (
            _NAMES[one.name], f"{kept_days[f'{one.name}_days']} d",
            None if one.oldest is None else f"{one.oldest:%Y-%m-%d}", one.due_rows, one.due_days,
            size(one.due_bytes), one.held_rows,
        )
        for one in plans
    ]  # fmt: skip
    show_table(("class", "kept", "oldest", "due rows", "days", "bytes", "held"), rows)


def run(context: typer.Context) -> None:
    """Deletes now what is due, as the worker does every 6 hours; every deletion leaves an audit event."""
    import psycopg

    from gateway.worker.housekeeping import run_retention
    from waybill.connections import needed
    from waybill.periods import periods_of

    settings = settings_of(context)
    url = needed(settings, "database_retention_url")
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        done = run_retention(connection, periods_of(settings))
    say(
        f"dropped {done.days_dropped} whole days; deleted {done.off_trip_fixes} fixes off trip on {done.off_trip_days} "
        f"days, {done.rejects} rejects"
    )
