"""a version's month -> what the view shows of it, bads beside those expected, metrics, groups; whether it is judged"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from src.lineage.policy import Monitoring
from src.model.card import Card
from src.model.development import Development
from src.monitoring.cohorts import Answered, Cohort, Group, Known
from src.monitoring.performance import Bads, Calibration, expected_roc_auc, metrics, more_bads, ratio_interval

SHARE, SHARE_AT_ANY_AGE = 0.8, 0.95  # of the approved whose outcomes are known, from which a month is judged
GROUPED = 0.9  # share of a month's predictions whose group is known, from which groups are compared


def found_of(
    cohort: Cohort, card: Card, development: Development, policy: Monitoring, now: datetime
) -> tuple[dict[str, Any], Calibration | None]:
    """Return what the view shows of a cohort, and what its check says; None of one that is not to be judged yet."""
    known = known_of(cohort)
    look = look_of(cohort, len(known.pd), policy, now)
    live = Bads(int(known.bad.sum()), float(known.pd.sum()))
    reference = Bads(development.approved.observed, development.approved.expected)
    judged = more_bads(live, reference, policy.alpha, policy.least_bads, policy.ratio)
    shown = {
        "predictions": cohort.predictions,
        "approved": cohort.approved,
        "known": len(known.pd),
        "share_known": len(known.pd) / cohort.approved if cohort.approved else None,
        "look": look,
        "bads": live.observed,
        "expected": live.expected,
        "ratio": judged.ratio,
        "reference_ratio": judged.reference_ratio,
        "statistic": judged.statistic,
        "p_value": judged.p_value,
        "alarm": judged.alarm if look != "open" else None,
        **{name: beside(one, development, name) for name, one in metrics(known.bad, known.pd).items()},
        "expected_roc_auc": promised(cohort),
        "false_accept_cost": card.costs.false_accept * live.observed,
        **groups_of(cohort),
        "bands": bands_of(known, development),
        "bads_by_age": np.bincount(known.months[known.bad == 1]).tolist() if live.observed else [],
        **({"says": " ".join(cohort.batches.says)} if cohort.batches and cohort.batches.says else {}),
    }
    return shown, judged if look != "open" else None


def known_of(cohort: Cohort) -> Known:
    """Return the approved whose outcomes are known, those of the service and of batches."""
    rows = [one for one in cohort.known if one.approved]
    mine = Known(
        np.array([one.probability_of_default for one in rows], dtype=np.float64),
        *(np.array(values, dtype=np.int64) for values in (
            [one.score for one in rows], [one.bad for one in rows], [one.months or 0 for one in rows]
        )),
    )  # fmt: skip
    batches = cohort.batches.known if cohort.batches else ()
    return Known(*map(np.concatenate, zip(mine, *batches, strict=True))) if batches else mine


def promised(cohort: Cohort) -> float | None:
    """Return the area under the ROC curve that the PDs of all approved promise; None while the month goes on."""
    pds = cohort.batches.pds if cohort.batches else ()
    values = np.array([*cohort.pds, *(mean for _, mean in pds)], dtype=np.float64)
    many = np.concatenate([np.ones(len(cohort.pds), np.int64), np.array([rows for rows, _ in pds], np.int64)])
    return expected_roc_auc(values, many) if len(values) else None


def look_of(cohort: Cohort, known: int, policy: Monitoring, now: datetime) -> str:
    """Return whether a cohort is judged: `mature` by its age, `early` by outcomes of nearly all, or still `open`.

    Bads are known before goods. Before most goods are, the outcomes that are known are too many bads.
    """
    if cohort.month.end > now or not cohort.approved:
        return "open"
    share = known / cohort.approved
    if cohort.month.end + timedelta(days=policy.maturity_days) <= now and share >= SHARE:
        return "mature"
    return "early" if share >= SHARE_AT_ANY_AGE else "open"


def beside(found: Any, development: Development, name: str) -> dict[str, float | None] | None:
    """Return a metric with its interval, beside the out-of-fold value of the approved."""
    usual = development.approved.metrics.get(name)
    return None if found is None else {**found._asdict(), "reference": usual.value if usual else None}


def bands_of(known: Known, development: Development) -> list[dict[str, float]]:
    """Return rows, expected and observed bads by the reference's score bands."""
    bands = development.approved.bands
    places = np.searchsorted([band.high for band in bands if band.high is not None], known.score)
    rows, expected, observed = (np.bincount(places, each, len(bands)) for each in (None, known.pd, known.bad))
    return [
        {"rows": int(rows[place]), "expected": float(expected[place]), "observed": int(observed[place])}
        for place in range(len(bands))
    ]


def groups_of(cohort: Cohort) -> dict[str, Any]:
    """Return the groups of those fields by which at least 90 % of the month's predictions are grouped, and that share.

    The share is the smallest of the fields'. An approval ratio is a group's approval rate over its field's highest.
    """
    of_field: dict[str, dict[str, Group]] = defaultdict(dict)
    for (field, value), its in grouped(cohort).items():
        of_field[field][value] = its
    many = {field: sum(its.predictions for its in values.values()) for field, values in of_field.items()}
    shares = {field: rows / cohort.predictions for field, rows in many.items()} if cohort.predictions else {}
    shown = [one for field in sorted(shares) if shares[field] >= GROUPED for one in compared(field, of_field[field])]
    return {"groups": shown, "groups_known": min(shares.values(), default=0.0)}


def grouped(cohort: Cohort) -> dict[tuple[str, str], Group]:
    """Return each field's groups, of the service's predictions and of batches' rows."""
    rows: dict[tuple[str, str], list[Answered]] = defaultdict(list)
    for field, value, one in cohort.groups:
        rows[field, value].append(one)
    found = {name: group(its) for name, its in rows.items()}
    for name, its in (cohort.batches.groups if cohort.batches else {}).items():
        found[name] = together(found.get(name), its)
    return found


def group(rows: Sequence[Answered]) -> Group:
    """Return a group of the service's predictions."""
    approved = [one for one in rows if one.approved]
    known = [one for one in approved if one.bad is not None]
    bads = sum(one.bad is True for one in known)
    return Group(len(rows), len(approved), len(known), bads, sum(one.probability_of_default for one in known))


def together(before: Group | None, new: Group) -> Group:
    """Return two parts of a group as one."""
    if before is None:
        return new
    return Group(
        before.predictions + new.predictions,
        before.approved + new.approved,
        before.known + new.known,
        before.observed + new.observed,
        before.expected + new.expected,
    )


def compared(field: str, groups: Mapping[str, Group]) -> Iterator[dict[str, Any]]:
    """Yield each group of a field: how many of it are approved, bads observed beside those expected."""
    rates = {value: its.approved / its.predictions for value, its in groups.items()}
    most = max(rates.values())
    for value, its in sorted(groups.items()):
        interval = ratio_interval(Bads(its.observed, its.expected))
        yield {
            "field": field,
            "value": value,
            "predictions": its.predictions,
            "approved": its.approved,
            "approval_ratio": rates[value] / most if most else None,
            "known": its.known,
            "observed": its.observed,
            "expected": its.expected,
            "low": interval.low if interval else None,
            "high": interval.high if interval else None,
        }
