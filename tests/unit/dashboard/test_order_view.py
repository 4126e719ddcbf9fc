"""Orders as words: timeline, promise, tables, days. Needs no database."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from dashboard import order_view
from dashboard.components.fleet_list import row_of, trip_of
from dashboard.components.frame import freshness
from dashboard.components.journey import Journey
from dashboard.connectivity import Connectivity
from dashboard.environment import environment
from dashboard.van import van
from storage.reading_rows import LegRow, LineRow
from tests.fixtures.examples import (
    HELSINKI,
    MINUTE,
    NOON,
    SOME_ID,
    drop_row,
    fleet_row,
    milestone_row,
    on_trip,
    order_row,
    trail_row,
)  # fmt: skip

FIX = {"fixed_at": "2026-11-23T12:00:00Z", "lat_e7": 601720000, "lon_e7": 249450000, "seq": 7, "speed_mps": 0.0}


def test_the_timeline_says_how_each_milestone_is_known() -> None:
    rows = [
        milestone_row("received", NOON - 60 * MINUTE),
        milestone_row("arrived", NOON + 65 * MINUTE, known="detected", declared_by=None, evidence=[FIX, FIX]),
        milestone_row("failed", NOON + 70 * MINUTE, reason_code="NO_VALID_ID", note="will call"),
    ]

    steps = order_view.timeline(rows, NOON + 60 * MINUTE, HELSINKI, NOON)

    assert [step.sign for step in steps] == ["plain", "late", "failed"]
    assert steps[0].known == "declared by store"
    assert steps[1].known == "detected from fixes"
    assert steps[1].evidence.startswith("fix 7 at 60.17200, 24.94500, 0 km/h · ")
    assert steps[2].evidence == "no valid ID was shown · will call"
    assert steps[0].when == "13:00:00 EET"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"late_s": 720.0}, "12 min late"),
        ({"milestone": "cancelled"}, "cancelled"),
        ({"arrived_at": NOON + MINUTE}, "in time"),
        ({"window_from": NOON + 30 * MINUTE}, "window opens in 30 min"),
        ({}, "1 h 00 min left"),
    ],
)
def test_standing_against_the_window(changes: dict[str, Any], words: str) -> None:
    assert order_view.standing(on_trip(**changes), NOON) == words


def test_promise_tells_plan_and_fact() -> None:
    assert order_view.promise(order_row(), HELSINKI, NOON)[1] == "not planned yet"
    assert order_view.promise(on_trip(), HELSINKI, NOON)[1] == "planned 14:20 EET"
    there = on_trip(arrived_at=NOON + 5 * MINUTE, left_at=NOON + 9 * MINUTE)
    assert order_view.promise(there, HELSINKI, NOON)[1] == "there at 14:05 EET, stayed 4 min"


def test_a_day_is_as_long_as_it_is_in_the_zone() -> None:
    begins, ends = order_view.day_bounds(date(2026, 10, 25), HELSINKI)  # the clocks go back

    assert ends.timestamp() - begins.timestamp() == 25 * 3600


def test_lines_show_quantities_as_people_write_them() -> None:
    line = LineRow(1, "Rye bread", None, None, Decimal("2.000"), "pcs", 349)

    assert order_view.lines_table([line], "EUR") == [
        {"Item": "Rye bread", "Category": "", "Tag": "", "Quantity": "2 pcs", "Price": "3.49 EUR"}
    ]


def test_a_leg_says_that_it_has_no_fixes() -> None:
    leg = LegRow(SOME_ID, SOME_ID, "T-0007", SOME_ID, "van-7", "Aino", NOON - 60 * MINUTE, None)

    assert order_view.leg_words(leg, [], HELSINKI, NOON) == "van-7, Aino, trip T-0007: 13:00 EET to now (no fixes)"
    assert order_view.leg_words(leg, [trail_row(0)], HELSINKI, NOON).endswith("to now")


def test_a_list_row_holds_words_for_every_sign() -> None:
    row = row_of(van(fleet_row(), HELSINKI, NOON))

    assert (row["state"], row["sign"]) == ("On time", "on_time")
    assert (row["heard"], row["link"]) == ("Live, now", "live")
    assert (row["motion"], row["turn"]) == ("32 km/h", 90)
    assert (row["next"], row["window"]) == ("3/5 Kasarmikatu 29", "13:45–14:45 EET")


def test_a_list_row_says_what_is_missing() -> None:
    bare = van(fleet_row(device_name=None, trip_id=None, next_window_to=None), HELSINKI, NOON)
    silent = van(fleet_row(fixed_at=NOON - 12 * MINUTE, backlog=900), HELSINKI, NOON)

    assert row_of(bare)["heard"] == Connectivity.NO_DEVICE.capitalize() == "No device"
    assert row_of(bare)["next"] == ""
    assert row_of(silent)["heard"] == "Silent, 12 min ago, 900 waiting"
    assert row_of(silent)["motion"] == "not known"


def test_the_opened_row_tells_the_trip() -> None:
    late = van(fleet_row(departed_at=NOON - 10 * MINUTE), HELSINKI, NOON)
    drops = [drop_row(seq=1, milestone="delivered", left_at=NOON - MINUTE), drop_row(seq=2, order_no="1014")]

    trip = trip_of(late, Journey(None, drops, []), NOON)

    assert trip["facts"] == ["WAY-101", "gps-01", "T-0001", "left 13:50 EET, 20 min late", "11 satellites"]
    assert [drop["kind"] for drop in trip["drops"]] == ["done", "next"]
    assert trip["drops"][0]["state"] == "Delivered 13:59 EET"
    assert trip["drops"][1]["when"] == "window 14:00–15:00 EET · planned 14:10 EET"


def test_a_forecast_stands_where_the_plan_stood() -> None:
    forecast = {"p50_at": NOON + 35 * MINUTE, "p90_at": NOON + 50 * MINUTE, "late_risk": 0.004}
    entry = van(fleet_row(next_p50_at=NOON, next_p90_at=NOON + 9 * MINUTE, later_at_risk=2), HELSINKI, NOON)

    trip = trip_of(entry, Journey(None, [drop_row(**forecast)], []), NOON)

    assert trip["drops"][0]["when"] == "window 14:00–15:00 EET · ETA 14:35–14:50 EET, late risk 1 %"
    assert row_of(entry)["eta"] == "ETA 14:00–14:09 EET · 2 later drops at risk"


def test_old_data_is_called_old() -> None:
    assert freshness(NOON, HELSINKI, NOON + timedelta(seconds=30)) == ("Data as of 14:00:00 EET", False)
    assert freshness(NOON, HELSINKI, NOON + 4 * MINUTE) == ("Data as of 14:00:00 EET · 4 min ago", True)
    assert freshness(None, HELSINKI, NOON) == ("No fixes yet", False)


def test_values_travel_by_environment_and_back(tmp_path: Any) -> None:
    told = {
        "WAYBILL_DATABASE_READER_URL": "postgresql://reader@db/waybill", "WAYBILL_CLOCK": "system",
        "WAYBILL_MAP_DIR": str(tmp_path), "WAYBILL_PUBLIC_URL": "https://waybill.example",
    }  # fmt: skip

    assert environment(told).variables() == told
    assert environment(told).basemap is None
    (tmp_path / "basemap.geojson").write_text("{}")
    assert environment(told).basemap == tmp_path / "basemap.geojson"
    assert environment({}).reader_url is None
