"""`waybill gateway|api|worker|dashboard`: each long-running part alone, as in production. Holds no work itself."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

import typer

from waybill.connections import (
    address_service,
    alert_options,
    customer_pages_of,
    enrolment_desk,
    map_of,
    message_options,
    needed,
    places_of,
    sign_in_provider,
)
from waybill.invocation import settings_of
from waybill.logs import start_logging
from waybill.settings import Settings
from waybill.stopping import stop_event

if TYPE_CHECKING:
    from gateway.watch.listener import Listen
    from gateway.worker.states import StatesOptions


def register(app: typer.Typer) -> None:
    for command in (gateway, api, worker, dashboard):
        app.command()(command)


def gateway(context: typer.Context) -> None:
    """Takes fixes from the broker, stores them, tracks vehicles, confirms with receipts. Runs until SIGTERM."""
    from gateway.ingest.subscriber import BrokerOptions
    from gateway.main import GatewayOptions, run_gateway
    from waybill.thresholds import base_policy

    settings = settings_of(context)
    start_logging("gateway", settings.log_level, settings.log_format)
    broker = BrokerOptions(
        host=settings.broker_host,
        port=settings.broker_port,
        username=settings.broker_username,
        password=needed(settings, "broker_password"),
        client_id=settings.gateway_client_id,
        tls_ca=None if settings.broker_tls_ca is None else str(settings.broker_tls_ca),
    )
    options = GatewayOptions(
        broker=broker,
        database_url=needed(settings, "database_url"),
        clock=settings.parsed_clock(),
        policy=base_policy(settings),
        monitors=monitors(settings, settings.gateway_metrics_port),
    )
    # What is loaded now stays for ever, and records of fixes hold no cycles: looking through them all for garbage after
    # every 700 allocations costs processor time for nothing.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    # Whoever reads the line waits so long for whoever judges the fixes, and the other way round, at every turn.
    sys.setswitchinterval(0.001)
    run_gateway(options, stop_event())


def api(context: typer.Context) -> None:
    """Serves the HTTP API. Runs until SIGTERM."""
    from gateway.api.main import ApiOptions, run_api

    settings = settings_of(context)
    start_logging("api", settings.log_level, settings.log_format)
    options = ApiOptions(
        host=settings.api_host,
        port=settings.api_port,
        database_url=needed(settings, "database_url"),
        enrolment_desk=enrolment_desk(settings),
        clock=settings.parsed_clock(),
        public_url=settings.public_url,
        document_warning_days=settings.document_warning_days,
        provider=sign_in_provider(settings),
        webhook_allow_private=settings.webhook_allow_private,
        places=places_of(settings),
        map_dir=map_of(settings),
        customer_pages=customer_pages_of(settings),
    )
    run_api(options, stop_event())


def worker(context: typer.Context) -> None:
    """Does what has to be done again and again: signs of life, deriving trips again, retention. Runs until SIGTERM."""
    from gateway.worker.main import WorkerOptions, run_worker
    from waybill.periods import periods_of
    from waybill.thresholds import base_policy

    settings = settings_of(context)
    start_logging("worker", settings.log_level, settings.log_format)
    options = WorkerOptions(
        database_url=needed(settings, "database_url"),
        retention_url=settings.database_retention_url,
        periods=periods_of(settings),
        clock=settings.parsed_clock(),
        policy=base_policy(settings),
        monitors=monitors(settings, settings.worker_metrics_port),
        webhook_allow_private=settings.webhook_allow_private,
        places=places_of(settings),
        map_dir=map_of(settings),
        address_service=address_service(settings),
        messages=message_options(settings),
        alerts=alert_options(settings),
        states=None if settings.states_password is None else states_options(settings, settings.states_password),
    )
    run_worker(options, stop_event())


def dashboard(context: typer.Context) -> None:
    """Serves the dashboard for staff. Runs until SIGTERM."""
    from dashboard.main import run_dashboard
    from waybill.demo.map_data import map_folder

    settings = settings_of(context)
    start_logging("dashboard", settings.log_level, settings.log_format)
    # Its server takes the signals, and when it has stopped sends itself the same one again: ours makes that harmless.
    stop_event()
    run_dashboard(
        host=settings.dashboard_host,
        port=settings.dashboard_port,
        reader_url=needed(settings, "database_reader_url"),
        clock_text=settings.clock,
        map_dir=settings.map_dir or map_folder(),
        public_url=settings.public_url,
    )


def states_options(settings: Settings, password: str) -> StatesOptions:
    """Where the worker publishes states."""
    from gateway.worker.states import StatesOptions

    tls_ca = None if settings.broker_tls_ca is None else str(settings.broker_tls_ca)
    return StatesOptions(host=settings.broker_host, port=settings.broker_port, password=password, tls_ca=tls_ca)


def monitors(settings: Settings, port: int) -> Listen | None:
    """Where a part answers monitors; None when it is not to."""
    from gateway.watch.listener import Listen

    return Listen(settings.metrics_host, port) if port else None
