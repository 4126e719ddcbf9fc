"""The send window: only receipts take numbers off it."""

from datetime import UTC, datetime

from contract.fix import Fix
from contract.messages import Receipt
from firmware_bridge.flights import MAX_FLIGHTS, RESEND_S, SendWindow
from firmware_bridge.spooled import Pack, Place


def pack(first: int, last: int) -> Pack:
    instant = datetime(2026, 11, 23, tzinfo=UTC)
    return Pack(
        1,
        [
            Fix(device="gps-01", spool_id="a", seq=seq, fixed_at=instant, lat_e7=1, lon_e7=1)
            for seq in range(first, last + 1)
        ],
    )


def window_with(*packs: Pack) -> SendWindow:
    window = SendWindow()
    for mid, each in enumerate(packs, 1):
        window.sent(each, mid, now_s=0.0)
    return window


def test_window_is_full_at_its_limit_and_opens_by_receipt() -> None:
    window = window_with(*(pack(n, n) for n in range(1, MAX_FLIGHTS + 1)))
    assert not window.has_room

    window.receipt(Receipt(spool="a", through=5), now_s=1.0)

    assert window.under_way == MAX_FLIGHTS - 5


def test_ranges_after_a_hole_are_taken_off_too() -> None:
    window = window_with(pack(1, 3), pack(4, 6), pack(7, 9))

    window.receipt(Receipt(spool="a", through=0, also=[(4, 9)]), now_s=1.0)

    assert window.under_way == 1


def test_another_spools_receipt_changes_nothing() -> None:
    window = window_with(pack(1, 3))

    window.receipt(Receipt(spool="b", through=99), now_s=1.0)

    assert window.under_way == 1


def test_resend_is_due_when_no_receipt_brings_progress() -> None:
    window = window_with(pack(1, 3), pack(4, 6))
    window.receipt(Receipt(spool="a", through=3), now_s=50.0)

    assert not window.overdue(50.0 + RESEND_S - 1)
    assert window.overdue(50.0 + RESEND_S)


def test_nothing_under_way_is_never_overdue() -> None:
    window = window_with(pack(1, 3))

    window.receipt(Receipt(spool="a", through=3), now_s=1.0)

    assert not window.overdue(1e9)


def test_a_puback_makes_room_in_the_line_and_takes_no_number_off() -> None:
    window = SendWindow(max_unanswered=1)
    window.sent(pack(1, 3), 7, now_s=0.0)
    assert not window.has_room

    window.answered(7)

    assert window.has_room
    assert window.under_way == 1
    assert window.cursor == Place(1, 3)
    assert window.carries(7)
