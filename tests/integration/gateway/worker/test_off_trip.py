"""Fixes off trip and rejects go by their age; what a trip, a hold or doubt keeps stays, and everything is recorded."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import psycopg
import pytest

from contract.clock import true_now
from contract.codec import Reject
from contract.reasons import RejectReason
from gateway.worker.housekeeping import Done, run_retention
from storage.audit import Actor
from storage.holds import HoldScope, add_hold, holds, release_hold
from storage.ids import new_id
from storage.ingest import put_rejects
from storage.retention import ClassPlan, Periods, retention_plan, retention_runs
from tests.fixtures.command_line import Waybill
from tests.fixtures.database import Database
from tests.fixtures.gateway import PREMISES, VAN, register

PERIODS = Periods(on_trip_days=180, off_trip_days=7, reject_days=180, business_days=2557)
WHO = Actor("system", "compliance")
EVERY_MINUTES = 10


def midnight(days_ago: int) -> datetime:
    return true_now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days_ago)


class World(msgspec.Struct):
    """A van with a unit since long ago, at premises with a place."""

    owner: psycopg.Connection
    database: Database
    device_id: int

    def drive(self, days_ago: int, *, shift_s: int = 0, received_at: datetime | None = None) -> None:
        """A fix every 10 minutes from midnight to midnight."""
        for number in range(24 * 60 // EVERY_MINUTES):
            at = midnight(days_ago) + timedelta(minutes=EVERY_MINUTES * number, seconds=shift_s)
            self.owner.execute(
                "INSERT INTO waybill.fix (fixed_at, received_at, seq, device_id, spool_id, lat_e7, lon_e7, replayed,"
                " source) VALUES (%s, %s, %s, %s, 1, 0, 0, false, 'dedicated')",
                [at, received_at or at, number + 1, self.device_id],
            )
        # Else the server counts the last of them up to a second later, and the day is gone through once more.
        self.owner.execute("SELECT pg_stat_force_next_flush()")

    def trip(self, planned: datetime, departed: datetime | None, ended: datetime | None) -> None:
        self.owner.execute(
            "INSERT INTO waybill.trip (id, premises_id, trip_no, vehicle_id, planned_departure_at, departed_at,"
            " ended_at, created_at) VALUES (%(id)s, %(premises)s, %(no)s, %(van)s, %(planned)s, %(departed)s,"
            " %(ended)s, %(planned)s)",
            {"id": new_id(planned), "premises": PREMISES, "no": f"T-{planned:%d}", "van": VAN, "planned": planned,
             "departed": departed, "ended": ended},
        )  # fmt: skip

    def run(self, periods: Periods = PERIODS) -> Done:
        with psycopg.connect(self.database.retention_url, autocommit=True) as connection:
            return run_retention(connection, periods)

    def plan(self, periods: Periods = PERIODS) -> dict[str, ClassPlan]:
        with psycopg.connect(self.database.retention_url) as connection:
            return {one.name: one for one in retention_plan(connection, periods)}

    def hold(self, from_at: datetime, to_at: datetime | None, vehicle_id: str | None = VAN) -> UUID:
        scope = HoldScope(
            premises_id=UUID(PREMISES), vehicle_id=None if vehicle_id is None else UUID(vehicle_id), from_at=from_at,
            to_at=to_at,
        )  # fmt: skip
        with psycopg.connect(self.database.gateway_url) as connection:
            return add_hold(connection, scope, "inspection", WHO, true_now())

    def release(self, hold: UUID) -> bool:
        with psycopg.connect(self.database.gateway_url) as connection:
            return release_hold(connection, hold, "closed", WHO, true_now())

    def kept(self, days_ago: int) -> list[float]:
        """The hours of the day at which fixes are left."""
        rows = self.owner.execute(
            "SELECT fixed_at FROM waybill.fix WHERE fixed_at >= %s AND fixed_at < %s ORDER BY fixed_at",
            [midnight(days_ago), midnight(days_ago - 1)],
        )
        return [round((at - midnight(days_ago)).total_seconds() / 3600, 2) for (at,) in rows]

    def count(self, table: str) -> int:
        row = self.owner.execute(f"SELECT count(*) FROM waybill.{table}").fetchone()
        assert row is not None
        return int(row[0])

    def read(self) -> int:
        """How many fixes of the vehicle somebody finds who may read."""
        with psycopg.connect(self.database.reader_url) as connection:
            connection.execute("SELECT set_config('waybill.premises', %s, true)", [PREMISES])
            row = connection.execute("SELECT count(*) FROM reading.vehicle_fix").fetchone()
        assert row is not None
        return int(row[0])

    def events(self, action: str) -> list[dict[str, object]]:
        rows = self.owner.execute(
            "SELECT after FROM waybill.audit_event WHERE action = %s ORDER BY recorded_at", [action]
        )
        return [after for (after,) in rows]


@pytest.fixture
def world(owner: psycopg.Connection, database: Database) -> World:
    device_id = register(owner, "off-a")
    owner.execute("UPDATE waybill.install SET during = tstzrange('2020-01-01Z', NULL)")
    owner.execute("INSERT INTO waybill.spool (device_id, name) VALUES (%s, '0123456789abcdef')", [device_id])
    return World(owner, database, device_id)


def test_what_was_on_a_trip_stays_with_half_an_hour_around_it_and_the_rest_goes(world: World) -> None:
    world.drive(10)
    world.drive(6)
    day = midnight(10)
    world.trip(day + timedelta(hours=7), day + timedelta(hours=8), day + timedelta(hours=10))

    planned = world.plan()["off_trip"]
    done = world.run()

    left = world.kept(10)
    assert (left[0], left[-1], len(left)) == (7.5, 10.33, 18)
    assert len(world.kept(6)) == 144, "a day younger than 7 days stays as it is"
    assert (done.off_trip_fixes, done.off_trip_days, done.days_dropped) == (126, 1, 0)
    assert (planned.due_rows, planned.due_days, planned.held_rows, planned.oldest) == (126, 1, 0, day)
    assert planned.due_bytes > 0
    [event] = world.events("fixes.off_trip_deleted")
    assert (event["rows"], event["devices"]) == (126, {"off-a": 126})
    assert world.run() == Done(0, 0, 0, 0), "nothing is gone through twice"
    assert world.plan()["off_trip"].due_rows == 0


def test_fixes_that_come_late_are_found_and_wait_a_day(world: World) -> None:
    world.drive(10)
    world.run()
    world.drive(10, shift_s=1, received_at=true_now())
    world.owner.execute("SELECT pg_stat_force_next_flush()")

    first = world.run()
    world.owner.execute("UPDATE waybill.fix SET received_at = received_at - interval '1 day'")
    second = world.run()

    assert (first.off_trip_fixes, first.off_trip_days) == (0, 1)
    assert second.off_trip_fixes == 144
    assert world.kept(10) == []


def test_a_hold_keeps_what_is_off_trip_until_it_is_released(world: World) -> None:
    world.drive(10)
    hold = world.hold(midnight(10) + timedelta(hours=20), None)

    planned = world.plan()["off_trip"]
    world.run()
    held = world.kept(10)
    released, again = world.release(hold), world.release(hold)
    world.run()

    assert (planned.held_rows, len(held), held[0]) == (24, 24, 20)
    assert (released, again) == (True, False)
    assert world.kept(10) == []
    with psycopg.connect(world.database.gateway_url) as gateway:
        [listed] = holds(gateway)
    assert (listed.vehicle, listed.reason, listed.placed_by) == ("van-1", "inspection", "compliance")
    assert listed.released_at is not None
    told = world.owner.execute(
        "SELECT action, actor, reason FROM waybill.audit_event WHERE object_kind = 'hold' ORDER BY recorded_at"
    ).fetchall()
    assert told == [("hold.placed", "compliance", "inspection"), ("hold.released", "compliance", "closed")]


def test_copies_under_a_hold_are_read_until_it_is_released(world: World) -> None:
    world.drive(200)
    hold = world.hold(midnight(200), midnight(199), None)
    world.run()
    copied, read = world.count("held_fix"), world.read()
    # One comes in again, after its day was dropped: it is there twice until the next run, and is read once.
    world.owner.execute("INSERT INTO waybill.fix SELECT * FROM waybill.held_fix ORDER BY fixed_at LIMIT 1")
    again = world.read()
    world.release(hold)
    world.run()

    assert (copied, read, again) == (144, 144, 144)
    assert (world.count("held_fix"), world.count("fix"), world.read()) == (0, 0, 0)
    assert [event["copies_deleted"] for event in world.events("fixes.dropped")] == [0, 144]


def test_doubt_keeps(world: World) -> None:
    """A trip that was planned and never seen to depart, one without an end, and premises without a place."""
    for days_ago in (13, 12, 10, 9):
        world.drive(days_ago)
    world.trip(midnight(13) + timedelta(hours=12), None, None)
    world.trip(midnight(10) + timedelta(hours=12), midnight(10) + timedelta(hours=12), None)

    world.run()

    assert (world.kept(13)[0], world.kept(12)[-1]) == (11.5, 11.83)
    assert (world.kept(10)[0], len(world.kept(9))) == (11.5, 144)

    world.drive(20)
    world.owner.execute("UPDATE waybill.premises SET lat_e7 = NULL, lon_e7 = NULL")
    assert world.plan()["off_trip"].due_rows == 0
    world.run()
    assert len(world.kept(20)) == 144


def test_with_0_days_they_go_the_day_after(world: World) -> None:
    world.drive(0)
    world.drive(2)

    world.run(msgspec.structs.replace(PERIODS, off_trip_days=0))

    assert (len(world.kept(0)), world.kept(2)) == (144, [])


def test_a_unit_that_is_fitted_nowhere_has_no_trips(world: World) -> None:
    world.owner.execute("DELETE FROM waybill.install")
    world.drive(10)

    assert world.run().off_trip_fixes == 144


def test_rejects_go_by_their_age_except_those_of_a_held_device(world: World) -> None:
    for device in ("off-a", "off-b"):
        for days_ago in (200, 100):
            made = Reject(device=device, reason=RejectReason.UNREADABLE, detail="not JSON", raw=b"?")
            put_rejects(world.owner, [(made, f"waybill/v1/{device}/fixes")], midnight(days_ago))
    world.hold(midnight(201), midnight(199))

    planned = world.plan()["reject"]
    done = world.run()

    assert (planned.due_rows, planned.held_rows, done.rejects) == (1, 1, 1)
    left = world.owner.execute("SELECT device_name FROM waybill.reject ORDER BY received_at, device_name").fetchall()
    assert left == [("off-a",), ("off-a",), ("off-b",)]
    assert [event["rows"] for event in world.events("rejects.deleted")] == [1]
    with pytest.raises(psycopg.errors.RaiseException, match="floor for rejects is 30"):
        world.run(msgspec.structs.replace(PERIODS, reject_days=29))


def test_the_last_run_is_remembered_per_class(world: World) -> None:
    world.drive(10)
    before = true_now() - timedelta(seconds=5)
    world.run()

    with psycopg.connect(world.database.gateway_url) as connection:
        runs = {run.name: run for run in retention_runs(connection)}

    assert set(runs) == {"on_trip", "off_trip", "reject"}
    assert runs["off_trip"].rows == 144
    assert all(run.ran_at > before for run in runs.values())


@pytest.mark.parametrize(
    "attack",
    [
        "SELECT waybill.delete_off_trip_day(0, '-infinity', gen_random_uuid())",
        "SELECT waybill.delete_old_rejects(30, gen_random_uuid())",
        "DELETE FROM waybill.legal_hold",
        "UPDATE waybill.legal_hold SET during = 'empty'",
        "DELETE FROM waybill.retention_run",
        "INSERT INTO waybill.off_trip_day VALUES ('2026-01-01Z', 0, false)",
    ],
)
def test_the_gateway_neither_deletes_nor_forgets(database: Database, attack: str) -> None:
    with psycopg.connect(database.gateway_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(attack)


def test_an_operator_previews_holds_and_runs(world: World, waybill: Waybill) -> None:
    world.drive(10)
    world.drive(200)

    since = f"{midnight(10):%Y-%m-%dT00:00:00Z}"
    added = waybill("hold", "add", "--vehicle", "van-1", "--from", since, "--reason", "inspection")
    [hold] = waybill("hold", "list", "--json").json()
    plan = waybill("retention", "plan")
    told = {one["name"]: one for one in waybill("retention", "plan", "--json").json()["plan"]}
    ran = waybill("retention", "run")
    released = waybill("hold", "release", hold["id"], "--reason", "closed")
    again = waybill("hold", "release", hold["id"], "--reason", "closed")
    ran_again = waybill("retention", "run")

    assert hold["id"] in added.out
    assert "van-1 of shop" in plan.err
    assert (told["on_trip"]["due_rows"], told["on_trip"]["due_days"]) == (144, 1)
    assert (told["off_trip"]["due_rows"], told["off_trip"]["held_rows"]) == (0, 144)
    assert ran.out == "dropped 1 whole days; deleted 0 fixes off trip on 1 days, 0 rejects\n"
    assert released.exit_code == 0
    assert "no hold" in again.error
    assert "deleted 144 fixes off trip" in ran_again.out
    assert "--to" in waybill("hold", "add", "--from", "now", "--to", "2 days ago", "--reason", "x").error
