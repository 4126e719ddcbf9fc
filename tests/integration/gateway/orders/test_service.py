"""Orders on the record: placed, declared, planned on a trip. Against the real database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import msgspec
import psycopg
import pytest

from contract.milestones import Milestone
from gateway.orders.service import (
    MilestoneRefusedError,
    OrdersConflictError,
    OrdersError,
    PlacedOrder,
    UnknownObjectError,
    declare,
    place_order,
    plan_trip,
)
from storage.audit import Actor
from storage.ids import new_id
from storage.orders import CrewMember, NewDrop, NewLine, NewOrder, NewTrip, orders_by_refs
from storage.places import OrderPlace
from storage.tracking import DetectedMilestone, put_detected
from tests.fixtures.database import Database, somebody_waits_for_a_lock
from tests.fixtures.gateway import eventually

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DISPATCHER = Actor("account", "aino")
DRIVER = Actor("driver", "E-17")
PREMISES = UUID("01900000-0000-7000-8000-000000000001")
VAN = UUID("01900000-0000-7000-8000-000000000002")
CREW = UUID("01900000-0000-7000-8000-000000000003")


@pytest.fixture
def gateway(database: Database) -> Iterator[psycopg.Connection]:
    """A connection with the gateway's rights to a database with premises, a van and a driver."""
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute(
            "INSERT INTO waybill.premises (id, code, name, tz, created_at)"
            " VALUES (%s, 'shop', 'Shop', 'Europe/Helsinki', %s)",
            [PREMISES, NOON],
        )
        owner.execute(
            "INSERT INTO waybill.vehicle (id, premises_id, name, created_at) VALUES (%s, %s, 'van-1', %s)",
            [VAN, PREMISES, NOON],
        )
        owner.execute(
            "INSERT INTO waybill.driver (id, premises_id, employee_no, name, created_at)"
            " VALUES (%s, %s, 'E-17', 'Aino', %s)",
            [CREW, PREMISES, NOON],
        )
    with psycopg.connect(database.gateway_url, autocommit=True) as connection:
        yield connection


def an_order(ref: str = "a-1") -> NewOrder:
    return NewOrder(
        source="shop",
        source_ref=ref,
        customer_name="Liisa",
        address="Kaisaniementie 5",
        lat_e7=601_700_000,
        lon_e7=249_400_000,
        window_from=NOON + timedelta(hours=2),
        window_to=NOON + timedelta(hours=3),
        placed_at=NOON,
        currency="EUR",
        lines=(
            NewLine(item="Riesling 0.75 l", quantity=Decimal(2), unit="bottle", unit_price_minor=1290),
            NewLine(item="Ice", quantity=Decimal("1.5"), unit="kg", unit_price_minor=200),
        ),
    )


def placed(gateway: psycopg.Connection, ref: str = "a-1", *, up_to: Milestone | None = None) -> PlacedOrder:
    order = place_order(gateway, PREMISES, an_order(ref), DISPATCHER)
    if up_to is not None:
        for milestone in (Milestone.ACCEPTED, Milestone.PREPARING, Milestone.READY):
            declare(gateway, order.id, milestone, NOON, DISPATCHER)
    return order


def a_trip(*orders: PlacedOrder) -> NewTrip:
    return NewTrip(
        premises_id=PREMISES,
        vehicle_id=VAN,
        crew=(CrewMember(CREW),),
        drops=tuple(NewDrop(order.id, NOON + timedelta(hours=2, minutes=n)) for n, order in enumerate(orders)),
        planned_departure_at=NOON + timedelta(hours=2),
        planned_route=((249400000, 601700000), (249410000, 601710000)),
    )


def audited(gateway: psycopg.Connection, object_id: UUID) -> list[tuple[str, str]]:
    query = "SELECT action, actor FROM waybill.audit_event WHERE object_id = %s ORDER BY recorded_at"
    return gateway.execute(query, [str(object_id)]).fetchall()


def test_orders_get_the_premises_next_number_and_the_sum_of_their_lines(gateway: psycopg.Connection) -> None:
    first, second = placed(gateway, "a-1"), placed(gateway, "a-2")

    assert (first.order_no, second.order_no) == ("1001", "1002")
    query = "SELECT total_minor, milestone, placed_at FROM waybill.orders WHERE id = %s"
    assert gateway.execute(query, [first.id]).fetchone() == (2880, "received", NOON)
    query = "SELECT milestone, known FROM waybill.milestone WHERE order_id = %s"
    assert gateway.execute(query, [first.id]).fetchall() == [("received", "declared")]
    assert audited(gateway, first.id) == [("order.placed", "aino")]


def test_a_number_of_a_placement_that_failed_is_given_to_the_next_order(gateway: psycopg.Connection) -> None:
    with gateway.transaction(force_rollback=True):
        placed(gateway, "a-1")

    assert placed(gateway, "a-1").order_no == "1001"


def test_an_order_is_placed_once_and_the_refusal_names_its_number(gateway: psycopg.Connection) -> None:
    placed(gateway, "a-1")

    with pytest.raises(OrdersError, match="a-1 of shop is on record already, as 1001"):
        placed(gateway, "a-1")


def test_of_two_that_place_one_number_at_once_the_second_is_refused_like_any_later_one(
    gateway: psycopg.Connection, database: Database
) -> None:
    def second() -> None:
        with psycopg.connect(database.gateway_url) as connection:
            place_order(connection, PREMISES, an_order("a-1"), DISPATCHER)

    with ThreadPoolExecutor(1) as pool, psycopg.connect(database.owner_url, autocommit=True) as onlooker:
        with gateway.transaction():
            placed(gateway, "a-1")
            refused = pool.submit(second)
            eventually(lambda: somebody_waits_for_a_lock(onlooker), 60)

        with pytest.raises(OrdersConflictError, match="a-1 of shop is on record already, as 1001"):
            refused.result(60)

    assert placed(gateway, "a-2").order_no == "1002"


def test_a_milestone_out_of_turn_is_refused_with_what_is_allowed(gateway: psycopg.Connection) -> None:
    order = placed(gateway)

    with pytest.raises(MilestoneRefusedError) as refused:
        declare(gateway, order.id, Milestone.DELIVERED, NOON, DRIVER)

    assert str(refused.value) == "order 1001 is received: delivered cannot follow, allowed: accepted, cancelled"


def test_a_failed_handoff_needs_a_reason_code(gateway: psycopg.Connection) -> None:
    order = placed(gateway, up_to=Milestone.READY)
    plan_trip(gateway, a_trip(order), DISPATCHER, NOON)
    declare(gateway, order.id, Milestone.OUT_FOR_DELIVERY, NOON, DRIVER)

    with pytest.raises(OrdersError, match=r"needs a reason code, one of .*NO_VALID_ID.*; got 'no idea'"):
        declare(gateway, order.id, Milestone.FAILED, NOON, DRIVER, reason_code="no idea")
    head = declare(gateway, order.id, Milestone.FAILED, NOON, DRIVER, reason_code="NO_VALID_ID", note="expired")

    assert head.milestone is Milestone.FAILED
    query = "SELECT reason_code, note, declared_by FROM waybill.milestone WHERE order_id = %s AND milestone = 'failed'"
    assert gateway.execute(query, [order.id]).fetchall() == [("NO_VALID_ID", "expired", "driver E-17")]


def test_what_fixes_showed_can_be_confirmed_once_and_both_are_kept(gateway: psycopg.Connection) -> None:
    order = placed(gateway, up_to=Milestone.READY)
    trip = plan_trip(gateway, a_trip(order), DISPATCHER, NOON)
    declare(gateway, order.id, Milestone.OUT_FOR_DELIVERY, NOON, DRIVER)
    put_detected(gateway, [DetectedMilestone(str(order.id), str(trip.id), Milestone.ARRIVED, NOON, "[]")], NOON)

    declare(gateway, order.id, Milestone.ARRIVED, NOON + timedelta(minutes=1), DRIVER)

    query = "SELECT known, at FROM waybill.milestone WHERE order_id = %s AND milestone = 'arrived' ORDER BY at"
    assert gateway.execute(query, [order.id]).fetchall() == [
        ("detected", NOON),
        ("declared", NOON + timedelta(minutes=1)),
    ]
    with pytest.raises(MilestoneRefusedError):
        declare(gateway, order.id, Milestone.ARRIVED, NOON + timedelta(minutes=2), DRIVER)


def test_planning_a_trip_queues_its_orders_in_sequence(gateway: psycopg.Connection) -> None:
    orders = [placed(gateway, f"a-{n}", up_to=Milestone.READY) for n in (1, 2, 3)]

    trip = plan_trip(gateway, a_trip(*reversed(orders)), DISPATCHER, NOON)

    assert trip.trip_no == "T-0001"
    heads = orders_by_refs(gateway, PREMISES, "shop", ["a-1", "a-2", "a-3", "a-4"])
    assert {(head.milestone, head.trip_id) for head in heads.values()} == {(Milestone.QUEUED, trip.id)}
    query = "SELECT order_id FROM waybill.trip_drop WHERE trip_id = %s ORDER BY seq"
    assert [row[0] for row in gateway.execute(query, [trip.id])] == [order.id for order in reversed(orders)]
    assert audited(gateway, trip.id) == [("trip.planned", "aino")]


def test_an_order_cannot_be_on_two_trips(gateway: psycopg.Connection) -> None:
    order = placed(gateway, up_to=Milestone.READY)
    plan_trip(gateway, a_trip(order), DISPATCHER, NOON)

    with pytest.raises(MilestoneRefusedError, match="order 1001 is queued: queued cannot follow"):
        plan_trip(gateway, a_trip(order), DISPATCHER, NOON)


def test_an_order_that_goes_out_again_is_on_the_newer_trip_whenever_that_was_to_leave(
    gateway: psycopg.Connection,
) -> None:
    order = placed(gateway, up_to=Milestone.READY)
    plan_trip(gateway, a_trip(order), DISPATCHER, NOON)
    declare(gateway, order.id, Milestone.OUT_FOR_DELIVERY, NOON, DRIVER)
    declare(gateway, order.id, Milestone.FAILED, NOON, DRIVER, reason_code="RECIPIENT_ABSENT")

    again = msgspec.structs.replace(a_trip(order), planned_departure_at=NOON + timedelta(hours=1))
    trip = plan_trip(gateway, again, DISPATCHER, NOON + timedelta(minutes=1))

    assert declare(gateway, order.id, Milestone.OUT_FOR_DELIVERY, NOON, DRIVER).trip_id == trip.id


def test_strange_vehicles_drivers_and_orders_are_refused(gateway: psycopg.Connection) -> None:
    order = placed(gateway, up_to=Milestone.READY)
    stranger = new_id(NOON)

    for wrong in (
        msgspec.structs.replace(a_trip(order), vehicle_id=stranger),
        msgspec.structs.replace(a_trip(order), crew=(CrewMember(stranger),)),
        a_trip(PlacedOrder(stranger, "9")),
    ):
        with pytest.raises(UnknownObjectError, match=str(stranger)):
            plan_trip(gateway, wrong, DISPATCHER, NOON)
    with pytest.raises(UnknownObjectError):
        declare(gateway, stranger, Milestone.ACCEPTED, NOON, DRIVER)


def test_an_order_that_nobody_knows_where_goes_on_no_trip(gateway: psycopg.Connection) -> None:
    order = place_order(gateway, PREMISES, an_order(), DISPATCHER, OrderPlace(problem="no_map"))
    for milestone in (Milestone.ACCEPTED, Milestone.PREPARING, Milestone.READY):
        declare(gateway, order.id, milestone, NOON, DISPATCHER)

    with pytest.raises(OrdersConflictError, match=f"waybill address pin {order.order_no} LAT LON"):
        plan_trip(gateway, a_trip(order), DISPATCHER, NOON)
