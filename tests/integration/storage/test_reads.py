"""What the reader sees through reads: its premises' rows and no others. Draws nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from storage import reads
from storage.reads import OrderFilter, ReadError
from tests.fixtures.database import Database
from tests.fixtures.seed import BARE_VAN, LATE_VAN, SILENT_VAN, WAITING_VAN, Seeded, seed, seed_premises

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def seeded(owner: psycopg.Connection) -> Seeded:
    return seed(owner, NOON)


@pytest.fixture
def reader(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.reader_url) as connection:
        yield connection


def everything(reader: psycopg.Connection) -> list[UUID]:
    return reads.all_premises_ids(reader)


def test_reader_sees_nothing_without_premises(reader: psycopg.Connection, seeded: Seeded) -> None:
    assert reads.fleet(reader, []) == []
    assert reads.premises_list(reader, []) == []
    assert reads.orders(reader, [], OrderFilter(), now=NOON, limit=10) == ([], 0)
    assert reads.order_story(reader, [], "1010", now=NOON, most_points=10) is None
    assert reads.newest_fix_at(reader, []) is None


def test_dispatcher_of_other_premises_sees_nothing_of_ours(
    reader: psycopg.Connection, owner: psycopg.Connection, seeded: Seeded
) -> None:
    theirs = [seed_premises(owner, NOON, "other")]
    trip_id = next(row.trip_id for row in reads.fleet(reader, [seeded.premises_id]) if row.trip_id)

    assert [row.code for row in reads.premises_list(reader, theirs)] == ["other"]
    assert reads.fleet(reader, theirs) == []
    assert reads.trip(reader, theirs, trip_id) is None
    assert reads.order_story(reader, theirs, "1010", now=NOON, most_points=10) is None
    assert reads.vehicle_names(reader, theirs) == []
    assert not list(reads.history(reader, theirs, "van-1", from_at=NOON - timedelta(days=1), to_at=NOON))


def test_premises_are_forgotten_with_the_transaction(reader: psycopg.Connection, seeded: Seeded) -> None:
    reads.fleet(reader, [seeded.premises_id])

    assert reader.execute("SELECT count(*) FROM reading.vehicle").fetchone() == (0,)


def test_reading_within_a_transaction_is_refused(reader: psycopg.Connection, seeded: Seeded) -> None:
    reader.execute("SELECT 1")

    with pytest.raises(ReadError):
        reads.fleet(reader, [seeded.premises_id])


def test_reader_cannot_write(reader: psycopg.Connection, seeded: Seeded) -> None:
    with reads.reading(reader, [seeded.premises_id]), pytest.raises(psycopg.errors.Error):
        reader.execute("UPDATE waybill.vehicle SET name = 'x'")


def test_fleet_has_one_row_per_vehicle_in_natural_order(reader: psycopg.Connection, seeded: Seeded) -> None:
    rows = reads.fleet(reader, everything(reader))

    assert [row.vehicle_name for row in rows] == [f"van-{n}" for n in (*range(1, 9), BARE_VAN)]
    by_name = {row.vehicle_name: row for row in rows}
    assert by_name["van-1"].fixed_at == NOON
    assert by_name["van-1"].crew == "Aino Virtanen"
    assert by_name["van-1"].report_interval_s == 1.0
    assert by_name[f"van-{SILENT_VAN}"].fixed_at == NOON - timedelta(minutes=12)
    assert by_name[f"van-{WAITING_VAN}"].departed_at is None
    assert by_name[f"van-{BARE_VAN}"].device_name is None
    late = by_name[f"van-{LATE_VAN}"]
    assert late.next_window_to is not None
    assert late.next_window_to < NOON
    assert late.drops_done < late.drops


def test_van_10_comes_after_van_9(reader: psycopg.Connection, owner: psycopg.Connection, seeded: Seeded) -> None:
    owner.execute(
        "INSERT INTO waybill.vehicle (id, premises_id, name, created_at)"
        " VALUES (gen_random_uuid(), %s, 'van-10', now())",
        [seeded.premises_id],
    )

    assert reads.fleet(reader, everything(reader))[-1].vehicle_name == "van-10"


def test_trip_comes_with_route_and_drops_in_order(reader: psycopg.Connection, seeded: Seeded) -> None:
    row = reads.fleet(reader, everything(reader))[0]
    assert row.trip_id is not None

    found = reads.trip(reader, everything(reader), row.trip_id)

    assert found is not None
    trip, drops = found
    assert trip.trip_no == "T-0001"
    assert trip.planned_route is not None
    assert len(trip.planned_route) > 20
    assert [drop.seq for drop in drops] == list(range(1, len(drops) + 1))
    assert drops[0].order_no == "1010"


def test_trail_is_thinned_and_leaves_refused_fixes_out(
    reader: psycopg.Connection, owner: psycopg.Connection, seeded: Seeded
) -> None:
    van = seeded.vans[0]
    owner.execute("UPDATE waybill.fix SET refused_by = 'jump' WHERE device_id = %s AND seq %% 2 = 0", [van.device_id])

    points = reads.trail(
        reader, everything(reader), van.vehicle_id, from_at=NOON - timedelta(minutes=10), to_at=NOON, most_points=50
    )

    assert 40 <= len(points) <= 51
    assert points == sorted(points, key=lambda point: point.fixed_at)


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (OrderFilter(text="1031"), ["1031"]),
        (OrderFilter(text="van-3"), ["1030", "1031", "1032", "1033", "1034", "1035"]),
        (OrderFilter(text="t-0004"), ["1040", "1041", "1042", "1043", "1044"]),
        (OrderFilter(text="555 1052"), ["1052"]),
        (OrderFilter(text="100%"), []),
        (OrderFilter(text="_"), []),
        (OrderFilter(text="van-3", milestones=("arriving_soon",)), []),
        (OrderFilter(text="van-3", from_at=NOON + timedelta(days=1)), []),
    ],
)
def test_orders_are_found_by_what_people_type(
    reader: psycopg.Connection, seeded: Seeded, wanted: OrderFilter, numbers: list[str]
) -> None:
    found, total = reads.orders(reader, everything(reader), wanted, now=NOON, limit=50)

    assert sorted(row.order_no for row in found) == numbers
    assert total == len(numbers)


def test_orders_come_in_pages_with_their_total(reader: psycopg.Connection, seeded: Seeded) -> None:
    first, total = reads.orders(reader, everything(reader), OrderFilter(), now=NOON, limit=10)
    second, again = reads.orders(reader, everything(reader), OrderFilter(), now=NOON, limit=10, offset=10)

    assert total == again == len(seeded.orders)
    assert len({row.id for row in [*first, *second]}) == 20
    assert [row.window_from for row in [*first, *second]] == sorted(row.window_from for row in [*first, *second])


def test_late_only_keeps_orders_whose_window_was_missed(reader: psycopg.Connection, seeded: Seeded) -> None:
    found, _ = reads.orders(reader, everything(reader), OrderFilter(late_only=True), now=NOON, limit=50)

    assert {row.vehicle_name for row in found} == {f"van-{LATE_VAN}"}
    assert all(row.late_s and row.late_s > 0 for row in found)


def test_order_story_is_found_by_number_and_by_id(reader: psycopg.Connection, seeded: Seeded) -> None:
    by_number = reads.order_story(reader, everything(reader), "1030", now=NOON, most_points=100)
    by_id = reads.order_story(reader, everything(reader), str(seeded.orders["1030"]), now=NOON, most_points=100)

    assert by_number == by_id
    assert by_number is not None
    assert [row.milestone for row in by_number.milestones][:6] == [
        "received", "accepted", "preparing", "ready", "queued", "out_for_delivery",
    ]  # fmt: skip
    assert [line.line_no for line in by_number.lines] == [1, 2, 3]
    assert len(by_number.legs) == len(by_number.routes) == 1
    leg, route = by_number.legs[0], by_number.routes[0]
    assert len(route) > 10
    assert all(leg.from_at <= point.fixed_at < (leg.to_at or NOON) for point in route)


def test_an_unknown_order_has_no_story(reader: psycopg.Connection, seeded: Seeded) -> None:
    assert reads.order_story(reader, everything(reader), "no-such", now=NOON, most_points=10) is None


def test_history_streams_every_fix_of_the_span(
    reader: psycopg.Connection, owner: psycopg.Connection, seeded: Seeded
) -> None:
    owner.execute("UPDATE waybill.fix SET refused_by = 'jump' WHERE device_id = %s AND seq = 1", [1])
    span = {"from_at": NOON - timedelta(days=1), "to_at": NOON + timedelta(days=1)}

    counting = list(reads.history(reader, everything(reader), "van-1", **span))
    every = list(reads.history(reader, everything(reader), "van-1", **span, refused=True))

    assert len(every) == seeded.vans[0].seq
    assert len(counting) == len(every) - 1
    assert every[0].refused_by == "jump"
    assert [row.seq for row in every] == list(range(1, len(every) + 1))


def test_newest_fix_is_the_fleets_newest(reader: psycopg.Connection, seeded: Seeded) -> None:
    assert reads.newest_fix_at(reader, everything(reader)) == NOON
