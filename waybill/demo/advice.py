"""What the demo tells a newcomer to try, with real names, times and a real credential. Starts nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from contract.clock import Clock
from contract.times import format_instant
from firmware_bridge.sim.polyline import Place
from waybill.demo.records import DemoDay, DemoVan
from waybill.demo.registers import SPARE_DEVICE, SPARE_VEHICLE


class Publisher(msgspec.Struct, frozen=True, kw_only=True):
    """How a reader's own fixes reach the broker; `program` is mosquitto_pub, quoted for a shell."""

    program: str
    host: str
    port: int
    password: str


def things_to_try(day: DemoDay, clock: Clock, dashboard: str | None, run: str, order_no: str | None) -> list[str]:
    """Lines for the terminal; `run` is the command that reaches this demo, such as ./run."""
    lines = [] if dashboard is None else [f"Open the map: {dashboard}"]
    roles = (("late", "is late: its windows are missed"), ("silent", "is silent: its receiver says nothing"))
    for role, words in roles:
        van = _with_role(day, role)
        if van is not None:
            lines.append(f"Find {van.vehicle}, which {words}.")
    if order_no is not None:
        lines.append(f"Search order {order_no} and see how its day went.")
        lines.append(f"See what its customer sees: {run} order link {order_no}")
    van = _with_role(day, "late") or day.vans[0]
    to_at = clock.now()
    lines.append(f"{run} status")
    lines.append(
        f"{run} history --vehicle {van.vehicle} --from {_second(to_at - timedelta(hours=1))} --to {_second(to_at)} "
        "--format geojson"
    )
    return lines


def ask_the_api(api: str, key: str) -> str:
    """One line for a shell: what the shop's own system sees of its orders."""
    return f"curl -H 'Authorization: Bearer {key}' '{api}/v1/orders?milestone=out_for_delivery&limit=3'"


def move_a_van(publisher: Publisher, clock: Clock, start: Place) -> str:
    """One line for a shell: the spare van goes south-east from `start`, a fix a second for a minute.

    The fix's time is the demo's: shell arithmetic on true time, because the demo's clock is affine. Whole rates
    stay exact; others are rounded to a thousandth, which drifts by less than 4 s in an hour. Its fixes say that they
    are simulated: no receiver took them, and status would warn of real vehicles on the private copy.
    """
    latitude_e6, longitude_e6 = round(start.lat_deg * 1e6), round(start.lon_deg * 1e6)
    origin_s, wall_s = int(clock.origin.timestamp()), int(clock.wall.timestamp())
    rate = round(clock.rate * 1000)
    shown = f"$(({origin_s} + ($(date +%s) - {wall_s}) * {rate} / 1000))"
    topic = f"waybill/v1/{SPARE_DEVICE}/fixes"
    return (
        f"for i in $(seq 60); do {publisher.program} -V 5 -h {publisher.host} -p {publisher.port} -u {SPARE_DEVICE} "
        f"-P {publisher.password} -q 1 -t {topic} "
        f'-m "{{\\"fixed_at\\":\\"$(date -u -d @{shown} +%FT%TZ)\\",'
        f'\\"lat\\":$(({latitude_e6} - 60 * i))e-6,\\"lon\\":$(({longitude_e6} + 90 * i))e-6,'
        f'\\"quality\\":\\"simulated\\"}}"; sleep 1; done'
    )


def spare_sentence() -> str:
    return f"Move {SPARE_VEHICLE} yourself: paste this into another terminal and watch it on the map."


def _with_role(day: DemoDay, role: str) -> DemoVan | None:
    return next((van for van in day.vans if van.role == role), None)


def _second(at: datetime) -> str:
    return format_instant(at.replace(microsecond=0)).replace(".000Z", "Z")
