"""Hosts the demo's simulated vans in one process: the recorded day to its end, then today. Does no one's deeds."""

from __future__ import annotations

import asyncio
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from contract.clock import Clock, parse_clock
from firmware_bridge.bridge import BridgeOptions, BridgeProgress
from firmware_bridge.broker_link import BrokerAddress
from firmware_bridge.fleet import Fleet
from firmware_bridge.sim.streets import Streets
from firmware_bridge.sources.simulate import SimulatedSource
from waybill.demo.calendar import DemoState, units_on
from waybill.demo.days import day_of
from waybill.demo.map_data import load_streets
from waybill.demo.records import DayPlan
from waybill.demo.state import read_passwords, read_state
from waybill.settings import Settings

PROGRESS_FILE = "fleet.json"
# The day before may have been left in the middle; what lies further back was driven when the day after it began.
DAYS_DRIVEN = 2


class FleetError(RuntimeError):
    """The simulated fleet has nothing to drive; the message says what is missing."""


class VanProgress(msgspec.Struct, frozen=True, kw_only=True):
    """Where one unit stands: numbers 1..spooled of its spool are given, `confirmed` of them are stored."""

    device: str
    spool: str
    spooled: int
    confirmed: int
    backlog: int
    newest_at: datetime | None


class Phase(StrEnum):
    """Where the fleet is: driving the past at full speed, in the present, or switched off."""

    PAST = "past"
    PRESENT = "present"
    ENDED = "ended"


class FleetProgress(msgspec.Struct, frozen=True, kw_only=True):
    """What the demo shows of the fleet, and what it compares in the end."""

    phase: Phase
    from_at: datetime
    units: tuple[VanProgress, ...]

    @property
    def backlog(self) -> int:
        return sum(unit.backlog for unit in self.units)

    @property
    def spooled(self) -> int:
        return sum(unit.spooled for unit in self.units)

    def share_of_past(self, now: datetime) -> float:
        """How much of the hours up to `now` is driven and confirmed, from 0 to 1."""
        if self.phase is not Phase.PAST:
            return 1.0 - self.backlog / max(1, self.spooled)
        span_s = max(1.0, (now - self.from_at).total_seconds())
        driven = [((unit.newest_at or self.from_at) - self.from_at).total_seconds() / span_s for unit in self.units]
        return min(1.0, max(0.0, sum(driven) / max(1, len(driven))))


def read_progress(data_dir: Path) -> FleetProgress | None:
    """What the fleet wrote last; None when it has not begun."""
    try:
        return msgspec.json.decode((data_dir / "run" / PROGRESS_FILE).read_bytes(), type=FleetProgress)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


async def drive_demo(data_dir: Path, settings: Settings, drain_s: float, stop: asyncio.Event) -> None:
    """Drives every van of the demo in `data_dir` until `stop`, then waits for receipts for at most `drain_s`."""
    state = read_state(data_dir)
    if state is None or state.clock is None:
        raise FleetError(f"{data_dir} holds no demo under way: waybill demo starts one")
    host = _Host(data_dir, settings, state, load_streets(), drain_s)
    for plan in state.days[-DAYS_DRIVEN:-1]:
        await host.drive(plan, stop, today=False)
    if not stop.is_set():
        await host.drive(state.today, stop, today=True)
    await stop.wait()


class _Host:
    def __init__(self, data_dir: Path, settings: Settings, state: DemoState, streets: Streets, drain_s: float) -> None:
        assert state.clock is not None
        self._data_dir = data_dir
        self._clock: Clock = parse_clock(state.clock)
        self._streets = streets
        self._drain_s = drain_s
        self._passwords = read_passwords(data_dir)
        self._broker = (settings.broker_host, settings.broker_port, settings.broker_tls_ca)

    async def drive(self, plan: DayPlan, stop: asyncio.Event, *, today: bool) -> None:
        """One day of all vans; returns when their units are switched off, or after `stop`."""
        from_at, until = units_on(plan)
        fleet = Fleet(self._options(plan, until))
        phase = Phase.PAST  # a day before today stays so, also when it is driven

        def show(progress: list[BridgeProgress]) -> None:
            self._write(FleetProgress(phase=phase, from_at=from_at, units=tuple(_unit(one) for one in progress)))

        async def watch() -> None:
            nonlocal phase
            await fleet.caught_up()
            phase = Phase.PRESENT if today else Phase.PAST

        watcher = asyncio.create_task(watch(), name="caught-up")
        try:
            await fleet.run(stop, show)
        finally:
            watcher.cancel()
        phase = Phase.ENDED if today or stop.is_set() else Phase.PAST
        show(fleet.progress())

    def _options(self, plan: DayPlan, until: datetime) -> list[BridgeOptions]:
        day = day_of(self._data_dir, plan, self._streets)
        start = units_on(plan)[0]
        host, port, tls_ca = self._broker
        return [
            BridgeOptions(
                device=van.device,
                source=SimulatedSource(
                    van.driven(day.premises.place), self._streets, plan.seed, self._clock, start=start, until=until
                ),
                spool_path=self._data_dir / "spool" / f"{van.device}.sqlite",
                broker=BrokerAddress(
                    host=host,
                    port=port,
                    password=self._passwords[van.device],
                    ca_file=tls_ca,
                ),
                clock=self._clock,
                drain_s=self._drain_s,
            )
            for van in day.vans
        ]

    def _write(self, progress: FleetProgress) -> None:
        path = self._data_dir / "run" / PROGRESS_FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        half_done = path.with_suffix(".half-done")
        half_done.write_bytes(msgspec.json.encode(progress))
        half_done.replace(path)


def _unit(progress: BridgeProgress) -> VanProgress:
    return VanProgress(
        device=progress.device,
        spool=progress.spool,
        spooled=progress.spooled,
        confirmed=progress.confirmed,
        backlog=progress.backlog,
        newest_at=progress.newest_at,
    )
