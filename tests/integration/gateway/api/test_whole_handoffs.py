"""Handoffs told as a whole: what is signed is what was shown, what is sent twice is kept once, and nothing too much."""

from __future__ import annotations

import hashlib
import io
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from PIL import Image

from contract.clock import parse_clock, true_now
from tests.fixtures.api import Api
from tests.fixtures.doors import STROKES, WHERE, dump, photo, told
from tests.fixtures.gateway import NOON
from tests.fixtures.trips import PROOFS, change, on_the_road

RETURNED = {"disposition": "RETURNED_TO_PREMISES"}


@pytest.fixture
def road(api: Api) -> Api:
    on_the_road(api)
    api.app.state.clock = parse_clock(f"{(NOON + timedelta(minutes=10)).isoformat()}@{true_now().isoformat()}*1")
    return api


def needs(api: Api, number: str) -> dict[str, Any]:
    found: dict[str, Any] = api.ask("dispatcher", "GET", f"/v1/orders/{number}/handoff").json()
    return found


def tell(api: Api, number: str, said: dict[str, Any], status: int = 201, trip: str | None = None) -> dict[str, Any]:
    query = "" if trip is None else f"?trip={trip}"
    answer = api.ask("dispatcher", "POST", f"/v1/orders/{number}/handoffs{query}", said)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def file(api: Api, number: str, attempt: int, kind: str) -> bytes:
    answer = api.ask("compliance", "GET", f"/v1/orders/{number}/handoffs/{attempt}/{kind}")
    assert answer.status_code == 200, answer.text
    return answer.content


def handoffs(api: Api, number: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.ask("compliance", "GET", f"/v1/orders/{number}/record").json()["handoffs"]
    return found


def test_the_text_that_is_signed_is_kept_byte_for_byte_with_the_signature(road: Api) -> None:
    asked = needs(road, "1001")
    text = asked["documents"]["es"]["text"]

    kept = tell(road, "1001", said := told(asked, "es"))

    assert (kept["id"], kept["order_no"], kept["attempt"], kept["outcome"]) == (said["id"], "1001", 1, "delivered")
    assert file(road, "1001", 1, "document").decode() == text
    assert hashlib.sha256(text.encode()).hexdigest() == asked["documents"]["es"]["sha256"]
    assert [line[:3] for line in text.splitlines()[1:]] == [
        "1. ", "2. ", "3. ", "4. ", "5. ", "6. ", "7. ", "   ", "   ", "8. ", "9. ", "Fir", "Tex"
    ]  # fmt: skip
    assert "2. Repartidor: Driver E-1, empleado E-1" in text
    assert "4. Cliente: Elina, número de cliente no consta" in text
    assert "Salo" not in text
    (one,) = handoffs(road, "1001")
    signature = one["proofs"]["signature"]
    assert (signature["language"], signature["document_version"], signature["printed_name"]) == (
        "es",
        "1",
        "Elina Salo",
    )
    picture = file(road, "1001", 1, "signature")
    assert hashlib.sha256(picture).hexdigest() == signature["picture_sha256"]
    with Image.open(io.BytesIO(picture)) as drawn:
        assert {drawn.getpixel((x, y)) for stroke in STROKES for x, y in stroke} == {0}
    assert file(road, "1001", 1, "strokes") == str(STROKES).replace(" ", "").encode()
    read = road.rows("SELECT actor, after ->> 'kind' FROM waybill.audit_event WHERE action = 'handoff.file_read'")
    assert sorted(read) == [("compliance", "document"), ("compliance", "signature"), ("compliance", "strokes")]


def test_what_needs_to_be_known_at_the_door_is_one_answer(road: Api) -> None:
    asked = needs(road, "1001")

    assert (asked["proofs"], asked["age_threshold"], asked["photo"], asked["may_end"]) == (
        ["id_check", "signature"], 21, False, True,
    )  # fmt: skip
    day, born = (asked["limits"][0][name].split("-") for name in ("day", "born_by"))
    assert (int(day[0]) - int(born[0]), day[1:]) == (21, born[1:])
    assert asked["codes"][1:] == ["1001", "a", "TAGaA"]
    assert needs(road, "1001")["documents"] == asked["documents"]


INCOMPLETE: list[tuple[dict[str, Any], str]] = [
    ({"id_check": None}, "body.proofs.id_check"),
    ({"signature": None}, "body.proofs.signature"),
    ({"id_check": {**PROOFS["id_check"], "unexpired": False}}, "body.proofs.id_check"),
    ({"code": None}, "body.code"),
    ({"photo": photo()}, "body.photo"),
    ({"lines": [{"line_no": 2, "accepted_quantity": "0"}]}, "body.signature.document_sha256"),
    ({"code": "1002"}, "body.code"),
    ({"code": "002", "code_read": "typed"}, "body.code"),
    ({"birth_date": "1990-02-03"}, "body.birth_date"),
    ({"phone_at": "0001-01-01T00:00:00Z"}, "body.phone_at"),
    ({"photo": "no base64!"}, "body.photo"),
]


def test_there_is_no_way_to_finish_without_what_the_profile_asks_for(road: Api) -> None:
    said = told(needs(road, "1001"))

    for wrong, at in INCOMPLETE:
        answer = road.ask("dispatcher", "POST", "/v1/orders/1001/handoffs", {**said, **wrong})
        assert (answer.status_code in (409, 422), answer.json()["errors"][0]["at"]) == (True, at), wrong
        assert "1990-02-03" not in answer.text
    assert handoffs(road, "1001") == []
    assert road.rows("SELECT count(*) FROM waybill.handoff_file") == [(0,)]


def test_a_signature_of_no_length_or_under_another_text_is_none(road: Api) -> None:
    asked = told(needs(road, "1001"))
    for signed, at in (
        ({"strokes": [[[5, 5], [9, 9]]]}, "body.signature.strokes"),
        ({"document": "I owe you a million"}, "body.signature.document_sha256"),
    ):
        said = {**asked, "signature": {**asked["signature"], **signed}}
        assert tell(road, "1001", said, 422)["errors"][0]["at"] == at


def test_a_handoff_that_is_sent_again_is_kept_once_and_its_id_stands_for_no_other(road: Api) -> None:
    said = told(needs(road, "1001"))

    first, again = tell(road, "1001", said), tell(road, "1001", said)

    assert again == first
    assert len(handoffs(road, "1001")) == 1
    assert tell(road, "1002", {**told(needs(road, "1002")), "id": said["id"]}, 409)["errors"][0]["at"] == "body.id"


def test_the_servers_clock_counts_however_wrong_the_phones_is(road: Api) -> None:
    ago = {"phone_at": "2031-01-01T00:00:00Z", "sent_at": "2031-01-01T00:04:00Z"}

    at = datetime.fromisoformat(tell(road, "1001", {**told(needs(road, "1001")), **ago})["at"])

    assert abs(at - (NOON + timedelta(minutes=6))) < timedelta(minutes=1)
    (phone_at,) = road.rows("SELECT phone_at, contact_at FROM waybill.handoff")
    assert (phone_at[0].year, phone_at[1]) == (2031, NOON + timedelta(minutes=5))


def test_out_of_reach_the_order_was_cancelled_and_the_signed_text_is_an_older_one_and_it_is_kept(road: Api) -> None:
    said = told(needs(road, "1002"), offline=True)
    change(road, "T-0001", {"kind": "move", "orders": ["1002"], "to_trip": "T-0002"})
    road.ask("pos", "POST", "/v1/orders/1002/cancel", {"reason": "the customer called"})
    said["signature"]["document"] = said["signature"]["document"].replace("Street b", "Street x")
    said["signature"]["document_sha256"] = hashlib.sha256(said["signature"]["document"].encode()).hexdigest()

    kept = tell(road, "1002", said, trip="T-0001")

    assert kept["conflict"].startswith("it was cancelled since")
    assert "another than in the text that was signed" in kept["conflict"]
    assert b"Street x" in file(road, "1002", 1, "document")
    opened = road.ask("compliance", "GET", "/v1/exceptions?kind=handoff_conflict").json()
    assert [one["rule"].partition(",")[0] for one in opened] == ["order 1002: delivered on T-0001"]


def test_goods_that_are_not_taken_are_in_the_text_and_go_somewhere(road: Api) -> None:
    asked = needs(road, "1001")
    document = asked["documents"]["en"]
    line = document["lines"][1]
    # As the phone writes it: the sentence stands before the last line.
    *head, last = document["text"].splitlines()
    text = "\n".join([*head, line["returned"].replace("{quantity}", "1.5"), last]) + "\n"
    said = told(asked, lines=[{"line_no": 2, "accepted_quantity": "0"}])
    said["signature"].update(document=text, document_sha256=hashlib.sha256(text.encode()).hexdigest())

    assert tell(road, "1001", said, 422)["errors"][0]["at"] == "body.disposition"
    assert tell(road, "1001", {**said, **RETURNED})["outcome"] == "partial"
    aboard = road.ask("viewer", "GET", "/v1/trips/T-0001/ledger").json()["aboard"]
    assert [(one["order_no"], one["item"]) for one in aboard if one["order_no"] == "1001"] == [("1001", "Ice")]


def test_a_failed_attempt_says_why_and_where_the_goods_go_and_another_one_counts_on(road: Api) -> None:
    said = {name: value for name, value in told(needs(road, "1001")).items() if name not in ("signature", "code")}
    said = {**said, "outcome": "failed", "id_check": {**PROOFS["id_check"], "unexpired": False}}
    assert tell(road, "1001", {**said, "reason_code": "NO_VALID_ID"}, 422)["errors"][0]["at"] == "body.disposition"
    assert tell(road, "1001", {**said, **RETURNED}, 422)["detail"].startswith("order 1001: a failed handoff needs")

    tell(road, "1001", {**said, "reason_code": "NO_VALID_ID", "disposition": "REDELIVERY_SAME_TRIP"})
    second = tell(road, "1001", told(needs(road, "1001")))

    assert (second["attempt"], second["outcome"]) == (2, "delivered")
    rows = road.rows("SELECT attempt_no, disposition, identified_by FROM waybill.handoff ORDER BY 1")
    assert rows == [(1, "REDELIVERY_SAME_TRIP", None), (2, None, "scan")]


def test_what_is_due_is_paid_and_a_photo_keeps_nothing_but_the_picture(api: Api) -> None:
    values = {"proofs": ["signature", "photo"], "age_threshold": None}
    said = {"values": values, "reason": "photos here", "based_on": "plain"}
    assert api.ask("chief", "POST", "/v1/profiles/photos/versions", said).status_code == 201
    on_the_road(api, profile="photos", due_minor=1500)
    asked = needs(api, "1001")
    handoff = told(asked, id_check=None, photo=photo())
    assert tell(api, "1001", handoff, 422)["errors"][0]["at"] == "body.paid"

    tell(api, "1001", {**handoff, "paid": {"amount_minor": 1500, "by": "cash"}})

    picture = file(api, "1001", 1, "photo")
    assert WHERE.encode() not in picture
    with Image.open(io.BytesIO(picture)) as shown:
        assert shown.size == (40, 30)
    (one,) = handoffs(api, "1001")
    assert one["proofs"]["photo"] == {"sha256": hashlib.sha256(picture).hexdigest()}
    assert api.rows("SELECT paid_minor, paid_by FROM waybill.handoff") == [(1500, "cash")]
    assert WHERE.encode() not in dump(api)


WITHOUT_RIGHTS = [
    ("viewer", "POST", "handoffs", 403), ("driver", "POST", "handoffs", 403), ("stranger", "POST", "handoffs", 404),
    (None, "POST", "handoffs", 401), ("stranger", "GET", "handoff", 404), ("driver", "GET", "handoff", 403),
    ("support", "GET", "handoffs/1/signature", 403), ("dispatcher", "GET", "handoffs/1/signature", 403),
    ("rival", "GET", "handoffs/1/signature", 404), ("pos", "GET", "handoffs/1/document", 403),
    ("compliance", "GET", "handoffs/1/photo", 404),
]  # fmt: skip


def test_who_may_not_learns_nothing_and_what_is_kept_stays(road: Api) -> None:
    tell(road, "1001", said := told(needs(road, "1001")))

    for who, method, path, status in WITHOUT_RIGHTS:
        body = {**said, "id": str(UUID(int=7))} if method == "POST" else None
        assert road.ask(who, method, f"/v1/orders/1001/{path}", body).status_code == status, (who, path)
    for attack in ("UPDATE waybill.handoff_file SET body = ''", "DELETE FROM waybill.handoff_file"):
        with (
            psycopg.connect(road.database.gateway_url) as gateway,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            gateway.execute(attack.encode())
