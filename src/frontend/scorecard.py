"""the table of points of a scorecard, or of a model as readable -> a table for each of its fields, and files of it"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from src.frontend import bins, served
from src.frontend.answer import escaped
from src.frontend.language import _, current
from src.frontend.texts import Texts, unit

TIMES = " \N{MULTIPLICATION SIGN} "  # between the two fields of a pair, and between their bins
HALF = 440  # pixels that a table wants
Json = Mapping[str, Any]
Known = Mapping[str, Json]
"""name -> feature of the card"""


def show(rows: Sequence[Json], features: Sequence[Json], words: Texts) -> None:
    """Draw the files, then a table a field, or pair of fields, in the order of the rows."""
    st.caption(
        _(
            "The points of an applicant's bins add up to the score before it is calibrated, rounded and kept within "
            "its bounds. WOE, the weight of evidence, is above 0 where more are good than among all; IV is what a bin "
            "adds to the information value of its field."
        )
    )
    downloads()
    known = {each["name"]: each for each in features}
    tables: dict[str, list[Json]] = {}
    for row in rows:
        tables.setdefault(row["feature"], []).append(row)
    grid = st.grid(2, min_column_width=HALF, gap="medium")
    for name, members in tables.items():
        with grid.cell():
            field(members, parts(name, known), known, words)
    weighed = {part for name in tables for part in parts(name, known)}
    idle = [words.title(name, each["title"]) for name, each in known.items() if name not in weighed]
    if idle:
        st.caption(_("Left out, so without weight: {fields}.").format(fields=escaped(", ".join(idle))))


def downloads() -> None:
    """Draw a button for each form of the file."""
    client = served.client()
    forms = {
        "csv": (_("Download as CSV"), "text/csv"),
        "xlsx": (_("Download as Excel"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        "sql": (_("Download as SQL"), "application/sql"),
    }
    with st.container(horizontal=True):
        for form, (label, kind) in forms.items():
            content, file = partial(client.scorecard, form), f"scorecard.{form}"
            st.download_button(label, content, file, kind, icon=":material/download:", on_click="ignore")


def parts(name: str, known: Known) -> list[str]:
    """Return the fields of a table: one, or the two of a pair."""
    pieces = name.split(TIMES)
    cuts = [[TIMES.join(pieces[:cut]), TIMES.join(pieces[cut:])] for cut in range(1, len(pieces))]
    return next((cut for cut in cuts if name not in known and known.keys() >= set(cut)), [name])


def field(rows: Sequence[Json], names: Sequence[str], known: Known, words: Texts) -> None:
    """Draw the bins of one field, or of a pair."""
    language = current()
    st.subheader(escaped(TIMES.join(heading(name, known, words) for name in names)), anchor=False)
    st.caption(_("Information value {iv}").format(iv=language.number(sum(row["iv"] for row in rows), 3)))
    st.table(
        {
            _("Bin"): [escaped(name_of(row["bin"], names, words)) for row in rows],
            _("Bad"): [
                _("{bads} of {all}").format(bads=language.number(row["bads"]), all=language.number(row["applicants"]))
                for row in rows
            ],
            "WOE": [language.signed(row["woe"], 2) for row in rows],
            "IV": [language.number(row["iv"], 3) for row in rows],
            _("Points"): [language.number(row["points"], 1) for row in rows],
        },
        hide_index=True,
        border="horizontal",
    )


def heading(name: str, known: Known, words: Texts) -> str:
    """Return a field's title, and what its numbers are."""
    feature = known.get(name, {})
    title = words.title(name, feature.get("title", ""))
    said = _("days before the application") if feature.get("type") == "date" else unit(feature.get("unit") or "")
    return f"{title} ({said})" if said else title


def name_of(text: str, names: Sequence[str], words: Texts) -> str:
    """Return a bin in the page's language; one of a pair is a bin of each field."""
    pieces = text.split(TIMES) if len(names) > 1 else [text]
    if len(pieces) != len(names):
        return text
    return TIMES.join(bins.said(words, name, piece) for name, piece in zip(names, pieces, strict=True))
