"""the evaluation and scores -> charts whose signs differ in shape too, with the language's numbers"""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from src.frontend.gauge import ACCENT
from src.frontend.language import Language, _

GREY = "#7d8794"
HEIGHT = 260
Rows = Sequence[Mapping[str, Any]]


def finished(chart: Any, language: Language) -> Any:
    """Return the chart with the language's numbers."""
    comma = language.decimal_comma
    number = alt.NumberLocale(
        decimal="," if comma else ".", thousands="." if comma else ",", grouping=[3], currency=["", ""]
    )
    return chart.properties(height=HEIGHT).configure(locale=alt.Locale(number=number))


def roc(curve: Rows, language: Language) -> Any:
    """Return true against false positives, beside the diagonal of a coin."""
    x = alt.X("false_positive_rate:Q", title=_("Good applicants declined"), axis=alt.Axis(format=".0%"))
    y = alt.Y("true_positive_rate:Q", title=_("Bad applicants declined"), axis=alt.Axis(format=".0%"))
    line = alt.Chart(pd.DataFrame(curve)).mark_line(color=ACCENT, strokeWidth=2.5)
    return finished(diagonal() + line.encode(x=x, y=y, order="false_positive_rate:Q"), language)


def calibration(curve: Rows, language: Language) -> Any:
    """Return what happened against what was predicted; on the diagonal both are the same."""
    frame = pd.DataFrame(curve)
    x = alt.X("mean_pd:Q", title=_("Predicted probability of default"), axis=alt.Axis(format=".0%"))
    y = alt.Y("bad_rate:Q", title=_("Observed share of bads"), axis=alt.Axis(format=".0%"))
    base = alt.Chart(frame).encode(x=x, y=y)
    points = base.mark_point(color=ACCENT, filled=True, size=70).encode(tooltip=list(frame.columns))
    return finished(diagonal() + base.mark_line(color=ACCENT, strokeWidth=1.5) + points, language)


def diagonal() -> Any:
    """Return the line from 0, 0 to 1, 1."""
    ends = pd.DataFrame({"at": [0.0, 1.0]})
    return alt.Chart(ends).mark_line(color=GREY, strokeDash=[5, 4]).encode(x="at:Q", y="at:Q")


def outcomes(bins: Rows, threshold: float, language: Language) -> Any:
    """Return how many goods and bads have which score, as a full and a dashed line."""
    words = {"good": _("good"), "bad": _("bad")}
    rows = [
        {"score": each["score"], "outcome": words[kind], "count": each[kind]}
        for each in bins
        for kind in ("good", "bad")
    ]
    domain = list(words.values())
    lines = (
        alt.Chart(pd.DataFrame(rows))
        .mark_line(interpolate="step-after", strokeWidth=2.5)
        .encode(
            x=alt.X("score:Q", title=_("Score in points"), scale=alt.Scale(zero=False)),
            y=alt.Y("count:Q", title=_("Applicants")),
            color=alt.Color(
                "outcome:N",
                scale=alt.Scale(domain=domain, range=[ACCENT, GREY]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            strokeDash=alt.StrokeDash("outcome:N", scale=alt.Scale(domain=domain, range=[[1, 0], [6, 4]])),
        )
    )
    return finished(lines + at_threshold(threshold, language), language)


def scores(found: Sequence[int], bounds: tuple[float, float], threshold: float, language: Language) -> Any:
    """Return how many of a file's rows have which score."""
    bars = (
        alt.Chart(pd.DataFrame({"score": found}))
        .mark_bar(color=ACCENT)
        .encode(
            x=alt.X("score:Q", bin=alt.Bin(step=25, extent=list(bounds)), title=_("Score in points")),
            y=alt.Y("count()", title=_("Applicants")),
        )
    )
    return finished(bars + at_threshold(threshold, language), language)


def at_threshold(points: float, language: Language) -> Any:
    """Return the line at the threshold, with its name."""
    frame = pd.DataFrame({"at": [points], "name": [_("threshold {points}").format(points=language.number(points))]})
    rule = alt.Chart(frame).mark_rule(strokeDash=[2, 2], strokeWidth=2, color=GREY).encode(x="at:Q")
    name = alt.Chart(frame).mark_text(baseline="bottom", color=GREY, fontSize=12)
    return rule + name.encode(x="at:Q", y=alt.value(-4), text="name:N")


def importance(rows: Rows, titles: Mapping[str, str], language: Language) -> Any:
    """Return what the model loses without each fact."""
    frame = pd.DataFrame([{"title": titles[row["feature"]], "loss": row["loss"]} for row in rows])
    bars = alt.Chart(frame).mark_bar(color=ACCENT)
    chart = bars.encode(
        x=alt.X("loss:Q", title=_("Loss of ROC AUC when it is shuffled")),
        y=alt.Y("title:N", sort="-x", title=None, axis=alt.Axis(labelLimit=150, labelOverlap=False)),
    )
    return finished(chart, language).properties(height=22 * len(frame))
