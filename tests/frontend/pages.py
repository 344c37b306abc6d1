"""Streamlit's AppTest -> what the page says, and its widgets by their labels"""

from typing import Any

from streamlit.testing.v1 import AppTest

from tests.conftest import ROOT

APP = ROOT / "src" / "frontend" / "app.py"
PATIENCE = 30  # seconds for one run of the script


def alone(page: str) -> AppTest:
    """One page without the navigation, which AppTest cannot use where pages are functions."""
    script = f"from src.frontend import language, {page}\nfrom src.frontend.sentences import guarded\n"
    script += f"language.choose()\nguarded({page}.show)()\n"
    return AppTest.from_string(script, default_timeout=PATIENCE)


def words(app: AppTest) -> str:
    """Everything that the page says."""
    kinds = ("title", "subheader", "markdown", "caption", "error", "warning", "info", "html", "code", "metric")
    return "\n".join(str(part.value) for kind in kinds for part in getattr(app, kind))


def button(app: AppTest, label: str) -> Any:
    """The button of this name."""
    (found,) = [each for each in app.button if each.label == label]
    return found


def widget(app: AppTest, label: str) -> Any:
    """The input of this label."""
    kinds = (app.number_input, app.selectbox, app.text_input, app.date_input, app.file_uploader)
    (found,) = [each for kind in kinds for each in kind if each.label.replace("\\", "") == label]
    return found
