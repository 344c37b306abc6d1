"""the segments in which observed and expected bads differ most -> a table, with a sign where chance is ruled out"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from src.frontend import bins
from src.frontend.answer import escaped
from src.frontend.language import _, current
from src.frontend.texts import Texts

Json = Mapping[str, Any]


def show(found: Sequence[Json], words: Texts) -> None:
    """Draw a row a segment, the one that differs most first."""
    st.caption(
        _(
            "Where observed and expected bads of the test split differ most: expected is the sum of the PDs. The "
            "interval is that of the observed bads, wide enough to hold with 95 % for all segments that were looked at."
        )
    )
    language = current()
    st.table(
        {
            _("Segment"): [name(each, words) for each in found],
            _("Applicants"): [language.number(each["rows"]) for each in found],
            _("Observed bads"): [language.number(each["observed"]) for each in found],
            _("Expected"): [expected(each) for each in found],
            _("Interval"): [
                _("{low} to {high}").format(low=language.number(each["low"], 1), high=language.number(each["high"], 1))
                for each in found
            ],
        },
        hide_index=True,
        border="horizontal",
    )


def name(segment: Json, words: Texts) -> str:
    """Return who is in a segment."""
    parts = zip(segment["fields"], segment["bins"], strict=True)
    return "; ".join(
        f"{escaped(words.title(field))}: {escaped(bins.said(words, field, group))}" for field, group in parts
    )


def expected(segment: Json) -> str:
    """Return the expected bads, with a sign and a word where the interval does not hold them."""
    said = current().number(segment["expected"], 1)
    if segment["expected"] < segment["low"]:
        return _("▼ {count}, too few").format(count=said)
    return _("▲ {count}, too many").format(count=said) if segment["expected"] > segment["high"] else said
