"""The worker's jobs for orders' addresses: look again, ask the service, learn from handoffs. Knows no rule of them."""

from __future__ import annotations

from datetime import timedelta

import psycopg

from contract.clock import Clock
from gateway.places.asking import WORKER, ask_next
from gateway.places.learning import learn
from gateway.places.places import Places, look_again
from gateway.places.service import AddressService
from gateway.worker.jobs import CONNECT_S, Job
from storage.places import unresolved_orders

# Late fixes of a vehicle that was out of reach come within days; older orders are not looked through every minute.
_LEARNED_FROM = timedelta(days=3)
_AT_ONCE = 200
# Nominatim's own rule for its public server, and good manners to any other.
_BETWEEN_QUESTIONS_S = 1.0


def address_jobs(database_url: str, clock: Clock, places: Places, service: AddressService | None) -> list[Job]:
    """Addresses are looked up again when the map is another one, asked for once a second, learned once a minute."""
    seen: list[float | None] = []  # the version of the map that every waiting order was tried on

    def try_again() -> None:
        version = places.version
        if seen != [version]:
            with psycopg.connect(database_url, connect_timeout=CONNECT_S, autocommit=True) as connection:
                look_through(connection, places, clock)
            seen[:] = [version]

    def learn_doors() -> None:
        with psycopg.connect(database_url, connect_timeout=CONNECT_S) as connection:
            learn(connection, clock.now() - _LEARNED_FROM)

    jobs = [Job("addresses", 30.0, try_again), Job("doors", 60.0, learn_doors)]
    if service is not None:
        asked = service

        def ask() -> None:
            with psycopg.connect(database_url, connect_timeout=CONNECT_S, autocommit=True) as connection:
                ask_next(connection, places, asked, clock.now())

        jobs.append(Job("address_service", _BETWEEN_QUESTIONS_S, ask))
    return jobs


def look_through(connection: psycopg.Connection, places: Places, clock: Clock) -> int:
    """Tries every open order without a place once more, each in a transaction of its own; how many have one now."""
    found, after = 0, None
    while page := unresolved_orders(connection, after=after, most=_AT_ONCE):
        for order_id, _ in page:
            with connection.transaction():
                found += look_again(connection, places, order_id, WORKER, clock.now())
        after = page[-1][0]
    return found
