"""Another premises' people ask every endpoint for real things of ours: to them there are none."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

import psycopg
import pytest

from storage.ids import new_id
from tests.fixtures.api import Api
from tests.fixtures.gateway import NOON
from tests.fixtures.trips import HOUR, add_driver, add_van, change, do, order, plan
from tests.integration.gateway.api.test_permissions import OWN, PROTECTED

NEW_ORDER = {
    "customer_name": "Elina Salo", "address": "Street 9, Helsinki", "window_from": NOON.isoformat(),
    "window_to": (NOON + HOUR).isoformat(), "premises": "store",
}  # fmt: skip
REASON = {"reason": "x"}
# What a request says whose answer would depend on it; the others say nothing.
SAID: dict[tuple[str, str], Any] = {
    ("PATCH", "/v1/accounts/{name}"): {"full_name": "Somebody Else"},
    ("POST", "/v1/accounts"): {"name": "spy", "roles": [{"role": "viewer", "premises": "store"}]},
    ("POST", "/v1/keys"): {"name": "spy", "scopes": ["orders:read"], "premises": "store"},
    ("POST", "/v1/keys/{prefix}/rotate"): {},
    ("PUT", "/v1/orders/by-ref/{source}/{number}"): NEW_ORDER,
    ("POST", "/v1/orders/{key}/cancel"): REASON,
    ("POST", "/v1/orders/{key}/milestones"): {"milestone": "accepted"},
    ("POST", "/v1/orders/{key}/tracking-link"): REASON,
    ("POST", "/v1/orders/{key}/pin"): {"lat": 60.1, "lon": 24.9},
    ("POST", "/v1/trips"): {
        "premises": "store",
        "vehicle": "van-1",
        "crew": [{"employee_no": "E-1"}],
        "orders": [{"order": "1001"}],
        "planned_departure_at": NOON.isoformat(),
    },
    ("POST", "/v1/trips/{key}/changes"): {**REASON, "changes": [{"kind": "join_doors"}]},
    ("POST", "/v1/trips/{key}/depart"): {},
    ("POST", "/v1/trips/{key}/end"): REASON,
    ("POST", "/v1/trips/{key}/cancel"): REASON,
    ("POST", "/v1/trips/{key}/load"): {"code": "1001"},
    ("POST", "/v1/trips/{key}/unload"): {"code": "1001"},
    ("PATCH", "/v1/trips/{key}/papers"): {"ledger_no": "1"},
    ("POST", "/v1/trips/{key}/losses"): {"order": "1001", "note": "x"},
    ("POST", "/v1/trips/{key}/rescue"): {**REASON, "to": [{"orders": ["1001"], "trip": "T-0002"}]},
    ("POST", "/v1/trips/{key}/check-ins"): {"employee_no": "E-1", "channel": "radio"},
    ("POST", "/v1/transfers/{transfer_id}/confirm"): {"employee_no": "E-1", "reason": "told by radio"},
    ("POST", "/v1/exceptions/{exception_id}/explain"): {"explanation": "x"},
    ("POST", "/v1/premises"): {"code": "third", "name": "Third", "tz": "Europe/Helsinki"},
    ("PATCH", "/v1/premises/{key}"): {"name": "Ours now"},
    ("PUT", "/v1/premises/{code}/profile"): {"profile": "plain", **REASON},
    ("POST", "/v1/profiles/{name}/versions"): {"values": {"min_crew": 2}, **REASON},
    ("POST", "/v1/licensees"): {"name": "spy", "legal_name": "Spy"},
    ("PATCH", "/v1/licensees/{key}"): {"legal_name": "Ours now"},
    ("POST", "/v1/vehicles"): {"name": "van-9", "premises": "store"},
    ("PATCH", "/v1/vehicles/{key}"): {"plate": "X-1"},
    ("POST", "/v1/drivers"): {"employee_no": "E-9", "name": "Spy", "premises": "store"},
    ("PATCH", "/v1/drivers/{key}"): {"name": "Spy"},
    ("POST", "/v1/installs"): {"device": "gps-van-1", "vehicle": "van-1"},
    ("PATCH", "/v1/installs/{key}"): {"affixed": True},
    ("POST", "/v1/known-places"): {"name": "x", "kind": "fuel", "lat": 60.1, "lon": 24.9, "premises": "store"},
    ("PATCH", "/v1/known-places/{key}"): {"radius_m": 70},
    ("POST", "/v1/documents"): {"of_kind": "vehicle", "of": "van-1", "kind": "insurance", "premises": "store"},
    ("PATCH", "/v1/documents/{document_id}"): {"number": "1"},
    ("POST", "/v1/webhooks"): {"url": "https://203.0.113.9/x", "premises": "store"},
    ("PATCH", "/v1/webhooks/{webhook_id}"): {"disabled": True},
    ("POST", "/v1/orders/by-ref/{source}/milestones"): {"milestones": [{"number": "a", "milestone": "accepted"}]},
    ("POST", "/v1/conditions"): {"kind": "traffic", "says": "x", "speed_share": 0, "road": "x", "premises": "store"},
    ("PUT", "/v1/conditions/feeds/{source}"): {"conditions": [], "premises": "store"},
    ("PUT", "/v1/contacts/{channel}/{address}"): {"wanted": False},
    ("POST", "/v1/alerts/{alert_id}/acknowledge"): {},
    ("PUT", "/v1/alert-rules/{kind}"): {"off": True},
    ("POST", "/v1/drivers/{key}/shift-links"): {},
    ("POST", "/v1/orders/{key}/handoffs"): {
        "id": "00000000-0000-0000-0000-000000000007",
        "outcome": "failed",
        "phone_at": "2026-11-23T12:00:00Z",
        "sent_at": "2026-11-23T12:00:00Z",
        "reason_code": "RECIPIENT_ABSENT",
        "disposition": "RETURNED_TO_PREMISES",
    },
    ("POST", "/v1/duty"): {"name": "Spy", "address": "spy@example.org", "premises": "store"},
}
# Of nobody's premises: profiles, and what a person said of messages, whichever premises they said it to.
EVERYBODYS = {
    ("GET", "/v1/profiles/{name}"), ("GET", "/v1/profiles/{name}/versions/{version}"),
    ("GET", "/v1/contacts/{channel}/{address}"), ("PUT", "/v1/contacts/{channel}/{address}"),
}  # fmt: skip
# Refused in other words, which tell nothing: a role that nobody may give, a file that names premises nobody knows.
REFUSED = {
    ("POST", "/v1/accounts"): (403, 409),
    **{("POST", f"/v1/{sheet}/import"): (403, 422) for sheet in ("vehicles", "drivers", "installs", "known-places",
                                                                     "premises")},
}  # fmt: skip
QUERIES = {
    "/v1/webhooks/{webhook_id}/replay": "?since=2026-11-23T00:00:00Z",
    "/v1/addresses/search": "?q=street",
    "/v1/orders/by-ref/{source}/milestones": "?premises=store",
    "/v1/alert-rules/{kind}": "?premises=store",
    "/v1/reports/receipt": "?order=1001&format=json",
    "/v1/reports/{name}": "?trip=T-0001&format=json",
}
# Of ours; none of it may stand in any answer to others.
OURS = (
    "Elina Salo", "van-1", "gps-van-1", "E-1", "Corner Store Ltd", "Shell Kamppi", "Marathon", "Night desk",
    "shop.example.org", "compliance",
)  # fmt: skip


@pytest.fixture
def shop(api: Api) -> tuple[Api, dict[str, str]]:
    """A shop with one of everything, and the ids of all of it by the variables of paths."""
    rows, made = api.rows, {}
    for number in (1, 2):
        add_van(api, f"van-{number}")
        add_driver(api, f"E-{number}")
    plan(api, [order(api, "a", customer_email="elina@example.org"), order(api, "b", 2)])
    plan(api, [order(api, "c", 3)], van="van-2", driver="E-2")
    for trip in ("T-0001", "T-0002"):
        do(api, trip, "load", {"code": "1001" if trip == "T-0001" else "1003"})
        do(api, trip, "depart", {"override": ["not_loaded"], "reason": "x"})
    change(api, "T-0001", {"kind": "move", "orders": ["1001"], "to_trip": "T-0002"})
    said = {"employee_no": "E-1", "channel": "radio"}
    made["check_in_id"] = do(api, "T-0001", "check-ins", said)["check_ins"][0]["id"]
    for what, path, body in (
        ("licensee", "/v1/licensees", {"name": "corner-store", "legal_name": "Corner Store Ltd"}),
        ("place", "/v1/known-places", {"name": "Shell Kamppi", "kind": "fuel", "lat": 60.1, "lon": 24.9,
                                       "premises": "store"}),
        ("document_id", "/v1/documents", {"of_kind": "vehicle", "of": "van-1", "kind": "insurance", "number": "77"}),
        ("condition", "/v1/conditions", {"kind": "traffic", "says": "Marathon", "speed_share": 0, "premises": "store",
                                         "geometry": {"type": "Point", "coordinates": [24.9, 60.1]}, "radius_m": 90}),
        ("duty_id", "/v1/duty", {"name": "Night desk", "address": "desk@shop.example.org", "premises": "store"}),
        ("webhook_id", "/v1/webhooks", {"url": "https://shop.example.org/hook", "premises": "store"}),
    ):  # fmt: skip
        answer = api.ask("chief", "POST", path, body)
        assert answer.status_code == 201, answer.text
        made[what] = answer.json()["id"]
    made["exception_id"] = str(_exception(api))
    made["alert_id"], made["message_id"] = (str(one) for one in _alert_and_message(api))
    ((made["order"],), (made["trip"],), (made["vehicle"],), (made["driver"],), (made["install"],),
     (made["transfer_id"],), (made["prefix"],)) = (
        rows(f"SELECT {column}::text FROM waybill.{table} WHERE {where}")[0] for column, table, where in (
            ("id", "orders", "order_no = '1001'"), ("id", "trip", "trip_no = 'T-0001'"),
            ("id", "vehicle", "name = 'van-1'"), ("id", "driver", "employee_no = 'E-1'"),
            ("i.id", "install i JOIN waybill.vehicle v ON v.id = i.vehicle_id", "v.name = 'van-1'"),
            ("id", "transfer", "true"), ("prefix", "api_key", "name = 'pos' AND NOT test"),
        ))  # fmt: skip
    return api, made


def _exception(api: Api) -> UUID:
    made = new_id(NOON)
    with psycopg.connect(api.database.owner_url) as owner:
        owner.execute(
            "INSERT INTO waybill.exception (id, premises_id, kind, trip_id, during, rule, opened_at)"
            " SELECT %s, premises_id, 'check_in_overdue', id, tstzrange(%s, NULL), 'silent', %s FROM waybill.trip"
            " WHERE trip_no = 'T-0001'",
            [made, NOON, NOON],
        )
    return made


def _alert_and_message(api: Api) -> tuple[UUID, UUID]:
    alert, message = new_id(NOON), new_id(NOON)
    with psycopg.connect(api.database.owner_url) as owner:
        owner.execute(
            "INSERT INTO waybill.alert (id, premises_id, kind, subject, says, began_at, raised_at)"
            " VALUES (%s, %s, 'late', 'order 1001', 'Elina Salo waits', %s, %s)",
            [alert, api.store, NOON, NOON],
        )
        owner.execute(
            "INSERT INTO waybill.message (id, premises_id, audience, kind, once, channel, recipient, language, body,"
            " at, created_at, give_up_at, next_at) VALUES (%s, %s, 'customer', 'late', 'x', 'email',"
            " 'elina@example.org', 'en', 'Dear Elina Salo', %s, %s, %s, %s)",
            [message, api.store, NOON, NOON, NOON + HOUR, NOON],
        )
    return alert, message


_KEYS = {
    "conditions": "condition", "orders": "order", "trips": "trip", "licensees": "licensee", "vehicles": "vehicle",
    "drivers": "driver", "installs": "install", "known-places": "place",
}  # fmt: skip


def _filled(path: str, made: dict[str, str]) -> str:
    kind = path.split("/")[2]
    values = {
        **made, "key": "store" if kind == "premises" else made.get(_KEYS.get(kind, ""), ""), "code": "store",
        "name": {"profiles": "plain", "reports": "stops"}.get(kind, "compliance"), "attempt": "1",
        "version": "1", "source": "pos", "number": "a",
        "channel": "email", "address": "elina@example.org",
        "kind": "document" if kind == "orders" else "late_risk",
    }  # fmt: skip
    return re.sub(r"\{([^}]+)\}", lambda found: values[found[1]], path) + QUERIES.get(path, "")


def _asked(api: Api, who: str, made: dict[str, str], method: str, path: str) -> Any:
    options: dict[str, Any] = {}
    if path.endswith("/import"):
        options = {"content": b"name,premises\nvan-9,store\n", "headers": {"content-type": "text/csv"}}
        return api.ask(who, method, path + "?premises=store", **options)
    return api.ask(who, method, _filled(path, made), SAID.get((method, path)))


@pytest.mark.parametrize("who", ["stranger", "rival"])
def test_what_is_ours_looks_to_others_as_if_it_were_not_there(shop: tuple[Api, dict[str, str]], who: str) -> None:
    """`stranger` dispatches elsewhere, `rival` administers everything there."""
    api, made = shop
    before = _everything(api)
    wrong = []
    for method, path in PROTECTED:
        # A driver's pages ask for the phone's link, whatever account the browser has.
        if (method, path) in OWN | EVERYBODYS or path.startswith("/driver"):
            continue
        answer = _asked(api, who, made, method, path)
        about_one = "{" in path or method != "GET" or path.endswith(("/import", "/receipt"))
        allowed = REFUSED.get((method, path), (403, 404))
        asked_for = _filled(path, made) + json.dumps(SAID.get((method, path)))
        text = json.dumps(_safe(answer))
        told = [one for one in OURS if one not in asked_for and re.search(rf'"[^"]*{re.escape(one)}[^"]*"', text)]
        if answer.status_code not in (allowed if about_one else (200, 403)) or told:
            wrong.append(f"{method} {path}: {answer.status_code} tells of {told}: {answer.text[:200]}")

    assert wrong == [], "\n".join(wrong)
    assert _everything(api) == before


def _safe(answer: Any) -> Any:
    return answer.json() if "json" in answer.headers.get("content-type", "") else answer.text


def _everything(api: Api) -> list[tuple[Any, ...]]:
    """How much there is of what people can change, and every deed on record."""
    tables = (
        "orders",
        "trip",
        "trip_drop",
        "vehicle",
        "driver",
        "install",
        "place",
        "document",
        "webhook",
        "api_key",
        "account_role",
        "ledger_movement",
        "check_in",
        "milestone",
        "premises",
        "licensee",
    )
    counted = [api.rows(f"SELECT count(*) FROM waybill.{table}")[0] for table in tables]
    ours = (
        "SELECT count(*) FROM waybill.audit_event WHERE actor IN ('stranger', 'rival') AND action <> 'session.opened'"
    )
    return [*counted, *api.rows(ours)]
