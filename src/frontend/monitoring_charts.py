"""what the monitor found -> charts, in colours of light and dark, with signs beside the colours"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from src.frontend.charts import GREY, HEIGHT, finished
from src.frontend.gauge import ACCENT
from src.frontend.language import Language, _

MONTHS = 6  # of a row of the legend
ROW, AROUND = 20, 100  # pixels of a row, and of what stands above and beneath all rows
STEPS = (0.1, 0.25)  # Siddiqi's PSI of some change, and of much
SHADES = ("rgba(59, 118, 196, .18)", "rgba(59, 118, 196, .55)", ACCENT)
DAY = alt.Axis(format="%Y-%m-%d", labelOverlap=True, labelFlush=True)
NAMES = alt.Axis(labelLimit=150, labelOverlap=False, labelBound=False)
ALARM = "#e07b00"
Rows = Sequence[Mapping[str, Any]]


def heat(rows: Rows, order: Sequence[str], language: Language) -> Any:
    """Return the PSI of each subject in each window; a triangle marks an alarm."""
    frame = pd.DataFrame(rows)
    y = alt.Y("title:N", sort=list(order), title=None, axis=NAMES, scale=alt.Scale(paddingInner=0.12))
    shade = alt.Scale(type="threshold", domain=list(STEPS), range=list(SHADES))
    told = {"title": _("Fact"), "window": _("Window"), "psi_text": _("PSI"), "rows_text": _("Applicants")}
    tooltip = [alt.Tooltip(f"{name}:N", title=title) for name, title in told.items()]
    cells = (
        alt.Chart(frame)
        .mark_rect()
        .encode(
            x=alt.X("start:T", scale=alt.Scale(type="utc"), title=_("Window"), axis=DAY),
            x2="end:T",
            y=y,
            color=alt.Color("psi:Q", scale=shade, legend=alt.Legend(title=_("PSI"), orient="top", format=".2f")),
            tooltip=tooltip,
        )
    )
    marks = alt.Chart(frame[frame["alarm"]]).mark_point(shape="triangle-up", filled=True, size=22, color=ALARM)
    alarms = marks.encode(x=alt.X("middle:T", scale=alt.Scale(type="utc")), y=y, tooltip=tooltip)
    return finished(cells + alarms, language).properties(height=ROW * len(order) + AROUND)


def volume(rows: Rows, language: Language) -> Any:
    """Return how many applied in each window; a triangle marks an alarm."""
    frame = pd.DataFrame(rows)
    scale, count = alt.Scale(type="utc"), alt.Y("rows:Q", title=_("Applications"))
    x = alt.X("start:T", scale=scale, title=_("Window"), axis=DAY)
    told = ["window:N", alt.Tooltip("rows:Q", title=_("Applications"))]
    bars = alt.Chart(frame).mark_rect(color=ACCENT).encode(x=x, x2="end:T", y=count, y2=alt.datum(0), tooltip=told)
    marks = alt.Chart(frame[frame["alarm"]]).mark_point(shape="triangle-up", filled=True, size=60, color=ALARM)
    return finished(bars + marks.encode(x=alt.X("middle:T", scale=scale), y=count), language)


def paired(rows: Rows, order: Sequence[str], kinds: Sequence[str], title: str, language: Language) -> Any:
    """Return two bars a bin, then and now or expected and observed: the first grey, the second coloured."""
    bars = (
        alt.Chart(pd.DataFrame(rows))
        .mark_bar()
        .encode(
            x=alt.X("bin:N", sort=list(order), title=None, axis=alt.Axis(labelAngle=-40, labelLimit=140)),
            xOffset=alt.XOffset("kind:N", sort=list(kinds)),
            y=alt.Y("share:Q", title=title, axis=alt.Axis(format="%")),
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=list(kinds), range=[GREY, ACCENT]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=["bin:N", "kind:N", alt.Tooltip("share:Q", format=".2%")],
        )
    )
    return finished(bars, language).properties(height=HEIGHT + 60)


def points(rows: Rows, language: Language) -> Any:
    """Return the points that applicants win or lose by each field since development, the most on top."""
    order = [row["title"] for row in sorted(rows, key=lambda row: -abs(row["difference"]))]
    most = max(*(abs(row["difference"]) for row in rows), 1.0)
    bars = (
        alt.Chart(pd.DataFrame(rows))
        .mark_bar()
        .encode(
            x=alt.X("difference:Q", title=_("Points won or lost"), scale=alt.Scale(domain=[-most, most])),
            y=alt.Y("title:N", sort=order, title=None, axis=NAMES),
            color=alt.condition(alt.datum.difference < 0, alt.value(GREY), alt.value(ACCENT)),
            tooltip=["title:N", alt.Tooltip("difference:Q", format="+.2f")],
        )
    )
    return finished(bars, language).properties(height=ROW * len(order) + AROUND)


def vintages(rows: Rows, language: Language) -> Any:
    """Return the cumulative bad rate of each month's applicants; cohorts that are still open are dashed."""
    frame, words = pd.DataFrame(rows), [_("mature"), _("still open")]
    since = alt.X("since:Q", title=_("Months since the application"), axis=alt.Axis(format="d", tickMinStep=1))
    rate = alt.Y("rate:Q", title=_("Share of bads so far"), axis=alt.Axis(format=".1%"))
    seen = alt.Scale(scheme=alt.SchemeParams(name="viridis", extent=[0.2, 0.85]))  # on light and on dark
    months = alt.Legend(title=_("Month of application"), orient="bottom", columns=MONTHS)
    month = alt.Color("month:O", scale=seen, legend=months)
    dashes = alt.StrokeDash(
        "state:N",
        scale=alt.Scale(domain=words, range=[[1, 0], [5, 3]]),
        legend=alt.Legend(title=None, orient="top"),
    )
    base = alt.Chart(frame).encode(x=since, y=rate, color=month)
    told = ["month:N", "since:Q", alt.Tooltip("rate:Q", format=".2%"), "state:N"]
    lines = base.mark_line(strokeWidth=2).encode(strokeDash=dashes)
    dots = base.mark_point(filled=True, size=30).encode(tooltip=told)
    height = HEIGHT + AROUND + ROW * math.ceil(frame["month"].nunique() / MONTHS)
    return finished(lines + dots, language).properties(height=height)
