"""the form -> one applicant's score: the page that `/` opens on"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from src.frontend import answer, served, whatif
from src.frontend.errors import RefusedError, SchemaChangedError
from src.frontend.form import Applicant, draw, faults, fill, given, key, purpose_of
from src.frontend.language import _
from src.frontend.schema import Field
from src.frontend.texts import Texts, texts

FORM = "applicant"
ASKED, ANSWER = "asked", "answer"  # in the session: what was sent, what came back
FILLED = "filled"  # in the session: when the example was asked for
HURRY = 3.0  # seconds in which a click on Score may overtake the example on its way to the browser


def show() -> None:
    """Draw the form, and the answer beneath it once it was sent."""
    st.title(_("Score an applicant"), anchor=False)
    info, fields = served.model_info(), served.fields()
    words = texts(info)
    example = {field.name: field.example for field in fields}
    st.button(
        _("Example applicant"), on_click=use_example, args=(fields, example), icon=":material/person:", type="secondary"
    )
    with st.form(FORM, border=False):
        values = draw(fields, words, FORM)
        sent = st.form_submit_button(_("Score"), type="primary", on_click=catch_up, args=(fields, example))
    if sent:
        ask_for(fields, values, words)
    if asked := st.session_state.get(ASKED):
        outcome(fields, asked, info, words)


def use_example(fields: Sequence[Field], example: Mapping[str, Any]) -> None:
    """Fill the form with the API's own example."""
    fill(fields, example, FORM)
    st.session_state[FILLED] = time.monotonic()


def catch_up(fields: Sequence[Field], example: Mapping[str, Any]) -> None:
    """Fill what is still empty where Score was clicked before the example had come to the browser."""
    if time.monotonic() - st.session_state.get(FILLED, -HURRY) < HURRY:
        fill([field for field in fields if st.session_state.get(key(field, FORM)) is None], example, FORM)


def ask_for(fields: Sequence[Field], values: Applicant, words: Texts) -> None:
    """Remember what is to be scored, so that a wait or a failure does not lose it; or say what is wrong."""
    st.session_state[ANSWER], st.session_state[ASKED] = None, None
    if wrong := faults(fields, values, words):
        said = "\n".join(f"- {answer.escaped(sentence)}" for sentence in wrong)
        heading = _("Correct these, then score again:")
        st.error(f"{heading}\n{said}", icon=":material/error:")
        return
    st.session_state[ASKED] = given(values)


def outcome(fields: Sequence[Field], asked: Applicant, info: Mapping[str, Any], words: Texts) -> None:
    """Draw the answer, asked for unless it is there."""
    found = st.session_state.get(ANSWER)
    if found is None:
        found = st.session_state[ANSWER] = predicted(fields, asked)
        served.notice(found["model"])
    st.divider()
    if purpose_of([asked], fields) == "what-if":
        st.caption(_("This is the example applicant: the history has it as a what-if, and nobody counts it."))
    answer.show(found, info["card"], words)
    whatif.show(fields, asked, found, words)


def predicted(fields: Sequence[Field], asked: Applicant) -> Mapping[str, Any]:
    """Return the API's answer; raises SchemaChangedError where the API asks for other fields by now."""
    try:
        return served.client().predict(asked, purpose_of([asked], fields))
    except RefusedError:
        st.session_state[ASKED] = None
        served.forget()
        if served.fields() != list(fields):
            raise SchemaChangedError from None
        raise
