"""What has to be true when an acceptance day is over: ends, ledgers, records field by field, audit. Does nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.acceptance.day_dispatch import Dispatch

ENDS = {
    "delivered": "delivered", "partial": "delivered", "second attempt": "delivered", "failed": "returned",
    "cancelled early": "cancelled", "cancelled before loading": "cancelled", "cancelled in the yard": "cancelled",
    "cancelled on the road": "returned",
}  # fmt: skip
ON_THE_WAY = ("received", "accepted", "preparing", "ready", "queued", "out_for_delivery")
# What RECORDS asks of every order, whatever became of it.
ALWAYS = (
    "order_no", "source_ref", "customer_no", "customer_name", "customer_phone", "address", "lat", "lon", "place_source",
    "window_from", "window_to", "placed_at", "channel", "prepared_by", "currency", "total_minor", "payment",
    "milestone_at",
)  # fmt: skip
OF_PREMISES = ("code", "name", "address", "licence_no", "tz", "licensee", "licensee_licence_no")
OF_TRIP = (
    "trip_no", "vehicle", "plate", "devices", "crew", "profile", "profile_version", "planned_departure_at",
    "departed_at", "declared_departed_at", "ended_at", "leg_from", "leg_to",
)  # fmt: skip


def assert_every_order_ended(day: Dispatch) -> None:
    ended = {number: (order.fate, day.order(number)["milestone"]) for number, order in day.orders.items()}
    otherwise = {number: one for number, one in ended.items() if one[1] != ENDS[one[0]]}
    assert otherwise == {}, otherwise
    listed = day.aino.ask("GET", "/v1/orders?limit=200&milestone=delivered&milestone=returned&milestone=cancelled")
    assert len(listed["orders"]) == min(200, len(day.orders))


def assert_nothing_aboard(day: Dispatch) -> None:
    """The ledger of every van sums to zero, line by line."""
    trips: list[Any] = []
    after = ""
    while not trips or after:
        page = day.aino.ask("GET", f"/v1/trips?limit=200{after}")
        trips += page["trips"]
        after = f"&after={page['next']}" if page["next"] else ""
    sums: dict[str, Decimal] = dict.fromkeys(day.vans, Decimal(0))
    for trip in trips:
        assert trip["state"] == "ended", trip
        ledger = day.aino.ask("GET", f"/v1/trips/{trip['trip_no']}/ledger")
        assert ledger["aboard"] == [], (trip["trip_no"], ledger["aboard"])
        sums[trip["vehicle"]] += sum((Decimal(one["quantity"]) for one in ledger["movements"]), Decimal(0))
        if ledger["movements"]:
            assert Decimal(ledger["movements"][-1]["value_aboard_minor"]) == 0
    assert set(sums.values()) == {Decimal(0)}, sums
    dead = next(one for one in trips if one["vehicle"] == day.breakdown_of and _end_reason(day, one) is not None)
    assert _end_reason(day, dead) == "the engine died"


def _end_reason(day: Dispatch, trip: Any) -> str | None:
    reason: str | None = day.trip(trip["trip_no"])["end_reason"]
    return reason


def assert_records_complete(day: Dispatch) -> None:
    for number, order in day.orders.items():
        record = day.chief.ask("GET", f"/v1/orders/{number}/record")
        missing = [name for name in ALWAYS if record["order"][name] in (None, "")]
        missing += [name for name in OF_PREMISES if not record["premises"][name]]
        assert missing == [], (number, order.fate, missing)
        _check_way(number, order.fate, record)
        _check_trips(number, order.fate, record)
        _check_goods(number, order.fate, record)
        _check_audit(number, record)


def _check_way(number: str, fate: str, record: Any) -> None:
    """Every milestone is there, declared; the arrival of whoever was driven to is detected as well."""
    told = record["order"]["milestones"]
    declared = [one["milestone"] for one in told if one["known"] == "declared"]
    detected = {one["milestone"] for one in told if one["known"] == "detected"}
    assert all(one["declared_by"] for one in told if one["known"] == "declared"), number
    if fate == "cancelled early":
        assert set(declared) == {"received", "accepted", "preparing", "ready", "cancelled"}, (number, declared)
    elif fate.startswith("cancelled"):
        assert "cancelled" in declared, (number, declared)
    else:
        assert set(declared) >= set(ON_THE_WAY), (number, fate, declared)
        assert "arrived" in detected, (number, fate, detected)
    outcomes = [(one["attempt"], one["outcome"], one["partial"]) for one in record["handoffs"]]
    expected = {
        "delivered": [(1, "delivered", False)], "partial": [(1, "delivered", True)], "failed": [(1, "failed", False)],
        "second attempt": [(1, "failed", False), (2, "delivered", False)],
    }  # fmt: skip
    assert outcomes == expected.get(fate, []), (number, fate, outcomes)
    assert record["attempts"] == len(outcomes)
    assert all(one["reason_code"] == "RECIPIENT_ABSENT" for one in record["handoffs"] if one["outcome"] == "failed")


def _check_trips(number: str, fate: str, record: Any) -> None:
    if fate == "cancelled early":
        assert (record["trips"], record["plan_changes"]) == ([], []), number
        return
    assert len(record["trips"]) >= (2 if fate == "second attempt" else 1), (number, fate)
    assert record["plan_changes"], (number, fate)
    assert {one["actor"] for one in record["plan_changes"]} == {"aino"}, (number, record["plan_changes"])
    for trip in record["trips"]:
        missing = [name for name in OF_TRIP if trip[name] in (None, [], "")]
        if fate in ("cancelled before loading", "cancelled in the yard"):
            assert missing[-2:] == ["leg_from", "leg_to"], (number, fate, missing)  # it never was on the road
            missing = missing[:-2]
        assert missing == [], (number, fate, trip["trip_no"], missing)
        assert [one["name"] for one in trip["crew"]]
    if fate in ("delivered", "partial"):
        # A trip that only took home what was left has no drop of the order.
        last = [one for one in record["trips"] if one["seq"] is not None][-1]
        assert last["arrived_at"] is not None, (number, record["trips"])
        assert last["on_the_road_s"] >= 0, (number, last)
    for transfer in record["transfers"]:
        said = (transfer["given_by"], transfer["given_at"], transfer["taken_by"], transfer["taken_at"])
        assert all(said), (number, transfer)
        assert (transfer["given_reason"], transfer["taken_reason"]) == (None, None), (number, transfer)


def _check_goods(number: str, fate: str, record: Any) -> None:
    """What was loaded is accounted for, line by line."""
    kinds = [one["kind"] for one in record["goods"]]
    if fate in ("cancelled early", "cancelled before loading"):
        assert kinds == [], (number, fate)
        return
    assert sum(Decimal(one["quantity"]) for one in record["goods"]) == 0, (number, fate, record["goods"])
    assert set(kinds) & {"load", "restock"}, (number, fate)
    expected = {"delivered": "deliver", "partial": "deliver", "second attempt": "deliver"}.get(fate, "return")
    assert expected in kinds, (number, fate, kinds)
    if fate == "partial":
        assert "return" in kinds
        accepted = [Decimal(line["accepted_quantity"]) for line in record["order"]["lines"]]
        assert accepted == [1, 1]
    assert all(one["actor"] for one in record["goods"])


def _check_audit(number: str, record: Any) -> None:
    """Whatever was said, loaded or unloaded stands in the audit trail with its author."""
    actions = [one["action"] for one in record["audit"]]
    declared = [one for one in record["order"]["milestones"] if one["known"] == "declared"]
    said = [one for one in actions if one in ("order.placed", "order.declared", "order.confirmed")]
    queued = [one for one in record["plan_changes"] if "planned" in one["kinds"]]
    # Planning a trip queues its orders: that stands with the trip.
    assert len(said) + len(queued) >= len(declared), (number, actions, [one["milestone"] for one in declared])
    assert all(one["actor"] and one["actor_kind"] for one in record["audit"])
    loads = [one for one in record["goods"] if one["kind"] in ("load", "restock")]
    assert (actions.count("order.loaded") > 0) == bool(loads), (number, actions, loads)


def assert_audited(day: Dispatch) -> None:
    """Every plan, transfer and declared milestone has an event of the same author."""
    assert day.changes > 5 * len(day.orders) / 2
    unaudited = day.rows(
        "SELECT t.trip_no, c.kinds FROM waybill.trip_change c JOIN waybill.trip t ON t.id = c.trip_id"
        " WHERE NOT EXISTS (SELECT FROM waybill.audit_event a WHERE a.object_kind = 'trip'"
        " AND a.object_id = c.trip_id::text AND a.at = c.at AND a.actor = c.actor)"
    )
    assert unaudited == [], unaudited
    unsaid = day.rows(
        "SELECT o.order_no, m.milestone FROM waybill.milestone m JOIN waybill.orders o ON o.id = m.order_id"
        " WHERE m.known = 'declared' AND NOT EXISTS (SELECT FROM waybill.audit_event a WHERE a.at = m.at"
        " AND m.declared_by = a.actor_kind || ' ' || a.actor"
        " AND a.object_id IN (m.order_id::text, m.trip_id::text))"
    )
    assert unsaid == [], unsaid
    transfers = day.rows("SELECT count(*) FROM waybill.transfer")[0][0]
    confirmed = day.rows("SELECT count(*) FROM waybill.audit_event WHERE action = 'transfer.confirmed'")[0][0]
    assert confirmed == 2 * transfers, (confirmed, transfers)
    assert day.rows("SELECT count(*) FROM waybill.audit_event WHERE actor = '' OR actor_kind = ''") == [(0,)]
