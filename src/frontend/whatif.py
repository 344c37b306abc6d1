"""an answered applicant and one changed fact -> both scores side by side"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from src.frontend import served
from src.frontend.answer import escaped, marked
from src.frontend.form import Applicant, faults, fill, given, key, widget
from src.frontend.language import _, current
from src.frontend.schema import Field
from src.frontend.texts import Texts

FORM = "whatif"


def show(fields: Sequence[Field], asked: Applicant, answer: Mapping[str, Any], texts: Texts) -> None:
    """Draw the choice of a fact, its changed value, and what becomes of the score."""
    st.subheader(
        _("What if?"),
        anchor=False,
        help=_("Change one fact. Each change is a prediction of its own and stands in the history."),
    )
    by_name = {field.name: field for field in fields}
    name = st.selectbox(
        _("Fact to change"),
        list(by_name),
        index=None,
        format_func=lambda name: texts.title(name, by_name[name].title),
        placeholder=_("Choose"),
        key=f"{FORM}:field:{answer['prediction_id']}",
    )
    if name is None or (field := by_name.get(name)) is None:
        return
    form = f"{FORM}:{answer['prediction_id']}"
    if key(field, form) not in st.session_state:
        fill([field], asked, form)
    changed = {**asked, name: widget(field, texts, form)}
    if changed.get(name) == asked.get(name):
        st.info(_("The value is still as in the form."), icon=":material/info:")
    elif said := faults([field], changed, texts):
        st.warning(escaped(" ".join(said)), icon=":material/warning:")
    else:
        compare(answer, ask(given(changed), answer["model"]["version"]), texts, field, (asked, changed))


def ask(applicant: Applicant, version: str | None) -> Mapping[str, Any]:
    """Return the answer for the changed applicant by the version that answered the first, asked for once."""
    known: list[tuple[tuple[Applicant, str | None], Mapping[str, Any]]] = st.session_state.setdefault(FORM, [])
    for before, answer in known:
        if before == (applicant, version):
            return answer
    answer = served.client().predict(applicant, "what-if", version)
    known.append(((applicant, version), answer))
    return answer


def compare(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    texts: Texts,
    field: Field,
    values: tuple[Applicant, Applicant],
) -> None:
    """Draw both answers in two columns, the difference beneath the new score."""
    language = current()
    grid = st.grid(2, min_column_width=130)
    for answer, value, heading in zip((old, new), values, (_("As entered"), _("Changed")), strict=True):
        with grid, st.container(border=True):
            gain = answer["score"] - old["score"]
            difference = _("{points} points").format(points=language.signed(gain))
            st.metric(heading, language.number(answer["score"]), difference if answer is new else None)
            st.markdown(f"**{marked(answer)}**")
            st.caption(
                _("PD {pd}").format(pd=language.percent(answer["probability_of_default"]))
                + f"  \n{escaped(texts.label(field.name, value.get(field.name)))}"
            )
