"""The dashboard's entry script: says which pages there are and runs the one that was asked for."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent

# A local file: an icon by name would make the browser ask a font server for the favicon.
st.set_page_config(page_title="Waybill", page_icon=str(HERE / "favicon.png"), layout="wide")
st.logo(HERE / "logo.svg", size="medium")
st.html(HERE / "style.css")

st.navigation(
    [
        st.Page(HERE / "app_pages/live_fleet.py", title="Live fleet", url_path="fleet", default=True),
        st.Page(HERE / "app_pages/orders.py", title="Orders", url_path="orders"),
        st.Page(HERE / "app_pages/delays.py", title="Delays", url_path="delays"),
        st.Page(HERE / "app_pages/routes.py", title="Routes", url_path="routes"),
        st.Page(HERE / "app_pages/handoffs.py", title="Handoffs", url_path="handoffs"),
    ],
    position="top",
).run()
