"""Where pages are, from beside them. Knows no page's content."""

from __future__ import annotations

from urllib.parse import urlencode

# Shows the number of such a link, for st.column_config.LinkColumn.
ORDER_IN_LINK = r"order=(.+)$"


def order_page(order_no: str) -> str:
    """An order's page."""
    return f"orders?{urlencode({'order': order_no})}"
