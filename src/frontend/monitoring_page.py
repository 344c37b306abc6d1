"""GET /monitoring -> alerts, who applies now against development, what became of the approved, by version and period"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from src.frontend import alarms, cohorts, drift, live_metrics, served
from src.frontend.answer import escaped
from src.frontend.language import _, current
from src.frontend.versions_page import SHORT, moment
from src.frontend.watched import Watched, watched

DAYS = (30, 90, 180, 365, 0)  # of a period; 0: all that is kept
HALF_YEAR = DAYS.index(180)
VERSION, PERIOD = "monitoring:version", "monitoring:period"  # in the session
Json = Mapping[str, Any]


def show() -> None:
    """Draw what the monitor found of a version in a period; where none has run yet, how to run one."""
    st.title(_("Monitoring"), anchor=False)
    choices = st.grid(2, min_column_width=150)
    first, second = choices.cell(), choices.cell()
    with second:
        since = period()
    found = served.client().monitoring(since=since)
    if found["run"] is None:
        st.info(
            _(
                "No monitor has run yet: `python -m src.monitoring run` reads the prediction log once, and `make run` "
                "starts one that does so every few minutes."
            ),
            icon=":material/info:",
        )
        return
    notes(found)
    forms = judged(found)
    if not forms:
        st.info(_("The monitor has judged no version yet."), icon=":material/info:")
        return
    with first:
        form = str(st.selectbox(_("Version"), list(forms), 0, lambda form: named(form, forms), key=VERSION))
    tabs(watched(found, form, forms[form], served.model_info()))


def period() -> str | None:
    """Draw the choice of a period; return the moment at which it begins, none for all that is kept."""
    words = {
        30: _("last 30 days"),
        90: _("last 90 days"),
        180: _("last half year"),
        365: _("last year"),
        0: _("all that is kept"),
    }
    days = int(st.selectbox(_("Period of the windows"), DAYS, HALF_YEAR, words.__getitem__, key=PERIOD))
    return (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds") if days else None


def notes(found: Json) -> None:
    """Draw whose applicants these are, which versions the monitor cannot judge, and when it ran."""
    if any(view["kind"] == "simulated" for view in found["views"]):
        st.warning(
            _("This is simulated traffic: nobody applied, and nothing here says anything about a model in use."),
            icon=":material/science:",
        )
    whys = dict.fromkeys(each["says"] for each in found["versions"] if not each["judged"] and each["says"])
    if whys:
        st.warning("  \n".join(map(escaped, whys)), icon=":material/warning:")
    said = _("The monitor last ran at {time}; it then counted {rows} new predictions.")
    rows = current().number(found["run"]["rows_counted"])
    st.caption(said.format(time=moment(found["run"]["last_success"]), rows=rows))


def judged(found: Json) -> dict[str, str | None]:
    """Return form -> version of all that the monitor judged, the newest first."""
    counted = [each for each in found["versions"] if each["judged"]]
    drawn = [each for kind in ("checks", "cohorts") for each in found[kind]]
    drawn += [each for each in found["views"] if each["kind"] not in ("version", "simulated")]
    return {each["form_sha256"]: each["model_version"] for each in [*counted, *drawn] if each["form_sha256"]}


def named(form: str, forms: Mapping[str, str | None]) -> str:
    """Return a version's number, and its form where others have the same."""
    number = forms.get(form)
    said = str(number or _("not published"))
    return f"{said} · {form[:SHORT]}" if list(forms.values()).count(number) > 1 else said


def tabs(about: Watched) -> None:
    """Draw a tab for each thing to know of a version."""
    drawn = {
        _("Alerts"): alarms.show,
        _("Applicants"): drift.show,
        _("Outcomes"): cohorts.show,
        _("Fairness"): live_metrics.groups,
    }
    for place, draw in zip(st.tabs(list(drawn)), drawn.values(), strict=True):
        with place:
            draw(about)
