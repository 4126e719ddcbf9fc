"""Reads a GeoJSON file of zones: one zone a feature, described by its properties. Judges no geometry."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from gateway.master.zones import NewZone
from waybill.invocation import CommandError

MOST_BYTES = 50_000_000
PROPERTIES = "name, kind, radius_m of a Point, half_width_m of a LineString, from, to"


def read_zones(path: Path, kind: str | None = None) -> list[NewZone]:
    """Every feature of the file as a zone; `kind` for those that say none. One error names all that is wrong."""
    features = _features(path)
    found: list[NewZone] = []
    wrong: list[str] = []
    for number, feature in enumerate(features, 1):
        try:
            found.append(_zone(feature, kind))
        except ValueError as error:
            hint = "" if "has no kind" in str(error) else f" (properties are {PROPERTIES})"
            wrong.append(f"feature {number}: {error}{hint}")
    if wrong:
        more = f" … and {len(wrong) - 10} more" if len(wrong) > 10 else ""
        raise CommandError(f"{path}: nothing is imported. {'; '.join(wrong[:10])}{more}")
    return found


def _features(path: Path) -> list[Any]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise CommandError(f"{path} has {path.stat().st_size / 1e6:.0f} MB; at most {MOST_BYTES / 1e6:.0f}")
        content = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} is no JSON: {error}") from error
    if not isinstance(content, dict) or content.get("type") not in ("FeatureCollection", "Feature"):
        raise CommandError(f"{path} is no GeoJSON FeatureCollection or Feature")
    features = [content] if content["type"] == "Feature" else content.get("features")
    if not isinstance(features, list) or not features:
        raise CommandError(f"{path} holds no features")
    return features


class _Said(msgspec.Struct, rename={"from_at": "from", "to_at": "to"}):
    """The properties of a feature that mean something here; others are nobody's business."""

    name: Annotated[str, msgspec.Meta(min_length=1)]
    kind: str | None = None
    radius_m: float | None = None
    half_width_m: float | None = None
    from_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    to_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class _Feature(msgspec.Struct):
    properties: _Said
    type: Literal["Feature"]
    geometry: Any = None


def _zone(feature: Any, kind: str | None) -> NewZone:
    said = msgspec.convert(feature, _Feature).properties
    if (said.kind or kind) is None:
        raise ValueError(f"{said.name!r} has no kind among its properties; --kind gives one to all")
    radius_m = said.half_width_m if said.radius_m is None else said.radius_m
    return NewZone(
        name=said.name, kind=said.kind or kind or "", geometry=feature.get("geometry"), radius_m=radius_m,
        from_at=said.from_at, to_at=said.to_at,
    )  # fmt: skip
