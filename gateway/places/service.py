"""Asks a configured address service, Nominatim or Photon, for one address. Keeps nothing and decides nothing."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

import msgspec

from contract.geo import to_e7
from gateway.places.normalise import plain_number

Kind = Literal["nominatim", "photon"]
Point = tuple[int, int]  # lat, lon in 1e-7 degree

TIMEOUT_S = 10.0  # for the whole answer, however slowly it drips
_MOST_BYTES = 1_000_000
# What reading somebody else's JSON can raise; RecursionError: a body of nothing but brackets.
_RUBBISH = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError)
_MOST_ANSWERS = 5
# Nominatim's ranks: 30 is a house, 26 and 27 are streets.
_HOUSE_RANK, _STREET_RANK = 30, 26
_BIAS_DEG = 0.5  # the box around the premises in which answers are preferred


class Candidate(msgspec.Struct, frozen=True):
    """A place that the address may mean: how near it comes to a door, and its house number when it has one."""

    lat_e7: int
    lon_e7: int
    quality: str  # house, street or area
    number: str | None
    label: str


class ServiceError(Exception):
    """The service gave no answer that can be used; the text says why, without the address that was asked for."""


class AddressService(msgspec.Struct, frozen=True):
    """Where the service is, what it speaks, and who asks."""

    kind: Kind
    url: str
    user_agent: str

    def ask(self, address: str, near: Point | None) -> list[Candidate]:
        """Candidates, the service's best first; those near `near` are preferred."""
        speech = _SPEECHES[self.kind]
        answer = _get(self.url, speech.path, speech.query(address, near), self.user_agent)
        try:
            return speech.read(json.loads(answer))[:_MOST_ANSWERS]
        except _RUBBISH as error:
            raise ServiceError(f"what it answers is not {self.kind.capitalize()}'s: {type(error).__name__}") from error


class _Speech(msgspec.Struct, frozen=True):
    path: str
    query: Callable[[str, Point | None], dict[str, Any]]
    read: Callable[[Any], list[Candidate]]


def _nominatim_query(address: str, near: Point | None) -> dict[str, Any]:
    query: dict[str, Any] = {"q": address, "format": "jsonv2", "addressdetails": 1, "limit": _MOST_ANSWERS}
    if near is not None:
        lat, lon = near[0] / 1e7, near[1] / 1e7
        query["viewbox"] = f"{lon - _BIAS_DEG},{lat - _BIAS_DEG},{lon + _BIAS_DEG},{lat + _BIAS_DEG}"
    return query


def _read_nominatim(answer: Any) -> list[Candidate]:
    if not isinstance(answer, list):
        raise TypeError("no list")
    found = []
    for row in answer:
        number = row.get("address", {}).get("house_number")
        rank = int(row["place_rank"])
        quality = "house" if rank >= _HOUSE_RANK else "street" if rank >= _STREET_RANK else "area"
        found.append(_candidate(row["lat"], row["lon"], quality, number, row["display_name"]))
    return found


def _photon_query(address: str, near: Point | None) -> dict[str, Any]:
    query: dict[str, Any] = {"q": address, "limit": _MOST_ANSWERS}
    if near is not None:
        query |= {"lat": near[0] / 1e7, "lon": near[1] / 1e7}
    return query


def _read_photon(answer: Any) -> list[Candidate]:
    found = []
    for feature in answer["features"]:
        said: Mapping[str, Any] = feature["properties"]
        lon, lat = feature["geometry"]["coordinates"][:2]
        number = said.get("housenumber")
        is_street = said.get("type") == "street" or said.get("osm_key") == "highway"
        quality = "house" if number else "street" if is_street else "area"
        line = f"{said.get('street') or said.get('name') or ''} {number or ''}".strip()
        label = ", ".join(str(part) for part in (line, said.get("postcode"), said.get("city")) if part)
        found.append(_candidate(lat, lon, quality, number, label))
    return found


_SPEECHES = {
    "nominatim": _Speech("/search", _nominatim_query, _read_nominatim),
    "photon": _Speech("/api", _photon_query, _read_photon),
}


def _candidate(lat: Any, lon: Any, quality: str, number: Any, label: Any) -> Candidate:
    lat_e7, lon_e7 = to_e7(float(lat)), to_e7(float(lon))
    if not (-900_000_000 <= lat_e7 <= 900_000_000 and -1_800_000_000 <= lon_e7 <= 1_800_000_000):
        raise ValueError("no place on Earth")
    shown = "".join(letter for letter in str(label) if letter.isprintable())[:200]
    return Candidate(lat_e7, lon_e7, quality, plain_number(str(number)) if number else None, shown)


def _get(url: str, path: str, query: Mapping[str, Any], user_agent: str) -> bytes:
    """The body of a 200; redirects are not followed: an address goes where the setting says, and nowhere else."""
    parts = urlsplit(url)
    ends_s = time.monotonic() + TIMEOUT_S
    host, port = parts.hostname or "", parts.port
    connection = (
        http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=ssl.create_default_context())
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    )
    try:
        target = f"{parts.path.rstrip('/')}{path}?{urlencode(query)}"
        connection.request("GET", target, headers={"User-Agent": user_agent, "Accept": "application/json"})
        with connection.getresponse() as response:
            if response.status != HTTPStatus.OK:
                raise ServiceError(f"it answers {response.status} {response.reason}")
            return _body(response, ends_s)
    except (OSError, http.client.HTTPException) as error:
        raise ServiceError(" ".join(str(error).split()) or type(error).__name__) from error
    finally:
        connection.close()


def _body(response: http.client.HTTPResponse, ends_s: float) -> bytes:
    body = b""
    while piece := response.read1(65_536):
        body += piece
        if len(body) > _MOST_BYTES:
            raise ServiceError(f"its answer has more than {_MOST_BYTES} bytes")
        if time.monotonic() > ends_s:
            raise ServiceError(f"its answer takes more than {TIMEOUT_S:.0f} s")
    return body
