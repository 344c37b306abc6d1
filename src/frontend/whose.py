"""the served model -> a line at a page's top: of which data set, which version, since when"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import streamlit as st

from src.frontend import model_page
from src.frontend.answer import escaped
from src.frontend.language import _, current


def line(info: Mapping[str, Any]) -> None:
    """Draw the line, and the way to the model's page."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.caption(said(info), width="content")
        st.page_link(st.Page(model_page.show, title=_("Model"), url_path="model"), icon=":material/insights:")


def said(info: Mapping[str, Any]) -> str:
    """Return whose model answers."""
    dataset = escaped(info["card"]["dataset"]["title"] or info["card"]["dataset"]["name"])
    version, published = info["model"]["version"], info.get("published")
    if version is None:
        return _("Model for **{dataset}**, not published").format(dataset=dataset)
    if published is None:
        return _("Model for **{dataset}**, version {version}").format(dataset=dataset, version=version)
    return _("Model for **{dataset}**, version {version}, published {day}").format(
        dataset=dataset,
        version=version,
        day=current().day(datetime.fromisoformat(published), st.context.timezone),
    )
