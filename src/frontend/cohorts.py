"""what became of those who were approved -> cohorts, observed against expected, vintages"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from src.frontend import live_metrics
from src.frontend import monitoring_charts as charts
from src.frontend.answer import escaped
from src.frontend.language import _, current
from src.frontend.texts import NONE
from src.frontend.watched import Watched, amount, look, share

Json = Mapping[str, Any]


def show(found: Watched) -> None:
    """Draw the months, and what is known of the approved by band, by age and by metric."""
    months(found)
    if not found.cohorts():
        return
    if view := found.view("bands"):
        bands(view["bands"], found)
    if view := found.view("vintages"):
        vintages(view["vintages"], found)
    live_metrics.show(found)


def months(found: Watched) -> None:
    """Draw a row a month of application."""
    st.subheader(_("Months of application"), anchor=False)
    st.caption(
        _(
            "Of the approved alone, by the month of their application. A month is judged once it is old enough and "
            "most outcomes are known, or nearly all are (an early look); while it is open, its bads are known before "
            "its goods. More bads than expected, against the same ratio at development, in two months running is an "
            "alert: then look at score bands and vintages."
        )
    )
    cohorts = found.cohorts()
    if not cohorts:
        st.info(
            _("No outcomes are known yet: `python -m src.monitoring outcomes FILE` or POST /outcomes records them."),
            icon=":material/info:",
        )
        return
    st.dataframe(
        {
            _("Month"): [str(each["month"]) for each in cohorts],
            _("State"): [look(each) for each in cohorts],
            _("Applications"): [amount(each["predictions"], 0) for each in cohorts],
            _("Approved"): [amount(each["approved"], 0) for each in cohorts],
            _("Outcomes known"): [share(each["share_known"]) for each in cohorts],
            _("Observed bads"): [amount(each["bads"], 0) for each in cohorts],
            _("Expected"): [amount(each["expected"], 1) for each in cohorts],
            _("Observed / expected"): [
                amount(None if each["look"] == "open" else each["ratio"], 2) for each in cohorts
            ],
            _("At development"): [amount(each["reference_ratio"], 2) for each in cohorts],
            _("Result"): [result(each) for each in cohorts],
        },
        hide_index=True,
        alt=_("One row a month of application, the newest first"),
    )
    for each in cohorts:
        if each.get("says"):
            st.warning(f"{each['month']}: {escaped(each['says'])}", icon=":material/folder_off:")


def result(cohort: Json) -> str:
    """Return whether a month has more bads than expected; a dash where it is not judged."""
    if cohort["alarm"] is None:
        return NONE
    return _("▲ more bads than expected") if cohort["alarm"] else _("✓ quiet")


def bands(found: Sequence[Json], about: Watched) -> None:
    """Draw the share of bads that was observed and expected in each score band."""
    st.subheader(_("Observed against expected by score band"), anchor=False)
    st.caption(
        _(
            "Approved applicants whose outcome is known: the share of bads that the PDs expect, and what was observed. "
            "Where observed is higher in all bands the level has moved (recalibrate); where only in some, the order of "
            "risk has (retrain)."
        )
    )
    kinds = [_("expected"), _("observed")]
    known = [each for each in found if each["rows"]]
    if not known:
        st.info(_("No outcomes of approved applicants are known."), icon=":material/info:")
        return
    names = [band(each) for each in known]
    rows = [
        {"bin": name, "kind": said, "share": each[key] / each["rows"]}
        for name, each in zip(names, known, strict=True)
        for key, said in zip(("expected", "observed"), kinds, strict=True)
    ]
    chart = charts.paired(rows, names, kinds, _("Share of bads"), about.language)
    st.altair_chart(chart, alt=_("Expected and observed bads by score band"))
    with st.expander(_("As a table"), icon=":material/table:"):
        st.table(
            {
                _("Points"): names,
                _("Approved, outcome known"): [amount(each["rows"], 0) for each in known],
                _("Observed bads"): [amount(each["observed"], 0) for each in known],
                _("Expected"): [amount(each["expected"], 1) for each in known],
                _("Observed / expected"): [ratio(each["observed"], each["expected"]) for each in known],
                _("At development"): [ratio(each["reference_observed"], each["reference_expected"]) for each in known],
            },
            hide_index=True,
            border="horizontal",
        )


def band(each: Json) -> str:
    """Return the scores of a band."""
    low, high = (None if each[key] is None else current().number(each[key]) for key in ("low", "high"))
    if low is None:
        return _("up to {high}").format(high=high) if high else _("any number")
    return _("{low} to {high}").format(low=low, high=high) if high else _("from {low}").format(low=low)


def ratio(observed: float, expected: float) -> str:
    """Return observed by expected; a dash where none is expected."""
    return amount(observed / expected if expected else None, 2)


def vintages(found: Sequence[Json], about: Watched) -> None:
    """Draw how the share of bads grows with the months since application, a line a month of application."""
    st.subheader(_("Vintages"), anchor=False)
    st.caption(
        _(
            "The share of a month's approved applicants known to be bad, by months since the application. A line that "
            "climbs faster than older ones is a worse intake; a dashed line is still open, its end may rise."
        )
    )
    drawn = [each for each in found if each["approved"] and each["bad_rate"]]
    if not drawn:
        st.info(_("No outcomes of approved applicants are known."), icon=":material/info:")
        return
    rows = [
        {"month": each["month"], "since": since, "rate": rate, "state": openness(each)}
        for each in drawn
        for since, rate in enumerate(each["bad_rate"])
    ]
    st.altair_chart(charts.vintages(rows, about.language), alt=_("Cumulative share of bads by month of application"))
    longest = max(len(each["bad_rate"]) for each in drawn)
    with st.expander(_("As a table"), icon=":material/table:"):
        st.dataframe(
            {
                _("Month"): [str(each["month"]) for each in drawn],
                _("State"): [openness(each) for each in drawn],
                _("Approved"): [amount(each["approved"], 0) for each in drawn],
            }
            | {
                str(since): [share(dict(enumerate(each["bad_rate"])).get(since), 2) for each in drawn]
                for since in range(longest)
            },
            hide_index=True,
            alt=_("One row a month of application, one column a month since"),
        )


def openness(vintage: Json) -> str:
    """Return whether a month's outcomes can still come."""
    return _("still open") if vintage["open"] else _("mature")
