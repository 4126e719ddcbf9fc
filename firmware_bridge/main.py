"""The bridge by itself, as the command waybill-bridge on a small computer in a vehicle. Knows no gateway."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from datetime import date
from io import BufferedReader
from pathlib import Path
from typing import cast

import msgspec

from contract.clock import Clock, parse_clock
from contract.times import format_instant
from firmware_bridge.bridge import Bridge, BridgeOptions, BridgeProgress
from firmware_bridge.broker_link import BrokerAddress, read_certificate
from firmware_bridge.capture import Header, record
from firmware_bridge.decode import DecodeRun
from firmware_bridge.enrolment import enroll, is_in_the_clear, read_enrolment
from firmware_bridge.mounting_check import check_mounting
from firmware_bridge.release import installed_version
from firmware_bridge.sources.urls import FORMS, open_source
from firmware_bridge.watchdog import keep_awake, notify

BROKER_PORT = 1883
BROKER_TLS_PORT = 8883
BROKER_CERTIFICATE_PORT = 8884


def main() -> None:
    """Runs the command line; every failure is one line on standard error and exit code 1."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(message)s")
    try:
        sys.exit(run(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (ValueError, OSError, ExceptionGroup) as error:
        sys.stderr.write(f"waybill-bridge: {_one_line(error)}\n")
        sys.exit(1)


def run(words: Sequence[str]) -> int:
    asked = _parser().parse_args(words)
    clock = parse_clock(os.environ.get("WAYBILL_CLOCK", "system"))
    if asked.command == "decode":
        return _decode(asked)
    if asked.command == "enroll":
        return _enroll(asked)
    task = {"record": _record, "check": _check, "bridge": _bridge}[asked.command]
    return asyncio.run(task(asked, clock))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("waybill-bridge", description="From a GPS receiver to Waybill, losing no fix.")
    parser.add_argument("--version", action="version", version=f"waybill-bridge {installed_version()}")
    commands = parser.add_subparsers(dest="command", required=True)
    _add_unit(commands.add_parser("bridge", help="send a receiver's fixes until SIGTERM"))
    _add_unit(commands.add_parser("check", help="the mounting check: receiver, spool, link, one fix up to its receipt"))
    enrolling = commands.add_parser("enroll", help="exchange a code for the file that --enrolment takes")
    enrolling.add_argument("url", help="the server, such as https://waybill.example.com")
    enrolling.add_argument("code", help="from waybill device enroll: counts once, for 15 minutes")
    enrolling.add_argument("--out", type=Path, default=Path("enrolment.toml"), help="the new file (enrolment.toml)")
    decode = commands.add_parser("decode", help="one JSON line per fix of a capture")
    decode.add_argument("file", help="a capture, or - for standard input")
    decode.add_argument("--date", type=date.fromisoformat, help="day of the first fix, for captures without a date")
    recorder = commands.add_parser("record", help="keep a receiver's raw bytes")
    recorder.add_argument("--source", required=True, help=FORMS.replace("%", "%%"))
    recorder.add_argument("file", type=Path)
    for fact in ("device", "place", "notes"):
        recorder.add_argument(f"--{fact}", help="for the header of the file")
    return parser


def _add_unit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--source", required=True, help=FORMS.replace("%", "%%"))
    parser.add_argument("--spool", required=True, type=Path, help="file that keeps fixes until they are confirmed")
    parser.add_argument("--enrolment", type=Path, help="what enroll wrote, in place of the options below")
    parser.add_argument("--device", help="name of the GPS unit, such as gps-77; also its broker user")
    parser.add_argument(
        "--broker", metavar="HOST[:PORT]", help="port 1883, with --ca-file 8883, with a certificate 8884"
    )
    parser.add_argument("--password-file", type=Path, help="its first line is the device's password")
    parser.add_argument("--certificate-file", type=Path, help="the device's certificate, in place of a password")
    parser.add_argument("--key-file", type=Path, help="the key of --certificate-file")
    parser.add_argument("--ca-file", type=Path, help="switches TLS on: certificates that the broker's is signed by")


def _enroll(asked: argparse.Namespace) -> int:
    if is_in_the_clear(asked.url):
        sys.stderr.write("http: code and password cross the network unencrypted\n")
    enrolled = enroll(asked.url, asked.code, asked.out)
    sys.stdout.write(f"this unit is {enrolled.device}; its settings are in {asked.out}\n")
    return 0


def _decode(asked: argparse.Namespace) -> int:
    if asked.file == "-":
        return _decode_all(cast("BufferedReader", sys.stdin.buffer), asked.date)
    with Path(asked.file).open("rb") as capture:
        return _decode_all(capture, asked.date)


def _decode_all(capture: BufferedReader, first_on: date | None) -> int:
    reading = DecodeRun(capture, first_on)
    for line in reading.lines():
        sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
    sys.stderr.write(reading.summary() + "\n")
    return 0


async def _record(asked: argparse.Namespace, clock: Clock) -> int:
    source = open_source(asked.source, clock)
    facts = {name: getattr(asked, name) for name in ("device", "place", "notes")}
    header = Header(began_at=format_instant(clock.now()), source=source.name, **facts)
    recorded = await record(source, asked.file, header, _stop_event())
    sys.stderr.write(f"{recorded.size_bytes} bytes, {recorded.fixes} fixes\n")
    return 0


async def _bridge(asked: argparse.Namespace, clock: Clock) -> int:
    bridge = Bridge(_options(asked, clock))
    watch = asyncio.create_task(keep_awake(bridge.desk.gaps, lambda: _status(bridge.progress())), name="watchdog")
    try:
        await bridge.run(_stop_event())
    finally:
        watch.cancel()
    progress = bridge.progress()
    sys.stderr.write(f"{_status(progress)}\n")
    return 1 if progress.source_ended and progress.backlog else 0


async def _check(asked: argparse.Namespace, clock: Clock) -> int:
    passed = True
    async for finding in check_mounting(_options(asked, clock)):
        sys.stdout.write(f"{finding.line()}\n")
        sys.stdout.flush()
        passed = passed and finding.passed
    return 0 if passed else 1


def _options(asked: argparse.Namespace, clock: Clock) -> BridgeOptions:
    device, broker = _unit(asked)
    return BridgeOptions(
        device=device, source=open_source(asked.source, clock), spool_path=asked.spool, broker=broker, clock=clock
    )


def _unit(asked: argparse.Namespace) -> tuple[str, BrokerAddress]:
    """From the file of an enrolment, or from the options."""
    if asked.enrolment is not None:
        enrolled = read_enrolment(asked.enrolment)
        return enrolled.device, enrolled.address()
    shown_by = ("certificate-file", "key-file") if asked.certificate_file or asked.key_file else ("password-file",)
    missing = [f"--{name}" for name in ("device", "broker", *shown_by) if not vars(asked)[name.replace("-", "_")]]
    if missing:
        raise ValueError(f"{', '.join(missing)} needed, or --enrolment FILE")
    return asked.device, _address(asked)


def _address(asked: argparse.Namespace) -> BrokerAddress:
    host, colon, port = asked.broker.rpartition(":")
    if not colon or host.endswith(":"):  # no port, or a bare IPv6 address
        usual = BROKER_TLS_PORT if asked.ca_file else BROKER_PORT
        host, port = asked.broker, str(BROKER_CERTIFICATE_PORT if asked.certificate_file else usual)
    if not port.isdigit():
        raise ValueError(f"--broker {asked.broker!r} must be HOST or HOST:PORT")
    place = BrokerAddress(host=host.strip("[]"), port=int(port), ca_file=asked.ca_file)
    if asked.certificate_file:
        certificate = read_certificate(asked.certificate_file, asked.key_file)
        return msgspec.structs.replace(place, certificate=certificate)
    lines = asked.password_file.read_text(encoding="utf-8").splitlines()
    if not lines or not lines[0]:
        raise ValueError(f"{asked.password_file}: its first line is empty; it must be the device's password")
    return msgspec.structs.replace(place, password=lines[0])


def _status(progress: BridgeProgress) -> str:
    where = "linked" if progress.connected else (progress.trouble or "not linked")
    text = f"{progress.spooled} fixes spooled, {progress.backlog} wait for receipts, {progress.refused or where}"
    return " ".join(text.split())


def _stop_event() -> asyncio.Event:
    """Set by SIGTERM and SIGINT; a second signal ends at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def wish(number: signal.Signals) -> None:
        loop.remove_signal_handler(number)
        notify("STOPPING=1")
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, wish, number)
    return stop


def _one_line(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return " ".join(str(error).split()) or type(error).__name__


if __name__ == "__main__":
    main()
