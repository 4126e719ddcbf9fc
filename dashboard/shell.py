"""The HTML document that every page starts in, and the icon. Holds nothing of a page's content."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

HERE = Path(__file__).parent
FAVICON = HERE / "favicon.png"
PATHS = ("/", "/orders", "/delays", "/handoffs", "/routes")
# Told where its server is, the browser does not first look for one below the page's own path: /orders/_stcore/health
# would be a 404 in the console of everybody who opens a link.
_WHERE = '<script>window.__streamlit={BACKEND_BASE_URL:location.origin+"/"}</script>'


def routes() -> list[Route]:
    """Routes for each page's address and the icon that stands there before the page has loaded."""
    return [*(Route(path, _document) for path in PATHS), Route("/favicon.png", _favicon)]


def _document(_request: Request) -> Response:
    return HTMLResponse(document(), headers={"Cache-Control": "no-cache"})


def _favicon(_request: Request) -> Response:
    return FileResponse(FAVICON)


@cache
def document() -> str:
    """Streamlit's own document with our title and the server's address."""
    html = (Path(st.__file__).parent / "static/index.html").read_text(encoding="utf-8")
    return html.replace("<title>Streamlit</title>", f"<title>Waybill</title>\n    {_WHERE}", 1)
