"""The composed status: bounded, and with what waits."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from contract.codec import encode
from contract.messages import Receipt
from firmware_bridge.health import Health
from firmware_bridge.nmea.counts import Dropped
from firmware_bridge.publisher import LinkState
from firmware_bridge.remote_settings import RemoteSettings
from firmware_bridge.sampling import SamplingPolicy
from firmware_bridge.spool import Spool
from firmware_bridge.spooled import Gap, Held, Origin
from firmware_bridge.unit_status import MAX_GAPS, Observed, compose_status

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def observed(folder: Path, gaps: list[Gap], left_out: dict[str, int]) -> Observed:
    held = Held(12, NOW - timedelta(hours=1), NOW)
    return Observed(
        now=NOW,
        now_s=100.0,
        source="test",
        remote=RemoteSettings(folder / "spool.db", SamplingPolicy()),
        held=held,
        gaps=gaps,
        left_out=left_out,
        unwritten=0,
    )


def test_a_status_stays_small_however_much_was_given_up(tmp_path: Path) -> None:
    gaps = [Gap(2**62 + 2 * n, 2**62 + 2 * n, "size") for n in range(10_000)]
    left_out = {reason.value: 2**40 for reason in Dropped}
    spool = Spool(tmp_path / "spool.db", Origin(device="gps-01"))

    status = compose_status(observed(tmp_path, gaps, left_out), spool, Health(0.0), LinkState())
    spool.close()

    assert len(status.dropped) == len(status.dropped_because) == MAX_GAPS
    assert status.dropped[-1] == (gaps[-1].first, gaps[-1].last), "the newest are named"
    assert len(encode(status)) < 8000


def test_what_waits_and_the_receipt_position_are_told(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", Origin(device="gps-01"))
    link = LinkState(links=3, linked_at_s=40.0, receipt=Receipt(spool=spool.spool_id, through=7))

    status = compose_status(observed(tmp_path, [], {"void": 3, "late": 0}), spool, Health(10.0), link)
    spool.close()

    assert (status.backlog, status.oldest_age_s, status.through) == (12, 3600.0, 7)
    assert status.link is not None
    assert (status.link.connected_s, status.link.reconnects) == (60.0, 2)
    assert status.uptime_s == 90.0
    assert status.left_out == {"void": 3}


def test_a_receipt_of_another_spool_is_no_position_in_this_one(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", Origin(device="gps-01"))

    status = compose_status(
        observed(tmp_path, [], {}), spool, Health(0.0), LinkState(receipt=Receipt(spool="another", through=7))
    )
    spool.close()

    assert status.through is None
