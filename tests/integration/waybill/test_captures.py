"""waybill decode and waybill record as a person calls them."""

import json
import subprocess
import sys
from pathlib import Path

from tests.fixtures.command_line import caller
from tests.unit.firmware_bridge.nmea.writing import drive, sentence

GOLDEN = Path(__file__).parents[2] / "golden" / "nmea"
WAYBILL = str(Path(sys.executable).with_name("waybill"))
waybill = caller({})


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_decode_gives_one_json_line_per_fix_and_says_what_was_left_out(tmp_path: Path) -> None:
    (tmp_path / "bent.nmea").write_bytes((GOLDEN / "triton400.nmea").read_bytes() + drive(1).replace(b"A*", b"B*"))

    answer = waybill("decode", str(tmp_path / "bent.nmea"))

    assert answer.exit_code == 0
    fixes = lines(answer.out)
    assert list(fixes[0]) == [
        "fixed_at", "lat", "lon", "altitude_m", "speed_mps", "course_deg", "hdop", "satellites", "quality",
    ]  # fmt: skip
    assert isinstance(fixes[0]["lat"], float)
    assert f"{len(fixes)} fixes; left out:" in answer.err
    assert "bad_checksum" in answer.err


def test_decode_reads_a_pipe() -> None:
    done = subprocess.run([WAYBILL, "decode", "-"], input=drive(3), capture_output=True, check=False)

    assert done.returncode == 0
    assert [fix["fixed_at"] for fix in lines(done.stdout.decode())] == [f"2026-11-23T09:00:0{s}.000Z" for s in range(3)]
    assert done.stderr.decode().splitlines()[0] == "3 fixes; nothing was left out"


def test_decode_of_rubbish_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "rubbish").write_bytes(bytes(range(256)) * 40)

    answer = waybill("decode", str(tmp_path / "rubbish"))

    assert (answer.exit_code, answer.out) == (0, "")
    assert "noise_bytes" in answer.err


def test_date_is_for_captures_without_one_and_goes_on_over_midnight(tmp_path: Path) -> None:
    gga = [f"GPGGA,{time},6010.0,N,02456.0,E,1,08,1.0,5.0,M,,M,," for time in ("235959.00", "000000.00")]
    (tmp_path / "undated.nmea").write_bytes(b"".join(sentence(each) for each in gga))

    undated = waybill("decode", str(tmp_path / "undated.nmea"))
    dated = waybill("decode", str(tmp_path / "undated.nmea"), "--date", "2019-03-08")

    assert undated.out == ""
    assert "no_date" in undated.err
    assert [fix["fixed_at"] for fix in lines(dated.out)] == ["2019-03-08T23:59:59.000Z", "2019-03-09T00:00:00.000Z"]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert "No such file" in waybill("decode", str(tmp_path / "missing")).error
    assert "--date 'May'" in waybill("decode", "-", "--date", "May").error


def test_a_recording_has_a_header_and_the_same_bytes_and_can_be_replayed(tmp_path: Path) -> None:
    (tmp_path / "drive.nmea").write_bytes(drive(5))
    source = f"replay:{tmp_path / 'drive.nmea'}?rate=max&shift=none"
    kept = tmp_path / "kept.nmea"

    answer = waybill("record", "--source", source, str(kept), "--device", "u-blox M8", "--place", "Helsinki\nHarbour")

    assert answer.exit_code == 0, answer.error
    assert "5 fixes" in answer.err
    data = kept.read_bytes()
    header = data[: -len(drive(5))].decode()
    assert data.endswith(drive(5))
    assert "# device: u-blox M8\n" in header
    assert "# place: Helsinki Harbour\n" in header
    assert all(line.startswith("# ") for line in header.splitlines())
    again = waybill("decode", str(kept))
    assert again.out == waybill("decode", str(tmp_path / "drive.nmea")).out
    assert again.err.startswith("5 fixes; nothing was left out")
    copied = waybill("record", "--source", source.replace("drive", "kept"), str(tmp_path / "copy.nmea"))
    assert "5 fixes" in copied.err


def test_an_existing_recording_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "drive.nmea").write_bytes(drive(2))

    answer = waybill("record", "--source", f"replay:{tmp_path / 'drive.nmea'}", str(tmp_path / "drive.nmea"))

    assert answer.exit_code == 1
    assert "exists already" in answer.error
    assert (tmp_path / "drive.nmea").read_bytes() == drive(2)
