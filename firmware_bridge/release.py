"""Which version of the bridge this is, installed alone or with all of Waybill. Compares no versions."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    for distribution in ("waybill-bridge", "waybill"):
        try:
            return version(distribution)
        except PackageNotFoundError:
            continue
    return "unknown"
