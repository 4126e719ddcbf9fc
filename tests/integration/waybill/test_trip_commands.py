"""What people ask and say of a trip at the terminal, on the real database: trip, stop, explain, policy, derive."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from contract.geo import from_e7
from tests.fixtures.command_line import Waybill
from tests.fixtures.database import Database
from tests.integration.gateway.derive.conftest import Round, gateway, planned  # noqa: F401 - fixtures
from tests.unit.gateway.tracking.worlds import HOME, METRE_E7, NINE, ROUND, drive

# Out, four minutes at no door (300 m north), to the door at 700 m, home.
DETOUR = drive((60, 0, 0), (30, 0, 300), (240, 300, 300), (40, 300, 700), (120, 700, 700), (70, 700, 0), (200, 0, 0))


@pytest.fixture
def driven(planned: Round) -> Round:  # noqa: F811 - the fixture
    planned.write(DETOUR)
    planned.work()
    return planned


def audit(database: Database, action: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database.owner_url) as connection:
        query = "SELECT before, after, reason FROM waybill.audit_event WHERE action = %s ORDER BY id"
        return connection.execute(query, [action]).fetchall()


def test_a_trip_is_shown_with_all_that_counts(waybill: Waybill, driven: Round) -> None:
    answer = waybill("trip", "show", "T-0001")

    assert answer.exit_code == 0, answer
    for word in ("departure", "UNEXPLAINED", "DELIVERY", "doors", "driven: 1.", "versions", "live", "exceptions"):
        assert word in answer.out, word
    story = waybill("trip", "show", "T-0001", "--json").json()
    assert [stop["reason"] for stop in story["stops"]][:2] == ["UNEXPLAINED", "DELIVERY"]
    assert [row["covered_pct"] for row in story["coverage"]] == [100.0] * 3
    assert "no trip 'T-0099'" in waybill("trip", "show", "T-0099").error


def test_an_unexplained_stop_gets_a_reason_and_its_exception_is_closed(
    waybill: Waybill, driven: Round, database: Database
) -> None:
    [exception] = waybill("exceptions", "list", "--json").json()
    assert (exception["kind"], exception["trip_no"]) == ("unexplained_stop", "T-0001")
    assert "90 s are traffic" in exception["rule"]

    assert "must be one of" in waybill("stop", "reason", "T-0001/1", "LUNCH").error
    assert "needs a note" in waybill("stop", "reason", "T-0001/1", "OTHER").error
    assert "has no stop 9" in waybill("stop", "reason", "T-0001/9", "REST").error
    assert "permitted" in waybill("stop", "reason", "T-0001/1", "REST", "--note", "lunch").out

    assert waybill("exceptions", "list", "--json").json() == []
    [closed] = waybill("exceptions", "list", "--all", "--json").json()
    assert closed["explanation"] == "REST: lunch"
    [(before, after, reason)] = audit(database, "stop.reason_given")
    assert (before["reason"], after["reason"], after["permitted"], reason) == ("UNEXPLAINED", "REST", True, "lunch")
    stop = waybill("trip", "show", "T-0001", "--json").json()["stops"][0]
    assert (stop["found_reason"], stop["reason"], stop["note"]) == ("UNEXPLAINED", "REST", "lunch")
    # Another version keeps what was said, and the exception stays closed.
    assert waybill("derive", "--trip", "T-0001").exit_code == 0
    assert waybill("exceptions", "list", "--json").json() == []


def test_a_reason_that_is_not_permitted_stands_among_the_exceptions(waybill: Waybill, driven: Round) -> None:
    said = waybill("stop", "reason", "T-0001/2", "PERSONAL", "--note", "bank")
    assert "not permitted" in said.out

    kinds = {row["kind"]: row["explanation"] for row in waybill("exceptions", "list", "--all", "--json").json()}
    assert kinds == {"unexplained_stop": None, "stop_not_permitted": "PERSONAL: bank"}


def test_an_exception_is_explained_in_words(waybill: Waybill, driven: Round, database: Database) -> None:
    [exception] = waybill("exceptions", "list", "--json").json()

    assert "no exception" in waybill("exceptions", "explain", "ffffffff", "x").error
    assert waybill("exceptions", "explain", exception["id"], "closed road, waited for the police").exit_code == 0

    [(_, after, _)] = audit(database, "exception.explained")
    assert after["explanation"] == "closed road, waited for the police"
    assert waybill("exceptions", "list", "--json").json() == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("stop", "T-0001/1"), ("Stood 3 min 59 s", "within 20 m", "longer than 90 s", "fix 91 at", "policy ")),
        (("stop", "T-0001/2"), ("0 m from the door of order", "within 50 m of it")),
        (("arrival", "T-0001/1"), ("2 fixes in a row within 50 m", "The time is that of the first", "It left")),
        (("departure", "T-0001"), ("the last fix within the premises", "else 100 m around", "fix ")),
    ],
)
def test_why_is_told_in_words_and_numbers(
    waybill: Waybill, driven: Round, words: tuple[str, str], said: tuple[str, ...]
) -> None:
    answer = waybill("explain", *words)

    assert answer.exit_code == 0, answer
    for word in said:
        assert word in answer.out, answer.out


def test_a_stay_in_a_zone_names_its_outline_and_a_departure_within_a_gap(
    waybill: Waybill,
    planned: Round,  # noqa: F811 - the fixture
) -> None:
    lat, lon = from_e7(HOME[0] + round(700 * METRE_E7)), from_e7(HOME[1])
    circle = ("--lat", str(lat), "--lon", str(lon), "--radius-m", "100", "--from", "2026-11-01T00:00:00Z")
    assert waybill("zone", "add", "Harbour", "--kind", "state", *circle).exit_code == 0
    # Silent from two minutes after nine for almost seven: in the zone at its beginning, on the way home at its end.
    planned.write([fix for fix in ROUND if not 130 < (fix.fixed_at - NINE).total_seconds() < 480])
    planned.work()

    told = waybill("explain", "zone", "T-0001/1")

    assert told.exit_code == 0, told
    for word in (
        "In Harbour (state)", "a circle of 100 m around", "in force from 2026-11-01 00:00:00Z", "the border",
        "left at some time within the gap of 5 min 50 s that began at 2026-11-23 09:02:10Z",
    ):  # fmt: skip
        assert word in told.out, (word, told.out)
    assert "left within the gap since 2026-11-23 09:02:10Z" in waybill("trip", "show", "T-0001").out
    [zone] = waybill("trip", "show", "T-0001", "--json").json()["zone_visits"]
    assert waybill("explain", "zone", zone["id"]).out == told.out
    rules = {row["kind"]: row["rule"] for row in waybill("exceptions", "list", "--json").json()}
    assert "since when is known only to within a gap of 350 s before" in rules["left_state"]
    assert "has 1 to 1" in waybill("explain", "zone", "T-0001/2").error


@pytest.mark.parametrize(
    ("words", "said"),
    [(("pause", "T-0001/1"), "'pause' cannot be explained"), (("gap", "T-0001/1"), "has none"),
     (("stop", "rubbish"), "neither an id nor TRIP/N"), (("departure", "T-0099"), "no trip 'T-0099'"),
     (("stop", "01900000-0000-7000-8000-00000000dead"), "there is no stop")],
)  # fmt: skip
def test_what_cannot_be_explained_is_named(waybill: Waybill, driven: Round, words: tuple[str, str], said: str) -> None:
    assert said in waybill("explain", *words).error


def test_another_policy_is_tried_chosen_and_makes_another_version(
    waybill: Waybill, driven: Round, database: Database
) -> None:
    tried = waybill("derive", "--trip", "T-0001", "--policy", "traffic_below_s=300", "--diff")
    assert "~ stop" in tried.out
    assert "UNEXPLAINED to TRAFFIC" in tried.out
    assert driven.version()[0] == 1, "a trial keeps nothing"
    assert "no threshold" not in tried.error
    assert "'speed' is not known" in waybill("derive", "--trip", "T-0001", "--policy", "speed=1", "--diff").error
    assert "add --diff" in waybill("derive", "--trip", "T-0001", "--policy", "traffic_below_s=300").error

    since = NINE.isoformat()
    chosen = waybill("policy", "set", "traffic_below_s=300", "--reason", "a level crossing", "--from", since)
    assert "1 trips that departed since are derived again" in chosen.err
    driven.work()

    assert driven.version()[:2] == (2, "policy")
    assert [stop.reason for stop in driven.findings().stops][:2] == ["TRAFFIC", "DELIVERY"]
    [first, second] = waybill("trip", "show", "T-0001", "--json").json()["versions"]
    assert first["policy_version"] != second["policy_version"]
    shown = waybill("policy", "show", "--json").json()
    assert shown["chosen"] == {"traffic_below_s": 300.0}
    assert [row["reason"] for row in waybill("policy", "list", "--json").json()] == ["a level crossing"]
    [(before, after, reason)] = audit(database, "policy.chosen")
    assert (before, after["overrides"], reason) == ({}, {"traffic_below_s": 300.0}, "a level crossing")
    # What does not stand any more as unexplained is withdrawn, and stays on record.
    [exception] = waybill("exceptions", "list", "--all", "--json").json()
    assert exception["withdrawn"]


@pytest.mark.parametrize(
    ("words", "said"),
    [(("stop_radius=3",), "'stop_radius' is not known"), (("stop_radius_m=far",), "stop_radius_m='far'"),
     (("stop_radius_m",), "no NAME=VALUE"), (("stop_radius_m=-1",), "stop_radius_m='-1'"),
     (("accept_simulated=true",), "WAYBILL_ACCEPT_SIMULATED")],
)  # fmt: skip
def test_thresholds_that_cannot_be_are_refused(
    waybill: Waybill, driven: Round, words: tuple[str, ...], said: str
) -> None:
    answer = waybill("policy", "set", *words, "--reason", "x")

    assert answer.exit_code == 1
    assert said in answer.error
    assert waybill("policy", "list", "--json").json() == []


def test_declared_times_stand_beside_the_detected_ones(waybill: Waybill, driven: Round, database: Database) -> None:
    departed = NINE.isoformat()
    assert waybill("trip", "declare", "T-0001", "--departed", departed).exit_code == 0
    assert "say when" in waybill("trip", "declare", "T-0001").error
    early = waybill("trip", "declare", "T-0001", "--ended", "2026-11-23T08:00:00Z")
    assert "cannot end" in early.error

    shown = waybill("trip", "show", "T-0001").out
    assert "earlier" in shown
    assert "Declared for 2026-11-23 09:00:00Z: declared" in waybill("explain", "departure", "T-0001").out
    assert len(audit(database, "trip.declared")) == 1


def test_the_profile_of_the_trip_says_which_reasons_are_permitted(waybill: Waybill, driven: Round) -> None:
    assert "not permitted" not in waybill("stop", "reason", "T-0001/2", "ROAD_UNSAFE").out

    waybill("profile", "choose", "california-adult-use", "--reason", "licensed there")

    assert "not permitted" in waybill("stop", "reason", "T-0001/1", "ROAD_UNSAFE").out
