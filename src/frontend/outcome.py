"""a prediction of the log -> what became of the applicant, and a form that tells it to the API"""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

import streamlit as st

from src.frontend import answer, sentences, served
from src.frontend.errors import PageError
from src.frontend.language import _, current, zone_of
from src.frontend.texts import NONE, Texts

Json = Mapping[str, Any]
TOLD = "told"  # in the session: of which prediction, and what the API said


def section(found: Json, info: Json, words: Texts) -> None:
    """Draw what became of an applicant, and the form; nothing for a question that was no application."""
    target, labels = info["card"]["target"]["name"], labels_of(info)
    if found.get("purpose") == "what-if":
        return
    st.subheader(_("What became of the applicant"), anchor=False)
    st.markdown(known(found, words, target, labels))
    said(found)
    if labels:
        with st.expander(_("Record an outcome"), icon=":material/edit_note:"):
            form(found, words, target, labels)


def known(found: Json, words: Texts, target: str, labels: Mapping[str, Any]) -> str:
    """Return what is known now."""
    outcome = found.get("outcome")
    if not outcome:
        return _("Not known yet.")
    since = current().moment(datetime.fromisoformat(outcome["observed_at"]), st.context.timezone)
    named = answer.escaped(words.label(target, labels.get(outcome["outcome"], outcome["outcome"])))
    return _("**{outcome}**, known since {moment}.").format(outcome=named, moment=since)


def form(found: Json, words: Texts, target: str, labels: Mapping[str, Any]) -> None:
    """Draw the form: which outcome, and since when it is known."""
    wanted, today = found["prediction_id"], datetime.now(zone_of(st.context.timezone)).date()
    about = _("The day since which it is known. Of several observations, the latest counts.")
    with st.form(f"outcome-{wanted}", border=False):
        st.selectbox(
            _("Outcome"), list(labels), None, lambda text: words.label(target, labels[text]), key=f"outcome-of-{wanted}"
        )
        first = min(made(found).astimezone(zone_of(st.context.timezone)).date(), today)
        st.date_input(_("Observed on"), today, first, today, key=f"observed-{wanted}", format="YYYY-MM-DD", help=about)
        st.form_submit_button(_("Record"), on_click=tell, args=(found, labels), icon=":material/save:")


def tell(found: Json, labels: Mapping[str, Any]) -> None:
    """Tell the API what was filled in, and keep what it says for the page that is drawn next."""
    wanted = found["prediction_id"]
    chosen, day = st.session_state[f"outcome-of-{wanted}"], st.session_state[f"observed-{wanted}"]
    if chosen is None:
        return
    entry = {"prediction_id": wanted, "outcome": labels[chosen], "observed_at": observed_at(day, found)}
    try:
        st.session_state[TOLD] = wanted, served.client().tell(entry)
    except PageError as error:
        st.session_state[TOLD] = wanted, error


def observed_at(day: date, found: Json) -> str | None:
    """Return the beginning of a day in the browser's zone, not before the prediction; None for today, which is now."""
    zone = zone_of(st.context.timezone)
    if day >= datetime.now(zone).date():
        return None
    return max(datetime.combine(day, time(), zone), made(found)).isoformat()


def made(found: Json) -> datetime:
    """Return when a prediction was made."""
    return datetime.fromisoformat(found["time"])


def said(found: Json) -> None:
    """Draw what the API said of what was told of this prediction just now, an error too."""
    wanted, status = st.session_state.pop(TOLD, (None, None))
    if wanted != found["prediction_id"]:
        return
    if isinstance(status, PageError):
        with sentences.spoken():
            raise status
        return
    texts = {
        "recorded": _("Recorded. Of several observations, the latest counts."),
        "corrected": _("Recorded: it counts in place of what was known before."),
        "repeated": _("This was known already."),
    }
    st.success(texts.get(str(status), str(status)), icon=":material/check_circle:")


def listed(found: Json, info: Json, words: Texts) -> str:
    """Return what became of an applicant, for a table."""
    if not (outcome := found.get("outcome")):
        return NONE
    return words.label(info["card"]["target"]["name"], labels_of(info).get(outcome["outcome"], outcome["outcome"]))


def labels_of(info: Json) -> dict[str, Any]:
    """Return the served model's outcomes by the texts that the log keeps; none for a card of an earlier release."""
    target = info["card"]["target"]
    labels = (*target.get("goods", []), *target.get("bads", []))
    return {str(label).lower() if isinstance(label, bool) else str(label): label for label in labels}
