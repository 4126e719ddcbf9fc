"""Which record needs which field of master data, and by which rule, as one table. Looks at no object."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Evidence(StrEnum):
    """What was read of the rule."""

    READ = "read"  # the rule's own text
    SECONDARY = "secondary"  # an older text, or what others say of it
    NOT_VERIFIED = "not verified"


class Need(msgspec.Struct, frozen=True):
    """A field, or a document as `document:KIND`, without which a record is not whole."""

    field: str
    record: str
    reference: str
    evidence: Evidence = Evidence.READ


_RECEIPT, _LEDGER, _MANIFEST = "delivery request receipt", "delivery inventory ledger", "manifest"
_EMPLOYEES, _VEHICLES = "delivery employee list", "delivery vehicle list"
_HISTORY = "location history"
_CA19 = "4 CCR 15049.3(b)"
_OR2 = "ORS 475C.117"
_CA8 = "4 CCR 15417(a)-(c)"

NEEDS: dict[str, tuple[Need, ...]] = {
    "licensee": (
        Need("legal_name", _RECEIPT, "4 CCR 15420(a)(1)"),
        Need("licence_no", _RECEIPT, "4 CCR 15420(a)(1)"),
    ),
    "premises": (
        Need("licensee", _RECEIPT, "4 CCR 15420(a)(1)"),
        Need("licence_no", _LEDGER, _CA19),
        Need("address", "daily delivery report", "Ala. Adm. Code 20-X-9-.05"),
        Need("position", "departures and returns", "4 CCR 15418(c)"),
        Need("hours", "handoffs within hours", "4 CCR 15415(d)"),
    ),
    "vehicle": (
        Need("kind", _VEHICLES, "9 NYCRR 125.10(c)"),
        Need("make", _LEDGER, _CA19),
        Need("model", _LEDGER, _CA19),
        Need("plate", _LEDGER, _CA19),
        Need("year", _VEHICLES, _OR2),
        Need("colour", _VEHICLES, _OR2),
        Need("vin", _VEHICLES, _OR2),
        Need("registered_owner", "consent to tracking", "Cal. Penal Code 637.7"),
        Need("enclosed", _VEHICLES, _CA8),
        Need("unmarked", _VEHICLES, _CA8),
        Need("compartment", _VEHICLES, _CA8),
        Need("alarm", _VEHICLES, _CA8),
        Need("device", _HISTORY, "4 CCR 15417(d)", Evidence.SECONDARY),
        Need("document:registration", _VEHICLES, "4 CCR 15417(e)-(f)", Evidence.NOT_VERIFIED),
        Need("document:insurance", _VEHICLES, "4 CCR 15417(e)-(f)", Evidence.SECONDARY),
    ),
    "driver": (
        Need("legal_name", _EMPLOYEES, "4 CCR 15415(h)"),
        Need("first_name", _RECEIPT, "4 CCR 15420(a)(2)"),
        Need("over_21", _EMPLOYEES, "4 CCR 15415(a)"),
        Need("employed_from", _EMPLOYEES, "4 CCR 15415(h)"),
        Need("permit_no", _MANIFEST, "935 CMR 500.145(1)(d); ORS 475C.117"),
        Need("document:licence", _EMPLOYEES, "Ala. Adm. Code 20-X-9-.05"),
        Need("document:training", _EMPLOYEES, "Ala. Adm. Code 20-X-9-.05"),
        Need("document:background_check", _EMPLOYEES, "Ala. Adm. Code 20-X-9-.05"),
    ),
    "install": (
        Need("serial_no", _HISTORY, "4 CCR 15417(d)", Evidence.SECONDARY),
        Need("affixed", _HISTORY, "4 CCR 15417(d)", Evidence.SECONDARY),
        Need("consent_by", "consent to tracking", "Cal. Penal Code 637.7"),
    ),
}  # fmt: skip
