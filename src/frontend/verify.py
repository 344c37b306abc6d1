"""a prediction of the log -> a button that lets the API score its inputs again, and what that shows"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from src.frontend import answer, served
from src.frontend.errors import UnprovenError
from src.frontend.filters import CALLER
from src.frontend.language import _, current
from src.frontend.texts import Texts

Json = Mapping[str, Any]
WHOLE, FORGOTTEN = "whole", "forgotten"  # how much of a prediction is kept
COMMAND = "python -m src.lineage.replay {id}"


def button(found: Json, words: Texts) -> None:
    """Draw the button, and after a click whether the same number comes again."""
    wanted = found["prediction_id"]
    if found.get("kept", WHOLE) != WHOLE:
        gone(found)
        return
    about = _("Scores what was known of the applicant again, by the form of the model that answered then.")
    if not st.button(_("Verify"), key=f"verify-{wanted}", help=about, icon=":material/verified:"):
        return
    try:
        told(served.client().verify(wanted, st.session_state.get(CALLER)), words)
    except UnprovenError:
        st.info(
            _("The form that answered is not served here. Where the project is, this computes it again:"),
            icon=":material/info:",
        )
        st.code(COMMAND.format(id=wanted), language=None, wrap_lines=True)


def gone(found: Json) -> None:
    """Say why inputs and reasons are not here."""
    if found["kept"] == FORGOTTEN:
        st.info(
            _("The applicant was forgotten: what was known of them, and the reasons, are no more."),
            icon=":material/person_off:",
        )
        return
    st.info(
        _("What was known of the applicant has left the log for the archive. Where the project is, this reads it:"),
        icon=":material/inventory_2:",
    )
    st.code(COMMAND.format(id=found["prediction_id"]), language=None, wrap_lines=True)


def told(verified: Json, words: Texts) -> None:
    """Say whether it is the same, and what came instead."""
    if verified["equal"]:
        st.success(
            _("Computed again just now: the same, to the last bit. Probability of default {pd}.").format(
                pd=f"`{verified['again']['probability_of_default']!r}`"
            ),
            icon=":material/check_circle:",
        )
        return
    st.error(
        _("Computed again just now, it is another: {again}. The log holds: {logged}.").format(
            again=shown(verified["again"], words), logged=shown(verified["logged"], words)
        ),
        icon=":material/error:",
    )


def shown(one: Json, words: Texts) -> str:
    """Return an answer in a line, its probability in full."""
    pd, points = f"`{one['probability_of_default']!r}`", current().number(one["score"])
    titles = [answer.escaped(words.title(reason["feature"], reason["title"])) for reason in one["reasons"]]
    return _("probability of default {pd}, {points} points, {decision}, {reasons}").format(
        pd=pd,
        points=points,
        decision=answer.decision(one),
        reasons=", ".join(titles) or _("no reasons"),
    )
