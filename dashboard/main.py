"""Runs the dashboard's server until it is told to stop. Draws no page."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from contract.clock import parse_clock
from dashboard import health, map_files, shell
from dashboard.environment import Environment
from dashboard.palette import theme_options

PAGES = Path(__file__).with_name("app.py")


def run_dashboard(
    *,
    host: str,
    port: int,
    reader_url: str,
    clock_text: str = "system",
    map_dir: Path | None = None,
    public_url: str | None = None,
) -> None:
    """Serves the pages on host:port; returns after SIGTERM or SIGINT.

    Pages are scripts that Streamlit runs in this process: their values go by environment. The map's files come from
    routes of our own, so that the map folder can lie anywhere; Streamlit's static serving knows one folder only,
    beside the entry script.
    """
    environment = Environment(
        reader_url=reader_url, clock=parse_clock(clock_text), map_dir=map_dir, public_url=public_url
    )
    os.environ.update(environment.variables())
    st.App(PAGES, routes=[*shell.routes(), *map_files.routes(), *health.routes()]).run(
        config=server_options(host, port, public_url)
    )


def server_options(host: str, port: int, public_url: str | None) -> dict[str, object]:
    """Streamlit's options: nothing calls home, nothing is offered that a viewer does not need."""
    options: dict[str, object] = {
        "server.address": host,
        "server.port": port,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.showEmailPrompt": False,
        "server.maxUploadSize": 1,
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        # Would ask a server outside for the machine's address.
        "logger.hideWelcomeMessage": True,
    }
    if public_url is not None:
        options["server.corsAllowedOrigins"] = [public_url]
    return options | theme_options()
