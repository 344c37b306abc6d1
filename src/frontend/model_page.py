"""card and evaluation of the served model -> metrics, curves, confusion, fairness, lineage"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from src.frontend import charts, fairness, scorecard, segments, served
from src.frontend.answer import escaped
from src.frontend.errors import NotFoundError
from src.frontend.gauge import scale_of
from src.frontend.language import _, current
from src.frontend.lineage import lineage
from src.frontend.texts import texts

HALF, CHART = 380, 720  # pixels: where half of the page is narrower, the halves stand one beneath the other
Json = Mapping[str, Any]


def show() -> None:
    """Draw what the model is, and a tab for each thing to know of it."""
    st.title(_("Model"), anchor=False)
    info = served.model_info()
    summary(info)
    drawn = tests(info)
    *places, origin = st.tabs([*drawn, _("Lineage")])
    with origin:
        lineage(info)
    for place, draw in zip(places, drawn.values(), strict=True):
        with place:
            draw()


def tests(info: Json) -> dict[str, Callable[[], None]]:
    """Return what the evaluation shows, by its tab; a tab that would be empty is left out."""
    try:
        found = served.evaluation()
    except NotFoundError:
        return {_("Quality"): none}
    drawn = {
        _("Quality"): lambda: quality(found, info),
        _("Calibration"): lambda: calibration(found["curves"]["calibration"]),
    }
    if found.get("scorecard"):
        drawn[_("Scorecard")] = lambda: scorecard.show(found["scorecard"], info["card"]["features"], texts(info))
    if found.get("segments"):
        drawn[_("Segments")] = lambda: segments.show(found["segments"], texts(info))
    if found["fairness"]:
        drawn[_("Fairness")] = lambda: fairness.show(found["fairness"], texts(info))
    return drawn


def none() -> None:
    """Draw that there is no evaluation."""
    st.info(_("This deployment has no evaluation of its model: `dvc repro` writes it."), icon=":material/info:")


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


def quality(found: Json, info: Json) -> None:
    """Draw how well the test split's goods and bads were told apart."""
    language, curves = current(), found["curves"]
    grid = st.grid(2, min_column_width=HALF, gap="medium")
    with grid.cell():
        split(found)
        metrics(found["metrics"])
    with grid.cell():
        st.subheader(_("ROC curve"), anchor=False)
        st.altair_chart(charts.roc(curves["roc"], language), alt=_("ROC curve above the diagonal of chance"))
        st.subheader(_("Confusion"), anchor=False)
        confusion(curves["confusion"])
    with grid.cell():
        st.subheader(_("Score distribution"), anchor=False)
        chart = charts.outcomes(curves["scores"], scale_of(info["card"]).threshold, language)
        st.altair_chart(chart, alt=_("Scores of good and bad applicants"))
    with grid.cell():
        st.subheader(_("Importance"), anchor=False)
        words = texts(info)
        titles = apart({each["name"]: words.title(each["name"], each["title"]) for each in info["card"]["features"]})
        st.altair_chart(charts.importance(found["importance"], titles, language), alt=_("What each fact is worth"))


def apart(titles: Mapping[str, str]) -> dict[str, str]:
    """Return name -> title, with the name behind it where several have the same."""
    shared = Counter(titles.values())
    return {name: f"{title} ({name})" if shared[title] > 1 else title for name, title in titles.items()}


def split(found: Json) -> None:
    """Draw what the numbers are of."""
    language = current()
    st.subheader(_("Test split"), anchor=False)
    st.caption(
        _("{rows} applicants that training never saw, {bads} of them bad; 95 % intervals.").format(
            rows=language.number(found["rows"]), bads=language.percent(found["bad_rate"])
        )
    )


def calibration(curve: list[Json]) -> None:
    """Draw whether as many default as is predicted."""
    said = _(
        "Each point is one of {count} equal groups of the test split; on the dashed line both shares are the same."
    )
    st.caption(said.format(count=current().number(len(curve))))
    with st.container(width=CHART):
        st.altair_chart(charts.calibration(curve, current()), alt=_("Observed against predicted defaults"))


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
