"""Pages of a long list. Reads no rows."""

from __future__ import annotations

import streamlit as st


def page_number(key: str, total: int = 0, page_rows: int = 1) -> int:
    """The page that is shown, from 1; draws its field where `total` fills more than one.

    A list that became shorter meanwhile is shown from its last page on.
    """
    pages = -(-total // page_rows)
    if total and st.session_state.get(key, 1) > pages:
        st.session_state[key] = pages
        st.rerun()
    if pages > 1:
        st.number_input("Page", 1, pages, key=key, width=130, label_visibility="collapsed")
        st.caption(f"of {pages}")
    shown: int = st.session_state.get(key, 1)
    return max(1, shown)
