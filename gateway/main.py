"""Builds the gateway from its parts and runs it until it is told to stop. Decides nothing about fixes."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from importlib.metadata import version

import msgspec
import psycopg

from contract.checks import Check
from contract.clock import Clock, true_now
from contract.foreign import FOREIGN_FILTERS
from contract.messages import Receipt
from contract.topics import FIXES, STATUS, channel_filter
from gateway.ingest.commands import Commands
from gateway.ingest.figures import Figures
from gateway.ingest.pipeline import Pipeline
from gateway.ingest.readiness import broker_check, database_check
from gateway.ingest.subscriber import DROPPED_MESSAGES, STORED_MESSAGES, BrokerOptions, Subscriber
from gateway.ingest.tracker import Tracker
from gateway.ingest.writer import Writer
from gateway.tracking.policy import Policy
from gateway.watch.common import Gauges, counted_events, new_registry
from gateway.watch.listener import Listen, Watched, listening
from storage.connect import connect_to_stay
from storage.device_commands import DeviceCommand, newest_device_commands
from storage.ingest import lock_gateway, newest_receipts
from storage.parts import put_part

log = logging.getLogger(__name__)


class GatewayOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where the gateway finds its broker and its database, and by which clock and policy it works."""

    broker: BrokerOptions
    database_url: str
    clock: Clock
    policy: Policy = Policy()
    monitors: Listen | None = None  # where metrics and readiness are told; None: nowhere


class _Database:
    """The writer's connection, made again when it is lost; holds the lock against a second gateway."""

    def __init__(self, options: GatewayOptions) -> None:
        self._options = options
        self._tracker = Tracker(options.policy)
        self._connection: psycopg.Connection | None = None
        self.receipts: dict[str, Receipt] = {}  # what was stored when the connection was made
        self.connections = 0  # how often a connection was made
        self.locked_out = False
        self._trouble: str | None = "not connected yet"
        self._told: str | None = None  # what was said last of there being no connection
        self._started_at = true_now()

    @property
    def trouble(self) -> str | None:
        """Why there is no connection; None when there is one."""
        if self._trouble is None and (self._connection is None or self._connection.closed):
            return "the connection was lost"
        return self._trouble

    def connect(self) -> Writer | None:
        """A writer over a fresh connection; None when the database is away or another gateway holds the lock."""
        self.close()
        connection: psycopg.Connection | None = None
        self.locked_out = False
        try:
            connection = connect_to_stay(self._options.database_url)
            locked = lock_gateway(connection, self._options.broker.client_id)
            self.receipts = newest_receipts(connection)
        except psycopg.Error as error:
            self._tell(
                "database away, or not migrated (waybill db migrate)", action="database_away", error=_line(error)
            )
            locked = False
            # The reason is in the log: whoever may read /readyz need not learn addresses and users.
            self._trouble = f"not reachable, or not migrated ({type(error).__name__})"
        else:
            if not locked:
                self.locked_out = True
                self._tell(
                    "another gateway with this client id is running: stop it, or give this one its own client id",
                    action="locked_out", client_id=self._options.broker.client_id,
                )  # fmt: skip
        if connection is None or not locked:
            if connection is not None:
                connection.close()
            return None
        self._tracker.forget()
        self._connection = connection
        self._trouble = self._told = None
        self.connections += 1
        log.info("connected to the database", extra={"action": "database_connected"})
        return Writer(connection, self._tracker)

    def _tell(self, says: str, **more: str) -> None:
        """Says once why there is no connection, not at every try."""
        log.log(logging.DEBUG if says == self._told else logging.WARNING, says, extra=more)
        self._told = says

    def heartbeat(self, counters: Counter[str]) -> None:
        if self._connection is None or self._connection.closed:
            return
        try:
            put_part(self._connection, "gateway", version("waybill"), self._started_at, counters)
        except psycopg.Error as error:
            log.warning("no sign of life stored", extra={"action": "heartbeat_failed", "error": str(error).strip()})

    def device_commands(self) -> list[DeviceCommand]:
        """The newest command of each device; none when the database is away."""
        if self._connection is None or self._connection.closed:
            return []
        try:
            return newest_device_commands(self._connection)
        except psycopg.Error as error:
            log.warning("no commands read", extra={"action": "commands_failed", "error": str(error).strip()})
            return []

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def run_gateway(options: GatewayOptions, stop: threading.Event) -> None:
    """Runs until `stop` is set. Nothing is lost by stopping: what is not acknowledged comes again."""
    subscriber = Subscriber(options.broker, [channel_filter(FIXES), channel_filter(STATUS), *FOREIGN_FILTERS])
    database = _Database(options)
    registry = new_registry("gateway")
    pipeline: Pipeline

    def connect() -> Writer | None:
        # Two gateways of one client id take the broker's session from each other for ever: who has no lock stays away.
        writer = database.connect()
        if writer is not None:
            pipeline.greet(database.receipts)
            subscriber.start()
        elif database.locked_out:
            subscriber.leave()
        return writer

    commands = Commands()

    def beat(counters: Counter[str]) -> None:
        database.heartbeat(counters)
        if subscriber.connected.is_set():
            for topic, body in commands.due(database.device_commands()):
                subscriber.publish(topic, body, retain=True)

    pipeline = Pipeline(subscriber, connect, beat, options.clock, stop, Figures(registry))
    registry.register(_gauges(subscriber, database, pipeline))
    watched = Watched(registry, lambda: _checks(subscriber, database, pipeline))
    with counted_events(registry), listening(options.monitors, watched):
        try:
            pipeline.run()
        finally:
            subscriber.stop()
            database.close()
            log.info("gateway stopped", extra={"action": "stopped", **pipeline.counters})


def _checks(subscriber: Subscriber, database: _Database, pipeline: Pipeline) -> list[Check]:
    return [
        database_check(database, pipeline.trouble, pipeline.turning_s),
        broker_check(subscriber, connected=subscriber.connected.is_set()),
    ]


def _gauges(subscriber: Subscriber, database: _Database, pipeline: Pipeline) -> Gauges:
    counters = subscriber.broker_counters
    return Gauges(
        [
            ("waybill_broker_connected", "1: connected and subscribed.", subscriber.connected.is_set),
            ("waybill_broker_stored_messages", "Messages that the broker holds for anybody.",
             lambda: counters.get(STORED_MESSAGES)),
            ("waybill_database_connected", "1: connected, and no other gateway has our name.",
             lambda: database.trouble is None and not database.locked_out),
            ("waybill_store_blocked", "1: the database refuses to store anything, such as on a full disk.",
             lambda: pipeline.trouble is not None),
            ("waybill_pipeline_turn_seconds", "How long the present turn of the loop has taken.",
             lambda: pipeline.turning_s),
            ("waybill_unacknowledged_messages", "Messages that came in and are not stored yet.",
             subscriber.unacknowledged),
            ("waybill_receipts_waiting", "Receipts that are not published yet.", lambda: pipeline.receipts_waiting),
        ],
        [
            ("waybill_broker_connections", "Connections made to the broker; more than 1: reconnects.",
             lambda: subscriber.connections),
            ("waybill_broker_dropped_messages", "Messages that the broker threw away, for whomever.",
             lambda: counters.get(DROPPED_MESSAGES)),
            ("waybill_database_connections", "Connections made to the database; more than 1: reconnects.",
             lambda: database.connections),
        ],
    )  # fmt: skip
