"""an applicant's number -> the form filled with what the API has stored of them, and who it is when it is sent

The values come from the API's answer to a what-if, which stands in the history: looking somebody up leaves a trace.
What is changed in the form is sent as that, so that the record names the applicant and holds the values as used.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import streamlit as st

from src.frontend import served
from src.frontend.answer import escaped
from src.frontend.client import Json, Purpose
from src.frontend.errors import NotFoundError, RefusedError, UnprovenError
from src.frontend.form import Applicant, fill
from src.frontend.language import _, current
from src.frontend.schema import Field, Value

NUMBER, LOOKED_UP = "applicant number", "looked up"  # in the session: what was typed, what came of it
LONGEST = 256  # characters, as the API takes them


class Stored(NamedTuple):
    """An applicant whom the API knows by a number, with what it has stored, or why it has nothing to show."""

    number: str
    values: Mapping[str, Value]
    seen: str = ""
    why: str = ""


def show(fields: Sequence[Field], form: str) -> None:
    """Draw the field where the API has applicants by number; a new number fills the form that is drawn next."""
    if not served.ask("features").get("compatible"):
        return
    number = st.text_input(
        _("Applicant number"),
        key=NUMBER,
        max_chars=LONGEST,
        icon=":material/badge:",
        placeholder=_("Fills the form with what is stored"),
    ).strip()
    found = st.session_state.get(LOOKED_UP)
    if not number:
        st.session_state.pop(LOOKED_UP, None)
        return
    if found is None or found.number != number:
        found = st.session_state[LOOKED_UP] = look_up(number)
        if found.values:
            fill(fields, found.values, form)
    tell(found)


def tell(found: Stored) -> None:
    """Say of when the values are, or why there are none."""
    if found.why:
        st.warning(found.why, icon=":material/warning:")
        return
    said = _("The form holds what is stored of this applicant, as of {time}. What you change counts instead.")
    st.caption(said.format(time=current().moment(datetime.fromisoformat(found.seen))))


def look_up(number: str) -> Stored:
    """Return what the API has stored; raises PageError where it does not say."""
    client = served.client()
    try:
        answer = client.predict_stored(number, {}, "what-if")
    except NotFoundError:
        return Stored(number, {}, why=_("There is no applicant of this number."))
    except UnprovenError as error:
        said = _("What is stored of this applicant cannot be used: {detail}")
        return Stored(number, {}, why=said.format(detail=escaped(str(error))))
    except RefusedError:
        said = _("What is stored of this applicant is not all that the model needs: fill in the form.")
        return Stored(number, {}, why=said)
    record = client.prediction(answer["prediction_id"])
    return Stored(number, record["inputs"], record["feature_time"])


def clear() -> None:
    """Forget the number: somebody else stands in the form."""
    st.session_state[NUMBER] = ""
    st.session_state.pop(LOOKED_UP, None)


def known() -> Stored | None:
    """Return whose values fill the form, if the API has stored them."""
    found: Stored | None = st.session_state.get(LOOKED_UP)
    return found if found and not found.why else None


def predict(stored: Stored | None, asked: Applicant, purpose: Purpose) -> Json:
    """Return the API's answer: to the stored applicant with what was changed, or to who stands in the form."""
    client = served.client()
    if stored is None:
        return client.predict(asked, purpose)
    names = [*stored.values, *(name for name in asked if name not in stored.values)]
    changed = {name: asked.get(name) for name in names if asked.get(name) != stored.values.get(name)}
    return client.predict_stored(stored.number, changed, purpose)
