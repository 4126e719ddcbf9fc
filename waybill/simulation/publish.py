"""Sends a simulated fleet through bridges to the broker, one connection per device. Makes no credentials."""

from __future__ import annotations

import asyncio
import resource
from datetime import datetime, timedelta

from contract.clock import SYSTEM, Clock, true_now
from firmware_bridge.bridge import BridgeOptions, BridgeProgress
from firmware_bridge.broker_link import BrokerAddress
from firmware_bridge.fleet import run_fleet
from firmware_bridge.sources.simulate import SimulatedSource
from waybill.device_passwords import find_password
from waybill.invocation import CommandError
from waybill.settings import Settings
from waybill.simulation.fleet import Simulated
from waybill.terminal import note

# A connection, a database, its log and its shared memory per device, and some for the process.
FILES_A_DEVICE, FILES_BESIDE = 6, 200
TELL_EVERY_S = 10


def clock_for(settings: Settings, starts_at: datetime, speedup: float | None) -> Clock:
    """The clock of the settings, or with --speedup one that shows starts_at now and runs so fast."""
    clock = settings.parsed_clock()
    if speedup is None:
        return clock
    if clock != SYSTEM:
        raise CommandError(
            f"--speedup {speedup:g}: the clock is set already ({settings.clock}); leave --speedup out to drive by it"
        )
    fast = Clock(starts_at, true_now(), speedup)
    note(f"This fleet has a clock of its own; gateway and dashboard follow with WAYBILL_CLOCK={fast.text()}")
    return fast


def passwords_of(settings: Settings, devices: list[str]) -> dict[str, str]:
    """Every device's password, or one error that says how to make those that are missing."""
    found: dict[str, str] = {}
    missing: list[str] = []
    for device in devices:
        try:
            found[device] = find_password(settings, device, None)
        except CommandError:
            missing.append(device)
    if missing:
        raise CommandError(
            f"no password for {len(missing)} of {len(devices)} devices, the first {missing[0]}: on the server's "
            "machine say --register once, or for each: waybill device add NAME --fit VEHICLE --save; "
            "or write files without a broker: --record DIR"
        )
    return found


async def publish_fleet(fleet: Simulated, settings: Settings, clock: Clock, stop: asyncio.Event) -> int:
    """Drives until `stop` or the end of the hours asked for; how many fixes no receipt has confirmed."""
    allow_files(len(fleet.devices) * FILES_A_DEVICE + FILES_BESIDE)
    options = _options(fleet, settings, clock)
    ended = await run_fleet(options, stop, _Teller(len(options)).tell)
    refused = {progress.refused for progress in ended if progress.refused is not None}
    for reason in sorted(refused):
        note(f"the broker refuses: {reason}")
    return sum(progress.backlog for progress in ended)


def _options(fleet: Simulated, settings: Settings, clock: Clock) -> list[BridgeOptions]:
    passwords = passwords_of(settings, fleet.devices)
    wish = fleet.wish
    until = wish.starts_at + timedelta(hours=wish.hours)
    spools = settings.data_dir / "spool"
    spools.mkdir(parents=True, exist_ok=True)
    return [
        BridgeOptions(
            device=device,
            source=SimulatedSource(day, fleet.streets, wish.seed, clock, start=wish.starts_at, until=until),
            spool_path=spools / f"{device}.db",
            broker=BrokerAddress(
                host=settings.broker_host,
                port=settings.broker_port,
                password=passwords[device],
                ca_file=settings.broker_tls_ca,
            ),
            clock=clock,
        )
        for device, day in fleet.units()
    ]


def allow_files(wanted: int) -> None:
    """Raises this process's own limit of open files, as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise CommandError(
            f"so many devices need {wanted} open files and the system allows {hard}: ulimit -Hn {wanted}"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class _Teller:
    """A line now and then."""

    def __init__(self, devices: int) -> None:
        self._devices = devices
        self._calls = 0

    def tell(self, progress: list[BridgeProgress]) -> None:
        self._calls += 1
        if self._calls % TELL_EVERY_S != 1:
            return
        connected = sum(one.connected for one in progress)
        note(
            f"{connected} of {self._devices} connected, {sum(one.spooled for one in progress)} fixes spooled, "
            f"{sum(one.confirmed for one in progress)} confirmed by receipts"
        )
        trouble = next((one for one in progress if one.trouble is not None), None)
        if trouble is not None:
            note(f"{trouble.device}: {trouble.trouble}")
