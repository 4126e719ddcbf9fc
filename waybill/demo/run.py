"""The demo from start to end: servers, records, parts, vans, and for a timed one the reckoning. Invents nothing."""

from __future__ import annotations

import logging
import math
import shlex
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from contract.clock import true_now
from contract.milestones import Milestone
from waybill.connections import needed
from waybill.demo.advice import Publisher, ask_the_api, move_a_van, spare_sentence, things_to_try
from waybill.demo.calendar import Wishes, go_on
from waybill.demo.catalogue import TIME_ZONE
from waybill.demo.desk import Desk
from waybill.demo.finish import DRAIN_S, FLEET, drain, let_drivers_finish, settle, show_reckoning
from waybill.demo.fleet import PROGRESS_FILE, FleetProgress, Phase, read_progress
from waybill.demo.folder import check_folder, empty_folder
from waybill.demo.narrator import Narrator
from waybill.demo.prepare import Prepared, open_desk, prepare
from waybill.demo.registers import SPARE_DEVICE
from waybill.demo.state import read_secrets, read_state, write_state
from waybill.demo.stopping import Interrupted, interrupts
from waybill.logs import LineFormatter
from waybill.one_machine import Addresses, start_part, start_parts, start_servers
from waybill.settings import Settings
from waybill.stack.servers import ensure
from waybill.stack.stack import Stack

_LOOK_EVERY_S = 0.25
_SAY_EVERY_S = 15.0
# The past counts as driven when what is not confirmed yet is about what one report interval of all vans makes.
_NEARLY_NOTHING = 200
# Drivers of silent vans wait longer than this before they report; the first screen does not wait for them.
_HANDOFFS_S = 6.0
_FEW_HANDOFFS = 3
# Ctrl-C: what is not confirmed by then stays in the spools and goes out at the next start.
_SHORT_DRAIN_S = 3.0


class DemoOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for. `run` is what a reader types before a sub-command, such as ./run."""

    data_dir: Path
    wishes: Wishes
    fresh: bool = False
    headless: bool = False
    for_s: float | None = None
    run: str = "waybill"


def run_demo(options: DemoOptions) -> int:
    """Runs until Ctrl-C, or for `for_s` true seconds; the exit code."""
    check_folder(options.data_dir, fresh=options.fresh)
    narrator = Narrator(plain=options.headless)
    try:
        with interrupts() as calm, Stack(options.data_dir, narrator.line) as stack:
            try:
                return _run(options, stack, narrator)
            finally:
                calm()
                narrator.line("stopping what was started here …")
    except Interrupted:
        return 0
    finally:
        narrator.line("stopped")


def _run(options: DemoOptions, stack: Stack, narrator: Narrator) -> int:
    began_s = time.monotonic()
    if options.fresh:
        empty_folder(stack.data_dir)
    _log_to(stack.logs)
    state = go_on(read_state(stack.data_dir), options.wishes, true_now())
    write_state(stack.data_dir, state)
    with narrator.step("database and broker"):
        settings = start_servers(stack, narrator.detail)
    with narrator.step(f"the day {state.today.on}, {state.today.vehicles} vans, seed {state.today.seed}"):
        prepared = prepare(stack.data_dir, settings, state, narrator)
    with narrator.step("gateway, worker, api, dashboard"):
        addresses = start_parts(stack, narrator.detail)
    with narrator.step("people, vans, orders and trips so far, over HTTP"):
        desk = open_desk(stack.data_dir, prepared, addresses.api, narrator)
    with closing(desk), _day_under_way(options, stack, prepared, desk):
        with narrator.step("the hours so far, through the same path at full speed"):
            _wait_for_present(stack, prepared, desk, narrator)
        narrator.line(f"ready after {time.monotonic() - began_s:.1f} s")
        _tell(options, stack, prepared, settings, addresses, narrator, desk.an_order_on_its_way())
        _wait(options, stack, desk, narrator)
        ended_at = prepared.clock.now()
        with narrator.step("units off; what they hold goes out"):
            last = drain(stack, narrator)
            let_drivers_finish(desk, ended_at, narrator)
    reckoning = settle(needed(settings, "database_url"), last)
    show_reckoning(reckoning, narrator)
    return 0 if reckoning.passed else 1


@contextmanager
def _day_under_way(options: DemoOptions, stack: Stack, prepared: Prepared, desk: Desk) -> Iterator[None]:
    """The vans drive and the people do their work."""
    (stack.data_dir / "run" / PROGRESS_FILE).unlink(missing_ok=True)
    drain_s = _SHORT_DRAIN_S if options.for_s is None else DRAIN_S
    words = ["simulate", "--demo", str(stack.data_dir), "--drain-s", f"{drain_s:g}"]
    start_part(
        stack, FLEET, words, environ=stack.child_environ(), ready=lambda: read_progress(stack.data_dir) is not None
    )
    stop = threading.Event()
    people = threading.Thread(target=desk.run, args=(stop, prepared.clock, lambda: _in_present(stack)), name="people")
    people.start()
    try:
        yield
    finally:
        stop.set()
        people.join()


def _in_present(stack: Stack) -> bool:
    progress = read_progress(stack.data_dir)
    return progress is not None and progress.phase is not Phase.PAST


def _wait_for_present(stack: Stack, prepared: Prepared, desk: Desk, narrator: Narrator) -> None:
    """Until the vans have reached the present, what they hold is nearly nothing, and most handoffs are declared."""
    began_s, before = time.monotonic(), 0
    with narrator.bar("driving") as show:
        while (progress := read_progress(stack.data_dir)) is None or not _nearly_done(progress):
            if progress is not None:
                before = before or progress.spooled
                share = progress.share_of_past(prepared.clock.now())
                show(share, f"{progress.spooled} fixes, {progress.backlog} not confirmed yet")
            time.sleep(_LOOK_EVERY_S)
    took_s = max(0.1, time.monotonic() - began_s)
    driven = progress.spooled - before
    narrator.detail(f"{driven} fixes driven and stored in {took_s:.1f} s, {driven / took_s:.0f} a second")
    give_up_s = time.monotonic() + _HANDOFFS_S
    while desk.waiting(prepared.clock.now()) > _FEW_HANDOFFS and time.monotonic() < give_up_s:
        time.sleep(_LOOK_EVERY_S)


def _nearly_done(progress: FleetProgress) -> bool:
    return progress.phase is not Phase.PAST and progress.backlog <= _NEARLY_NOTHING


def _wait(options: DemoOptions, stack: Stack, desk: Desk, narrator: Narrator) -> None:
    """Until the time is up; for ever when none was given. Ctrl-C breaks it off."""
    ends_s = math.inf if options.for_s is None else time.monotonic() + options.for_s
    say_s = time.monotonic() + _SAY_EVERY_S
    over = False
    while (left_s := ends_s - time.monotonic()) > 0:
        time.sleep(min(_LOOK_EVERY_S, left_s))
        progress = read_progress(stack.data_dir)
        if progress is not None and progress.phase is Phase.ENDED and not over:
            over = True
            narrator.line("closing time is over and the units are off; the next start plans the next day")
        if options.headless and progress is not None and time.monotonic() >= say_s:
            say_s += _SAY_EVERY_S
            delivered = desk.done[Milestone.DELIVERED]
            narrator.detail(f"{progress.spooled} fixes, {progress.backlog} not confirmed, {delivered} orders delivered")


def _tell(
    options: DemoOptions,
    stack: Stack,
    prepared: Prepared,
    settings: Settings,
    addresses: Addresses,
    narrator: Narrator,
    order_no: str | None,
) -> None:
    """Where to look and what to try."""
    narrator.line()
    narrator.line(f"dashboard  {addresses.dashboard}")
    narrator.line(f"api        {addresses.api}")
    narrator.line(f"data       {stack.data_dir}")
    at = prepared.clock.now().astimezone(ZoneInfo(TIME_ZONE))
    narrator.line(f"its time   {at:%A %d %B %Y, %H:%M} in Helsinki, {prepared.clock.rate:g} times as fast as yours")
    narrator.line()
    for line in things_to_try(prepared.day, prepared.clock, addresses.dashboard, options.run, order_no):
        narrator.line(f"  - {line}")
    secrets = read_secrets(stack.data_dir)
    if secrets is not None and secrets.shop is not None:
        narrator.line(f"  - {ask_the_api(addresses.api, secrets.shop)}")
    home = prepared.day.premises.place
    publisher = Publisher(
        program=shlex.quote(str(ensure("mosquitto", narrator.detail) / "usr/bin/mosquitto_pub")),
        host=settings.broker_host,
        port=settings.broker_port,
        password=prepared.passwords[SPARE_DEVICE],
    )
    narrator.line(f"  - {spare_sentence()}")
    narrator.line()
    narrator.line(move_a_van(publisher, prepared.clock, home))
    narrator.line()
    if options.for_s is None:
        narrator.line("Ctrl-C stops everything that was started here, and nothing else.")


def _log_to(folder: Path) -> None:
    """The demo's own log; what people need to know is on the terminal already."""
    folder.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(folder / "demo.log")
    handler.setFormatter(LineFormatter("demo"))
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
