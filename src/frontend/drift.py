"""who applies now against development -> PSI by window, a distribution then and now, points won or lost, volume"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import streamlit as st

from src.frontend import monitoring_charts as charts
from src.frontend.answer import escaped
from src.frontend.language import _, many
from src.frontend.texts import NONE
from src.frontend.watched import Watched, amount, share, shares, window

SUBJECT = "monitoring:subject"  # in the session
Json = Mapping[str, Any]


def show(found: Watched) -> None:
    """Draw how far those who apply now differ from those of development."""
    windows(found)
    if view := found.view("distribution"):
        distribution(view["subjects"], found)
    if view := found.view("points"):
        points(view["fields"], found)
    volume(found)


def windows(found: Watched) -> None:
    """Draw the PSI of each subject and window, and a row a subject of the last one."""
    st.subheader(_("Drift: PSI by fact and window"), anchor=False)
    st.caption(
        _(
            "Each cell compares a day's or a week's applicants with those of development. PSI above 0.1 is some "
            "change, above 0.25 much; ▲ marks an alarm, for which a χ² test must also rule out chance. Where a row "
            "stays strong, ask what has changed: a campaign, a channel, a form; then look at its distribution beneath."
        )
    )
    checks = found.checks("drift")
    judged = [each for each in checks if each["psi"] is not None]
    if not judged:
        st.info(_("No window has been judged in this period."), icon=":material/info:")
        return
    last = newest(judged)
    order = [found.title(each["subject"]) for each in last]
    st.altair_chart(
        charts.heat([cell(each, found) for each in judged], order, found.language),
        alt=_("PSI by fact and window; the table beneath has the last window"),
    )
    if few := len({each["window_start"] for each in checks if each["psi"] is None}):
        st.caption(many("{number} window had too few applicants.", "{number} windows had too few applicants.", few))
    latest(last, Counter(each["subject"] for each in judged if each["alarm"]), found)


def newest(judged: Sequence[Json]) -> list[Json]:
    """Return the last window of each subject, the largest PSI first."""
    last = {each["subject"]: each for each in judged}
    return sorted(last.values(), key=lambda each: -float(each["psi"]))


def cell(check: Json, found: Watched) -> dict[str, Any]:
    """Return a check as the chart wants it."""
    start, end = (datetime.fromisoformat(check[name]) for name in ("window_start", "window_end"))
    return {
        "title": found.title(check["subject"]),
        "start": start.isoformat(),
        "middle": (start + (end - start) / 2).isoformat(),
        "end": end.isoformat(),
        "window": window(check),
        "psi": round(check["psi"], 4),
        "psi_text": amount(check["psi"]),
        "rows_text": amount(check["rows"], 0),
        "alarm": bool(check["alarm"]),
    }


def latest(last: Sequence[Json], alarms: Mapping[str, int], found: Watched) -> None:
    """Draw the last window of each subject; beside a rebased PSI the one against training."""
    rebased = any(each["psi_training"] not in (None, each["psi"]) for each in last)
    columns = {
        _("Fact"): [escaped(found.title(each["subject"])) for each in last],
        _("PSI"): [amount(each["psi"]) for each in last],
    }
    if rebased:
        columns[_("PSI against training")] = [amount(each["psi_training"]) for each in last]
    columns |= {
        _("p-value"): [probability(each["p_value"]) for each in last],
        _("Applicants"): [amount(each["rows"], 0) for each in last],
        _("Window"): [window(each) for each in last],
        _("Result"): [_("▲ alarm") if each["alarm"] else _("✓ quiet") for each in last],
        _("Alarms in the period"): [amount(alarms.get(each["subject"], 0), 0) for each in last],
    }
    with st.expander(_("The last window as a table"), icon=":material/table:"):
        st.dataframe(columns, hide_index=True, alt=_("One row a fact, the largest PSI first"))


def probability(value: float | None) -> str:
    """Return a p-value; one that would be 0 says below what it is."""
    if value is not None and value < 0.001:
        return f"< {amount(0.001)}"
    return amount(value)


def distribution(subjects: Mapping[str, Json], found: Watched) -> None:
    """Draw one subject's distribution then and now, at first the score's."""
    st.subheader(_("Distribution then and now"), anchor=False)
    st.caption(
        _(
            "The share of applicants in each bin at development, and in the last 28 closed days. More applicants in "
            "low scores is a riskier intake, not a worse model: the outcomes tell that."
        )
    )
    names = list(subjects)
    place = names.index("score") if "score" in names else 0
    chosen = str(st.selectbox(_("Fact"), names, place, found.title, key=SUBJECT))
    said, kinds = subjects[chosen], [_("development"), _("now")]
    if not sum(said["live"]):
        st.info(_("The last 28 days have no applicants."), icon=":material/info:")
        return
    parts = zip(said["labels"], shares(said["reference"]), shares(said["live"]), strict=True)
    labels, then, now = zip(*[(found.label(chosen, bin_), *both) for bin_, *both in parts if any(both)], strict=True)
    rows = [
        {"bin": label, "kind": kind, "share": part}
        for kind, parts in zip(kinds, (then, now), strict=True)
        for label, part in zip(labels, parts, strict=True)
    ]
    chart = charts.paired(rows, labels, kinds, _("Share of applicants"), found.language)
    st.altair_chart(chart, alt=_("Shares of each bin at development and now"))
    with st.expander(_("As a table"), icon=":material/table:"):
        st.table(
            {
                _("Bin"): [escaped(label) for label in labels],
                _("At development"): [share(part) for part in then],
                _("Now"): [share(part) for part in now],
            },
            hide_index=True,
            border="horizontal",
        )


def points(fields: Sequence[Json], found: Watched) -> None:
    """Draw the mean points that applicants win or lose by each field since development."""
    st.subheader(_("Points won or lost since development"), anchor=False)
    st.caption(
        _(
            "The mean points that a fact gives applicants of the last 28 closed days, less those at development: below "
            "0, today's applicants are riskier by it. A shift that moves no points matters little for decisions."
        )
    )
    rows = [{**each, "title": found.title(each["feature"])} for each in fields if each["difference"] is not None]
    if not rows:
        st.info(_("The last 28 days have no applicants."), icon=":material/info:")
        return
    st.altair_chart(charts.points(rows, found.language), alt=_("Points won or lost by each fact"))
    with st.expander(_("As a table"), icon=":material/table:"):
        ordered = sorted(rows, key=lambda each: -abs(each["difference"]))
        st.table(
            {
                _("Fact"): [escaped(each["title"]) for each in ordered],
                _("At development"): [amount(each["development"], 1) for each in ordered],
                _("Now"): [amount(each["live"], 1) for each in ordered],
                _("Difference"): [found.language.signed(each["difference"], 1) for each in ordered],
            },
            hide_index=True,
            border="horizontal",
        )


def volume(found: Watched) -> None:
    """Draw how many applied in each window."""
    st.subheader(_("Applications"), anchor=False)
    checks = found.checks("volume")
    if not checks:
        none = _("None is judged in this period: a day is compared with the same weekday of the eight weeks before.")
        st.info(none, icon=":material/info:")
        return
    limit = next((each["limit"] for each in reversed(checks) if each["limit"] is not None), None)
    st.caption(
        _(
            "Applications of all versions together. A day alarms (▲) with {limit} times more or fewer than the same "
            "weekday usually has, from the ninth week on: ask whether a channel has failed or doubled."
        ).format(limit=NONE if limit is None else found.language.plain(limit))
    )
    rows = [{**cell({**each, "psi": 0.0}, found), "rows": each["rows"]} for each in checks]
    st.altair_chart(charts.volume(rows, found.language), alt=_("Applications by day"))
    alarms = [each for each in checks if each["alarm"]]
    if alarms:
        said = [f"{window(each)} ({amount(each['rows'], 0)})" for each in alarms[::-1][:10]]
        st.caption(_("▲ Unusual: {days}.").format(days=", ".join(said)))
