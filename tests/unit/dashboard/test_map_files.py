"""What the dashboard serves beside its pages, and what it does not. Starts no server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from dashboard import map_files, shell
from dashboard.environment import MAP_DIR as MAP_DIR_VARIABLE
from dashboard.main import server_options
from tests.fixtures.seed import MAP_DIR


class Client:
    """Asks the routes without a socket."""

    def __init__(self) -> None:
        self._transport = httpx.ASGITransport(app=Starlette(routes=[*shell.routes(), *map_files.routes()]))

    def get(self, path: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://dashboard") as client:
                return await client.get(path)

        return asyncio.run(ask())


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv(MAP_DIR_VARIABLE, str(MAP_DIR))
    return Client()


def test_the_ground_is_made_of_areas_only(client: Client) -> None:
    ground: dict[str, Any] = client.get(map_files.GROUND_URL).json()

    kinds = {feature["properties"]["kind"] for feature in ground["features"]}
    assert kinds == {"water", "park", "building", "path", "minor", "major"}
    assert {feature["geometry"]["type"] for feature in ground["features"]} == {"Polygon"}


def test_names_and_signs_are_served(client: Client) -> None:
    assert len(client.get(map_files.NAMES_URL).json()) > 20
    for theme in ("light", "dark"):
        answer = client.get(map_files.signs_url(theme))
        assert answer.headers["content-type"].startswith("image/svg+xml")
    assert client.get(map_files.signs_url("light")).text != client.get(map_files.signs_url("dark")).text


def test_nothing_else_of_the_map_folder_can_be_had(client: Client) -> None:
    for name in ("addresses.json", "streets.json.gz", "basemap.geojson", "../map/addresses.json", "%2e%2e/settings.py"):
        assert client.get(f"/map/{name}").status_code == 404


def test_without_a_basemap_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
    monkeypatch.setenv(MAP_DIR_VARIABLE, str(tmp_path))

    assert client.get(map_files.GROUND_URL).status_code == 404


def test_a_new_basemap_is_seen_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    monkeypatch.setenv(MAP_DIR_VARIABLE, str(tmp_path))
    (tmp_path / "basemap.geojson").write_text('{"features": []}')
    assert client.get(map_files.GROUND_URL).json()["features"] == []

    water = '{"type": "Feature", "properties": {"kind": "water"}, "geometry": {"type": "Polygon", "coordinates": []}}'
    (tmp_path / "basemap.geojson").write_text(f'{{"features": [{water}]}}')

    assert len(client.get(map_files.GROUND_URL).json()["features"]) == 1


def test_every_page_starts_in_a_document_that_knows_its_server(client: Client) -> None:
    for path in shell.PATHS:
        text = client.get(path).text
        assert "<title>Waybill</title>" in text
        assert "BACKEND_BASE_URL" in text
        assert "Streamlit</title>" not in text


def test_nothing_calls_home() -> None:
    options = server_options("127.0.0.1", 8501, "https://waybill.example")

    assert options["browser.gatherUsageStats"] is False
    assert options["logger.hideWelcomeMessage"] is True
    assert options["server.corsAllowedOrigins"] == ["https://waybill.example"]
