"""What blocks a departure, rule by rule, and the profiles that come with Waybill."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest

from gateway.dispatch.blocks import Bag, Leaving, Line, Misplaced, Out, blocks, load_mass_g, load_value_minor
from gateway.dispatch.errors import DispatchError
from gateway.dispatch.labels import label_code, order_of_label
from gateway.dispatch.profile import Profile, Rule, Setting, in_force, meanings, shipped, with_values

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday, 14:00 in Helsinki
EVERY_DAY = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), ("09:00", "21:00"))


def line(price: int | None = 1000, quantity: str = "2", aboard: str = "0", unit: str = "each") -> Line:
    return Line("Wine", Decimal(quantity), Decimal(aboard), unit, price, "EUR")


def bag(number: int = 1, *lines: Line, **more: Any) -> Bag:
    return Bag(UUID(int=number), str(1000 + number), lines or (line(),), **more)


def leaving(*bags: Bag, **more: Any) -> Leaving:
    said: dict[str, Any] = {
        "at": NOON,
        "tz": "Europe/Helsinki",
        "hours": EVERY_DAY,
        "crew": 1,
        "bags": bags or (bag(),),
    }
    return Leaving(**{**said, **more})


def rules(trip: Leaving, **profile: Any) -> list[Rule]:
    return [one.rule for one in blocks(trip, Profile(**profile))]


def test_nothing_blocks_where_nothing_is_asked() -> None:
    assert blocks(leaving(), Profile()) == []


@pytest.mark.parametrize(("currency", "said"), [("RWF", "4000 RWF"), ("KWD", "4.000 KWD"), ("EUR", "40.00 EUR")])
def test_a_load_is_said_in_the_decimals_of_its_currency(currency: str, said: str) -> None:
    lines = (msgspec.structs.replace(line(2000), currency=currency),)
    (block,) = blocks(leaving(bag(1, *lines)), Profile(currency=currency, max_load_value_minor=3999))

    assert said in block.says


@pytest.mark.parametrize(
    ("trip", "profile", "rule"),
    [
        (leaving(bag(1, is_cancelled=True)), {}, Rule.ORDERS),
        (leaving(bag(1, has_place=False)), {}, Rule.NO_PLACE),
        (leaving(out=(Out("T-0001", "van-1"),)), {}, Rule.VEHICLE_OUT),
        (leaving(out=(Out("T-0001", None, ("E-1",)),)), {}, Rule.CREW_OUT),
        (leaving(), {"min_crew": 2}, Rule.CREW),
        (leaving(), {"second_above_minor": 1999}, Rule.CREW),
        (leaving(expired=("insurance of van-1 ended",)), {}, Rule.DOCUMENTS),
        (leaving(at=NOON.replace(hour=20)), {}, Rule.HOURS),
        (leaving(hours={"tue": ("09:00", "21:00")}), {}, Rule.HOURS),
        (leaving(hours={}), {"delivery_from": "14:01"}, Rule.HOURS),
        (leaving(hours={}), {"delivery_to": "13:59"}, Rule.HOURS),
        (leaving(), {"ledger_number_before_departure": True}, Rule.LEDGER_NUMBER),
        (leaving(ticked=("badge",)), {"checklist": ("badge", "licence")}, Rule.CHECKLIST),
        (leaving(), {"max_load_value_minor": 1999}, Rule.LOAD_VALUE),
        (leaving(bag(1, line(None))), {"max_load_value_minor": 10**9}, Rule.LOAD_VALUE),
        (leaving(), {"max_load_value_minor": 10**9, "currency": "USD"}, Rule.LOAD_VALUE),
        (leaving(bag(1, line(100, "1.5", unit="kg"))), {"max_load_mass_g": 1499}, Rule.LOAD_MASS),
        (leaving(bag(1, total_minor=2000, due_minor=1500)), {"min_prepaid_share": 0.3}, Rule.PREPAID),
        (leaving(bag(1, total_minor=2000)), {"min_prepaid_share": 0.3}, Rule.PREPAID),
        (leaving(bag(1)), {"load_check": True}, Rule.NOT_LOADED),
        (leaving(bag(1, line(aboard="1"))), {"load_check": True}, Rule.NOT_LOADED),
        (leaving(misplaced=(Misplaced("1009", "T-0002", "van-2"),)), {}, Rule.WRONG_BAG),
        (leaving(bag(1), bag(2, line(aboard="2"), is_cancelled=True)), {}, Rule.CANCELLED_ABOARD),
        (
            leaving(bag(1), bag(2, line(aboard="2"), is_cancelled=True)),
            {"max_unordered_value_minor": 1999, "max_load_value_minor": 10**9},
            Rule.UNORDERED_VALUE,
        ),
        (
            leaving(bag(1), bag(2, line(None, aboard="1"), is_cancelled=True)),
            {"max_unordered_value_minor": 10**9},
            Rule.UNORDERED_VALUE,
        ),
    ],
)
def test_each_rule_blocks_by_itself(trip: Leaving, profile: dict[str, Any], rule: Rule) -> None:
    assert rule in rules(trip, **profile)


@pytest.mark.parametrize(
    ("trip", "profile"),
    [
        (leaving(crew=2), {"min_crew": 2, "second_above_minor": 0}),
        (leaving(hours={}), {"delivery_from": "14:00", "delivery_to": "14:00"}),
        (leaving(ledger_no="L-1"), {"ledger_number_before_departure": True}),
        (leaving(), {"max_load_value_minor": 2000, "currency": "EUR"}),
        (leaving(bag(1, line(100, "1.5", unit="kg"))), {"max_load_mass_g": 1500}),
        (leaving(bag(1, total_minor=2000, due_minor=1400)), {"min_prepaid_share": 0.3}),
        (leaving(bag(1, line(aboard="2"))), {"load_check": True}),
    ],
)
def test_at_the_limit_nothing_blocks(trip: Leaving, profile: dict[str, Any]) -> None:
    assert rules(trip, **profile) == []


def test_a_wrong_bag_names_its_trip_and_van() -> None:
    (block,) = blocks(leaving(misplaced=(Misplaced("1009", "T-0002", "van-2"),)), Profile())

    assert block.says == "order 1009 is in this van and belongs to trip T-0002 (van-2)"
    assert not block.may_be_overridden


def test_goods_nobody_ordered_count_as_far_as_they_are_aboard() -> None:
    half = leaving(bag(1), bag(2, line(1000, "2", aboard="1"), line(None), is_cancelled=True))

    assert Rule.UNORDERED_VALUE not in rules(half, max_unordered_value_minor=1000)
    assert Rule.UNORDERED_VALUE in rules(half, max_unordered_value_minor=999)


def test_no_profile_lifts_a_missing_place_and_each_lifts_a_van_that_is_out() -> None:
    trip = leaving(bag(1, has_place=False), out=(Out("T-0001", "van-1", ("E-1",)),))

    found = blocks(trip, Profile(may_be_overridden=tuple(Rule)))
    assert {one.rule: one.may_be_overridden for one in found}[Rule.NO_PLACE] is False
    lifted = {one.rule for one in blocks(trip, Profile()) if one.may_be_overridden}
    assert lifted == {Rule.VEHICLE_OUT, Rule.CREW_OUT}


def test_value_and_mass_add_up_over_orders() -> None:
    bags = (bag(1, line(1000, "2"), line(200, "1.5", unit="kg")), bag(2, line(50, "28", unit="g")))

    assert load_value_minor(bags) == 2000 + 300 + 1400
    assert load_mass_g(bags) == Decimal(1528)


def test_profiles_come_with_evidence_and_what_is_not_verified_is_off() -> None:
    assert set(shipped()) == {"plain", "california-adult-use", "texas-alcohol"}
    for profile in shipped().values():
        for name, setting in profile.settings.items():
            assert name in Profile.__struct_fields__
            assert setting.source
            if setting.mark == "NV":
                assert not setting.on, f"{name} is not verified and on"


def test_every_value_that_is_off_would_fit_when_it_is_switched_on() -> None:
    for profile in shipped().values():
        in_force({name: msgspec.structs.replace(one, on=True) for name, one in profile.settings.items()})


def test_every_setting_says_what_it_is_about() -> None:
    assert set(meanings()) == set(Profile.__struct_fields__)


def test_a_value_is_set_and_switched_off_without_touching_the_version_before() -> None:
    before = shipped()["california-adult-use"].settings

    after = with_values(before, {"min_crew": 2, "age_threshold": None}, "two by our own rule")

    assert in_force(after).min_crew == 2
    assert in_force(after).age_threshold is None
    assert in_force(before).age_threshold == 21
    assert after["min_crew"] == Setting(value=2, on=True, mark="own", source="two by our own rule")
    with pytest.raises(DispatchError, match="this is no profile"):
        with_values(before, {"min_crew": 0}, "nobody")


def test_a_label_stands_for_its_order_and_nothing_else_does() -> None:
    order_id = UUID("01900000-0000-7000-8000-00000000abcd")

    assert label_code(order_id) == "WB:0190000000007000800000000000ABCD"
    assert order_of_label(f" {label_code(order_id).lower()}\n") == str(order_id)
    assert order_of_label("1001") is None
    assert order_of_label("WB:1001") is None
