"""what to look for in the log -> the parameters of GET /predictions"""

from datetime import date, datetime, time, timedelta
from typing import Any

import streamlit as st

from src.frontend.language import _, zone_of

CURSORS, CALLER = "cursors", "caller"  # in the session
COLUMN = 150  # pixels


def drawn() -> dict[str, str | None]:
    """Draw the filters; return them as the API's parameters."""
    about: dict[str, Any] = {"on_change": first_page}
    grid = st.grid(min_column_width=COLUMN)
    with grid:
        since = st.date_input(_("From"), None, key="since", format="YYYY-MM-DD", **about)
    with grid:
        until = st.date_input(_("To"), None, key="until", format="YYYY-MM-DD", **about)
    with grid:
        decision = choice(_("Decision"), "decision", {"approve": _("Approve"), "decline": _("Decline")})
    with grid:
        purpose = choice(_("Purpose"), "purpose", {"application": _("Application"), "what-if": _("What if")})
    with grid:
        version = st.text_input(_("Version"), key="version", placeholder=_("All"), **about)
    with grid:
        caller = st.text_input(
            _("Caller"),
            key=CALLER,
            placeholder=_("You"),
            help=_("A key's name, or user: and a name. Others than yourself need the scope admin."),
            **about,
        )
    return {
        "decision": decision,
        "since": midnight(since),
        "until": midnight(until, days=1),  # the whole of that day
        "version": version.strip(),
        "purpose": purpose,
        "caller": caller.strip(),
    }


def choice(label: str, key: str, words: dict[str, str]) -> str | None:
    """Draw a filter of a few words; a change begins at the first page."""
    found: str | None = st.selectbox(
        label, list(words), None, words.__getitem__, key=key, on_change=first_page, placeholder=_("All")
    )
    return found


def midnight(day: Any, days: int = 0) -> str | None:
    """Return the day's beginning in the browser's zone, as the API takes it."""
    if not isinstance(day, date):
        return None
    start = datetime.combine(day + timedelta(days=days), time(), zone_of(st.context.timezone))
    return start.isoformat()


def first_page() -> None:
    """Begin again at the newest."""
    st.session_state[CURSORS] = []
