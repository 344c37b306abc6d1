"""a file's answers -> a table to sort, their distribution, a file to download"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from src.frontend import charts
from src.frontend.answer import MARKS, decision, marked
from src.frontend.gauge import scale_of
from src.frontend.job import Job
from src.frontend.language import _, current, many
from src.frontend.table import Table, results
from src.frontend.texts import Texts

Json = Mapping[str, Any]


def show(name: str, table: Table, job: Job, info: Json, words: Texts) -> None:
    """Draw all results; only rows that have an answer."""
    language, answers = current(), list(job.answers)
    counts(answers)
    if len(job.models) > 1:
        st.warning(
            _("The model changed while the file was scored: model_sha256 in the download says which row has which.")
        )
    st.download_button(
        _("Download the results"),
        lambda: results(table, answers, language.decimal_comma),
        f"{name.removesuffix('.csv')}-scores.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    bounds = scale_of(info["card"])
    st.subheader(_("Scores of the file"), anchor=False)
    st.altair_chart(
        charts.scores(
            [answer["score"] for answer in answers], (bounds.minimum, bounds.maximum), bounds.threshold, language
        ),
        alt=_("How many applicants have which score"),
    )
    st.dataframe(
        styled(frame(table, answers, words)), hide_index=True, alt=_("One row an applicant, in the order of the file")
    )


def counts(answers: Sequence[Json]) -> None:
    """Draw how many rows have which decision."""
    language, found = current(), Counter(answer["decision"] for answer in answers)
    said = [many("{number} row", "{number} rows", len(answers))]
    said += [
        f"{MARKS[kind]} {decision({'decision': kind})}: {language.number(found[kind])} "
        f"({language.percent(found[kind] / len(answers))})"
        for kind in MARKS
    ]
    st.markdown(" · ".join(said))


def frame(table: Table, answers: Sequence[Json], words: Texts) -> pd.DataFrame:
    """Return one row an applicant; numbers stay numbers, so that they sort."""
    return pd.DataFrame(
        {
            _("Line"): table.lines[: len(answers)],
            _("Points"): [answer["score"] for answer in answers],
            _("PD"): [answer["probability_of_default"] for answer in answers],
            _("Decision"): [marked(answer) for answer in answers],
            _("Strongest reason"): [first(answer, words) for answer in answers],
            _("Prediction id"): [answer["prediction_id"] for answer in answers],
        }
    )


def first(answer: Json, words: Texts) -> str:
    """Return the strongest reason; empty where there is none."""
    if not answer["reasons"]:
        return ""
    reason = answer["reasons"][0]
    title = words.title(reason["feature"], reason["title"])
    return f"{title}: {words.label(reason['feature'], reason['value'])}"


def styled(table: pd.DataFrame) -> Any:
    """Return the table with the language's percents, which sort as the numbers that they are."""
    language = current()

    def percent(value: Any) -> str:
        """Return two digits, for files have many scores that are near."""
        return language.percent(value, 2)

    return table.style.format({_("PD"): percent})
