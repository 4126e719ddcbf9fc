"""The line that moves a van does what it says in a real shell, by the demo's clock. Reaches no broker."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from contract.clock import Clock, true_now
from contract.codec import decode_fixes
from contract.fix import Quality
from firmware_bridge.sim.polyline import Place
from waybill.demo.advice import Publisher, move_a_van

SOME_DAY = datetime(2027, 3, 1, 12, tzinfo=UTC)
START = Place(60.176704, 24.941546)


@pytest.mark.parametrize("rate", [1.0, 7.5])
def test_the_line_publishes_fixes_of_the_demos_time(rate: float) -> None:
    clock = Clock(origin=SOME_DAY, wall=true_now() - timedelta(minutes=10), rate=rate)
    # printf in mosquitto_pub's place shows what the shell makes of the words, one a line.
    publisher = Publisher(program="printf '%s\\n'", host="127.0.0.1", port=1883, password="secret")

    line = move_a_van(publisher, clock, START).replace("seq 60", "seq 2").replace("sleep 1", ":")
    words = subprocess.run(["sh", "-c", line], check=True, capture_output=True, text=True).stdout.splitlines()

    bodies = [word for word in words if word.startswith("{")]
    assert len(bodies) == 2
    first, second = (decode_fixes("gps-99", body.encode(), None, clock.now()).fixes[0] for body in bodies)
    assert abs((first.fixed_at - clock.now()).total_seconds()) < 5 * rate
    assert (first.lat_e7, first.lon_e7) == (601766440, 249416360)
    assert second.lat_e7 < first.lat_e7
    assert first.quality is Quality.SIMULATED
    assert set(json.loads(bodies[0])) == {"fixed_at", "lat", "lon", "quality"}
