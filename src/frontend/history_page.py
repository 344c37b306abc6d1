"""GET /predictions -> the last predictions, filtered, page by page; one of them in full; a file of all"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import pandas as pd
import streamlit as st

from src.frontend import answer, filters, history_file, outcome, served, verify
from src.frontend.filters import CALLER, CURSORS
from src.frontend.language import _, current
from src.frontend.texts import NONE, Texts, texts

PAGE = 25
HALF = 380  # pixels; where the applicant would be narrower, it stands beneath the answer
OPEN = "id"  # in the session
Json = Mapping[str, Any]


def show() -> None:
    """Filter and list, and above them the prediction that is open."""
    st.title(_("History"), anchor=False)
    info = served.model_info()
    words = texts(info)
    opened(info, words)
    st.subheader(_("Last predictions"), anchor=False)
    wanted = filters.drawn()
    cursors: list[str] = st.session_state.setdefault(CURSORS, [])
    found = served.client().predictions(limit=PAGE, cursor=cursors[-1] if cursors else None, **wanted)
    listed(found["predictions"], info, words)
    turn(cursors, found["next"], wanted)


def listed(found: Sequence[Json], info: Json, words: Texts) -> None:
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
            _("Outcome"): [outcome.listed(each, info, words) for each in found],
            _("Purpose"): [purpose(each) for each in found],
            _("Version"): [each["model"]["version"] or NONE for each in found],
            _("Caller"): [each.get("caller") or NONE for each in found],
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


def turn(cursors: list[str], following: str | None, wanted: Mapping[str, str | None]) -> None:
    """Draw the ways to newer and older pages, and to a file of all that the filters let through."""
    client, decimal_comma = served.client(), current().decimal_comma
    with st.container(horizontal=True):
        st.button(_("Newer"), on_click=back, args=(cursors,), disabled=not cursors, icon=":material/chevron_left:")
        st.button(
            _("Older"),
            on_click=cursors.append,
            args=(following,),
            disabled=following is None,
            icon=":material/chevron_right:",
        )
        st.download_button(
            _("Download as CSV"),
            lambda: history_file.content(client, wanted, decimal_comma),
            "predictions.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
            help=_("All that the filters let through, the newest {number} at most.").format(
                number=current().number(history_file.MOST)
            ),
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
    one(served.client().prediction(wanted, st.session_state.get(CALLER)), info, words)


def one(found: Json, info: Json, words: Texts) -> None:
    """Draw a prediction in full: as it was decided then, and what was known of the applicant."""
    moment = current().moment(datetime.fromisoformat(found["time"]), st.context.timezone)
    st.caption(" · ".join(part for part in (moment, purpose(found)) if part != NONE))
    halves = st.grid(2, min_column_width=HALF, gap="medium")
    with halves.cell():
        answer.show(found, found, words)
        answer.details(found)
        verify.button(found, words)
        outcome.section(found, info, words)
    if not found["inputs"]:
        return
    with halves.cell(), st.expander(_("The applicant"), icon=":material/person:", expanded=True):
        applicant(found["inputs"], info, words)


def applicant(inputs: Json, info: Json, words: Texts) -> None:
    """Draw what was known of the applicant."""
    titles = {each["name"]: each["title"] for each in info["card"]["features"]}
    st.table(
        {
            _("Fact"): [answer.escaped(words.title(name, titles.get(name, ""))) for name in inputs],
            _("Value"): [answer.escaped(words.label(name, value)) for name, value in inputs.items()],
        },
        hide_index=True,
        border="horizontal",
    )
