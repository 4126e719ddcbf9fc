"""What turns a forecast into words and alarms: when it is said again, what counts as a risk. Computes nothing."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


def _because(unit: str, why: str) -> Meta:
    return Meta(ge=0, description=why, extra={"unit": unit})


class EtaPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Thresholds of forecasts, each with its reason."""

    matters_s: Annotated[float, _because("s", "a smaller change is noise: nobody plans by two minutes")] = 120.0
    matters_share: Annotated[
        float, _because("", "of the time that is left: an hour ahead four minutes are as good as none")
    ] = 0.07
    risk_step: Annotated[float, _because("", "a change of the late risk that is said at once")] = 0.25
    overdue_again_s: Annotated[
        float, _because("s", "what has passed is said again once a minute, not with every fix")
    ] = 60.0
    still_right_s: Annotated[float, _because("s", "so often a forecast that stands is noted as still right")] = 30.0
    tell_s: Annotated[
        float, _because("s", "order systems and customers are told from ten minutes on, the usual width of patience")
    ] = 600.0
    at_risk: Annotated[float, _because("", "late risk from which a drop is at risk: more likely late than not")] = 0.5
    news_s: Annotated[
        float, _because("s", "a window that ended longer ago is history when it is first seen: no alarm")
    ] = 1800.0
    recovered: Annotated[float, _because("", "late risk below which the risk is over, so that none flickers")] = 0.3
    drives_on_s: Annotated[
        float, _because("s", "so long an unheard van is taken to drive on; beyond it may as well stand")
    ] = 300.0
    least_at_door_s: Annotated[
        float, _because("s", "who stands at a door longer than usual leaves it soon, not now")
    ] = 60.0
    least_at_door_share: Annotated[float, _because("", "of what is usual at the door; visits vary by a third")] = 0.25
    standing_mps: Annotated[float, _because("m/s", "slower is standing: walking pace, and receivers' noise")] = 1.0


POLICY = EtaPolicy()
