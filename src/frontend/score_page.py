"""the form -> one applicant's score: the page that `/` opens on"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from src.frontend import advice, answer, finder, numbered, served, whatif, whose
from src.frontend.errors import RefusedError, SchemaChangedError
from src.frontend.form import Applicant, draw, faults, fill, given, purpose_of, tell_again
from src.frontend.language import _
from src.frontend.schema import Field
from src.frontend.texts import Texts, texts

FORM, SEND = "applicant", "send-applicant"
ASKED, ANSWER = "asked", "answer"  # in the session: what was sent, what came back
STORED = "stored"  # in the session: whose stored values had filled the form that was sent
DECIDED = "decided by"  # in the session: the card by which the answer was decided
HALF = 380  # pixels; where form and answer would be narrower, the answer stands beneath


def show() -> None:
    """Draw the form, and the answer beside it once it was sent; beneath it where the page is narrow."""
    st.title(_("Score an applicant"), anchor=False)
    info, fields = served.model_info(), served.fields()
    words = texts(info)
    whose.line(info)
    sides = st.grid(2, min_column_width=HALF, gap="medium")
    with sides.container():
        values, sent = form(fields, words)
    with sides.container(key="answer"):
        if sent:
            ask_for(fields, values, words)
        if asked := st.session_state.get(ASKED):
            outcome(fields, asked, words)
        elif not sent:
            st.info(_("Fill in the form, then click Score: the answer comes here."), icon=":material/info:")


def form(fields: Sequence[Field], words: Texts) -> tuple[Applicant, bool]:
    """Draw the form; return what stands in it, and whether it was sent."""
    example = {field.name: field.example for field in fields}
    st.button(_("Example applicant"), on_click=begin_with, args=(fields, example), icon=":material/person:")
    numbered.show(fields, FORM)
    finder.show(fields, words, FORM)
    if st.session_state.get(SEND):
        tell_again(fields, FORM)
    with st.form(FORM, border=False):
        values = draw(fields, words, FORM)
        with st.container(key="send"):
            sent = st.form_submit_button(_("Score"), type="primary", width="stretch", key=SEND)
    return values, sent


def begin_with(fields: Sequence[Field], example: Mapping[str, Any]) -> None:
    """Fill the form with the API's own example, who has no number."""
    numbered.clear()
    fill(fields, example, FORM)


def ask_for(fields: Sequence[Field], values: Applicant, words: Texts) -> None:
    """Remember what is to be scored, so that a wait or a failure does not lose it; or say what is wrong."""
    st.session_state[ANSWER], st.session_state[ASKED] = None, None
    if wrong := faults(fields, values, words):
        said = "\n".join(f"- {answer.escaped(sentence)}" for sentence in wrong)
        heading = _("Correct these, then score again:")
        st.error(f"{heading}\n{said}", icon=":material/error:")
        return
    st.session_state[ASKED], st.session_state[STORED] = given(values), numbered.known()


def outcome(fields: Sequence[Field], asked: Applicant, words: Texts) -> None:
    """Draw the answer, asked for unless it is there."""
    found = st.session_state.get(ANSWER)
    if found is None:
        found = st.session_state[ANSWER] = predicted(fields, asked)
        served.notice(found["model"])
        st.session_state[DECIDED] = served.card_of(found["model"])
    card = st.session_state[DECIDED]
    answer.show(found, card, words)
    whatif.show(fields, asked, found, words)
    advice.show(fields, asked, found, card["threshold"], words)
    answer.details(found)
    if purpose_of([asked], fields) == "what-if":
        st.caption(_("This is the example applicant: the history has it as a what-if, and nobody counts it."))


def predicted(fields: Sequence[Field], asked: Applicant) -> Mapping[str, Any]:
    """Return the API's answer; raises SchemaChangedError where the API asks for other fields by now."""
    try:
        return numbered.predict(st.session_state.get(STORED), asked, purpose_of([asked], fields))
    except RefusedError:
        st.session_state[ASKED] = None
        served.forget()
        if served.fields() != list(fields):
            raise SchemaChangedError from None
        raise
