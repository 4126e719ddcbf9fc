"""Receipts: the nine items in their order, kept as they were; manifests: whole, and of one customer and nobody else."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from tests.fixtures.api import Api, api_on, clock_at
from tests.fixtures.command_line import caller, settings_of_tests
from tests.fixtures.database import new_database
from tests.fixtures.doors import told
from tests.fixtures.gateway import NOON
from tests.fixtures.pdf_text import pdf_pages
from tests.fixtures.reported_day import ReportedDay
from tests.fixtures.trips import PROOFS, add_driver, add_van, do, order, plan
from tests.integration.reports.reading import ask, problem, rows_of
from waybill.stack.postgres import Postgres

HANDED = NOON + timedelta(minutes=5)
MONEY = {"taxes_minor": 310, "fees_minor": 290, "discount_minor": 100, "due_minor": 3380}


@pytest.fixture(scope="module")
def door(postgres: Postgres, database_template: str) -> Iterator[Api]:
    """Order 1001 of somebody whose first language is Spanish was handed over, a part of it not; 1002 failed."""
    with new_database(postgres, database_template) as database:
        api = api_on(database)
        _hand_over(api)
        yield api


def _hand_over(api: Api) -> None:
    with psycopg.connect(api.database.owner_url) as owner:
        owner.execute("INSERT INTO waybill.licensee (id, name, legal_name, created_at) VALUES"
                      " (gen_random_uuid(), 'corner', 'Corner Shop Holdings LLC', %s)", [NOON])  # fmt: skip
        owner.execute("UPDATE waybill.premises SET licence_no = 'C10-1',"
                      " licensee_id = (SELECT id FROM waybill.licensee) WHERE code = 'store'")  # fmt: skip
    add_van(api, "van-1")
    add_driver(api, "E-1")
    add_driver(api, "E-2")
    for name, more in (
        ("a", {**MONEY, "prepared_by": "E-2", "customer_no": "C-77", "customer_language": "es"}),
        ("b", {}),
    ):
        order(api, name, **more)
    plan(api, ["1001", "1002"])
    for one in ("1001", "1002"):
        do(api, "T-0001", "load", {"code": one})
    do(api, "T-0001", "depart", {"at": NOON.isoformat()})
    api.app.state.clock = clock_at(HANDED)
    tell(api, "1001", lines=[{"line_no": 1, "accepted_quantity": "1"}], disposition="RETURNED_TO_PREMISES",
         paid={"amount_minor": 2090, "by": "cash"})  # fmt: skip
    failed = {"milestone": "failed", "reason_code": "RECIPIENT_ABSENT"}
    assert api.ask("dispatcher", "POST", "/v1/orders/1002/milestones", failed).status_code == 201


def tell(api: Api, number: str, **more: Any) -> None:
    needs = api.ask("dispatcher", "GET", f"/v1/orders/{number}/handoff").json()
    said = told(needs, "es", **more)
    document = needs["documents"]["es"]
    returned = document["lines"][0]["returned"].replace("{quantity}", "1")
    lines = document["text"].splitlines()
    text = "\n".join([*lines[:-1], returned, lines[-1]]) + "\n"
    said["signature"] |= {"document": text, "document_sha256": hashlib.sha256(text.encode()).hexdigest()}
    answer = api.ask("dispatcher", "POST", f"/v1/orders/{number}/handoffs", said)
    assert answer.status_code == 201, answer.text


def test_a_receipt_has_the_nine_items_in_their_order(door: Api) -> None:
    answer = ask(door, "receipt?order=1001&format=json")
    receipt = answer.json()
    [(handed_at, document_sha256)] = door.rows(
        "SELECT at, proofs #>> '{signature,document_sha256}' FROM waybill.handoff WHERE outcome = 'partial'"
    )

    assert list(receipt)[2:10] == [
        "seller", "courier", "preparer", "customer", "requested", "delivery_address", "goods", "paid"
    ]  # fmt: skip
    assert receipt["seller"] == {"legal_name": "Corner Shop Holdings LLC", "licence_no": "C10-1"}
    assert receipt["courier"] == {"first_name": "Driver E-1", "employee_no": "E-1"}
    assert receipt["preparer"] == {"first_name": "Driver E-2", "employee_no": "E-2"}
    assert receipt["customer"] == {"first_name": "Elina", "customer_no": "C-77"}
    assert receipt["requested"]["at_utc"].startswith("2026-11-23T12:00:0")
    assert receipt["requested"]["at_local"].startswith("2026-11-23T14:00:0")
    assert receipt["delivery_address"] == "Street a, Helsinki"
    assert receipt["goods"] == [
        {"line_no": 1, "item": "Riesling 0.75 l", "uid": "TAGaA", "ordered": "2", "accepted": "1", "unit": "each",
         "unit_price": "12.90", "amount": "12.90"},
        {"line_no": 2, "item": "Ice", "uid": None, "ordered": "1.5", "accepted": "1.5", "unit": "kg",
         "unit_price": "2.00", "amount": "3.00"},
    ]  # fmt: skip
    # 2 x 12.90 + 1.5 x 2.00 with taxes and fees, less the discount.
    assert receipt["paid"] == {
        "total": "33.80", "taxes": "3.10", "fees": "2.90", "discount": "1.00", "currency": "EUR",
        "due_at_door": "33.80", "paid_at_door": "20.90", "paid_by": "cash",
    }  # fmt: skip
    assert receipt["delivered"]["at_utc"] == handed_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert receipt["delivered"]["outcome"] == "partial"
    signature = receipt["delivered"]["signature"]
    assert (signature["printed_name"], signature["document_sha256"]) == ("Elina Salo", document_sha256)
    assert "Salo" not in str({**receipt, "delivered": None})
    [(kept, sha256)] = door.rows("SELECT body, sha256 FROM waybill.receipt")
    assert bytes(kept) == answer.content
    assert hashlib.sha256(answer.content).hexdigest() == sha256


@pytest.mark.parametrize(("form", "wide_pt"), [("pdf", 595), ("slip", 227)])
def test_a_receipt_is_printed_in_the_customers_language(door: Api, form: str, wide_pt: int) -> None:
    spanish = ask(door, f"receipt?order=1001&format={form}").content
    again = ask(door, f"receipt?order=1001&format={form}").content
    english = " ".join("\n".join(pdf_pages(ask(door, f"receipt?order=1001&format={form}&language=en").content)).split())
    text = " ".join("\n".join(pdf_pages(spanish)).split())
    [(sha256,)] = door.rows("SELECT sha256 FROM waybill.receipt")
    (box,) = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+)", spanish)

    assert spanish == again
    assert round(float(box)) == wide_pt
    items = [text.index(f"{n}. ") for n in range(1, 10)]
    assert items == sorted(items)
    for said in ("Vendedor: Corner Shop Holdings LLC, licencia C10-1", "Repartidor: Driver E-1", "empleado E-2",
                 "Cliente: Elina, número de cliente C-77", "Street a, Helsinki", "1 each · Riesling 0.75 l, 12.90 EUR",
                 "etiqueta TAGaA", "de 2 pedidos; el resto no se aceptó", "1.5 kg · Ice, 3.00 EUR", "Total: 33.80 EUR",
                 "incluye impuestos 3.10 EUR, cargos 2.90 EUR, descuento 1.00 EUR",
                 "pagado en la puerta: 20.90 EUR, efectivo", "Entregado: lunes, 23 de noviembre de 2026, 14:05",
                 "firmado por Elina Salo"):  # fmt: skip
        assert said in text
    assert sha256 in text.replace(" ", "")
    assert b"/Subtype /Image" in spanish  # the signature
    assert "9. Delivered: Monday, November 23, 2026, 14:05" in english


def test_what_is_changed_later_does_not_change_a_receipt(door: Api) -> None:
    before = ask(door, "receipt?order=1001&format=json").content
    with psycopg.connect(door.database.owner_url) as owner:
        owner.execute("UPDATE waybill.orders SET address = 'elsewhere', prepared_by = NULL, total_minor = 1")
        owner.execute("UPDATE waybill.order_line SET item = 'Water'")

    assert ask(door, "receipt?order=1001&format=json").content == before
    for attack in ("UPDATE waybill.receipt SET body = ''", "DELETE FROM waybill.receipt"):
        with psycopg.connect(door.database.gateway_url) as gateway, pytest.raises(psycopg.errors.InsufficientPrivilege):
            gateway.execute(attack.encode())
    with psycopg.connect(door.database.owner_url) as owner, pytest.raises(psycopg.errors.CheckViolation):
        owner.execute("UPDATE waybill.receipt SET body = body || '\\x20'")


def test_who_has_no_receipt_is_told_why_and_each_one_given_is_on_record(door: Api) -> None:
    assert "1002 has no receipt" in problem(door, "receipt?order=1002", 404)["detail"]
    assert "no order '9'" in problem(door, "receipt?order=9", 404)["detail"]
    problem(door, "receipt?order=1001", 403, "dispatcher")
    problem(door, "receipt?order=1001", 404, "rival")
    answer = ask(door, "receipt?order=1001&format=slip")
    waybill = caller(settings_of_tests(door.database))
    printed = waybill("report", "receipt", "--order", "1001", "--premises", "store", "--format", "json")

    assert printed.json()["order_no"] == "1001"
    assert "needs --order" in waybill("report", "receipt").error
    assert "must be one of json, pdf, slip" in waybill("report", "receipt", "--order", "1", "--format", "csv").error
    query = "SELECT actor, after ->> 'format', after ->> 'sha256' FROM waybill.audit_event WHERE action = 'report.made'"
    digest = hashlib.sha256(answer.content).hexdigest()
    assert door.rows(f"{query} AND object_id = %s", answer.headers["waybill-report-id"]) == [
        ("compliance", "slip", digest)
    ]  # fmt: skip
    assert [form for actor, form, _ in door.rows(query) if actor.startswith("command line: ")] == ["json"]


def test_the_receipts_of_a_day_stand_in_one_table(passed: ReportedDay) -> None:
    rows = rows_of(passed.api, "receipts?day=2026-11-23")
    delivered = {one.order_no: one for one in passed.day.orders if not one.fails}
    kept = dict(
        passed.api.rows("SELECT o.order_no, r.sha256 FROM waybill.receipt r JOIN waybill.orders o ON o.id = r.order_id")
    )

    assert {row["order_no"] for row in rows} == set(delivered)
    for row in rows:
        one = delivered[row["order_no"]]
        assert (row["seller"], row["licence_no"], row["courier"], row["courier_employee_no"]) == (
            "Corner Shop Holdings LLC", "C10-0000001-LIC", "Aino", f"E-van-{one.van}"
        )  # fmt: skip
        assert (row["customer"], row["customer_no"], row["preparer"]) == (one.name.split()[0], "", "")
        assert (row["delivery_address"], row["goods"]) == (one.address, "1 each Sauvignon Blanc 2025")
        assert row["requested_utc"] == "2026-11-23T11:00:00Z"
        assert (row["signed_by"], row["signed_document_sha256"]) == (
            PROOFS["signature"]["printed_name"], PROOFS["signature"]["document_sha256"]
        )  # fmt: skip
        assert (row["receipt_sha256"], row["outcome"], row["trip_no"]) == (
            kept[row["order_no"]], "delivered", f"T-000{one.van}"
        )  # fmt: skip


def test_a_manifest_has_every_drop_in_its_order(passed: ReportedDay) -> None:
    rows = rows_of(passed.api, "trip-manifest?trip=T-0001")
    orders = passed.day.of_van(1)

    assert [(row["drop_no"], row["order_no"], row["recipient"], row["destination"]) for row in rows] == [
        (str(n), one.order_no, one.name, one.address) for n, one in enumerate(orders, 1)
    ]
    assert {(row["trip_no"], row["agents"], row["vehicle"], row["plate"], row["line_no"], row["item"], row["quantity"],
             row["unit"], row["unit_price"], row["currency"]) for row in rows} == {
        ("T-0001", "Aino Virtanen (E-van-1)", "van-1", "WAY-101", "1", "Sauvignon Blanc 2025", "1", "each",
         "17.90", "EUR")
    }  # fmt: skip
    [(departed_at, ended_at)] = passed.api.rows(
        "SELECT departed_at, ended_at FROM waybill.trip WHERE trip_no = 'T-0001'"
    )
    assert {(row["departed_utc"], row["returned_utc"]) for row in rows} == {
        tuple(at.isoformat().replace("+00:00", "Z") for at in (departed_at, ended_at))
    }
    windows = [(row["window_begins_utc"], row["window_ends_utc"]) for row in rows]
    assert len(set(windows)) == len(orders)


def test_a_customers_manifest_holds_nothing_of_anybody_else(passed: ReportedDay) -> None:
    own = passed.day.of_van(1)[2]
    answer = ask(passed.api, f"trip-manifest?trip=T-0001&order={own.order_no}&format=zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as bundle:
        files = {name: bundle.read(name) for name in bundle.namelist()}
    texts = {name: content.decode() for name, content in files.items() if not name.endswith(".pdf")}
    texts["trip-manifest.pdf"] = " ".join("\n".join(pdf_pages(files["trip-manifest.pdf"])).split())

    for name, text in texts.items():
        for other in passed.day.orders:
            found = [trace for trace in other.traces() if re.search(rf"(?<![\w+]){re.escape(trace)}(?!\w)", text)]
            assert other is own or not found, (name, found)
    for said in (own.order_no, own.name, own.address):
        assert said in texts["trip-manifest.csv"]
        assert said in texts["trip-manifest.pdf"]
    [row] = rows_of(passed.api, f"trip-manifest?trip=T-0001&order={own.order_no}")
    assert row["drop_no"] == ""
