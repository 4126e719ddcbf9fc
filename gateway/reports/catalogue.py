"""The reports that there are, by name. Makes none."""

from __future__ import annotations

from gateway.refusals import NotThereError
from gateway.reports.attempts import ATTEMPTS
from gateway.reports.corrections import CORRECTIONS
from gateway.reports.definition import Definition
from gateway.reports.id_checks import ID_CHECKS
from gateway.reports.ledger import LEDGER
from gateway.reports.location_history import LOCATION_HISTORY
from gateway.reports.manifest import MANIFEST
from gateway.reports.receipts import RECEIPTS
from gateway.reports.stops import STOPS

REPORTS: dict[str, Definition] = {
    one.name: one for one in (LOCATION_HISTORY, STOPS, ATTEMPTS, ID_CHECKS, LEDGER, RECEIPTS, MANIFEST, CORRECTIONS)
}


def report_named(name: str) -> Definition:
    if name not in REPORTS:
        raise NotThereError(f"there is no report {name!r}; there are {', '.join(REPORTS)}")
    return REPORTS[name]
