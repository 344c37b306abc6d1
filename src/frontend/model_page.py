"""card and evaluation of the served model -> metrics, curves, confusion, fairness, lineage"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from src.frontend import charts, served
from src.frontend.answer import escaped
from src.frontend.errors import NotFoundError
from src.frontend.gauge import scale_of
from src.frontend.language import _, current
from src.frontend.lineage import lineage
from src.frontend.texts import NONE, Texts, texts

Json = Mapping[str, Any]


def show() -> None:
    """Draw the model card."""
    st.title(_("Model"), anchor=False)
    info = served.model_info()
    words = texts(info)
    summary(info)
    try:
        found = served.evaluation()
    except NotFoundError:
        st.info(_("This deployment has no evaluation of its model: `dvc repro` writes it."), icon=":material/info:")
    else:
        evaluation(found, info, words)
    st.subheader(_("Lineage"), anchor=False)
    lineage(info)


def summary(info: Json) -> None:
    """Draw what the model is, in two sentences."""
    language, card = current(), info["card"]
    st.markdown(
        _(
            "**{name}** {version}: candidate `{candidate}` for {dataset}, {count} facts about an applicant. "
            "A PD of {threshold} or more is declined: a false accept costs {accept}, a false reject {reject}."
        ).format(
            name=info["model"]["name"],
            version=info["model"]["version"] or _("(not published)"),
            candidate=card["candidate"],
            dataset=escaped(card["dataset"]["title"]),
            count=language.number(len(card["features"])),
            threshold=language.percent(card["threshold"]),
            accept=language.plain(card["costs"]["false_accept"]),
            reject=language.plain(card["costs"]["false_reject"]),
        )
    )


def evaluation(found: Json, info: Json, words: Texts) -> None:
    """Draw all that the test split showed."""
    language, curves = current(), found["curves"]
    st.subheader(_("Test split"), anchor=False)
    st.caption(
        _("{rows} applicants that training never saw, {bads} of them bad; 95 % intervals.").format(
            rows=language.number(found["rows"]), bads=language.percent(found["bad_rate"])
        )
    )
    metrics(found["metrics"])
    st.subheader(_("ROC curve"), anchor=False)
    st.altair_chart(charts.roc(curves["roc"], language), alt=_("ROC curve above the diagonal of chance"))
    st.subheader(_("Calibration"), anchor=False)
    st.altair_chart(charts.calibration(curves["calibration"], language), alt=_("Observed against predicted defaults"))
    st.subheader(_("Score distribution"), anchor=False)
    chart = charts.outcomes(curves["scores"], scale_of(info["card"]).threshold, language)
    st.altair_chart(chart, alt=_("Scores of good and bad applicants"))
    st.subheader(_("Confusion"), anchor=False)
    confusion(curves["confusion"])
    st.subheader(_("Importance"), anchor=False)
    titles = {each["name"]: words.title(each["name"], each["title"]) for each in info["card"]["features"]}
    st.altair_chart(charts.importance(found["importance"], titles, language), alt=_("What each fact is worth"))
    st.subheader(_("Fairness"), anchor=False)
    fairness(found["fairness"], words)


def metrics(found: Json) -> None:
    """Draw a row a metric: value, interval, what chance alone gives."""
    language = current()
    st.table(
        {
            _("Metric"): [metric(name) for name in found],
            _("Value"): [language.number(each["value"], 3) for each in found.values()],
            _("Interval"): [
                _("{low} to {high}").format(low=language.number(each["low"], 3), high=language.number(each["high"], 3))
                for each in found.values()
            ],
            _("Base rate"): [language.number(each["baseline"], 3) for each in found.values()],
        },
        hide_index=True,
        border="horizontal",
    )


def metric(name: str) -> str:
    """Return a metric's name as people know it."""
    known = {
        "roc_auc": "ROC AUC",
        "gini": "Gini",
        "ks": "KS",
        "pr_auc": "PR AUC",
        "brier": "Brier",
        "log_loss": _("Log loss"),
        "ece": _("Calibration error"),
        "expected_cost": _("Expected cost"),
    }
    return known.get(name, name)


def confusion(cells: list[Json]) -> None:
    """Draw outcomes by decisions."""
    language = current()
    counts = {(cell["outcome"], cell["decision"]): cell["count"] for cell in cells}
    decisions = {"approve": _("✓ Approve"), "decline": _("✕ Decline")}
    rows = {"good": _("good"), "bad": _("bad")}
    st.table(
        {_("Outcome"): list(rows.values())}
        | {
            word: [language.number(counts.get((outcome, decision), 0)) for outcome in rows]
            for decision, word in decisions.items()
        },
        hide_index=True,
        border="horizontal",
    )


def fairness(groups: list[Json], words: Texts) -> None:
    """Draw a table for each protected field; they are no features, and looked at here only."""
    language = current()
    st.caption(
        _(
            "Protected facts are no features; they are looked at here only. Ratio: the group's approval rate to that "
            "of the group approved most; bad: the observed share of bads, and the mean PD."
        )
    )
    for name in dict.fromkeys(group["field"] for group in groups):
        members = [group for group in groups if group["field"] == name]
        st.markdown(f"**{escaped(words.title(name))}**")
        st.table(
            {
                _("Group"): [
                    f"{escaped(words.label(name, each['group']))} ({language.number(each['count'])})"
                    for each in members
                ],
                _("Approved"): [rate(each["approval_rate"]) for each in members],
                _("Ratio"): [missing_or(each["approval_ratio"], 2) for each in members],
                _("Bad; PD"): [f"{rate(each['bad_rate'])}; {rate(each['mean_pd'])}" for each in members],
                "AUC": [missing_or(each["roc_auc"], 2) for each in members],
            },
            hide_index=True,
            border="horizontal",
        )


def rate(value: float | None) -> str:
    """Return a share; a dash where the group was too small for one."""
    return NONE if value is None else current().percent(value, 0)


def missing_or(value: float | None, digits: int) -> str:
    """Return a number; a dash where there is none."""
    return NONE if value is None else current().number(value, digits)
