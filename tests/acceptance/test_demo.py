"""The demo as a newcomer runs it: real processes, real kills, Ctrl-C. Looks at no page (tests/browser does)."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.demo import DemoProcess, alive, table_of
from tests.fixtures.gateway import eventually

StartDemo = Callable[..., DemoProcess]
UP_WITHIN_S = 20.0  # what the issue promises for a second start; see test_a_second_start below
STOPPED_WITHIN_S = 10.0


def stored_fixes(demo: DemoProcess) -> int:
    with demo.connect() as connection:
        row = connection.execute("SELECT count(*) FROM waybill.fix").fetchone()
    assert row is not None
    return int(row[0])


def assert_reckoned(demo: DemoProcess, vehicles: int) -> None:
    """Exit code 0, and a table in which every number given is stored."""
    assert demo.finish() == 0, demo.said
    table = table_of(demo.said)
    assert set(table) == {"all", *(f"gps-{number:02d}" for number in range(1, vehicles + 1))}
    for row in table.values():
        assert (row.fixes + row.rejects, row.missing, row.extra) == (row.spooled, "0", "0"), demo.said
        assert row.spooled > 0
    delivered = re.search(r"(\d+) delivered", demo.said)
    assert delivered is not None
    assert int(delivered[1]) >= 3


def test_a_timed_demo_stores_every_number_and_the_next_start_goes_on(start_demo: StartDemo) -> None:
    first = start_demo("--headless", "--for", "5", "--vehicles", "3")
    assert_reckoned(first, 3)
    day = next(line for line in first.lines if line.startswith("the day "))

    second = start_demo("--headless", "--for", "5", data_dir=first.data_dir)

    ready = second.wait_for(r"^ready after ([\d.]+) s")
    kept = stored_fixes(second)
    assert_reckoned(second, 3)
    assert day in second.lines
    assert kept >= table_of(first.said)["all"].fixes
    assert table_of(second.said)["all"].spooled >= table_of(first.said)["all"].spooled
    # The promise is for a machine of its own; what this one was doing beside it is not known.
    assert float(ready.split()[2]) < UP_WITHIN_S * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


@pytest.mark.parametrize("when", [r"^the hours so far", r"^ready after"], ids=["past", "present"])
def test_kills_of_gateway_broker_and_database_lose_nothing(start_demo: StartDemo, when: str) -> None:
    demo = start_demo("--headless", "--for", "20", "--vehicles", "3")
    demo.wait_for(when)

    for name in ("gateway", "broker", "database"):
        before = demo.processes()[name]
        assert before.pid is not None
        os.kill(before.pid, signal.SIGKILL)
        eventually(lambda name=name, before=before: demo.processes()[name].restarts > before.restarts, 60)

    assert_reckoned(demo, 3)


def test_ctrl_c_ends_one_demo_and_leaves_the_one_beside_it(start_demo: StartDemo) -> None:
    left, right = start_demo("--vehicles", "1"), start_demo("--vehicles", "1")
    for demo in (left, right):
        demo.wait_for("^Ctrl-C stops")
    ending, staying = left.family(), right.family()
    assert len(ending) >= 7  # itself, database and its processes, broker, gateway, worker, api, dashboard, fleet

    took_s = left.interrupt()

    assert left.process.returncode == 0, left.said
    assert took_s < STOPPED_WITHIN_S
    assert alive(ending) == []
    # Servers' own children (a database session) may have come and gone; those that were started have not.
    started = {one.pid for one in right.processes().values()} | {right.process.pid}
    assert started <= set(alive(staying))
    addresses = [next(line for line in demo.lines if line.startswith("dashboard ")) for demo in (left, right)]
    assert addresses[0] != addresses[1]
    assert right.interrupt() < STOPPED_WITHIN_S


def test_ctrl_c_while_it_starts_leaves_nothing(start_demo: StartDemo) -> None:
    demo = start_demo("--vehicles", "1")
    demo.wait_for(r"broker: Mosquitto")
    family = demo.family()

    took_s = demo.interrupt()

    assert took_s < STOPPED_WITHIN_S
    assert alive(family) == []


def test_the_printed_line_moves_the_spare_van(start_demo: StartDemo) -> None:
    demo = start_demo("--vehicles", "1")
    line = demo.wait_for("^for i in ")

    subprocess.run(["sh", "-c", line.replace("seq 60", "seq 2")], check=True, timeout=30)

    query = (
        "SELECT l.fixed_at, l.lat_e7, l.lon_e7 FROM waybill.last_fix l JOIN waybill.device d ON d.id = l.device_id"
        " WHERE d.name = 'gps-99'"
    )
    with demo.connect() as connection:
        assert eventually(lambda: connection.execute(query).fetchone())
        refused = connection.execute("SELECT count(*) FROM waybill.reject").fetchone()
    assert refused == (0,)


def test_fresh_touches_no_folder_that_is_not_a_demos(tmp_path: Path, start_demo: StartDemo) -> None:
    (tmp_path / "thesis.txt").write_text("four years of work", encoding="utf-8")

    demo = start_demo("--fresh", data_dir=tmp_path)

    assert demo.finish() == 1
    assert "is not a demo's and --fresh deletes nothing in it" in demo.said
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
