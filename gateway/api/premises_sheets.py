"""Premises and licensees as CSV: what a row does, and what an export says. Opens no file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import psycopg

from gateway.api.licensees import LicenseeChange, LicenseeIn
from gateway.api.premises_register import PremisesChange, PremisesIn, values_of
from gateway.api.sheets import Cells, Deed, Sheet, said
from gateway.master.errors import MasterDataError
from gateway.master.licensees import add_licensee, change_licensee
from gateway.master.premises import NewPremises, change_premises, open_premises
from storage.licensees import select_licensees
from storage.master import Premises, Selection, all_premises


def _put_licensee(deed: Deed, cells: Cells) -> str:
    name = cells["name"] or ""
    known = [one for one in select_licensees(deed.connection, Selection(key=name, retired=True)) if one.name == name]
    if not known:
        values = said(LicenseeIn, cells.items())
        add_licensee(deed.connection, actor=deed.actor, at=deed.at, **values)
        return "created"
    values = said(LicenseeChange, ((column, cell) for column, cell in cells.items() if column != "name"))
    changed = change_licensee(deed.connection, known[0], values, actor=deed.actor, at=deed.at)
    return "unchanged" if changed == known[0] else "changed"


def _put_premises(deed: Deed, cells: Cells) -> str:
    code = cells["code"]
    known = next((one for one in all_premises(deed.connection) if one.code == code), None)
    if deed.own is not None and (known is None or known.id not in deed.own):
        raise MasterDataError(
            f"there are no premises {code} that you may change; who may change master data everywhere opens new ones",
            field="code",
        )
    if known is None:
        wanted = PremisesIn.model_validate(cells)
        new = NewPremises(**{"hours": {}, **values_of(deed.connection, deed.own, wanted), "code": wanted.code})
        open_premises(deed.connection, new, actor=deed.actor, at=deed.at)
        return "created"
    unknown_hours = "hours" in cells and cells["hours"] is None
    told = {name: cell for name, cell in cells.items() if name != "code" and not (unknown_hours and name == "hours")}
    values = values_of(deed.connection, deed.own, PremisesChange.model_validate(told))
    if unknown_hours:
        values["hours"] = {}
    changed = change_premises(deed.connection, known, values, actor=deed.actor, at=deed.at)
    return "unchanged" if changed == known else "changed"


def _working_premises(connection: psycopg.Connection, wanted: Selection, _at: datetime) -> Sequence[Premises]:
    return [
        one
        for one in all_premises(connection)
        if one.retired_at is None and (wanted.premises_ids is None or one.id in wanted.premises_ids)
    ]


LICENSEES = Sheet(
    "licensees", ("name", "legal_name", "licence_no", "licence_type"), ("name",), _put_licensee,
    lambda connection, wanted, _at: select_licensees(connection, wanted), at_premises=False,
)  # fmt: skip
PREMISES = Sheet(
    "premises",
    ("code", "name", "tz", "hours", "licensee", "licence_no", "licence_type", "address", "phone", "lat", "lon"),
    ("code",), _put_premises, _working_premises, at_premises=False,
)  # fmt: skip
