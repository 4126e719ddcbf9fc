"""`waybill status` and `waybill rejects`: what runs, what is stored, what is down, by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from contract.clock import true_now
from contract.codec import Reject
from contract.reasons import RejectReason
from storage.ingest import put_rejects
from storage.migrate import known_migrations
from storage.parts import put_part
from storage.retention import put_database_size
from tests.fixtures.command_line import Waybill, caller, settings_of_tests
from tests.fixtures.database import Database
from tests.fixtures.gateway import register
from waybill.stack.broker import Broker
from waybill.stack.process_state import ProcessState, StackState, birth, write_state

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CLOCK = "2026-11-23T12:00:00Z@2020-01-01T00:00:00Z*1e-12"  # as good as standing


@pytest.fixture
def waybill(database: Database, broker: Broker, tmp_path: Path) -> Waybill:
    """Calls `waybill …` where the clock stands at noon and the data folder is empty."""
    more = {"WAYBILL_BROKER_PORT": str(broker.port), "WAYBILL_DATA_DIR": str(tmp_path), "WAYBILL_CLOCK": CLOCK}
    return caller({**settings_of_tests(database), **more})


def _alive(database: Database, *names: str) -> None:
    with psycopg.connect(database.gateway_url) as connection:
        for name in names:
            put_part(connection, name, "0.1.0", true_now(), {"messages": 3})


def _fix(owner: psycopg.Connection, device_id: int, seq: int, at: datetime, refused_by: str | None) -> None:
    owner.execute(
        "INSERT INTO waybill.fix (fixed_at, received_at, seq, device_id, spool_id, lat_e7, lon_e7, replayed, source,"
        " refused_by) VALUES (%s, %s, %s, %s, 1, 0, 0, false, 'dedicated', %s)",
        [at, at, seq, device_id, refused_by],
    )


def test_all_is_well(waybill: Waybill, database: Database) -> None:
    _alive(database, "gateway", "worker", "api")

    answer = waybill("status")

    assert answer.exit_code == 0, answer
    assert "TimescaleDB 2." in answer.out
    assert "apache edition" in answer.out
    assert f"{known_migrations()[-1].name}, up to date" in answer.out
    assert answer.out.rstrip().endswith("All is well.")


def test_what_is_down_is_named(waybill: Waybill, database: Database) -> None:
    _alive(database, "gateway", "worker", "api")
    with psycopg.connect(database.owner_url) as owner:
        owner.execute("UPDATE waybill.part SET seen_at = seen_at - interval '1 minute' WHERE name = 'gateway'")
        owner.execute("DELETE FROM waybill.part WHERE name = 'worker'")

    answer = waybill("status")

    assert answer.exit_code == 1
    down = [line for line in answer.out.splitlines() if line.startswith("DOWN")]
    assert down == ["DOWN: gateway gave no sign of life for 60 s", "DOWN: worker was never seen"]


def test_a_dead_process_of_this_machine_is_named(waybill: Waybill, database: Database, tmp_path: Path) -> None:
    _alive(database, "gateway", "worker", "api")
    mine = birth(1)
    common = {"port": None, "started_at": NOON, "restarts": 2}
    processes = (
        ProcessState(name="gateway", pid=1, born=mine, log="/logs/gateway.log", **common),
        ProcessState(name="dashboard", pid=None, born=None, log="/logs/dashboard.log", **common),
    )
    write_state(tmp_path / "run" / "processes.json", StackState(supervisor=1, born=mine, processes=processes))

    answer = waybill("status")

    assert answer.exit_code == 1
    assert "DOWN: dashboard does not run (log: /logs/dashboard.log)" in answer.out


def test_servers_that_are_away_are_named_without_passwords(waybill: Waybill) -> None:
    url = "postgresql://waybill_gateway:hunter22@127.0.0.1:1/waybill"

    answer = waybill("status", "--json", WAYBILL_DATABASE_URL=url, WAYBILL_BROKER_PORT="1")

    assert answer.exit_code == 1
    assert "database postgresql://waybill_gateway:***@127.0.0.1:1/waybill is not reachable" in answer.out
    assert "Connection refused" in answer.out
    assert "broker 127.0.0.1:1 is not reachable" in answer.out
    assert "hunter22" not in answer.out


def test_when_nothing_runs_it_says_how_to_start(tmp_path: Path) -> None:
    waybill = caller({"WAYBILL_DATA_DIR": str(tmp_path), "WAYBILL_BROKER_PORT": "1"})

    answer = waybill("status")

    assert answer.exit_code == 1
    assert answer.out == (
        f"Waybill is not running in {tmp_path}. Start it: ./run demo (a simulated fleet) or ./run up.\n"
    )


def test_an_old_schema_is_named(empty_database: Database, broker: Broker, tmp_path: Path) -> None:
    waybill = caller(
        {
            **settings_of_tests(empty_database),
            "WAYBILL_DATABASE_URL": empty_database.owner_url,
            "WAYBILL_BROKER_PORT": str(broker.port),
            "WAYBILL_DATA_DIR": str(tmp_path),
        }
    )

    answer = waybill("status")

    assert answer.exit_code == 1
    assert f"DOWN: schema: {len(known_migrations())} pending: run waybill db migrate" in answer.out


def test_devices_show_newest_fix_receipt_and_backlog(waybill: Waybill, database: Database) -> None:
    with psycopg.connect(database.owner_url) as owner:
        device_id = register(owner, "gps-07", name="van-7")
        spool = owner.execute(
            "INSERT INTO waybill.spool (device_id, name) VALUES (%s, 'aa') RETURNING id", [device_id]
        ).fetchone()
        assert spool is not None
        owner.execute(
            "INSERT INTO waybill.device_progress VALUES (%s, %s, '{[1,41),[50,60)}', %s)",
            [spool[0], device_id, NOON - timedelta(seconds=30)],
        )
        owner.execute(
            "INSERT INTO waybill.last_fix (device_id, fixed_at, received_at, seq, lat_e7, lon_e7, replayed)"
            " VALUES (%s, %s, %s, 40, 0, 0, false)",
            [device_id, NOON - timedelta(minutes=3), NOON],
        )
        owner.execute(
            "INSERT INTO waybill.device_status VALUES (%s, %s, 'online', '{\"backlog\": 7}')", [device_id, NOON]
        )
        register(owner, "gps-10", vehicle="01900000-0000-7000-8000-00000000000a", name="van-10")

    answer = waybill("status")

    lines = {line.split()[0]: line.split() for line in answer.out.splitlines() if line.strip().startswith("gps-")}
    assert lines["gps-07"] == ["gps-07", "van-7", "3", "min", "ago", "30", "s", "ago", "40", "online", "7"]
    assert lines["gps-10"] == ["gps-10", "van-10"]


def test_todays_counts_begin_at_the_premises_midnight(waybill: Waybill, database: Database) -> None:
    with psycopg.connect(database.owner_url) as owner:
        device_id = register(owner, "gps-07")
        midnight = datetime(2026, 11, 22, 22, tzinfo=UTC)  # 00:00 in Helsinki
        _fix(owner, device_id, 1, midnight - timedelta(seconds=1), None)
        _fix(owner, device_id, 2, midnight, None)
        _fix(owner, device_id, 3, NOON, "jump")
        reject = Reject(device="gps-99", reason=RejectReason.UNKNOWN_DEVICE, detail="nobody registered it", raw=b"{}")
        put_rejects(owner, [(reject, "waybill/v1/gps-99/fixes")], true_now())
        put_rejects(owner, [(reject, "waybill/v1/gps-99/fixes")], true_now() - timedelta(days=2))

    answer = waybill("status")

    assert "today (Europe/Helsinki): 1 fixes count; refused: 1 jump; rejects: 1 unknown_device" in answer.out


def test_rejects_are_listed_newest_first_in_pages(waybill: Waybill, database: Database) -> None:
    with psycopg.connect(database.owner_url) as owner:
        for number in range(3):
            reject = Reject(
                device="gps-99", reason=RejectReason.INVALID_FIELD, detail="Expected `float` <= 90.0",
                raw=b"\x00\xff", field="lat", value=f"{number}00",
            )  # fmt: skip
            put_rejects(owner, [(reject, "waybill/v1/gps-99/fixes")], NOON)

    asked = ("rejects", "list", "--from", NOON.isoformat(), "--limit", "2")
    first = waybill(*asked, "--json").json()
    second = waybill(*asked, "--before", first[-1]["ref"], "--json").json()
    table = waybill(*asked)
    whole = waybill(*asked[:-1], "3")
    shown = waybill("rejects", "show", first[0]["ref"])
    none = waybill("rejects", "list", "--reason", "unreadable")
    wrong = waybill("rejects", "list", "--reason", "ugly")

    assert [row["value"] for row in (*first, *second)] == ["200", "100", "000"]
    assert {row["place"] for row in (*first, *second)} == {"reject"}
    assert "bytes (2): 00 ff" in shown.out
    assert "remedy: send the field in the type, unit and range" in shown.out
    assert "lat = '200'" in table.out
    assert f"--before {first[-1]['ref']}" in table.err
    assert "--before" not in whole.err
    assert "none like that" in none.err
    assert "--reason 'ugly' must be one of unreadable, invalid_field" in wrong.error


def test_sizes_ages_and_what_retention_did_are_told(waybill: Waybill, database: Database) -> None:
    _alive(database, "gateway", "worker", "api")
    today = true_now().date()
    with psycopg.connect(database.owner_url) as owner:
        device_id = register(owner, "gps-07")
        _fix(owner, device_id, 1, NOON, None)
        put_database_size(owner, today - timedelta(days=2), 1_000_000)
        put_database_size(owner, today, 21_000_000)
        owner.execute(
            "INSERT INTO waybill.retention_run VALUES ('off_trip', %s, 12, 1, 0)", [true_now() - timedelta(hours=3)]
        )

    answer = waybill("status")

    assert answer.exit_code == 0, answer
    assert "10.0 MB a day" in answer.out
    assert "fixes     1 day since 2026-11-23" in answer.out
    assert "retention last ran 3 h ago: off_trip 12 rows" in answer.out


def test_what_somebody_should_look_at_is_a_warning(waybill: Waybill, database: Database) -> None:
    _alive(database, "gateway", "worker", "api")
    now = true_now()
    with psycopg.connect(database.owner_url) as owner:
        for number in (1, 2):
            device_id = register(
                owner, f"gps-0{number}", vehicle=f"01900000-0000-7000-8000-0000000000a{number}", name=f"van-{number}"
            )
            owner.execute(
                "INSERT INTO waybill.last_fix (device_id, fixed_at, received_at, seq, lat_e7, lon_e7, replayed)"
                " VALUES (%s, %s, %s, 1, 0, 0, false)",
                [device_id, NOON + timedelta(seconds=90), now],
            )
            made = Reject(
                device=f"gps-0{number}", reason=RejectReason.TIME_IN_FUTURE, detail="over 10 minutes ahead", raw=b"{}"
            )
            put_rejects(owner, [(made, "waybill/v1/x/fixes")], now)
        owner.execute(
            "INSERT INTO waybill.tracking_state (device_id, state, watermark, failed)"
            " SELECT id, '{}', %s, 'ZeroDivisionError' FROM waybill.device WHERE name = 'gps-01'",
            [now],
        )
        owner.execute("INSERT INTO waybill.retention_run VALUES ('on_trip', %s, 0, 0, 0)", [now - timedelta(days=3)])

    answer = waybill("status")

    warned = [line.removeprefix("warning: ") for line in answer.out.splitlines() if line.startswith("warning")]
    assert answer.exit_code == 0
    assert any(line.startswith("tracking gave up on 1 devices") for line in warned)
    assert any(line.startswith("retention has not run for 72 h") for line in warned)
    assert any(line.startswith("the server's clock seems to be 90 s behind") for line in warned)
    assert any(line.startswith("fixes of 2 devices were rejected as from the future") for line in warned)


def test_a_part_whose_sign_of_life_lies_in_the_future_is_not_taken_for_alive(
    waybill: Waybill, database: Database
) -> None:
    """The clock was set back an hour, and the gateway died before: it must not pass for alive till then."""
    _alive(database, "gateway", "worker", "api")
    with psycopg.connect(database.owner_url) as owner:
        owner.execute("UPDATE waybill.part SET seen_at = seen_at + interval '1 hour' WHERE name = 'gateway'")

    status, alive = waybill("status"), waybill("alive", "gateway")

    assert status.exit_code == 1
    assert "in the future: a clock was set back" in status.out
    assert "a clock was set back" in alive.error
