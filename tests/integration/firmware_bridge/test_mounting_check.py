"""The mounting check with a receiver on a pseudo-terminal, a real broker and receipts."""

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from firmware_bridge import mounting_check
from firmware_bridge.bridge import BridgeOptions
from firmware_bridge.broker_link import BrokerAddress
from firmware_bridge.mounting_check import Finding, check_mounting
from firmware_bridge.sources.serial import SerialSource
from firmware_bridge.spool import Spool
from firmware_bridge.spooled import Origin
from tests.integration.firmware_bridge.scene import address, double, running, until
from tests.integration.firmware_bridge.test_serial import plugged_in
from tests.unit.firmware_bridge.nmea.writing import sentence
from waybill.stack.broker import Broker

ORDER = ["spool", "receiver", "sentences", "satellites", "link", "test fix"]


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("LISTEN_S", 1.0), ("FIX_S", 1.0), ("FIRST_WORD_S", 2.0), ("LINK_S", 4.0)):
        monkeypatch.setattr(mounting_check, name, seconds)


def with_fix(at: datetime) -> bytes:
    return sentence(f"GPRMC,{at:%H%M%S}.00,A,6010.2000,N,02456.4000,E,9.0,0.0,{at:%d%m%y},,,A") + sentence(
        f"GPGGA,{at:%H%M%S}.00,6010.2000,N,02456.4000,E,1,09,0.9,12.0,M,,M,,"
    )


def without_fix(at: datetime) -> bytes:
    return sentence("GPTXT,01,01,02,ANTSTATUS=OPEN") + sentence(f"GPRMC,{at:%H%M%S}.00,V,,,,,,,{at:%d%m%y},,,N")


async def talk(receiver: int, epoch: Callable[[datetime], bytes]) -> None:
    """Five epochs a second, from now on."""
    at = datetime.now(UTC)  # noqa: TID251 - the check runs on the system clock
    while True:
        os.write(receiver, epoch(at))
        at += timedelta(seconds=1)
        await asyncio.sleep(0.2)


def options(folder: Path, broker: BrokerAddress) -> BridgeOptions:
    return BridgeOptions(
        device="gps-01", source=SerialSource(str(folder / "gps"), 9600), spool_path=folder / "spool.db", broker=broker
    )


def check(
    folder: Path, broker: Broker, epoch: Callable[[datetime], bytes] | None, where: BrokerAddress
) -> list[Finding]:
    """All findings, with a gateway that confirms; without an epoch nothing is plugged in."""

    async def play() -> list[Finding]:
        async with running(double(broker)) as gateway:
            await until(lambda: gateway.connected, "the gateway's session")
            if epoch is None:
                return [finding async for finding in check_mounting(options(folder, where))]
            with plugged_in(folder / "gps") as receiver:
                talking = asyncio.create_task(talk(receiver, epoch))
                try:
                    return [finding async for finding in check_mounting(options(folder, where))]
                finally:
                    talking.cancel()

    return asyncio.run(play())


def named(findings: list[Finding], what: str) -> Finding:
    return next(finding for finding in findings if finding.what == what)


def test_a_unit_that_is_mounted_well_passes_every_line(own_broker: Broker, tmp_path: Path) -> None:
    findings = check(tmp_path, own_broker, with_fix, address(own_broker))

    assert [(finding.what, finding.passed) for finding in findings] == [(what, True) for what in ORDER]
    assert named(findings, "receiver").said == f"reading {tmp_path}/gps at 9600 baud"
    assert "RMC" in named(findings, "sentences").said
    assert named(findings, "satellites").said == "a fix, 9 satellites, HDOP 0.9"
    assert named(findings, "test fix").said == "fix 1 is stored: the gateway's receipt says so"


def test_without_a_fix_it_says_so_and_what_to_do_and_the_rest_passes(own_broker: Broker, tmp_path: Path) -> None:
    findings = check(tmp_path, own_broker, without_fix, address(own_broker))

    failed = [finding for finding in findings if not finding.passed]
    assert [finding.what for finding in failed] == ["satellites", "antenna", "test fix"]
    assert named(findings, "antenna").said == "the receiver says open"
    assert named(findings, "test fix").said == "the receiver has no fix to send; the status message was taken"
    assert all("-> " in finding.line() for finding in failed)


def test_nothing_plugged_in_is_told_with_the_remedy(own_broker: Broker, tmp_path: Path) -> None:
    findings = check(tmp_path, own_broker, None, address(own_broker))

    assert not named(findings, "receiver").passed
    assert "plug the receiver in" in named(findings, "receiver").said
    assert named(findings, "link").passed


def test_a_wrong_password_fails_the_link_and_keeps_the_fix(own_broker: Broker, tmp_path: Path) -> None:
    wrong = msgspec.structs.replace(address(own_broker), password="wrong")

    findings = check(tmp_path, own_broker, with_fix, wrong)

    assert "does not accept the name gps-01" in named(findings, "link").said
    assert not named(findings, "test fix").passed
    assert named(findings, "satellites").passed


def test_a_spool_that_a_bridge_holds_is_told(own_broker: Broker, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", Origin(device="gps-01"))
    try:
        (finding,) = check(tmp_path, own_broker, None, address(own_broker))
    finally:
        spool.close()

    assert not finding.passed
    assert "stop a bridge that runs" in finding.line()
