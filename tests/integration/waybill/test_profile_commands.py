"""`waybill profile` on the real database: shown with evidence, set as a new version, chosen for premises."""

from __future__ import annotations

import psycopg

from tests.fixtures.command_line import Waybill
from tests.fixtures.database import Database
from tests.fixtures.gateway import NOON
from tests.fixtures.seed import seed_premises


def test_profiles_are_listed_shown_set_and_chosen(waybill: Waybill, database: Database) -> None:
    with psycopg.connect(database.owner_url) as owner:
        seed_premises(owner, NOON)

    assert [one["name"] for one in waybill("profile", "list", "--json").json()] == [
        "california-adult-use", "plain", "texas-alcohol",
    ]  # fmt: skip
    shown = waybill("profile", "show", "california-adult-use").out
    assert "15049.3" in shown
    assert "NV" in shown
    values = ("delivery_to=21:00", "min_crew=2", "checklist=badge,licence_copy", "age_threshold=off")
    why = ("--based-on", "california-adult-use", "--reason", "the city's own rule")
    made = waybill("profile", "set", "city", *values, *why)
    assert made.out.strip() == "profile city: version 1 from now on"
    chosen = waybill("profile", "choose", "city", "--reason", "licensed there")
    assert chosen.out.strip() == "premises store: trips run under city from now on"
    settings = waybill("profile", "show", "city", "--json").json()["settings"]
    assert (settings["delivery_to"]["value"], settings["min_crew"]["value"]) == ("21:00", 2)
    assert settings["checklist"]["value"] == ["badge", "licence_copy"]
    assert not settings["age_threshold"]["on"]
    assert waybill("profile", "list", "--json").json()[1] == {"name": "city", "version": 1, "premises": ["store"]}


def test_a_mistake_is_told_with_what_would_be_right(waybill: Waybill) -> None:
    assert "there is no profile 'nevada'; there are: california-adult-use" in waybill("profile", "show", "nevada").error
    assert "there is no setting 'crew'" in waybill("profile", "set", "plain", "crew=2", "--reason", "x").error
    assert "is no NAME=VALUE" in waybill("profile", "set", "plain", "min_crew", "--reason", "x").error
    assert "this is no profile" in waybill("profile", "set", "plain", "min_crew=many", "--reason", "x").error
    assert "no version 7" in waybill("profile", "show", "plain", "--version", "7").error
