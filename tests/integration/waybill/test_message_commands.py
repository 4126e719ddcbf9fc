"""`waybill notify`, `waybill alert` and `waybill settings check` on the real database and a real mail server."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from gateway.alerts.conditions import Looked
from gateway.alerts.episodes import Condition
from gateway.alerts.kinds import AlertKind
from gateway.alerts.warning import warn
from tests.fixtures.api import clock_at
from tests.fixtures.command_line import Waybill, caller, settings_of_tests
from tests.fixtures.database import Database
from tests.fixtures.gateway import NOON
from tests.fixtures.mail import Mailbox
from tests.fixtures.seed import seed_premises
from waybill.stack.ports import Ports


@pytest.fixture(autouse=True)
def store(database: Database) -> None:
    with psycopg.connect(database.owner_url) as owner:
        seed_premises(owner, NOON)


def mailing(database: Database, port: int) -> Waybill:
    return caller({
        **settings_of_tests(database), "WAYBILL_SMTP_HOST": "127.0.0.1", "WAYBILL_SMTP_PORT": str(port),
        "WAYBILL_SMTP_SECURITY": "none", "WAYBILL_MAIL_FROM": "orders@shop.example",
    })  # fmt: skip


def test_a_test_message_shows_the_answer_or_the_way_out(
    database: Database, waybill: Waybill, mailbox: Mailbox, server_ports: Ports
) -> None:
    waybill_with_mail = mailing(database, mailbox.port)
    told = waybill_with_mail("notify", "test", "elina@example.org")
    mailbox.answers = {"eve@example.org": "550 5.1.1 no such user"}
    refused = waybill_with_mail("notify", "test", "eve@example.org")
    down = mailing(database, server_ports.claim(0))("notify", "test", "elina@example.org")

    assert told.exit_code == 0
    assert "the answer was: 250 2.0.0 taken as 4F2A" in told.out
    assert (refused.exit_code, "(refused): the answer was: 550 5.1.1 no such user" in refused.error) == (1, True)
    assert (down.exit_code, "(down)" in down.error) == (1, True)
    assert "set smtp_host and mail_from" in waybill("notify", "test", "elina@example.org").error
    assert "set sms_url" in waybill("notify", "test", "+358405550147").error
    assert "neither an e-mail address nor a phone number" in waybill("notify", "test", "elina").error


def test_alerts_are_listed_and_seen_and_their_messages_shown_and_sent_again(
    database: Database, waybill: Waybill
) -> None:
    added = waybill("alert", "on-duty", "desk", "desk@shop.example", "--premises", "store", "--hours", "09:00-21:00")
    chat = waybill("alert", "on-duty", "chat", "https://chat.example.org/hook", "--kind", "disk")
    with psycopg.connect(database.gateway_url, autocommit=True) as connection:
        ((premises_id,),) = connection.execute("SELECT id FROM waybill.premises").fetchall()
        found = Condition(
            kind=AlertKind.SILENT, subject="T-1", says="nothing is heard of van-7", measure=12, began_at=NOON,
            premises_id=premises_id,
        )  # fmt: skip
        warn(connection, Looked([found], frozenset(AlertKind)), clock_at(NOON))
    (alert,) = waybill("alert", "list", "--json").json()
    seen = waybill("alert", "ack", alert["id"][:20], "--note", "called")
    again = waybill("alert", "ack", alert["id"][:20])
    (message,) = waybill("notify", "list", "--json").json()
    shown = waybill("notify", "show", message["id"])

    assert added.out == "desk is told by email at desk@shop.example\n"
    assert "secret: whsec_" in chat.out
    assert (alert["kind"], alert["says"]) == ("silent", "nothing is heard of van-7")
    assert seen.out == "seen: nothing is heard of van-7\n"
    assert (again.exit_code, "has acknowledged this alert already" in again.error) == (1, True)
    assert "Silent on duty: nothing is heard of van-7" in shown.out
    assert "is on its way already" in waybill("notify", "resend", message["id"]).error
    assert "there is no message" in waybill("notify", "show", "0197a000-0000-7000-8000-000000000000").error
    assert "is no message's id" in waybill("notify", "show", "17").error
    assert waybill("notify", "list", "nobody").err == "No message holds 'nobody'.\n"
    assert [one["name"] for one in waybill("alert", "roster", "--json").json()] == ["chat", "desk"]
    assert waybill("alert", "off-duty", "desk").out == "desk is not told any more\n"
    assert "no entry of the roster is 'desk'" in waybill("alert", "off-duty", "desk").error


def test_rules_are_shown_and_changed_for_premises_and_for_all(waybill: Waybill) -> None:
    everywhere = waybill("alert", "rule", "silent", "--threshold", "20", "--quiet-minutes", "30")
    here = waybill("alert", "rule", "silent", "--off", "--premises", "store")
    rules, own = (
        waybill("alert", "rules", "--json").json(),
        waybill("alert", "rules", "--premises", "store", "--json").json(),
    )

    assert everywhere.out.startswith("silent at all premises: from 20 (minutes since anything came in), quiet 30 min")
    assert here.out == "silent at store: off\n"
    assert (rules["silent"]["threshold"], rules["silent"]["off"], own["silent"]["off"]) == (20, False, True)
    assert "is no kind of alert; there are: emergency, late_risk" in waybill("alert", "rule", "weather", "--off").error


def test_premises_speak_in_their_own_way(waybill: Waybill) -> None:
    waybill("notify", "premises", "store", "--language", "es", "--quiet", "none", "--digest", "20:00")
    shown = waybill("notify", "premises")

    assert all(word in shown.out for word in ("store", "es", "none", "20:00"))
    assert "write 22:00-07:00" in waybill("notify", "premises", "store", "--quiet", "late").error
    assert "small letters such as es" in waybill("notify", "premises", "store", "--language", "Spanish").error


def test_an_opt_out_at_the_terminal_is_on_record(database: Database, waybill: Waybill) -> None:
    assert waybill("notify", "opt-out", "+358 40 555 0147").out == "+358405550147 is told nothing any more\n"
    assert waybill("notify", "opt-out", "00358405550147", "--again").out == "+358405550147 is told again\n"
    assert "is no sms address" in waybill("notify", "opt-out", "12ab").error
    with psycopg.connect(database.owner_url) as owner:
        actions = owner.execute("SELECT action FROM waybill.audit_event ORDER BY recorded_at").fetchall()
    assert actions == [("contact.opted_out",), ("contact.opted_in",)]


def test_texts_are_written_checked_and_a_broken_one_is_named(database: Database, tmp_path: Path) -> None:
    texts = tmp_path / "texts"
    with_texts = caller({**settings_of_tests(database), "WAYBILL_TEXTS_DIR": str(texts)})
    written = with_texts("notify", "texts", "--write", str(texts))
    good = with_texts("notify", "texts")
    (texts / "failed.en.txt").write_text("Subject: x\n\n$nobody\n=== sms\nx\n", encoding="utf-8")
    broken = with_texts("notify", "texts")
    checked = with_texts("settings", "check")

    assert f"{texts}: 16 texts written" in written.out
    assert (good.exit_code, broken.exit_code, checked.exit_code) == (0, 1, 1)
    assert "failed.en.txt, line 3: $nobody is no name" in broken.error
    assert "wrong: text not used: failed.en.txt, line 3" in checked.out


def test_the_days_list_can_be_asked_for_at_any_time(waybill: Waybill) -> None:
    shown = waybill("alert", "digest")

    assert "Orders to call about: none" in shown.out


def test_closed_premises_are_said_to_be_closed(database: Database, waybill: Waybill) -> None:
    with psycopg.connect(database.owner_url) as owner:
        owner.execute("UPDATE waybill.premises SET retired_at = %s", [NOON])

    for command in (("alert", "digest"), ("notify", "premises", "store", "--language", "es")):
        refused = waybill(*command)
        assert (refused.exit_code, "premises store are closed" in refused.error) == (1, True), command
