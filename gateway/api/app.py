"""Puts the HTTP API together: one router per audience, problems for errors, pages for customers. Opens no port."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from contract.checks import Asking
from contract.clock import Clock, parse_clock
from gateway.api import (
    accounts,
    addresses,
    alerts,
    check_ins,
    completeness,
    conditions,
    customer_pages,
    documents,
    door_pages,
    driver_return,
    driver_road,
    driver_sessions,
    driver_trip,
    driver_yard,
    drivers,
    enrolments,
    events,
    exceptions,
    handoffs,
    installs,
    keys,
    known_places,
    labels,
    licensees,
    loading,
    master_csv,
    messages,
    oidc,
    operations,
    opt_out,
    order_import,
    order_links,
    order_milestones,
    order_records,
    orders,
    pages,
    position_reports,
    premises_register,
    profiles,
    reports,
    sessions,
    shift_links,
    transfers,
    trip_times,
    trips,
    vehicles,
    webhooks,
)
from gateway.api.customer_pages import CustomerPages
from gateway.api.database import Connect
from gateway.api.description import describe_errors
from gateway.api.driver_pages import DriverPages
from gateway.api.enrolments import EnrolmentDesk
from gateway.api.headers import SecurityHeaders
from gateway.api.problems import speak_problems
from gateway.api.readiness import check_records
from gateway.api.requests import CountRequests
from gateway.api.tries import Tries
from gateway.eta.keeping import Keeper
from gateway.people.oidc import Provider
from gateway.places.places import Places
from gateway.watch.common import new_registry

# Each audience has one router, each router one kind of caller.
ROUTERS = (
    operations.router,
    operations.monitors,
    enrolments.router,
    position_reports.router,
    sessions.router,
    oidc.router,
    accounts.router,
    keys.router,
    order_import.router,
    order_links.router,
    labels.router,
    order_milestones.router,
    order_records.router,
    handoffs.router,
    orders.router,
    addresses.router,
    events.router,
    trips.router,
    trip_times.router,
    conditions.router,
    master_csv.router,
    licensees.router,
    premises_register.router,
    vehicles.router,
    drivers.router,
    shift_links.router,
    installs.router,
    known_places.router,
    documents.router,
    completeness.router,
    loading.router,
    transfers.router,
    check_ins.router,
    exceptions.router,
    profiles.router,
    reports.router,
    webhooks.router,
    messages.router,
    messages.contacts,
    opt_out.router,
    alerts.router,
    alerts.rules,
    alerts.roster,
    pages.static_router,
    customer_pages.router,
    driver_sessions.router,
    driver_trip.router,
    driver_yard.router,
    driver_road.router,
    driver_return.router,
    driver_return.staff,
    door_pages.pages,
    door_pages.router,
)

_DESCRIPTION = """Waybill's HTTP API. Errors are problem documents (RFC 9457). Times are RFC 3339 with an offset."""


_SYSTEM = parse_clock("system")


def make_app(
    connect: Connect, enrolment_desk: EnrolmentDesk | None = None, *, clock: Clock = _SYSTEM,
    public_url: str | None = None, document_warning_days: int = 30,
    provider: Provider | None = None,
    registry: CollectorRegistry | None = None, webhook_allow_private: bool = False,
    places: Places | None = None, map_dir: Path | None = None, customer: CustomerPages | None = None,
) -> FastAPI:  # fmt: skip
    """The API over a database that `connect` gives connections to; without a desk it exchanges no enrolment codes.

    `public_url` is where people reach it; with https their cookies are for HTTPS only. `registry` is told at /metrics.
    """
    app = FastAPI(
        title="Waybill",
        version=version("waybill"),
        description=_DESCRIPTION,
        openapi_url="/v1/openapi.json",
        # Both pages load their scripts from a CDN: a request that leaves the origin.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.connect = connect
    app.state.asking = Asking(lambda: check_records(connect))
    app.state.registry = registry or new_registry("api")
    app.add_middleware(CountRequests, registry=app.state.registry)
    app.state.enrolment_desk = enrolment_desk
    app.state.enrolment_tries = Tries()
    app.state.report_tries = Tries()
    app.state.sign_in_tries = Tries()
    app.state.clock = clock
    app.state.public_url = public_url
    app.state.oidc = provider
    app.state.document_warning_days = document_warning_days
    app.state.webhook_allow_private = webhook_allow_private
    app.state.places = places or Places()
    app.state.keeper = Keeper(map_dir)
    app.state.customer_pages = customer or CustomerPages()
    app.state.driver_pages = DriverPages()
    speak_problems(app)
    describe_errors(app)
    app.add_middleware(SecurityHeaders)
    for router in ROUTERS:
        app.include_router(router)
    return app
