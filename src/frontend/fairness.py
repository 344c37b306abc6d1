"""what the evaluation found of protected groups -> a table for each field, with a sign and a word where it matters"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from src.frontend import bins
from src.frontend.answer import escaped
from src.frontend.language import _, current
from src.frontend.texts import NONE, Texts

LEAST_RATIO = 0.8  # the "four fifths rule" of the US Uniform Guidelines on Employee Selection Procedures (1978)
Json = Mapping[str, Any]


def show(groups: Sequence[Json], words: Texts) -> None:
    """Draw a table for each protected field; they are no features, and looked at here only."""
    st.caption(
        _(
            "Protected facts are no features; they are looked at here only. Ratio: the group's approval rate to that "
            "of the group approved most, groups of too few people left aside; bad: the observed share of bads, and the "
            "mean PD."
        )
    )
    for name in dict.fromkeys(group["field"] for group in groups):
        st.subheader(escaped(words.title(name)), anchor=False)
        table([group for group in groups if group["field"] == name], name, words)


def table(members: Sequence[Json], name: str, words: Texts) -> None:
    """Draw the groups of one field."""
    st.table(
        {
            _("Group"): [
                f"{escaped(bins.said(words, name, each['group'], years=True))} ({people(each)})" for each in members
            ],
            _("Approved"): [rate(each["approval_rate"]) for each in members],
            _("Ratio"): [ratio(each["approval_ratio"]) for each in members],
            _("Bad; PD"): [f"{rate(each['bad_rate'])}; {rate(each['mean_pd'])}" for each in members],
            "AUC": [missing_or(each["roc_auc"]) for each in members],
        },
        hide_index=True,
        border="horizontal",
    )


def people(group: Json) -> str:
    """Return a group's size, with a sign where that is too small to say much."""
    count = current().number(group["count"])
    return _("⚠ {count}, too few").format(count=count) if group.get("too_few") else count


def ratio(value: float | None) -> str:
    """Return the ratio of approval rates, with a sign where it is low."""
    said = missing_or(value)
    return _("▼ {ratio}, low").format(ratio=said) if value is not None and value < LEAST_RATIO else said


def rate(value: float | None) -> str:
    """Return a share; a dash where there is none."""
    return NONE if value is None else current().percent(value, 0)


def missing_or(value: float | None) -> str:
    """Return a number; a dash where there is none."""
    return NONE if value is None else current().number(value, 2)
