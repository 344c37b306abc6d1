"""the alerts -> what fires, what somebody knows of, and what is over, the newest first"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from src.frontend.answer import escaped
from src.frontend.language import _
from src.frontend.texts import NONE
from src.frontend.versions_page import moment
from src.frontend.watched import Watched, amount

ORDER = ("firing", "acknowledged", "resolved")
Json = Mapping[str, Any]


def show(found: Watched) -> None:
    """Draw the alerts of this version and of all versions together."""
    st.caption(
        _(
            "An alert fires when the same check alarms in two windows running, and ends after two quiet ones. Look at "
            "what fires first: the command beneath it shows more, the runbook in docs/monitoring.md says what to do. "
            "“python -m src.monitoring acknowledge” keeps a known shift from ringing."
        )
    )
    mine = [each for each in found.found["alerts"] if each["model_version"] in (None, found.version)]
    alerts = sorted(mine, key=lambda each: str(each["since"]), reverse=True)
    rings = [each for state in ORDER[:2] for each in alerts if each["state"] == state]
    if not any(each["state"] == "firing" for each in rings):
        st.success(_("No alert fires."), icon=":material/check_circle:")
    for each in rings:
        one(each, found)
    if alerts:
        history(sorted(alerts, key=lambda each: rank(each["state"])), found)


def one(alert: Json, found: Watched) -> None:
    """Draw an alert in full: what, since when, how large, and the command to look closer."""
    draw = st.error if alert["state"] == "firing" else st.info
    sign = ":material/notifications_active:" if alert["state"] == "firing" else ":material/notifications_paused:"
    draw(f"**{state(alert)}: {escaped(name(alert, found))}** · {escaped(text(alert))}", icon=sign)
    facts = [
        _("since {time}").format(time=moment(alert["since"])),
        _("version {version}").format(version=alert["model_version"]) if alert["model_version"] else "",
        _("acknowledged until {time}").format(time=moment(until)) if (until := alert.get("acknowledged_until")) else "",
    ]
    st.caption(" · ".join(fact for fact in facts if fact))
    st.code(alert["command"], language=None, wrap_lines=True)


def text(alert: Json) -> str:
    """Return an alert's text in one line, but for its command, which is drawn beneath."""
    return " ".join(line for line in str(alert["text"]).splitlines() if alert["command"] not in line)


def rank(state: str) -> int:
    """Return the place of a state: what fires first."""
    return ORDER.index(state) if state in ORDER else len(ORDER)


def state(alert: Json) -> str:
    """Return what has become of an alert, with a sign."""
    said = {"firing": _("▲ firing"), "acknowledged": _("◆ acknowledged"), "resolved": _("✓ over")}
    return said.get(alert["state"], str(alert["state"]))


def event(found: Json) -> str:
    """Return what became of an alert at a time, and who said why."""
    who = ": ".join(str(found[key]) for key in ("by", "why") if found.get(key))
    said = f"{moment(found['time'])} {state(found)}"
    return f"{said} ({who})" if who else said


def name(alert: Json, found: Watched) -> str:
    """Return what an alert is about."""
    kinds = {
        "drift": _("Drift"),
        "volume": _("Volume"),
        "silence": _("Silence"),
        "calibration": _("More bads than expected"),
        "fairness": _("Fairness"),
    }
    kind = kinds.get(alert["kind"], str(alert["kind"]))
    return f"{kind}: {found.title(alert['subject'])}" if alert["kind"] == "drift" else kind


def history(alerts: Sequence[Json], found: Watched) -> None:
    """Draw a row an alert."""
    st.subheader(_("All alerts"), anchor=False)
    st.dataframe(
        {
            _("State"): [state(each) for each in alerts],
            _("What"): [name(each, found) for each in alerts],
            _("Since"): [moment(each["since"]) for each in alerts],
            _("Value"): [amount(each["value"]) for each in alerts],
            _("Limit"): [amount(each["limit"]) for each in alerts],
            _("Applicants"): [amount(each["rows"], 0) for each in alerts],
            _("Version"): [each["model_version"] or NONE for each in alerts],
            _("Sent"): [moment(each["delivered_at"]) for each in alerts],
            _("Text"): [text(each) for each in alerts],
            _("History"): [" → ".join(event(each) for each in alert.get("events", [])) for alert in alerts],
        },
        hide_index=True,
        alt=_("One row an alert: first what fires, then what is acknowledged"),
    )
