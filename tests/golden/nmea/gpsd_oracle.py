"""Reads gpsd's expected output (`X.log.chk`): the last TPV of each epoch. Run as a script it writes X.expected.jsonl.

    python tests/golden/nmea/gpsd_oracle.py X.log.chk > X.expected.jsonl

A TPV counts for the epoch whose sentences it follows: gpsd repeats the old time with mode 1 when the next epoch
begins without a fix, and that says nothing about the epoch before.

A TPV after Magellan's PMGNST counts for nothing: gpsd's processPMGNST (drivers/driver_nmea0183.c at the commit named in
README.md) looks for mode and fix flag in fields 3 and 4, where its own comment has them in 2 and 3, so that it says
"no fix" after every one of them.
"""

import json
import re
import sys
from pathlib import Path

_TIMED = re.compile(rb"\$..(?:RMC|GGA|GNS|ZDA),(\d{6}[.\d]*),|\$..GLL,(?:[^,]*,){4}(\d{6}[.\d]*),")
FIELDS = ("time", "mode", "lat", "lon", "altMSL", "speed", "track")


def epochs(chk: bytes) -> list[dict[str, object]]:
    """One entry per time that gpsd reported: its last word on that time, reduced to what a bridge publishes."""
    last: dict[str, dict[str, object]] = {}
    sentence_time = ""
    sentence = b""
    for line in chk.splitlines():
        if line.startswith(b"$"):
            sentence = line
        if timed := _TIMED.search(line):
            sentence_time = (timed[1] or timed[2]).decode()
        if not line.startswith(b'{"class":"TPV"') or sentence.startswith(b"$PMGNST,"):
            continue
        tpv = json.loads(line.decode("latin-1"))
        if "time" not in tpv:
            continue
        if tpv["mode"] < 2 and tpv["time"] in last and _time_of_day(tpv["time"]) != sentence_time[:6]:
            continue
        last[tpv["time"]] = {name: tpv[name] for name in FIELDS if name in tpv}
    return list(last.values())


def _time_of_day(time: str) -> str:
    return time[11:19].replace(":", "")


if __name__ == "__main__":
    for entry in epochs(Path(sys.argv[1]).read_bytes()):
        sys.stdout.write(json.dumps(entry) + "\n")
