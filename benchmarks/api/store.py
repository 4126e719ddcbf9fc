"""A shop's past for the API's benchmark: many orders with lines and milestones."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import psycopg

from storage.ids import new_id

STREETS = ("Mannerheimintie", "Aleksanterinkatu", "Bulevardi", "Hämeentie", "Kaisaniemenkatu", "Runeberginkatu")
NAMES = ("Salo", "Virtanen", "Korhonen", "Nieminen", "Laine", "Heikkinen", "Koskinen", "Järvinen")
PER_DAY = 300


def fill(owner: psycopg.Connection, premises_id: UUID, orders: int, newest: datetime) -> None:
    """`orders` delivered orders, 300 a day up to `newest`, each with two lines and three milestones."""
    ids = [new_id(newest - timedelta(days=number / PER_DAY)) for number in range(orders)]
    with owner.cursor() as cursor:
        with cursor.copy(
            "COPY waybill.orders (id, premises_id, order_no, source, source_ref, customer_name, customer_phone,"
            " address, window_from, window_to, placed_at, milestone, milestone_at, created_at) FROM STDIN"
        ) as copy:
            for number, order_id in enumerate(ids):
                at = newest - timedelta(days=number / PER_DAY)
                name = f"{NAMES[number % len(NAMES)]} {number}"
                place = f"{STREETS[number % len(STREETS)]} {number % 180 + 1}, Helsinki"
                copy.write_row(
                    (order_id, premises_id, f"old-{number}", "old", f"o-{number}", name, f"+358 40 {number:07d}", place,
                     at, at + timedelta(hours=2), at, "delivered", at, at)
                )  # fmt: skip
        with cursor.copy(
            "COPY waybill.order_line (order_id, premises_id, line_no, item, quantity, unit) FROM STDIN"
        ) as copy:
            for order_id in ids:
                for line_no in (1, 2):
                    copy.write_row((order_id, premises_id, line_no, "Rye bread", 2, "each"))
        with cursor.copy(
            "COPY waybill.milestone (id, premises_id, order_id, milestone, at, known, declared_by, recorded_at)"
            " FROM STDIN"
        ) as copy:
            for number, order_id in enumerate(ids):
                at = newest - timedelta(days=number / PER_DAY)
                for milestone in ("received", "ready", "delivered"):
                    copy.write_row((new_id(at), premises_id, order_id, milestone, at, "declared", "system bench", at))
    owner.commit()
    owner.autocommit = True
    owner.execute("VACUUM ANALYZE")
