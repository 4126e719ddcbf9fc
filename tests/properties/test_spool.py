"""The spool against a plain list: appends, packs, receipts, restarts and a bounded size, in any order."""

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from contract.messages import Receipt
from firmware_bridge.nmea.position import Position
from firmware_bridge.spool import Spool
from firmware_bridge.spooled import START, Origin

BOUND = 30
ORIGIN = Origin(device="gps-01")


class SpoolMachine(RuleBasedStateMachine):
    """`held` is what the spool must hold: (spool id, number) in the order of sending."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "spool.db"
        self.spool = Spool(self.path, ORIGIN, max_fixes=BOUND)
        self.held: list[tuple[str, int]] = []
        self.given_up: list[int] = []
        self.next_seq = 1
        self.instant = datetime(2026, 11, 23, tzinfo=UTC)

    def teardown(self) -> None:
        self.spool.close()
        shutil.rmtree(self.folder)

    @rule(count=st.integers(0, 12))
    def append(self, count: int) -> None:
        positions = []
        for _ in range(count):
            self.instant += timedelta(seconds=1)
            positions.append(Position(fixed_at=self.instant, lat_e7=self.next_seq + len(positions), lon_e7=1))
        fixes = self.spool.append(positions)
        assert [fix.seq for fix in fixes] == list(range(self.next_seq, self.next_seq + count))
        self.held += [(fix.spool_id, fix.seq) for fix in fixes]
        self.next_seq += count
        while len(self.held) > BOUND:
            spool_id, seq = self.held.pop(0)
            if spool_id == self.spool.spool_id:
                self.given_up.append(seq)

    @rule(through=st.integers(0, 200), also=st.lists(st.tuples(st.integers(1, 200), st.integers(0, 9)), max_size=3))
    def confirm(self, through: int, also: list[tuple[int, int]]) -> None:
        ranges = [(first, first + length) for first, length in also]
        receipt = Receipt(spool=self.spool.spool_id, through=min(through, self.next_seq - 1), also=ranges)
        confirmed = [
            (spool_id, seq)
            for spool_id, seq in self.held
            if spool_id == receipt.spool and (seq <= receipt.through or any(a <= seq <= b for a, b in ranges))
        ]
        assert self.spool.confirm(receipt) == len(confirmed)
        self.held = [entry for entry in self.held if entry not in confirmed]

    @rule()
    def confirm_another_spool(self) -> None:
        assert self.spool.confirm(Receipt(spool="0" * 16, through=10**9)) == 0

    @rule()
    def reopen(self) -> None:
        boot, spool_id = self.spool.boot, self.spool.spool_id
        self.spool.close()
        self.spool = Spool(self.path, ORIGIN, max_fixes=BOUND)
        assert (self.spool.boot, self.spool.spool_id) == (boot + 1, spool_id)

    @rule()
    def copy_to_another_place(self) -> None:
        before = self.spool.spool_id
        self.spool.close()
        copy = self.path.with_name(self.path.name + "c")
        shutil.copyfile(self.path, copy)
        self.path = copy
        self.spool = Spool(self.path, ORIGIN, max_fixes=BOUND)
        assert self.spool.spool_id != before
        self.next_seq = 1
        self.given_up = []

    @rule()
    def the_gateway_knows_more_than_we_gave(self) -> None:
        before = self.spool.spool_id
        receipt = Receipt(spool=before, through=self.next_seq)
        assert self.spool.contradicts(receipt)
        assert not self.spool.contradicts(Receipt(spool=before, through=self.next_seq - 1))
        self.spool.renew()
        kept = [entry for entry in self.held if entry[0] != before]
        anew = range(1, len(self.held) - len(kept) + 1)
        self.held = kept + [(self.spool.spool_id, seq) for seq in anew]
        self.next_seq = len(anew) + 1
        self.given_up = []

    @rule(limit=st.integers(1, 50))
    def read_in_packs(self, limit: int) -> None:
        seen, place = [], START
        while (pack := self.spool.next_pack(limit, place)) is not None:
            numbers = [fix.seq for fix in pack.fixes]
            assert len(numbers) <= limit
            assert numbers == list(range(numbers[0], numbers[-1] + 1))
            seen += [(fix.spool_id, fix.seq) for fix in pack.fixes]
            place = pack.end
        assert seen == self.held

    @invariant()
    def counts_agree(self) -> None:
        assert self.spool.backlog == len(self.held)
        assert self.spool.last_seq == self.next_seq - 1
        assert [seq for gap in self.spool.gaps() for seq in range(gap.first, gap.last + 1)] == self.given_up
        held_now = sum(1 for spool_id, _ in self.held if spool_id == self.spool.spool_id)
        assert self.spool.confirmed == self.spool.last_seq - held_now - len(self.given_up)


TestSpool = SpoolMachine.TestCase
TestSpool.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
