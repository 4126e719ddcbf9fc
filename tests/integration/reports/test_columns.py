"""Every column of every report against the simulator's truth of the day, or against SQL of its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt
from zoneinfo import ZoneInfo

import pytest

from tests.fixtures.reported_day import NOTE, SECOND, ReportedDay
from tests.fixtures.trips import PROOFS
from tests.integration.reports.reading import Rows, ask, rows_of

HELSINKI = ZoneInfo("Europe/Helsinki")
CREW = "Aino Virtanen (E-van-1)"
DAY = "day=2026-11-23"


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Between (lat, lon) in degrees, by the textbook."""
    lat, lon, lat2, lon2 = (radians(value) for value in (*one, *other))
    root = sin((lat2 - lat) / 2) ** 2 + cos(lat) * cos(lat2) * sin((lon2 - lon) / 2) ** 2
    return 2 * 6_371_008.8 * asin(sqrt(root))


def utc(row: dict[str, str], name: str) -> datetime:
    """The instant; its two forms must be the same one, the local one with Helsinki's offset."""
    at, local = datetime.fromisoformat(row[f"{name}_utc"]), datetime.fromisoformat(row[f"{name}_local"])
    assert row[f"{name}_utc"].endswith("Z")
    assert (at, local.utcoffset()) == (local, HELSINKI.utcoffset(local.replace(tzinfo=None)))
    return at


def place(row: dict[str, str]) -> tuple[float, float]:
    return float(row["lat"]), float(row["lon"])


def near(at: datetime, truth: datetime) -> bool:
    """As exact as fixes every two seconds can show it."""
    return abs(at - truth) <= 4 * SECOND


@pytest.fixture(scope="session")
def history(passed: ReportedDay) -> Rows:
    return rows_of(passed.api, f"location-history?vehicle=van-1&{DAY}")


def test_location_history_is_the_drive_and_the_gap_is_told(passed: ReportedDay, history: Rows) -> None:
    times = [utc(row, "time") for row in history]
    seen = [(round(lat * 1e7), round(lon * 1e7)) for lat, lon in map(place, history)]
    [(departed_at, ended_at)] = passed.api.rows(
        "SELECT departed_at, ended_at FROM waybill.trip WHERE trip_no = 'T-0001'"
    )

    assert list(history[0]) == [
        "time_local", "time_utc", "lat", "lon", "accuracy_m", "speed_mps", "heading_deg", "ignition", "device_serial",
        "trip_no", "driver", "gap", "gap_s", "source", "gap_cause",
    ]  # fmt: skip
    every_two = [
        passed.begins_at + n * 2 * SECOND for n in range(int((passed.ends_at - passed.begins_at) / SECOND) // 2)
    ]
    assert times == [at for at in every_two if not passed.dark[0] < at < passed.dark[1]]
    assert seen == [passed.day.truth(1, at) for at in times]
    assert [float(row["speed_mps"]) for row in history] == pytest.approx(
        [passed.day.speed(1, at) for at in times], abs=0.001
    )
    assert [row["trip_no"] for row in history] == ["T-0001" if departed_at <= at < ended_at else "" for at in times]
    assert [row["driver"] for row in history] == [CREW if row["trip_no"] else "" for row in history]
    assert {(row["accuracy_m"], row["heading_deg"], row["ignition"], row["device_serial"], row["source"])
            for row in history} == {("4.25", "", "true", "unit-van-1", "dedicated")}  # fmt: skip
    told = [
        (at, float(row["gap_s"]), row["gap_cause"])
        for at, row in zip(times, history, strict=True)
        if row["gap"] == "true"
    ]
    [(before, after)] = [pair for pair in pairwise(times) if pair[1] - pair[0] > 2 * SECOND]
    assert told == [(after, (after - before).total_seconds(), "no_power")]
    assert [row["gap_s"] for row in history if row["gap"] == "false"] == [""] * (len(history) - 1)


def test_the_summary_of_a_location_history_says_how_much_of_the_day_is_known(
    passed: ReportedDay, history: Rows
) -> None:
    document = ask(passed.api, f"location-history?vehicle=van-1&{DAY}&format=json").json()
    summary = document["summary"]
    times = [utc(row, "time") for row in history]
    [(departed_at, ended_at)] = passed.api.rows(
        "SELECT departed_at, ended_at FROM waybill.trip WHERE trip_no = 'T-0001'"
    )
    [(gap_s,)] = [(float(row["gap_s"]),) for row in history if row["gap_s"]]
    whole = datetime(2026, 11, 23, tzinfo=HELSINKI)
    # The day is not over: up to when the report is made.
    made_at = datetime.fromisoformat(document["report"]["made_at_utc"])
    unseen = times[0] - whole + (made_at - times[-1]) + timedelta(seconds=gap_s)
    steps = [metres(place(one), place(other)) for one, other in pairwise(history) if other["gap"] == "false"]
    over = [metres(place(one), place(other)) for one, other in pairwise(history) if other["gap"] == "true"]

    assert (summary["first_fix_at_utc"], summary["last_fix_at_utc"]) == (
        history[0]["time_utc"],
        history[-1]["time_utc"],
    )
    assert (summary["driven_km"], summary["straight_km_over_gaps"]) == pytest.approx(
        (sum(steps) / 1000, over[0] / 1000), abs=0.01
    )
    assert (summary["gaps"], summary["unseen_s"]) == (1, pytest.approx(unseen.total_seconds(), abs=0.01))
    assert summary["covered_pct"] == pytest.approx(100 * (1 - unseen / (made_at - whole)), abs=0.001)
    assert summary["on_trips_s"] == (ended_at - departed_at).total_seconds()
    assert summary["covered_on_trips_pct"] == pytest.approx(100 * (1 - gap_s / summary["on_trips_s"]), abs=0.001)
    assert (summary["refused_fixes_left_out"], summary["refused_by"]) == (1, "null_island 1")


def test_the_stop_log_has_the_stops_that_were_made(passed: ReportedDay) -> None:
    stops = rows_of(passed.api, "stops?trip=T-0001")
    truth = {order.order_no: order for order in passed.day.of_van(1)}
    at_doors = [row for row in stops if row["orders"]]
    [(changed_at, changed_by)] = passed.api.rows(
        "SELECT date_trunc('milliseconds', given_at), given_by FROM waybill.stop_reason"
    )

    assert [row["seq"] for row in stops] == [str(n) for n in range(1, len(stops) + 1)]
    assert {(row["trip_no"], row["vehicle"], row["driver"]) for row in stops} == {("T-0001", "van-1", CREW)}
    # The first door is missing: the unit had no power there.
    assert [row["orders"] for row in at_doors] == list(truth)[1:]
    for row in at_doors:
        order = truth[row["orders"]]
        assert near(utc(row, "arrived"), order.visit.arrived_at)
        assert near(utc(row, "departed"), order.visit.left_at)
        assert metres(place(row), (order.lat_e7 / 1e7, order.lon_e7 / 1e7)) < 25
        assert row["address"] == order.address
        assert abs(utc(row, "declared") - order.visit.arrived_at) < SECOND / 100
        delta_s = (utc(row, "declared") - utc(row, "arrived")).total_seconds()
        assert float(row["declared_after_arrival_s"]) == pytest.approx(delta_s, abs=0.002)
    for row in stops:
        arrived_at, departed_at = utc(row, "arrived"), utc(row, "departed")
        assert float(row["dwell_s"]) == (departed_at - arrived_at).total_seconds()
        assert passed.day.speed(1, arrived_at + (departed_at - arrived_at) / 2) < 1
        assert row["beside_gap"] == "false"
    said = at_doors[0]
    assert (said["reason"], said["note"], said["permitted"]) == ("OTHER", NOTE, "false")
    assert (said["found_reason"], said["reason_before"]) == ("DELIVERY", "DELIVERY")
    assert (said["reason_given_by"], utc(said, "reason_given")) == (changed_by, changed_at)
    untouched = [row for row in stops if row is not said]
    assert {(row["note"], row["permitted"], row["reason_given_by"], row["reason_given_utc"], row["reason_before"])
            for row in untouched} == {("", "true", "", "", "")}  # fmt: skip
    assert [row["reason"] for row in untouched] == [row["found_reason"] for row in untouched]
    assert {row["reason"] for row in at_doors[1:]} == {"DELIVERY"}
    assert (stops[-1]["reason"], stops[-1]["address"]) == ("RETURN_PREMISES", "Keskuskatu 3")


def test_the_log_of_failed_attempts_says_what_became_of_the_goods(passed: ReportedDay) -> None:
    [order] = [one for one in passed.day.orders if one.fails]
    [row] = rows_of(passed.api, f"failed-attempts?{DAY}")
    at = utc(row, "attempted")
    seen = float(row["vehicle_lat"]), float(row["vehicle_lon"])
    [(ended_at,)] = passed.api.rows(
        "SELECT max(at) FROM waybill.milestone WHERE milestone = 'returned' AND known = 'declared'"
    )

    assert abs(at - (order.visit.left_at - 20 * SECOND)) < SECOND / 100
    assert (row["order_no"], row["attempt_no"], row["outcome"]) == (order.order_no, "1", "failed")
    assert (row["trip_no"], row["vehicle"], row["driver"], row["address"]) == ("T-0001", "van-1", CREW, order.address)
    assert metres(seen, tuple(value / 1e7 for value in passed.day.truth(1, at))) < 1  # type: ignore[arg-type]
    assert float(row["distance_to_address_m"]) == pytest.approx(
        metres(seen, (order.lat_e7 / 1e7, order.lon_e7 / 1e7)), abs=0.6
    )
    assert (row["reason_code"], row["note"], row["contacts"], row["conflict"]) == ("NO_VALID_ID", "", "", "")
    assert {row[name] for name in ("not_intoxicated", "id_valid", "age_ok", "affirmation_text_version")} == {""}
    assert (row["disposition"], utc(row, "returned")) == (
        "RETURNED_TO_PREMISES",
        ended_at.replace(microsecond=ended_at.microsecond // 1000 * 1000),
    )
    assert (row["return_recorded_by"], row["declared_by"], row["told_offline"]) == (
        "account desk",
        "account desk",
        "false",
    )
    assert (row["quantity_returned"], row["quantity_lost"], row["unit"]) == ("1", "", "each")
    assert utc(row, "recorded") is not None


def test_the_log_of_id_checks_has_a_verdict_for_every_handoff(passed: ReportedDay) -> None:
    rows = rows_of(passed.api, f"id-checks?{DAY}")
    checked = {order.order_no: order for order in passed.day.orders}
    verdict = PROOFS["id_check"]

    assert {row["order_no"] for row in rows} == set(checked)
    assert [utc(row, "checked") for row in rows] == sorted(utc(row, "checked") for row in rows)
    for row in rows:
        order = checked[row["order_no"]]
        assert abs(utc(row, "checked") - (order.visit.left_at - 20 * SECOND)) < SECOND / 100
        assert row["result"] == ("NO_VALID_ID" if order.fails else "passed")
        said = {name: row[name] for name in ("id_class", "issuer", "unexpired", "photo_matches", "name_matches",
                                             "over_age", "read_mode")}  # fmt: skip
        given = {
            name: str(verdict[name]).lower() if isinstance(verdict[name], bool) else verdict[name] for name in said
        }
        assert said == (dict.fromkeys(said, "") if order.fails else given)
        assert row["age_checked_against"] == ("" if order.fails else "21")
        assert (row["trip_no"], row["driver"]) == (f"T-000{order.van}", f"Aino Virtanen (E-van-{order.van})")
        assert (row["attempt_no"], row["checked_by"], row["rule"], row["rule_version"]) == (
            "1",
            "account desk",
            "plain",
            "1",
        )
        assert (row["age_threshold"], row["told_offline"]) == ("", "false")


def test_the_ledger_counts_down_with_every_delivery(passed: ReportedDay) -> None:
    rows = rows_of(passed.api, "inventory-ledger?trip=T-0001")
    view = passed.api.rows(
        "SELECT l.kind, o.order_no, l.quantity, l.balance, l.value_aboard_minor, l.at FROM waybill.ledger l"
        " JOIN waybill.orders o ON o.id = l.order_id JOIN waybill.trip t ON t.id = l.trip_id WHERE t.trip_no = 'T-0001'"
        " ORDER BY l.at, l.recorded_at, l.id"
    )
    orders = passed.day.of_van(1)

    assert [(row["movement"], row["order_no"], Decimal(row["quantity"]), Decimal(row["balance"]),
             Decimal(row["value_aboard"]) * 100) for row in rows] == [line[:5] for line in view]  # fmt: skip
    for row, line in zip(rows, view, strict=True):
        assert timedelta() <= line[5] - utc(row, "moved") < SECOND / 1000
    assert [row["movement"] for row in rows] == ["load"] * 6 + ["deliver"] * 5 + ["return"]
    assert [row["phase"] for row in rows] == ["before departure"] * 6 + ["after departure"] * 6
    assert [row["value_aboard"] for row in rows] == [
        f"{17.9 * left:.2f}" for left in (1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1, 0)
    ]  # fmt: skip
    assert [row["order_no"] for row in rows[6:]] == [one.order_no for one in orders if not one.fails] + [
        one.order_no for one in orders if one.fails
    ]
    assert {(row["trip_no"], row["vehicle"], row["plate"], row["driver"], row["line_no"], row["item"], row["unit"],
             row["unit_price"], row["currency"], row["unordered_value"], row["ledger_no"], row["uid"], row["category"],
             row["note"]) for row in rows} == {
        ("T-0001", "van-1", "WAY-101", CREW, "1", "Sauvignon Blanc 2025", "each", "17.90", "EUR", "0.00", *[""] * 4)
    }  # fmt: skip
    assert [row["recorded_by"] for row in rows] == ["account dispatcher"] * 6 + ["account desk"] * 6
    summary = ask(passed.api, "inventory-ledger?trip=T-0001&format=json").json()["summary"]
    assert summary == {"trips": 1, "units_loaded": 6, "units_delivered": 5, "units_returned": 1, "units_lost": 0,
                       "units_transferred": 0, "units_left_aboard": 0}  # fmt: skip


def test_a_correction_has_the_old_value_the_new_one_who_and_why(passed: ReportedDay) -> None:
    rows = rows_of(passed.api, "corrections?day=2026-11-23")
    told = [
        (row["action"], row["object"], row["field"], row["old_value"], row["new_value"]) for row in rows
        if row["action"] != "milestone.corrected"
    ]  # fmt: skip
    events = passed.api.rows(
        "SELECT action, before, after, date_trunc('milliseconds', at) FROM waybill.audit_event WHERE before IS NOT NULL"
        " AND action <> 'order.declared' AND object_kind IN ('order', 'trip', 'stop', 'exception')"
    )  # fmt: skip
    [told_at] = [at for action, _, _, at in events if action == "stop.reason_given"]

    assert ("stop.reason_given", "T-0001", "reason", "DELIVERY", "OTHER") in told
    [said] = [row for row in rows if row["action"] == "stop.reason_given"]
    assert (said["changed_by"], said["reason"], utc(said, "changed")) == ("account aino", NOTE, told_at)
    declared = [one for one in told if one[0] == "trip.declared"]
    assert [(one[1], one[2], one[3][:16], one[4][:16]) for one in declared] == [
        ("T-0002", "declared_departed_at", "", "2026-11-23T12:01"),
        ("T-0002", "declared_departed_at", "2026-11-23T12:01", "2026-11-23T12:02"),
    ]
    expected = [
        (action, field, old, after.get(field)) for action, before, after, _ in events for field, old in before.items()
        if old != after.get(field) and not (action == "trip.declared" and after.get(field) is None)
        and not (action == "trip.derived" and old is None)
    ]  # fmt: skip
    assert sorted((one[0], one[2]) for one in told) == sorted((action, field) for action, field, *_ in expected)
    # Of one trip, of one order: nothing of others.
    assert {row["object"] for row in rows_of(passed.api, "corrections?trip=T-0002")} == {"T-0002"}
    assert rows_of(passed.api, "corrections?order=1001") == []


def test_a_milestone_that_later_data_corrected_stands_with_both_times(passed: ReportedDay) -> None:
    """On an order that nobody else looks at: 1011, of van 2."""
    [(order_no, milestone, at)] = passed.api.rows(
        "WITH told AS (SELECT m.* FROM waybill.milestone m JOIN waybill.orders o ON o.id = m.order_id"
        " WHERE o.order_no = '1011' AND m.milestone = 'arrived' ORDER BY m.at LIMIT 1), kept AS ("
        " INSERT INTO waybill.milestone_correction (id, premises_id, milestone_id, at, withdrawn, note, recorded_at)"
        " SELECT gen_random_uuid(), premises_id, id, at + INTERVAL '1 minute', false, 'a minute later', at FROM told)"
        " SELECT '1011', milestone, at FROM told"
    )  # fmt: skip
    [row] = rows_of(passed.api, f"corrections?order={order_no}")

    assert (row["object_kind"], row["object"], row["field"], row["reason"]) == (
        "milestone", order_no, milestone, "a minute later"
    )  # fmt: skip
    assert datetime.fromisoformat(row["new_value"]) - datetime.fromisoformat(row["old_value"]) == timedelta(minutes=1)
    assert datetime.fromisoformat(row["old_value"]) == at
