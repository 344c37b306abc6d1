"""counts and cohorts -> what the page and the report draw, as rows of table monitor_views; counts only, no applicant"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from src.model.development import Development, subject_of
from src.model.stability import psi
from src.monitoring.cohorts import Month
from src.monitoring.counts import Counts

LIVE_DAYS = 28  # closed ones, which stand for now


def distribution(development: Development, based: Counts, live: Counts) -> dict[str, Any]:
    """Return how the reference and the last days' applicants are distributed, subject by subject."""
    found = {}
    for subject, one in development.subjects.items():
        reference = based.get(subject, one.rows)
        now = live.get(subject, [0] * len(one.rows))
        if len(reference) == len(now) == len(one.rows):
            index = psi(reference, now) if sum(now) else None
            found[subject] = {"labels": one.labels, "reference": reference, "live": now, "psi": index}
    return {"subjects": found}


def points(development: Development, live: Counts) -> dict[str, Any]:
    """Return the mean points of each field at development and now, and what it has won or lost (Siddiqi 2006, ch. 12).

    A bin's points are what the typical applicant's score changes by with that bin's value; whose bin has none counts in
    neither mean.
    """
    fields = []
    for feature, one in development.features.items():
        before, now = mean(one.points, one.rows), mean(one.points, live.get(subject_of(feature), ()))
        if before is not None and now is not None:
            fields.append({"feature": feature, "development": before, "live": now, "difference": now - before})
    return {"fields": fields}


def mean(values: Sequence[float | None], rows: Sequence[int]) -> float | None:
    """Return the mean of the bins' points, each counted as often as it has rows; None without any.

    >>> mean([10.0, 0.0, None], [1, 3, 5])
    2.5
    """
    if len(values) != len(rows):
        return None
    known = [(value, many) for value, many in zip(values, rows, strict=True) if value is not None]
    total = sum(many for _, many in known)
    return sum(value * many for value, many in known) / total if total else None


def bands(development: Development, cohorts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return observed beside expected bads by score band, of the approved of those months that are judged."""
    judged = [found["bands"] for found in cohorts if found["look"] != "open"]
    shown = []
    for place, band in enumerate(development.approved.bands):
        its = [months[place] for months in judged if len(months) > place]
        live = {name: sum(one[name] for one in its) for name in ("rows", "expected", "observed")}
        reference = {"reference_expected": band.expected, "reference_observed": band.observed}
        shown.append({"low": band.low, "high": band.high, **live, **reference})
    return {"bands": shown}


def vintages(cohorts: Mapping[Month, Mapping[str, Any]], now: datetime) -> dict[str, Any]:
    """Return the cumulative bad rate by month of application and calendar months since (vintage curves, Siddiqi 2006).

    A rate is of all approved, whether their outcomes are known or not: of an open month it may still rise.
    """
    found = []
    for month in sorted(cohorts):
        cohort = cohorts[month]
        approved, rates, bads = cohort["approved"], [], 0
        by_age = dict(enumerate(cohort["bads_by_age"]))
        for age in range(max(0, month.since(now)) + 1 if approved else 0):
            bads += by_age.get(age, 0)
            rates.append(bads / approved)
        shown = {"month": month.text, "approved": approved, "open": cohort["look"] == "open", "bad_rate": rates}
        found.append(shown)
    return {"vintages": found}
