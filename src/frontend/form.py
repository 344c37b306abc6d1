"""fields -> widgets, grouped by what they are about; widgets -> an applicant as the API wants it"""

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import streamlit as st

from src.frontend.client import Purpose
from src.frontend.language import _
from src.frontend.schema import Field, Value
from src.frontend.texts import Texts

Applicant = dict[str, Value]
COLUMN = 180  # pixels; a column of the form is never narrower


def groups(fields: Sequence[Field], texts: Texts) -> dict[str, list[Field]]:
    """Return heading -> fields, as the data package groups and orders them; those without a group come last."""
    found: dict[str, list[Field]] = {}
    for field in sorted(fields, key=lambda field: not field.group):
        found.setdefault(texts.group(field), []).append(field)
    return found


def key(field: Field, form: str) -> str:
    """Return the widget's name in the session; the field with other rules is another widget."""
    return f"{form}:{field.name}:{crc32(repr(field).encode()):x}"


def fill(fields: Sequence[Field], values: Mapping[str, Value], form: str) -> None:
    """Put values into the widgets that are drawn next; one that is not allowed leaves its widget empty."""
    for field in fields:
        value = values.get(field.name)
        st.session_state[key(field, form)] = None if field.broken(value) else value


def draw(fields: Sequence[Field], texts: Texts, form: str) -> Applicant:
    """Draw every field, grouped; return the values that stand in them."""
    values: Applicant = {}
    for heading, members in groups(fields, texts).items():
        st.subheader(heading, anchor=False)
        grid = st.grid(min_column_width=COLUMN)
        for field in members:
            with grid:
                values[field.name] = widget(field, texts, key(field, form))
    return values


def widget(field: Field, texts: Texts, name: str) -> Value:
    """Draw the input of one field; empty is allowed, for `missing` says what was left out."""
    about: dict[str, Any] = {"label": texts.heading(field), "help": texts.help(field), "key": name}
    if field.choices or field.kind == "boolean":
        found: Value = st.selectbox(
            **about,
            options=field.choices or (True, False),
            index=None,
            format_func=lambda value: texts.label(field.name, value),
            placeholder=_("Choose") if field.required else _("Not known"),
        )
        return found
    return number(field, about, name)


def number(field: Field, about: dict[str, Any], name: str) -> Value:
    """Draw the input of a number: it starts at the example's value, and whole numbers stay whole."""
    kind = int if field.kind == "integer" else float
    known = name in st.session_state or not field.required or field.broken(field.example)
    rules: dict[str, Any] = {
        "value": None if known else typed(field.example, kind),
        "min_value": typed(field.minimum, kind),
        "max_value": typed(field.maximum, kind),
        "step": kind(1),
        "format": "%d" if kind is int else "%g",
        "placeholder": None if field.required else _("Not known"),
    }
    found: Value = st.number_input(**about, **rules)
    return found


def typed(value: Any, kind: type[int] | type[float]) -> int | float | None:
    """Return a number as the widget's type; None stays."""
    return None if value is None else kind(value)


def faults(fields: Sequence[Field], values: Mapping[str, Value], texts: Texts) -> list[str]:
    """Return a sentence for each value that the API would refuse."""
    found = []
    for field in fields:
        rule = field.broken(values.get(field.name))
        if rule == "missing":
            found.append(_("{field} is missing.").format(field=texts.title(field.name, field.title)))
        elif rule:
            said = _("{field} is not allowed.").format(field=texts.title(field.name, field.title))
            found.append(f"{said} {texts.bounds(field)}".strip())
    return found


def purpose_of(applicants: Sequence[Mapping[str, Value]], fields: Sequence[Field]) -> Purpose:
    """Return what-if where nobody but the API's own example is scored: no such person applies."""
    example = given({field.name: field.example for field in fields})
    return "what-if" if all(applicant == example for applicant in applicants) else "application"


def given(values: Mapping[str, Value]) -> Applicant:
    """Return what is sent: what is not known is left out."""
    return {name: value for name, value in values.items() if value is not None}
