"""GET /predictions -> this key's last predictions, filtered, page by page; one of them in full"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pandas as pd
import streamlit as st

from src.frontend import answer, served
from src.frontend.language import _, current, zone_of
from src.frontend.texts import NONE, Texts, texts

PAGE = 25
CURSORS, OPEN = "cursors", "id"  # in the session
Json = Mapping[str, Any]


def show() -> None:
    """Filter and list, and above them the prediction that is open."""
    st.title(_("History"), anchor=False)
    info = served.model_info()
    words = texts(info)
    opened(info, words)
    st.subheader(_("Last predictions of this key"), anchor=False)
    wanted = filters()
    cursors: list[str] = st.session_state.setdefault(CURSORS, [])
    found = served.client().predictions(limit=PAGE, cursor=cursors[-1] if cursors else None, **wanted)
    listed(found["predictions"])
    turn(cursors, found["next"])


def filters() -> dict[str, str | None]:
    """Return what to look for, as the API's parameters; a change begins at the first page."""
    grid = st.grid(min_column_width=180)
    kinds = {"approve": _("Approve"), "decline": _("Decline")}
    with grid:
        decision = st.selectbox(
            _("Decision"),
            list(kinds),
            None,
            kinds.__getitem__,
            key="decision",
            on_change=first_page,
            placeholder=_("All"),
        )
    with grid:
        since = st.date_input(_("From"), None, key="since", on_change=first_page, format="YYYY-MM-DD")
    with grid:
        until = st.date_input(_("To"), None, key="until", on_change=first_page, format="YYYY-MM-DD")
    return {
        "decision": decision,
        "since": midnight(since),
        "until": midnight(until, days=1),  # the whole of that day
    }


def midnight(day: Any, days: int = 0) -> str | None:
    """Return the day's beginning in the browser's zone, as the API takes it."""
    if not isinstance(day, date):
        return None
    start = datetime.combine(day + timedelta(days=days), time(), zone_of(st.context.timezone))
    return start.isoformat()


def first_page() -> None:
    """Begin again at the newest."""
    st.session_state[CURSORS] = []


def listed(found: Sequence[Json]) -> None:
    """Draw the rows of a page; a click on one opens it."""
    if not found:
        st.info(_("There are none."), icon=":material/info:")
        return
    language, zone = current(), st.context.timezone
    table = pd.DataFrame(
        {
            _("Time"): [language.moment(datetime.fromisoformat(each["time"]), zone) for each in found],
            _("Points"): [each["score"] for each in found],
            _("PD"): [language.percent(each["probability_of_default"]) for each in found],
            _("Decision"): [answer.marked(each) for each in found],
            _("Prediction id"): [each["prediction_id"] for each in found],
            _("Purpose"): [purpose(each) for each in found],
        }
    )
    ids = [each["prediction_id"] for each in found]
    st.dataframe(
        table,
        hide_index=True,
        key="chosen",
        on_select=lambda: choose(ids),
        selection_mode="single-row",
        alt=_("One row a prediction; choose one to open it"),
    )


def purpose(found: Json) -> str:
    """Return what a prediction was asked for; a dash where the record is older than that question."""
    return {"application": _("Application"), "what-if": _("What if")}.get(found.get("purpose") or "", NONE)


def choose(ids: Sequence[str]) -> None:
    """Open the row that was chosen."""
    if rows := st.session_state["chosen"]["selection"]["rows"]:
        st.session_state[OPEN] = ids[rows[0]]


def turn(cursors: list[str], following: str | None) -> None:
    """Draw the ways to newer and older pages."""
    with st.container(horizontal=True):
        st.button(_("Newer"), on_click=back, args=(cursors,), disabled=not cursors, icon=":material/chevron_left:")
        st.button(
            _("Older"),
            on_click=cursors.append,
            args=(following,),
            disabled=following is None,
            icon=":material/chevron_right:",
        )


def back(cursors: list[str]) -> None:
    """Go one page to newer ones."""
    cursors.pop()


def opened(info: Json, words: Texts) -> None:
    """Draw the prediction with the id in the field, which is in the address too."""
    found = st.text_input(
        _("Prediction id"), key=OPEN, bind="query-params", placeholder=_("Paste an id to open it")
    ).strip()
    if not found:
        return
    try:
        wanted = str(UUID(found))
    except ValueError:
        st.warning(
            _("This is no prediction id: it has 32 letters and digits in five groups."), icon=":material/warning:"
        )
        return
    one(served.client().prediction(wanted), info, words)


def one(found: Json, info: Json, words: Texts) -> None:
    """Draw a prediction in full: as it was decided then, and what was known of the applicant."""
    moment = current().moment(datetime.fromisoformat(found["time"]), st.context.timezone)
    st.caption(" · ".join(part for part in (moment, purpose(found)) if part != NONE))
    answer.show(found, found, words)
    titles = {each["name"]: each["title"] for each in info["card"]["features"]}
    with st.expander(_("The applicant"), icon=":material/person:"):
        st.table(
            {
                _("Fact"): [answer.escaped(words.title(name, titles.get(name, ""))) for name in found["inputs"]],
                _("Value"): [answer.escaped(words.label(name, value)) for name, value in found["inputs"].items()],
            },
            hide_index=True,
            border="horizontal",
        )
