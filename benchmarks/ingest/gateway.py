"""The gateway as `waybill gateway` starts it, or one that does not track, to see what that costs. Measures nothing."""

from __future__ import annotations

import sys
from typing import Any

import gateway.main
from gateway.ingest.tracker import Tracked, Tracker
from waybill.cli import main


class Untracked(Tracker):
    """Judges and follows no fix."""

    def run(self, *given: Any, **named: Any) -> Tracked:
        del given, named
        return Tracked()


if __name__ == "__main__":
    if "--untracked" in sys.argv:
        sys.argv.remove("--untracked")
        vars(gateway.main)["Tracker"] = Untracked
    sys.argv.append("gateway")
    main()
