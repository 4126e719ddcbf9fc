"""A gateway that is told to stop: what has come is stored, acknowledged and confirmed, and comes to nobody again."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg

from tests.fixtures.database import Database
from tests.fixtures.gateway import Device, eventually, register, running_gateway
from tests.integration.gateway.ingest.test_ingest import fixes, stored
from waybill.stack.broker import Broker

_BLOCKED = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'waybill.fix'::regclass"


def test_what_has_come_is_stored_acknowledged_and_confirmed_before_the_gateway_leaves(
    broker: Broker, database: Database, owner: psycopg.Connection, make_device: Callable[[str], Device]
) -> None:
    register(owner, "stop-a")
    device = make_device("stop-a")
    sent = fixes("stop-a", 41)
    with psycopg.connect(database.owner_url) as holding:
        with running_gateway(broker, database):
            holding.execute("LOCK TABLE waybill.fix IN EXCLUSIVE MODE")
            for fix in sent[:40]:
                device.send([fix])
            eventually(lambda: owner.execute(_BLOCKED).fetchone())
            # Released when the gateway has been told to stop, with one batch in hand and the rest waiting.
            release = threading.Timer(0.5, holding.rollback)
            release.start()
        release.join()

    assert [seq for seq, _ in stored(owner)] == list(range(1, 41))
    device.receipt(through=40)
    counted = "SELECT 1 FROM waybill.part WHERE (counters ->> 'messages')::int = %s"
    assert owner.execute(counted, [40]).fetchone()
    with running_gateway(broker, database):
        device.send(sent[40:])
        device.receipt(through=41)
        assert eventually(lambda: owner.execute(counted, [1]).fetchone(), within_s=15)
