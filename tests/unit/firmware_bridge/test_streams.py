"""Live beside backlog: which pack is next, and when one stream is enough."""

from datetime import UTC, datetime, timedelta

from contract.fix import Fix
from contract.messages import Receipt
from firmware_bridge.flights import MAX_FLIGHTS, RESEND_S
from firmware_bridge.spooled import START, Held, Pack, Place
from firmware_bridge.streams import (
    BACKLOG_UNANSWERED,
    LIVE_FLIGHTS,
    PACK_FIXES,
    SPLIT_BEYOND_FIXES,
    Streams,
    Turn,
    needs_split,
)

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def held(count: int, span_s: float) -> Held:
    return Held(count, NOW - timedelta(seconds=span_s), NOW)


def send(streams: Streams, turn: Turn, first: int, last: int, mid: int) -> None:
    fixes = [
        Fix(device="gps-01", spool_id="a", seq=seq, fixed_at=NOW, lat_e7=1, lon_e7=1) for seq in range(first, last + 1)
    ]
    streams.sent(turn, Pack(1, fixes), mid, now_s=0.0)


def next_turn(streams: Streams, newest: int) -> Turn:
    turn = streams.next_turn(Place(1, newest))
    assert turn is not None
    return turn


def split_at_1000() -> Streams:
    streams = Streams()
    streams.begin(Place(1, 1000), split=True)
    return streams


def test_only_a_large_and_old_backlog_needs_two_streams() -> None:
    assert needs_split(held(SPLIT_BEYOND_FIXES + 1, 31), 1.0)
    assert not needs_split(held(SPLIT_BEYOND_FIXES, 3600), 1.0), "one message holds it"
    assert not needs_split(held(SPLIT_BEYOND_FIXES + 1, 30), 1.0), "it is young"
    assert not needs_split(held(SPLIT_BEYOND_FIXES + 1, 31), 60.0), "young by the true clock"
    assert not needs_split(Held(0, None, None), 1.0)


def test_nothing_is_sent_before_it_is_known_whether_to_split() -> None:
    assert Streams().next_turn(Place(1, 5)) is None


def test_one_stream_goes_from_the_beginning_until_its_window_is_full() -> None:
    streams = Streams()
    streams.begin(Place(1, 1000), split=False)

    for number in range(1, MAX_FLIGHTS + 1):
        turn = next_turn(streams, 1000)
        assert (turn.limit, turn.before) == (PACK_FIXES, None)
        send(streams, turn, number, number, number)

    assert streams.next_turn(Place(1, 1000)) is None
    streams.receipt(Receipt(spool="a", through=1), 1.0)
    assert next_turn(streams, 1000).after == Place(1, MAX_FLIGHTS)


def test_split_sends_the_newest_first_and_then_the_oldest_up_to_it() -> None:
    streams = split_at_1000()

    live = next_turn(streams, 1000)
    assert (live.after, live.before) == (Place(1, 999), None)
    send(streams, live, 1000, 1000, mid=1)

    backlog = next_turn(streams, 1000)
    assert (backlog.after, backlog.before) == (START, Place(1, 1000))


def test_backlog_leaves_the_line_free_for_live_messages() -> None:
    streams = split_at_1000()
    send(streams, next_turn(streams, 1000), 1000, 1000, mid=1)
    for number in range(BACKLOG_UNANSWERED):
        send(streams, next_turn(streams, 1000), 1 + 10 * number, 10 + 10 * number, mid=2 + number)

    assert streams.next_turn(Place(1, 1000)) is None, "as much backlog is unanswered as may be"
    live = next_turn(streams, 1001)
    assert live.after == Place(1, 1000)
    streams.answered(2)
    send(streams, live, 1001, 1001, mid=9)
    assert next_turn(streams, 1001).before == Place(1, 1000)


def test_live_messages_without_a_receipt_do_not_stop_the_backlog() -> None:
    streams = split_at_1000()
    for number in range(LIVE_FLIGHTS):
        send(streams, next_turn(streams, 1000 + number), 1000 + number, 1000 + number, mid=number)

    assert next_turn(streams, 2000).before == Place(1, 1000)


def test_delivered_backlog_leaves_one_stream_that_goes_on() -> None:
    streams = split_at_1000()
    send(streams, next_turn(streams, 1000), 1000, 1000, mid=1)
    backlog = next_turn(streams, 1000)
    send(streams, backlog, 1, 999, mid=2)
    streams.answered(2)
    streams.nothing_left(next_turn(streams, 1000))
    assert streams.is_split

    streams.receipt(Receipt(spool="a", through=999), 1.0)

    assert not streams.is_split
    assert streams.under_way == 1
    assert next_turn(streams, 1001).after == Place(1, 1000)


def test_a_turn_of_before_a_rewind_counts_no_more() -> None:
    streams = split_at_1000()
    turn = next_turn(streams, 1000)
    assert streams.holds(turn)

    streams.rewind()

    assert not streams.holds(turn)
    assert not streams.overdue(1e9)


def test_numbers_confirmed_meanwhile_are_skipped() -> None:
    streams = Streams()
    streams.begin(Place(1, 5), split=False)

    streams.nothing_left(next_turn(streams, 5))

    assert streams.next_turn(Place(1, 5)) is None
    assert next_turn(streams, 6).after == Place(1, 5)


def test_either_stream_without_a_receipt_is_overdue() -> None:
    streams = split_at_1000()
    send(streams, next_turn(streams, 1000), 1000, 1000, mid=1)

    assert not streams.overdue(RESEND_S - 1)
    assert streams.overdue(RESEND_S)
    assert streams.carries(1)
