"""Tables to take along. Reads no rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import streamlit as st


def download(label: str, file_name: str, rows: Sequence[dict[str, Any]]) -> None:
    """A button for the rows as CSV."""
    st.download_button(label, csv_of(rows), file_name, "text/csv", on_click="ignore", type="tertiary")


def csv_of(rows: Sequence[dict[str, Any]]) -> str:
    """RFC 4180 with a line of names."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
