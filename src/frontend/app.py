"""the API at `endpoint` -> a credit analyst's page: `python -m streamlit run src/frontend/app.py`"""

from pathlib import Path

import streamlit as st

from src.frontend import (
    file_page,
    history_page,
    language,
    login,
    model_page,
    monitoring_page,
    score_page,
    versions_page,
)
from src.frontend.language import _
from src.frontend.sentences import guarded

STYLE = Path(__file__).with_name("page.css")


def main() -> None:
    """Draw the page of the address; `/` opens on the form."""
    st.set_page_config(page_title="Lastro", page_icon="⚖️", layout="wide")
    st.html(STYLE)
    with st.sidebar:
        language.choose()
        login.show()
    st.navigation(pages()).run()


def pages() -> list[st.Page]:
    """Return what the navigation shows, in the session's language; addresses stay."""
    return [
        st.Page(guarded(score_page.show), title=_("Score an applicant"), icon=":material/person:", default=True),
        st.Page(guarded(file_page.show), title=_("Score a file"), icon=":material/table:", url_path="file"),
        st.Page(guarded(model_page.show), title=_("Model"), icon=":material/insights:", url_path="model"),
        st.Page(guarded(versions_page.show), title=_("Versions"), icon=":material/layers:", url_path="versions"),
        st.Page(
            guarded(monitoring_page.show), title=_("Monitoring"), icon=":material/monitoring:", url_path="monitoring"
        ),
        st.Page(guarded(history_page.show), title=_("History"), icon=":material/history:", url_path="history"),
    ]


if __name__ == "__main__":
    main()
