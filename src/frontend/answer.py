"""an answer of the API -> the decision, the gauge, the reasons, and where they come from"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from src.frontend import bars, gauge
from src.frontend.gauge import Scale, scale_of
from src.frontend.language import _, current
from src.frontend.texts import Texts

Json = Mapping[str, Any]
ICONS = {"approve": ":material/check_circle:", "decline": ":material/cancel:"}
LINK = re.compile(r"(?<=://)|(?<=www)(?=\.)|(?<=@)", re.IGNORECASE)  # where an address would be taken for a link
MARKDOWN = re.compile(
    r"[\\`]|(?<!\s)\*|\*(?!\s)|(?<![^\W_])_|_(?![^\W_])|(?<=[^\W_])_(?=_)|\](?=\()|<(?=[\w/!?])"
    r"|[$~](?=.*[$~])|(?<=[$~])[$~]|(?<=[^\s])[$~]|:(?=[\w/+-]+[:\[])|&(?=#?\w+;)|^[-+=#>](?=[\s#=-]|$)|^>"
)  # what a line's grammar would take for more than a sign
NUMBERED = re.compile(r"^(\d+)([.)])(?=\s|$)")
JOINER = "\N{WORD JOINER}"  # has no width
MARKS = {"approve": "✓", "decline": "✕"}


def decision(answer: Json) -> str:
    """Return the decision in a word."""
    said = str(answer["decision"])
    return {"approve": _("Approve"), "decline": _("Decline")}.get(said, said)


def marked(answer: Json) -> str:
    """Return the decision with a sign, for tables."""
    return f"{MARKS.get(answer['decision'], '')} {decision(answer)}".strip()


def show(answer: Json, decided_by: Json, texts: Texts) -> None:
    """Draw score, decision and reasons; `decided_by` has threshold and scale: the served card, or the record itself."""
    known = decided_by.get("threshold") is not None and decided_by.get("scale") is not None
    scale = scale_of(decided_by) if known else None
    with st.container(border=True), st.grid(2, min_column_width=170, vertical_alignment="center") as grid:
        with grid.cell():
            if scale is None:
                st.metric(_("Points"), current().number(answer["score"]))
            else:
                st.markdown(gauge.drawing(answer["score"], scale, current()), unsafe_allow_html=True)
        with grid.cell():
            st.markdown(f"### {ICONS.get(answer['decision'], '')} {decision(answer)}")
            st.markdown(risk(answer, decided_by, scale))
    reasons(answer["reasons"], answer["decision"], texts)


def details(answer: Json) -> None:
    """Draw the id by which the answer is found again, and the model that gave it."""
    st.markdown(bold(_("Prediction id")))
    st.code(answer["prediction_id"], language=None, wrap_lines=True)
    with st.expander(_("Where this score comes from"), icon=":material/account_tree:"):
        origin(answer["model"])


def risk(answer: Json, decided_by: Json, scale: Scale | None) -> str:
    """Return the probability of default beside the threshold, or why there is none."""
    language = current()
    pd = language.percent(answer["probability_of_default"])
    if scale is None:
        return _(
            "Probability of default **{pd}**. This prediction is older than the record of threshold and scale: "
            "with which of them it was decided is not known."
        ).format(pd=pd)
    return _("Probability of default **{pd}**; the threshold is {threshold}, in points {points}.").format(
        pd=pd,
        threshold=language.percent(decided_by["threshold"]),
        points=language.number(scale.threshold),
    )


def reasons(found: Sequence[Json], decided: str, texts: Texts) -> None:
    """Draw what lowered the score, the strongest first."""
    declined = decided == "decline"
    st.subheader(
        _("What counts against the applicant") if declined else _("What lowers the score"),
        anchor=False,
        help=_("Points: what the score would gain if this fact were as with the typical approved applicant."),
    )
    if not found:
        st.markdown(_("Nothing: no single fact would raise the score if it were as usual."))
        return
    st.html(bars.drawing(found, texts))


def bold(words: str) -> str:
    """Return a small heading."""
    return f"**{words}**"


def escaped(words: str) -> str:
    """Return a text of the data set in one line; none of its signs is taken for Markdown, no address for a link."""
    plain = LINK.sub(JOINER, " ".join(words.splitlines()))
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]()<>#+-.!|$:~&" else sign for sign in plain)


def named(words: str) -> str:
    """Return a text of the data set as the label of an input: of its signs those alone are marked that would be lost.

    What reads the page aloud reads the marks too.
    """
    line = MARKDOWN.sub(r"\\\g<0>", " ".join(words.split()))
    return LINK.sub(JOINER, NUMBERED.sub(r"\1\\\2", line))


def origin(model: Json) -> None:
    """Draw the model by version and digests; what an answer of the log does not hold is left out."""
    rows = {
        _("Model"): model.get("name"),
        _("Version"): model["version"] or _("not published"),
        "SHA-256": model["sha256"],
        _("Git commit"): model.get("git_commit"),
        _("MD5 of the data"): model.get("data_md5"),
    }
    st.markdown("  \n".join(f"{name}: `{value}`" for name, value in rows.items() if value))
