"""Really full disks, of database, broker and spool: what has no receipt is kept, and all goes on by itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import cast

import msgspec
import psycopg
import pytest

from gateway.broker_admin import BrokerAdmin
from storage.migrate import migrate, set_passwords
from tests.fixtures.broker_session import session
from tests.fixtures.command_line import caller, settings_of_tests
from tests.fixtures.database import Database
from tests.fixtures.gateway import DEVICE_PASSWORD, Device, eventually, register, running_gateway
from tests.fixtures.processes import waybill_process
from tests.fixtures.servers import BROKER_ADMIN_PASSWORD, POSTGRES_PASSWORD, postgres_servers
from tests.fixtures.small_disk import needs_small_disk, on_small_disk
from tests.integration.gateway.ingest.test_ingest import fixes, stored
from tests.integration.gateway.watch.test_gateway_metrics import environ_of, failing, metrics, ready
from waybill.stack.broker import Broker
from waybill.stack.ports import Ports
from waybill.stack.servers import ensure


@pytest.fixture(autouse=True)
def _small_disks() -> None:
    needs_small_disk()


def test_a_full_disk_of_the_database_costs_nothing_and_is_told_and_goes_on_when_there_is_space(
    broker: Broker,
    make_device: Callable[[str], Device],
    server_folder: Path,
    server_ports: Ports,
    tmp_path: Path,
) -> None:
    port, watch = server_ports.claim(0), server_ports.claim(0)
    words = (str(port), POSTGRES_PASSWORD, str(postgres_servers()), str(tmp_path / "postgres.log"))
    disk = server_folder / "full-disk"
    with on_small_disk(disk, 400, "tests.fixtures.postgres_on_small_disk", *words) as server:
        owner_url = server.tell("url")
        gateway_url = owner_url.replace(f"waybill_owner:{POSTGRES_PASSWORD}", "waybill_gateway:gateway-of-the-tests")
        migrate(owner_url)
        set_passwords(owner_url, [gateway_url])
        database = Database(owner_url, gateway_url, "", "")
        environ = {**settings_of_tests(database), **environ_of(database, broker, watch)}
        with psycopg.connect(owner_url, autocommit=True) as owner:
            register(owner, "full-a")
        device, sent = make_device("full-a"), fixes("full-a", 1500)
        with waybill_process("gateway", environ=environ, log=tmp_path / "log"):
            eventually(lambda: ready(watch), 30)
            device.send(sent[:50])
            device.receipt(through=50)

            taken = server.tell("fill")
            for start in range(50, 1500, 50):
                device.send(sent[start : start + 50])
            check = eventually(lambda: failing(watch).get("database"), 30)
            full = metrics(watch)
            status = caller({name: value for name, value in environ.items() if value})("status")
            server.tell("free")
            device.receipt(through=1500, within_s=60)
            eventually(lambda: ready(watch), 30)
            after = metrics(watch)
        with psycopg.connect(owner_url) as owner:
            numbers = [seq for seq, _ in stored(owner)]
            rejects = owner.execute("SELECT count(*) FROM waybill.reject").fetchone()

    assert int(taken) > 1_000_000
    assert "stores nothing now" in check["says"] or "reachable" in check["says"] or "lost" in check["says"]
    assert full["waybill_unacknowledged_messages[]"] > 0
    assert full["waybill_fixes_committed_total[]"] < 1500
    assert status.exit_code == 1
    assert "DOWN: gateway: database:" in status.out
    assert numbers == list(range(1, 1501))
    assert rejects == (0,)
    assert (after["waybill_store_blocked[]"], after["waybill_unacknowledged_messages[]"]) == (0, 0)


class Address(msgspec.Struct, frozen=True):
    """Where a broker is that another process has started."""

    host: str
    port: int


def test_a_full_disk_of_the_broker_costs_what_it_could_not_save_when_it_is_killed(
    database: Database, owner: psycopg.Connection, server_folder: Path, server_ports: Ports
) -> None:
    register(owner, "full-b")
    broker = cast("Broker", Address("127.0.0.1", server_ports.claim(0)))
    admin, log = BrokerAdmin(broker.host, broker.port, BROKER_ADMIN_PASSWORD), server_folder / "full-broker.log"
    log.touch(0o666)
    words = (str(broker.port), str(ensure("mosquitto", print)), str(log))
    sent = fixes("full-b", 150)
    with on_small_disk(server_folder / "broker-disk", 8, "tests.fixtures.broker_on_small_disk", *words) as server:
        server.tell("pid")  # answered when it has started
        admin.put({"full-b": DEVICE_PASSWORD})
        assert (server.tell("stop"), server.tell("start")) == ("stopped", "started")
        device = Device("full-b", broker)
        with running_gateway(broker, database):
            device.send(sent[:50])
            device.receipt(through=50)
        for fix in sent[50:100]:  # more than fits into a buffer of 4 KiB: it notices then that it cannot save
            device.send([fix])
        taken = server.tell("fill")
        os.kill(int(server.tell("pid")), signal.SIGUSR1)  # save now, as it does every minute
        eventually(lambda: "No space left on device" in log.read_text(), 60)
        admin.put({"full-new": DEVICE_PASSWORD})
        with session(broker, "full-new", DEVICE_PASSWORD) as newcomer:
            entered_while_full = newcomer.entered
        with running_gateway(broker, database):
            device.receipt(through=100)
        # The gateway is away: the broker takes what comes and has it in memory only.
        device.send(sent[100:])
        told = (server.tell("kill"), server.tell("free"), server.tell("start"))[-1]
        eventually(device.client.is_connected, 60)
        with session(broker, "full-new", DEVICE_PASSWORD) as newcomer:
            entered_afterwards = newcomer.entered
        with running_gateway(broker, database):
            stored_alone = [seq for seq, _ in stored(owner)]
            device.send(sent[100:])  # as a bridge does with what no receipt has confirmed
            device.receipt(through=150)
        admin.put({"full-new": DEVICE_PASSWORD})
        with session(broker, "full-new", DEVICE_PASSWORD) as newcomer:
            entered_again = newcomer.entered
        device.close()

    assert int(taken) > 1_000_000
    assert (entered_while_full, entered_afterwards, entered_again) == ("Success", "Not authorized", "Success")
    assert "credentials are those of the broker's last start" in told
    assert stored_alone == list(range(1, 101)), "a sender that forgets at the PUBACK has lost the rest"
    assert [seq for seq, _ in stored(owner)] == list(range(1, 151))


def test_a_full_disk_of_the_spool_keeps_an_hour_in_memory_and_counts_what_is_lost(server_folder: Path) -> None:
    with on_small_disk(server_folder / "spool-disk", 8, "tests.fixtures.spool_on_small_disk") as spool:
        spool.tell("put 100")
        before = spool.tell("count")
        spool.tell("fill")
        # The receiver speaks on: far more than memory may hold.
        spool.tell("put 5000")
        lost = spool.tell("lost")
        spool.tell("free")
        after = spool.tell("count")

    assert before == "0..99 stored, 0 lost"
    assert lost == "1400 lost"
    assert after == "0..99 1500..5099 stored, 1400 lost"
