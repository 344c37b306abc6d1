"""a month of application -> its metrics beside those of development, and what became of protected groups"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from src.frontend import bins, fairness, model_page
from src.frontend.answer import escaped
from src.frontend.language import _
from src.frontend.texts import NONE
from src.frontend.watched import Watched, amount, interval, look, share

METRICS = ("roc_auc", "gini", "ks", "brier", "spiegelhalter_z")
LEAST_KNOWN = 0.9  # of a month's predictions must have a group before ratios are shown
Json = Mapping[str, Any]


def show(found: Watched) -> None:
    """Draw a month's metrics beside those of development."""
    known = [each for each in found.cohorts() if any(each.get(name) for name in METRICS)]
    if not known:
        return
    st.subheader(_("Metrics of a month"), anchor=False)
    st.caption(
        _(
            "Of the approved whose outcome is known, with 95 % intervals, beside the same out of fold at development. "
            "They never alarm: among the approved alone an AUC is lower than among all applicants."
        )
    )
    cohort = chosen(known, "monitoring:month")
    names = [name for name in METRICS if cohort.get(name)]
    st.table(
        {
            _("Metric"): [metric(name) for name in names],
            _("Value"): [interval(cohort[name]) for name in names],
            _("At development"): [amount(cohort[name].get("reference")) for name in names],
        },
        hide_index=True,
        border="horizontal",
    )
    said = []
    if cohort.get("expected_roc_auc") is not None:
        auc = amount(cohort["expected_roc_auc"])
        said.append(_("The PDs alone expect an AUC of {auc}; no outcome is in that.").format(auc=auc))
    if cohort.get("false_accept_cost") is not None:
        cost = amount(cohort["false_accept_cost"], 0)
        said.append(_("Cost of false accepts alone: {cost}.").format(cost=cost))
    if said:
        st.caption(" ".join(said))


def metric(name: str) -> str:
    """Return a metric's name as people know it."""
    return _("Spiegelhalter's z") if name == "spiegelhalter_z" else model_page.metric(name)


def chosen(cohorts: Sequence[Json], key: str) -> Json:
    """Draw the choice of a month, at first the newest mature one; return its cohort."""
    months = [str(each["month"]) for each in cohorts]
    place = next((place for place, each in enumerate(cohorts) if each["mature"]), 0)
    said = {str(each["month"]): look(each) for each in cohorts}
    month = st.selectbox(_("Month"), months, place, lambda one: f"{one} · {said.get(one, NONE)}", key=key)
    return cohorts[months.index(str(month))]


def groups(found: Watched) -> None:
    """Draw approvals and bads by protected group; say why where a month has none."""
    st.caption(
        _(
            "Protected facts are no features; outcomes may carry them. Ratio: a group's approval rate to that of the "
            "group approved most. Of the approved whose outcome is known: observed bads by those that the PDs expect, "
            "with a 95 % interval. Where a ratio is low, or two groups' intervals lie apart, ask for a review."
        )
    )
    cohorts = found.cohorts()
    if not cohorts:
        st.info(_("No month of application has been looked at yet."), icon=":material/info:")
        return
    cohort = chosen(cohorts, "monitoring:groups")
    if not cohort["groups"]:
        said = _("No ratios: groups are known for {share} of this month's predictions, and {least} are needed.")
        known, least = share(cohort["groups_known"]), share(LEAST_KNOWN, 0)
        st.info(said.format(share=known, least=least), icon=":material/info:")
        return
    for field in dict.fromkeys(each["field"] for each in cohort["groups"]):
        st.subheader(escaped(found.words.title(field)), anchor=False)
        group([each for each in cohort["groups"] if each["field"] == field], field, found)


def group(members: Sequence[Json], field: str, found: Watched) -> None:
    """Draw the groups of one field."""
    st.table(
        {
            _("Group"): [escaped(bins.said(found.words, field, each["value"], years=True)) for each in members],
            _("Applications"): [amount(each["predictions"], 0) for each in members],
            _("Approved"): [share(each["approved"] / each["predictions"]) for each in members],
            _("Ratio"): [fairness.ratio(each["approval_ratio"]) for each in members],
            _("Observed bads"): [
                _("{bads} of {all}").format(bads=amount(each["observed"], 0), all=amount(each["known"], 0))
                for each in members
            ],
            _("Observed / expected"): [of_expected(each) for each in members],
        },
        hide_index=True,
        border="horizontal",
    )


def of_expected(group: Json) -> str:
    """Return a group's observed bads by the expected ones, with their interval; a dash where none is expected."""
    if group["low"] is None or not group["expected"]:
        return NONE
    value, low, high = (
        amount(part, 2) for part in (group["observed"] / group["expected"], group["low"], group["high"])
    )
    return _("{value} ({low} to {high})").format(value=value, low=low, high=high)
