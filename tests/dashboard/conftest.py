"""Names the fixtures of these tests; defines none itself."""

from __future__ import annotations

from tests.fixtures.pages import open_page

__all__ = ["open_page"]
