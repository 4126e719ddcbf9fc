"""Medians, ratios and what was aimed at, as a table and as JSON. Measures nothing."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import msgspec

from benchmarks.ingest.flood import Flood
from benchmarks.ingest.latency import Latency
from benchmarks.ingest.runs import Outcome

# (name, of, against, aim)
_RATIOS = (
    ("of what mosquitto_sub receives", "1 per message", "mosquitto_sub, 1 per message", 0.45),
    ("times the naive gateway", "1 per message", "naive, 1 per message", 5.0),
    ("times the naive gateway", "50 per message", "naive, 50 per message", 50.0),
)
_P50_MS, _P99_MS = 25.0, 200.0


def medians(outcomes: dict[str, list[Outcome]]) -> dict[str, Outcome]:
    """Of each line the medians of its rounds."""
    return {
        name: Outcome(
            median(outcome.per_s for outcome in rounds),
            {part: median(outcome.processor_us[part] for outcome in rounds) for part in rounds[0].processor_us},
            max(outcome.lost for outcome in rounds),
        )
        for name, rounds in outcomes.items()
    }


def ratios(outcomes: dict[str, list[Outcome]]) -> list[tuple[str, float, float]]:
    """(what, median of the rounds' ratios, what is aimed at); each round against the peer of the same round."""
    found = []
    for who in ("waybill", "waybill untracked"):
        for name, packs, against, aim in _RATIOS:
            ours, theirs = outcomes.get(f"{who}, {packs}", []), outcomes.get(against, [])
            pairs = list(zip(ours, theirs, strict=False))
            if pairs:
                value = median(our.per_s / their.per_s for our, their in pairs)
                found.append((f"{who}, {packs}: {name}", value, aim))
    return found


def table(outcomes: dict[str, list[Outcome]], latencies: list[Latency], flood: Flood | None) -> str:
    """Everything that was measured, for a terminal."""
    parts = ("broker", "receiver", "PostgreSQL", "load")
    lines = [f"{'':34}{'positions/s':>12}   processor us/position: {'  '.join(parts)}"]
    for name, outcome in medians(outcomes).items():
        used = "".join(f"{outcome.processor_us[part]:9.1f}" for part in parts)
        lost = f"   lost {outcome.lost}" if outcome.lost else ""
        lines.append(f"{name:34}{outcome.per_s:12,.0f}{used}{lost}")
    for what, value, aim in ratios(outcomes):
        lines.append(f"{what:66}{value:8.2f}   aim {aim:g}")
    if latencies:
        p50, p99 = median(one.p50_ms for one in latencies), median(one.p99_ms for one in latencies)
        lines.append(
            f"publish to committed at {latencies[0].positions_per_s:,.0f}/s, half of the maximum:"
            f" p50 {p50:.1f} ms (aim {_P50_MS:g}), p99 {p99:.1f} ms (aim {_P99_MS:g})"
        )
    if flood is not None:
        lines.append(
            f"memory in a flood of {flood.seconds:.0f} s, {flood.positions:,} positions: {flood.warm_mib:.0f} MiB after"
            f" a minute, at most {flood.most_mib:.0f}, {flood.end_mib:.0f} at the end"
        )
    return "\n".join(lines)


def write_json(
    path: Path,
    outcomes: dict[str, list[Outcome]],
    latencies: list[Latency],
    flood: Flood | None,
    options: dict[str, object],
) -> None:
    """Every figure of every round, the medians and the ratios."""
    content = {
        "options": {name: str(value) for name, value in options.items()},
        "medians": medians(outcomes),
        "ratios": {what: {"value": value, "aim": aim} for what, value, aim in ratios(outcomes)},
        "latency": latencies,
        "flood": flood,
        "rounds": outcomes,
    }
    path.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2))
