"""The picture of the streets: small, within its square, and there even without a map."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from gateway.customer import ground as module
from gateway.customer.frame import HALVES_M, Frame
from gateway.customer.ground import CONTENT_SECURITY_POLICY, FILE, Ground
from tests.fixtures.seed import HOME, MAP_DIR

MIDDLE = (round(HOME.lat_deg * 1e7), round(HOME.lon_deg * 1e7))


@pytest.fixture(scope="module")
def helsinki() -> Ground:
    return Ground(MAP_DIR)


@pytest.mark.parametrize("level", range(len(HALVES_M)))
def test_every_picture_is_small_and_stays_within_its_square(helsinki: Ground, level: int) -> None:
    picture = helsinki.picture(Frame(*MIDDLE, level)).decode()

    assert len(picture) < 500_000
    assert 'class="major"' in picture
    for path in re.findall(r' d="([^"]+)"', picture):
        for line in re.findall(r"M(-?\d+) (-?\d+)l([^M]*)", path):
            x, y = int(line[0]), int(line[1])
            steps = [int(number) for number in line[2].split()]
            for dx, dy in [(0, 0), *zip(steps[::2], steps[1::2], strict=True)]:
                x, y = x + dx, y + dy
                assert -60 <= x <= 1060
                assert -60 <= y <= 1060


def test_a_street_lies_where_it_is(tmp_path: Path) -> None:
    rows = [
        {"type": "Feature", "properties": {"kind": "major", "width_m": 10},
         "geometry": {"type": "LineString", "coordinates": [[24.94, 60.17], [24.94, 60.1718]]}},
        {"type": "Feature", "properties": {"kind": "water"},
         "geometry": {"type": "Polygon", "coordinates": [[[24, 60], [25, 60], [25, 61], [24, 61], [24, 60]]]}},
    ]  # fmt: skip
    (tmp_path / FILE).write_text(json.dumps({"type": "FeatureCollection", "features": rows}))
    picture = Ground(tmp_path).picture(Frame(601_700_000, 249_400_000, 0)).decode()

    # 1.25 units a metre: 0.0018 degrees are 200 m, thus 250 units to the north.
    assert re.search(r'class="major" stroke-width="12.5" [^>]*d="M500 500l0 -250"', picture)
    assert re.search(r'class="water" fill-rule="evenodd" d="M-25 1025l', picture)


def test_what_does_not_fit_is_left_out(helsinki: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 15_000)
    picture = Ground(MAP_DIR).picture(Frame(*MIDDLE, 0)).decode()

    assert len(picture) < 16_000
    assert 'class="major"' in picture
    assert 'class="building"' not in picture


def test_without_a_map_the_ground_is_empty(tmp_path: Path) -> None:
    for nothing in (Ground(None), Ground(tmp_path)):
        assert not nothing
        assert b"<path" not in nothing.picture(Frame(*MIDDLE, 0))


def test_a_map_that_cannot_be_read_is_none_and_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).write_text('{"features": [{"properties": {}}]}')
    picture = Ground(tmp_path).picture(Frame(*MIDDLE, 0))

    assert b"<path" not in picture
    assert "build the map again" in caplog.text


def test_a_map_that_is_built_anew_is_drawn_anew(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    empty = ground.picture(Frame(*MIDDLE, 0))
    (tmp_path / FILE).write_bytes((MAP_DIR / FILE).read_bytes())

    assert ground.picture(Frame(*MIDDLE, 0)) != empty


def test_a_map_that_has_grown_too_large_is_none_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE).write_bytes((MAP_DIR / FILE).read_bytes())
    ground = Ground(tmp_path)
    drawn = ground.picture(Frame(*MIDDLE, 0))

    monkeypatch.setattr(module, "MOST_FILE_BYTES", 10_000)
    grown = ground.picture(Frame(*MIDDLE, 0))

    assert b"<path" in drawn
    assert b"<path" not in grown
    assert "it has more than 10000 bytes" in str([record.__dict__ for record in caplog.records])


def test_the_policy_allows_the_pictures_own_style_and_nothing_else(helsinki: Ground) -> None:
    style = re.search(r"<style>(.*?)</style>", helsinki.picture(Frame(*MIDDLE, 3)).decode())
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()

    assert f"default-src 'none'; style-src 'sha256-{digest}'" == CONTENT_SECURITY_POLICY
