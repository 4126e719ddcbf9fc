"""Reads the demo's map from the package: streets and addresses of the middle of Helsinki. Draws nothing."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import msgspec

from firmware_bridge.sim.polyline import Place
from firmware_bridge.sim.streets import Streets
from waybill.demo.records import Address


class _Row(msgspec.Struct):
    street: str
    number: str
    lat: float
    lon: float


class _File(msgspec.Struct):
    addresses: list[_Row]


def map_folder() -> Path:
    """The folder with the map that comes along: the middle of Helsinki."""
    return Path(__file__).parent / "map"


def load_streets() -> Streets:
    return Streets.from_bytes(_read("streets.json.gz"))


def load_addresses() -> list[Address]:
    rows = msgspec.json.decode(_read("addresses.json"), type=_File).addresses
    return [Address(f"{row.street} {row.number}", Place(row.lat, row.lon)) for row in rows]


def _read(name: str) -> bytes:
    return files("waybill.demo").joinpath("map", name).read_bytes()
