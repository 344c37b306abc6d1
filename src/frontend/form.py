"""fields -> widgets, grouped by what they are about; widgets -> an applicant as the API wants it"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from zlib import crc32

import streamlit as st

from src.frontend.answer import escaped, named
from src.frontend.client import Purpose
from src.frontend.language import _
from src.frontend.schema import Both, Field, Value, bare, day_of
from src.frontend.texts import Texts, unit

Applicant = dict[str, Value]
COLUMN = 180  # pixels; a column of the form is never narrower
SECTION = 12  # fields behind one heading where the data package has none
MANY = 24  # fields; a form of more has sections even so, and a search
FIRST, LAST = date(1900, 1, 1), date(2199, 12, 31)  # the calendar's ends where the API names none


def groups(fields: Sequence[Field], texts: Texts) -> dict[str, list[Field]]:
    """Return heading -> fields, as the data package groups and orders them; those without a group come last."""
    found: dict[str, list[Field]] = {}
    alone = [field for field in fields if not field.group]
    for field in fields if len(alone) <= MANY else [field for field in fields if field.group]:
        if field.group:
            found.setdefault(texts.group(field), []).append(field)
    if len(alone) > MANY:
        return found | parts(alone)
    for field in alone:
        found.setdefault(texts.group(field), []).append(field)
    return found


def parts(fields: Sequence[Field]) -> dict[str, list[Field]]:
    """Return heading -> so many fields, in their order."""
    said = _("Facts {first} to {last}")
    starts = range(0, len(fields), SECTION)
    each = [(start, list(fields[start : start + SECTION])) for start in starts]
    return {said.format(first=start + 1, last=start + len(some)): some for start, some in each}


def key(field: Field, form: str) -> str:
    """Return the widget's name in the session; the field with other rules, or filled anew, is another widget."""
    return f"{form}:{field.name}:{crc32(repr(field).encode()):x}:{st.session_state.get(filled(form), 0)}"


def filled(form: str) -> str:
    """Return the name in the session of how often a form was filled."""
    return f"{form}:filled"


def reason_key(field: Field, form: str) -> str:
    """Return the name of the widget beside a number or a date that says why there is none."""
    return f"{key(field, form)}:state"


def fill(fields: Sequence[Field], values: Mapping[str, Value], form: str) -> None:
    """Put values into the widgets that are drawn next; one that is not allowed leaves its widget empty.

    They are new widgets, so that what a browser still sends of the old ones, which it has not replaced yet, is
    nobody's.
    """
    for field in fields:
        for name in (key(field, form), reason_key(field, form)):
            st.session_state.pop(name, None)
    st.session_state[filled(form)] = st.session_state.get(filled(form), 0) + 1
    for field in fields:
        value = values.get(field.name)
        value = None if field.broken(value) else value
        if beside(field):
            state = value if value in field.states else None
            st.session_state[reason_key(field, form)] = state
            value = None if state else value
        if field.kind == "date":
            first, last = calendar(field)
            day = day_of(value)
            st.session_state[key(field, form)] = day if day and first <= day <= last else None
        else:
            st.session_state[key(field, form)] = value


def tell_again(fields: Sequence[Field], form: str) -> None:
    """Let the browser be told what stands in the widgets, as it is for a sent form: it may show those from before.

    What somebody typed was sent with it, so nothing is lost; at any other drawing it would be.
    """
    for field in fields:
        for name in (key(field, form), reason_key(field, form)):
            if name in st.session_state:
                st.session_state[name] = st.session_state[name]


def beside(field: Field) -> bool:
    """Say whether the reasons for having no value have a widget of their own."""
    return bool(field.states) and not field.choices and field.kind in ("integer", "number", "date")


def empty(field: Field, form: str) -> bool:
    """Say whether nothing stands in a field's widgets."""
    return all(st.session_state.get(name) is None for name in (key(field, form), reason_key(field, form)))


def draw(fields: Sequence[Field], texts: Texts, form: str) -> Applicant:
    """Draw every field, grouped; return the values that stand in them."""
    values: Applicant = {}
    starred = {field.name for field in fields if field.required}
    starred = set() if len(starred) == len([field for field in fields if not field.time]) else starred
    if starred:
        st.caption(_("What has {sign} is needed; all else may be left empty.").format(sign="*"))
    for number, (heading, members) in enumerate(groups(fields, texts).items()):
        with st.container(key=f"section-{number}"):
            st.subheader(escaped(heading), anchor=False)
            grid = st.grid(min_column_width=COLUMN)
            for field in members:
                with grid, st.container(key=place(fields, field), gap="xxsmall"):
                    sign = " *" if field.name in starred else ""
                    values[field.name] = widget(field, texts, form, sign)
    return values


def place(fields: Sequence[Field], field: Field) -> str:
    """Return the name of a field's container, by which the page's style knows it."""
    return f"fact-{fields.index(field)}"


def widget(field: Field, texts: Texts, form: str, sign: str = "") -> Value:
    """Draw the inputs of one field; empty is allowed, for `missing` says what was left out."""
    behind = unit(field.unit) or (_("today if empty") if field.time else "")
    label = named(texts.title(field.name, field.title) + (f" ({behind})" if behind else ""))
    about: dict[str, Any] = {"label": label + sign, "help": escaped(texts.help(field)), "key": key(field, form)}
    if field.kind == "text" and not (field.suggestions or field.states):
        return (st.text_input(**about, max_chars=field.longest, placeholder=_("Not known")) or "").strip() or None
    if field.kind in ("text", "boolean", "choice") or field.choices:
        return chosen(field, texts, about)
    value = day(field, about) if field.kind == "date" else number(field, about)
    if not beside(field):
        return value
    state: str | None = st.selectbox(
        _("{field}: why there is no value").format(field=label),
        options=field.states,
        index=None,
        format_func=lambda value: texts.choice(field, value),
        placeholder=_("or why there is none"),
        key=reason_key(field, form),
        label_visibility="collapsed",
    )
    return Both(state) if state and value is not None else state or value


def chosen(field: Field, texts: Texts, about: Mapping[str, Any]) -> Value:
    """Draw the choice of a label, a truth, or a text that may be another than those that are offered."""
    offered = field.suggestions if field.kind == "text" else field.choices or (True, False)
    placeholder = _("Choose") if field.required else _("Not known")
    found: Value = st.selectbox(
        **about,
        options=(*offered, *field.states),
        index=None,
        format_func=lambda value: texts.choice(field, value),
        placeholder=_("Choose or write") if field.kind == "text" else placeholder,
        accept_new_options=field.kind == "text",
    )
    return found.strip() or None if isinstance(found, str) and field.kind == "text" else found


def calendar(field: Field) -> tuple[date, date]:
    """Return the first and the last day that can be chosen."""
    return day_of(field.since) or FIRST, day_of(field.until) or LAST


def day(field: Field, about: Mapping[str, Any]) -> str | None:
    """Draw the input of a date; it starts empty."""
    first, last = calendar(field)
    found = st.date_input(**about, value=None, min_value=first, max_value=last, format="YYYY-MM-DD")
    return found.isoformat() if isinstance(found, date) else None


def number(field: Field, about: Mapping[str, Any]) -> Value:
    """Draw the input of a number: it starts at the example's value, and whole numbers stay whole."""
    kind = int if field.kind == "integer" else float
    blank = about["key"] in st.session_state or not field.required or field.broken(field.example) or field.states
    rules: dict[str, Any] = {
        "value": None if blank else typed(field.example, kind),
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
        rule, title = field.broken(values.get(field.name)), texts.title(field.name, field.title)
        if rule == "missing":
            found.append(_("{field} is missing.").format(field=title))
        elif rule == "both":
            found.append(_("{field} has a value and a reason for having none: leave one of them.").format(field=title))
        elif rule:
            said = _("{field} is not allowed.").format(field=title)
            found.append(f"{said} {texts.bounds(field)}".strip())
    if not found and bare(fields, values):
        found.append(_("Nothing is filled in."))
    return found


def purpose_of(applicants: Sequence[Mapping[str, Value]], fields: Sequence[Field]) -> Purpose:
    """Return what-if where nobody but the API's own example is scored: no such person applies."""
    example = given({field.name: field.example for field in fields})
    return "what-if" if all(applicant == example for applicant in applicants) else "application"


def given(values: Mapping[str, Value]) -> Applicant:
    """Return what is sent: what is not known is left out."""
    return {name: value for name, value in values.items() if value is not None}
