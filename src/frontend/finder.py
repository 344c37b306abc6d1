"""a wide form -> those of its fields that are seen: what is searched for, or what decides

The others are hidden by style and not left out: what was typed in them and not sent yet is nowhere but in the browser.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from src.frontend import served
from src.frontend.errors import NotFoundError
from src.frontend.form import MANY, empty, groups, place
from src.frontend.language import _, current
from src.frontend.schema import Field
from src.frontend.texts import Texts

CELL = '[data-testid="stForm"] [data-testid="stGridCell"]:has(.st-key-{})'
SECTION = '[data-testid="stLayoutWrapper"]:has(> .st-key-{})'
SEARCH, DECIDING = "finder:search", "finder:deciding"  # in the session


def show(fields: Sequence[Field], texts: Texts, form: str) -> None:
    """Draw search and view above a form of many fields, and hide what they leave out."""
    if len(fields) <= MANY:
        return
    sought = st.text_input(_("Find a field"), key=SEARCH, icon=":material/search:", placeholder=_("Part of its name"))
    known = deciding()
    only = known is not None and st.toggle(
        _("Only the fields that decide"),
        key=DECIDING,
        help=_("Those whose loss costs the model more than chance, those that are needed, and those that are filled."),
    )
    if sought.strip():
        seen = [field for field in fields if matches(field, sought, texts)]
    elif only and known is not None:
        seen = [field for field in fields if field.required or field.name in known or not empty(field, form)]
    else:
        seen = list(fields)
    said = _("{seen} of {all} fields are shown; what stands in the others is kept.")
    if len(seen) == len(fields):
        said = _("All {all} fields are shown.")
    st.caption(said.format(seen=current().number(len(seen)), all=current().number(len(fields))))
    st.html(f"<style>{style(fields, seen, texts)}</style>")


def deciding() -> set[str] | None:
    """Return the fields without which the model loses more than chance explains; None where that is not known."""
    try:
        rows: Sequence[Mapping[str, Any]] = served.evaluation()["importance"]
    except NotFoundError:
        return None
    return {row["feature"] for row in rows if row["loss"] > row["std"]}


def matches(field: Field, sought: str, texts: Texts) -> bool:
    """Say whether every word that is sought stands in the field's title or name."""
    known = f"{texts.title(field.name, field.title)} {field.title} {field.name}".casefold()
    return all(word in known for word in sought.casefold().split())


def style(fields: Sequence[Field], seen: Sequence[Field], texts: Texts) -> str:
    """Return the rules that hide all other fields, and the headings that stand over none."""
    names = {field.name for field in seen}
    hidden = [CELL.format(place(fields, field)) for field in fields if field.name not in names]
    for at, members in enumerate(groups(fields, texts).values()):
        if not names & {each.name for each in members}:
            hidden.append(SECTION.format(f"section-{at}"))
    return ",".join(hidden) + "{display:none}" if hidden else ""
