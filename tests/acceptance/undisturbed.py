"""The very same fixes once more, in order, through a gateway and a worker that nothing befalls. Compares nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby
from pathlib import Path

import psycopg

from contract.codec import encode_fixes
from contract.fix import Fix
from contract.topics import STATUS, device_topic
from gateway.broker_admin import BrokerAdmin
from storage.derivation import stored_fixes, units_of_vehicle
from tests.acceptance.planned import settle
from tests.fixtures.command_line import settings_of_tests
from tests.fixtures.database import Database
from tests.fixtures.gateway import DEVICE_PASSWORD, Device
from tests.fixtures.processes import waybill_process
from tests.fixtures.servers import BROKER_ADMIN_PASSWORD, BROKER_GATEWAY_PASSWORD
from waybill.stack.broker import Broker

PACK = 200
Unit = tuple[str, str, bytes, list[Fix]]  # device, spool, its word about itself, its fixes in order of their numbers


def units_of(database: Database) -> Iterator[Unit]:
    """What is stored of every device."""
    with psycopg.connect(database.owner_url) as connection:
        vehicles = connection.execute("SELECT id FROM waybill.vehicle ORDER BY name").fetchall()
        for (vehicle_id,) in vehicles:
            span = connection.execute("SELECT min(fixed_at), max(fixed_at) FROM waybill.fix").fetchone()
            assert span is not None
            until = span[1] + timedelta(seconds=1)
            [unit] = units_of_vehicle(connection, vehicle_id, span[0], until)
            fixes = sorted(stored_fixes(connection, [unit], span[0], until), key=lambda fix: fix.seq)
            word = connection.execute(
                "SELECT body::text FROM waybill.device_status WHERE device_id = %s", [unit.device_id]
            ).fetchone()
            assert word is not None
            yield unit.name, fixes[0].spool_id, word[0].encode(), fixes


def drive_undisturbed(units: list[Unit], database: Database, broker: Broker, folder: Path, within_s: float) -> None:
    """Sends everything in order, waits for the receipts, and lets the worker derive what there is to derive."""
    BrokerAdmin(broker.host, broker.port, BROKER_ADMIN_PASSWORD).put({name: DEVICE_PASSWORD for name, *_ in units})
    environ = {
        **settings_of_tests(database), "WAYBILL_BROKER_PORT": str(broker.port),
        "WAYBILL_BROKER_PASSWORD": BROKER_GATEWAY_PASSWORD, "WAYBILL_DATA_DIR": str(folder),
    }  # fmt: skip
    with (
        waybill_process("gateway", environ=environ, log=folder / "undisturbed-gateway.log"),
        waybill_process("worker", environ=environ, log=folder / "undisturbed-worker.log"),
        psycopg.connect(database.owner_url, autocommit=True) as owner,
    ):
        for name, spool, word, fixes in units:
            device = Device(name, broker, spool=spool)
            try:
                # Retained, as a unit's word is: the gateway may still be starting.
                device.client.publish(device_topic(name, STATUS), word, qos=1, retain=True).wait_for_publish(10)
                for pack in _packs(fixes):
                    device.send_raw(encode_fixes(pack, pack[0].boot_id), first=pack[0].seq, last=pack[-1].seq)
                device.receipt(through=fixes[-1].seq, within_s=within_s)
            finally:
                device.close()
        settle(owner, within_s)


def _packs(fixes: list[Fix]) -> Iterator[list[Fix]]:
    """A message tells one boot of its unit."""
    for _, run in groupby(fixes, key=lambda fix: fix.boot_id):
        of_boot = list(run)
        yield from (of_boot[start : start + PACK] for start in range(0, len(of_boot), PACK))
