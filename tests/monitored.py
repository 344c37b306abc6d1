"""months of a version's monitoring, as the monitor leaves them in the log's tables: for the page and the report

The numbers are drawn by a seed and made to tell a story: one fact drifts from day 90 on, four cohorts have outcomes.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import sqlalchemy as sa

from src.journal.monitoring_tables import ALERT_EVENTS, ALERTS, CHECKS, COHORTS, HOURLY_COUNTS, MONITOR_PROGRESS
from src.journal.monitoring_tables import MONITOR_VIEWS as VIEWS

DAYS, SHIFT, THIN = 120, 90, 7  # days that are seeded, the one from which a fact drifts, one that is too small
MONTHS = ("2026-03", "2026-04", "2026-05", "2026-06", "2026-07", "2026-08")
LOOKS = ("mature", "mature", "mature", "early", "open", "open")
SCORES = ["to 450", "over 450 to 500", "over 500 to 550", "over 550 to 600", "over 600"]
SAID = "duration moved <b>&</b> *much*"  # a text that a page must not take for its own
COMMAND = "python -m src.monitoring status"
LEFT_OUT = "100 predictions of the batch run 7 are left out: /scores/manifest.json: no such file."
Rows = list[dict[str, Any]]


def seed(
    engine: sa.Engine, form: str, subjects: Mapping[str, Sequence[str]], version: str | None = "1", **about: Any
) -> None:
    """Write the tables of a form; `subjects` are its features with their bins, of which the first drifts."""
    now: datetime = about.get("now", datetime.now(UTC)).replace(minute=0, second=0, microsecond=0)
    known = {**subjects, "probability_of_default": ["to .1", "over .1"], "score": SCORES}
    known["decision"] = ["approve", "decline"]
    start = now.replace(hour=0) - timedelta(days=DAYS)
    whose = {"form_sha256": form, "model_version": version}
    with engine.begin() as connection:
        for table, rows in {
            CHECKS: [*drift(start, whose, list(known)), *volume(start), *calibration(whose)],
            COHORTS: cohorts(whose, now),
            VIEWS: views(whose, known, list(subjects), now),
            ALERTS: alerts(whose, next(iter(subjects)), now),
            ALERT_EVENTS: events(now),
            HOURLY_COUNTS: hours(whose, start),
            MONITOR_PROGRESS: [progress(now)],
        }.items():
            connection.execute(sa.insert(table), rows)


def check(whose: Mapping[str, Any], kind: str, subject: str, start: datetime, end: datetime, **found: Any) -> Any:
    """One check, quiet unless it says otherwise."""
    empty = dict.fromkeys(("psi", "psi_training", "statistic", "p_value", "value", "limit", "says"))
    place = {"kind": kind, "subject": subject, "window_start": start, "window_end": end, "judged_at": end}
    return {**whose, "model_sha256": "a" * 64, **place, "rows": 300, "alarm": False, **empty, **found}


def drift(start: datetime, whose: Mapping[str, Any], subjects: Sequence[str]) -> Rows:
    """A window a day of every subject; the first drifts in the end, and one day is too small."""
    random, found = Random(17), []
    for day in range(DAYS):
        begins = start + timedelta(days=day)
        for place, subject in enumerate(subjects):
            psi = 0.02 + 0.05 * random.random() + (0.2 if place == 0 and day >= SHIFT else 0.0)
            judged: dict[str, Any] = {
                "psi": psi,
                "psi_training": psi + 0.3 * (place == 1),
                "statistic": 9.0 + 100 * psi,
            }
            judged |= {"p_value": 1e-9 if psi > 0.2 else 0.4, "alarm": psi > 0.2, "limit": 0.1}
            if day == THIN:
                judged = {"rows": 40, "alarm": None, "says": "too few: 40 rows, 200 are needed"}
            found.append(check(whose, "drift", subject, begins, begins + timedelta(days=1), **judged))
    return found


def volume(start: datetime) -> Rows:
    """The applications of each day, judged from the ninth week on; the last day has four times as many."""
    everyone = {"form_sha256": "", "model_version": None}
    found = []
    for day in range(DAYS):
        rows, begins = 1200 if day == DAYS - 1 else 260 + 20 * (day % 5), start + timedelta(days=day)
        judged: dict[str, Any] = {"alarm": None, "says": "not judged before the ninth week"}
        if day >= 56:
            judged = {"value": rows / 300, "limit": 3.0, "alarm": rows > 900}
        found.append(check(everyone, "volume", "", begins, begins + timedelta(days=1), rows=rows, **judged))
    return found


def calibration(whose: Mapping[str, Any]) -> Rows:
    """One month's check of observed against expected bads."""
    begins, ends = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    return [check(whose, "calibration", "bads", begins, ends, value=1.1, limit=1.25, p_value=0.3, rows=3000)]


def metric(value: float, reference: float) -> dict[str, float]:
    """A live metric with its interval beside the reference's."""
    return {"value": value, "low": value - 0.02, "high": value + 0.02, "reference": reference}


def cohorts(whose: Mapping[str, Any], now: datetime) -> Rows:
    """Six months of applicants: three mature, an early look, two that are open."""
    return [
        {**whose, "month": month, "mature": look != "open", "found": json.dumps(cohort(place, look)), "time": now}
        for place, (month, look) in enumerate(zip(MONTHS, LOOKS, strict=True))
    ]


def cohort(place: int, look: str) -> dict[str, Any]:
    """What was found of a month; groups are known well in the second only."""
    share = {"mature": 0.97, "early": 0.95, "open": 0.3}[look]
    found = {
        "predictions": 9000 + place, "approved": 3000, "known": int(3000 * share), "share_known": share, "look": look,
        "bads": 60 + place, "expected": 88.4, "ratio": (60 + place) / 88.4, "reference_ratio": 0.64,
        "statistic": 0.4, "p_value": 0.35, "alarm": False if look != "open" else None,
        "roc_auc": metric(0.71, 0.74), "gini": metric(0.42, 0.48), "ks": metric(0.31, 0.36),
        "brier": metric(0.021, 0.024), "spiegelhalter_z": None, "expected_roc_auc": 0.73,
        "false_accept_cost": 305.0, "groups": [], "groups_known": 0.4,
    }  # fmt: skip
    if place == 0:
        found["says"] = LEFT_OUT
    if place == 1:
        sizes = {"female": (3000, 810, 0.77), "male": (6001, 2100, 1.0)}
        found |= {"groups_known": 0.99, "groups": [
            {"field": "sex", "value": value, "predictions": count, "approved": approved, "approval_ratio": ratio,
             "known": approved - 10, "observed": 20, "expected": 26.5, "low": 0.46, "high": 1.17}
            for value, (count, approved, ratio) in sizes.items()]}  # fmt: skip
    return found


def views(whose: Mapping[str, Any], known: Mapping[str, Sequence[str]], features: Sequence[str], now: datetime) -> Rows:
    """The four views of a form, and a version that has no reference."""
    random = Random(18)
    subjects = {
        name: {
            "labels": list(labels),
            "reference": [random.randrange(60, 120) for _ in labels],
            "live": [random.randrange(600, 1200) for _ in labels],
            "psi": 0.27 if place == 0 else 0.03,
        }
        for place, (name, labels) in enumerate(known.items())
    }
    bands = [
        {"low": low, "high": high, "rows": 800, "expected": 40.0 - 9 * place, "observed": 30 - 8 * place,
         "reference_expected": 12.0 - 3 * place, "reference_observed": 8 - 2 * place}
        for place, (low, high) in enumerate([(None, 500), (501, 550), (551, 600), (601, None)])
    ]  # fmt: skip
    vintages = [
        {"month": month, "approved": 3000, "open": look == "open",
         "bad_rate": [0.002 * (1 + 0.1 * place) * since for since in range(8 - place)]}
        for place, (month, look) in enumerate(zip(MONTHS, LOOKS, strict=True))
    ]  # fmt: skip
    fields: Rows = [
        {"feature": name, "development": 10.0 + place, "live": 10.0 + place * 0.9 - (4 if place == 0 else 0)}
        for place, name in enumerate(features)
    ]
    points = [each | {"difference": each["live"] - each["development"]} for each in fields]
    found = {"distribution": {"subjects": subjects}, "bands": {"bands": bands}, "vintages": {"vintages": vintages}}
    rows = [{**whose, "kind": kind, "found": json.dumps(view), "time": now} for kind, view in found.items()]
    rows.append({**whose, "kind": "points", "found": json.dumps({"fields": points}), "time": now})
    says = json.dumps({"says": "version 9 has no reference: it is not judged"})
    return [*rows, {"form_sha256": "9" * 64, "model_version": "9", "kind": "version", "found": says, "time": now}]


def alerts(whose: Mapping[str, Any], subject: str, now: datetime) -> Rows:
    """One that fires, one that somebody knows of, one that is over."""
    states = {"firing": (subject, 27), "acknowledged": ("score", 60), "resolved": ("decision", 100)}
    return [
        {
            **whose, "id": f"0000000{place}-0000-7000-8000-000000000000", "kind": "drift", "subject": about,
            "state": state, "since": now - timedelta(days=days), "value": 0.27, "limit": 0.1, "rows": 300,
            "text": f"{SAID}\nLook closer: {COMMAND}", "command": COMMAND, "delivered_at": now - timedelta(days=days),
            "acknowledged_until": now + timedelta(days=9) if state == "acknowledged" else None, "changed_at": now,
        }
        for place, (state, (about, days)) in enumerate(states.items())
    ]  # fmt: skip


def events(now: datetime) -> Rows:
    """What became of each alert."""
    empty: dict[str, Any] = {"value": 0.27, "rows": 300, "why": None, "by": None, "until": None}
    ids = [f"0000000{place}-0000-7000-8000-000000000000" for place in range(3)]
    rows = [{"alert_id": each, "time": now - timedelta(days=100), "state": "firing", **empty} for each in ids]
    known = {"why": "a campaign", "by": "ana", "until": now + timedelta(days=9)}
    rows.append({"alert_id": ids[1], "time": now, "state": "acknowledged", **(empty | known)})
    return [*rows, {"alert_id": ids[2], "time": now, "state": "resolved", **empty}]


def hours(whose: Mapping[str, Any], start: datetime) -> Rows:
    """An hour a day, of the form and of a version that has no reference."""
    other = {"form_sha256": "9" * 64, "model_version": "9"}
    return [
        {**who, "hour": start + timedelta(days=day), "model_sha256": "a" * 64, "rows": 300, "counts": "{}"}
        for who in (whose, other)
        for day in range(DAYS)
    ]


def progress(now: datetime) -> dict[str, Any]:
    """The monitor's last success."""
    value = {"last_success": now.isoformat(), "rows_counted": 300 * DAYS, "receiver": "none"}
    return {"name": "run", "value": json.dumps(value), "time": now}


def simulated(engine: sa.Engine) -> None:
    """Mark the log as one that nobody's applicants are in."""
    now = datetime.now(UTC)
    row = {"form_sha256": "", "kind": "simulated", "model_version": None, "found": "{}", "time": now}
    with engine.begin() as connection:
        connection.execute(sa.insert(VIEWS), [row])
