"""what is wrong with a file -> sentences by row and column"""

from collections.abc import Sequence

import streamlit as st

from src.frontend.answer import escaped
from src.frontend.language import _, many
from src.frontend.schema import Field
from src.frontend.table import Fault, Table, UnreadableError
from src.frontend.texts import NONE, Texts

SHOWN = 100


def listed(table: Table, fields: Sequence[Field], words: Texts) -> None:
    """Draw every fault, or the first of them, and how many there are."""
    count = many("{number} error: nothing was sent.", "{number} errors: nothing was sent.", len(table.faults))
    advice = _("Correct the file, then upload it again.")
    st.error(f"{count} {advice}", icon=":material/error:")
    by_name = {field.name: field for field in fields}
    st.table(
        {
            _("Line"): [str(fault.line) for fault in table.faults[:SHOWN]],
            _("Column"): [escaped(fault.column) or NONE for fault in table.faults[:SHOWN]],
            _("What is wrong"): [
                escaped(said(fault, by_name.get(fault.column), words)) for fault in table.faults[:SHOWN]
            ],
        },
        hide_index=True,
        border="horizontal",
    )
    if len(table.faults) > SHOWN:
        st.caption(many("The first {number} is shown.", "The first {number} are shown.", SHOWN))


def said(fault: Fault, field: Field | None, words: Texts) -> str:
    """Return what is wrong with a cell, never its own content."""
    if field is not None and fault.rule == "choice":
        allowed = ", ".join(str(choice) for choice in (*field.choices, *field.states))
        return _("is none of the allowed values: {values}").format(values=allowed)
    if field is not None and fault.rule == "bounds":
        return _("is out of bounds. {bounds}").format(bounds=words.bounds(field)).strip()
    return {
        "missing": _("is empty, but needed"),
        "number": _("is no number"),
        "marks": _(
            "may be two numbers: write no mark before thousands "
            "(decimals: 1.5 in files with commas, 1,5 in files with semicolons)"
        ),
        "integer": _("is no whole number"),
        "boolean": _("is neither true nor false"),
        "date": _("is no date: write YYYY-MM-DD"),
        "length": _("is too long a text"),
        "twofold": _("is the label of one value and the file's code of another"),
        "nothing": _("no field of this row is filled in"),
        "column": _("this column is missing"),
        "doubled": _("this column is there twice"),
        "cells": _("has more or fewer cells than the header"),
    }.get(fault.rule, fault.rule)


def unreadable(error: UnreadableError) -> str:
    """Return why a file cannot be read at all."""
    return {
        "encoding": _("The file is not UTF-8: save it as “CSV UTF-8”, then upload it again."),
        "foreign": _("None of the file's columns is a field: name them as in the template, then upload it again."),
        "empty": _("The file has no rows: download the template, fill it in, then upload it."),
    }.get(error.rule, _("The file is no CSV: a quotation mark is never closed, or a cell is too long."))
