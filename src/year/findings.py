"""what the API tells of the year's months and alerts -> whether what was promised has happened"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf, log
from typing import Any

from src.errors import LastroError
from src.year.calendar import CHANGE


@dataclass(frozen=True)
class Calibration:
    """Bads of some months among the approved, beside those that the PDs expect, and what development lets expect."""

    observed: int
    expected: float
    usual: float

    @property
    def ratio(self) -> float:
        """Return observed over expected."""
        return self.observed / self.expected

    @property
    def distance(self) -> float:
        """Return how far observed over expected is from 1, on the scale on which twice and half are equally far."""
        return abs(log(self.ratio)) if self.observed else inf


def pooled(cohorts: Iterable[dict[str, Any]], version: str, since: str = "") -> Calibration:
    """Return the calibration of a version's months from one on; raises LastroError where outcomes are missing."""
    chosen = [one for one in cohorts if one["model_version"] == version and one["month"] >= since and one["expected"]]
    if not chosen:
        raise LastroError(f"version {version} has no month with outcomes")
    usual = chosen[0]["reference_ratio"]
    return Calibration(sum(one["bads"] for one in chosen), sum(one["expected"] for one in chosen), usual)


def cohort_lines(cohorts: Sequence[dict[str, Any]]) -> list[str]:
    """Return a table of the months, the first at the top."""
    head = "month    version  applicants  approved  bads  expected  bads/expected  in development  alarm"
    rows = [
        f"{one['month']}  {one['model_version']:>7}  {one['predictions']:>10}  {one['approved']:>8}  {one['bads']:>4}"
        f"  {one['expected']:>8.1f}  {one['ratio']:>13.2f}  {one['reference_ratio']:>14.2f}"
        f"  {'yes' if one['alarm'] else 'no':>5}"
        for one in sorted(cohorts, key=lambda one: (one["month"], one["model_version"]))
    ]
    return [head, *rows]


def since_of(alert: dict[str, Any]) -> datetime:
    """Return from when on an alert's windows have alarmed."""
    return datetime.fromisoformat(alert["since"]).astimezone(UTC)


def alert_lines(alerts: Sequence[dict[str, Any]]) -> list[str]:
    """Return a line for each kind and version of alerts that have fired together, with the largest of them."""
    together: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for one in alerts:
        together[one["kind"], str(one["model_version"])].append(one)
    found = []
    for (kind, version), its in together.items():
        most = max(its, key=lambda one: float(one["value"]))
        many = f"alert of {kind}" if len(its) == 1 else f"{len(its)} alerts of {kind}, the largest"
        shown = f"{most['value']:.2f}, limit {most['limit']:g}, since {since_of(most):%Y-%m-%d}"
        found.append(f"{many} of {most['subject']}, version {version}: {shown}")
    return found


def gate_line(gate: dict[str, Any]) -> str:
    """Return what a gate says, in short: what stands in brackets, or behind the difference, is left out."""
    words = {True: "passed", False: "failed", None: "cannot tell"}
    says = re.sub(r" \(.*?\)", "", gate["says"]).partition(" in its favour")[0].partition(", at ")[0]
    return f"gate {gate['name']}: {words[gate['passed']]}: {says}"


def unkept(alerts: Sequence[dict[str, Any]], before: Calibration, after: Calibration, feature: str) -> list[str]:
    """Return the promises about alerts and calibration that were not kept, a sentence each."""
    drift = [one for one in alerts if one["kind"] == "drift"]
    early = [one for one in drift if since_of(one).date() < CHANGE]
    found = [f"before anything had changed: {line}" for line in alert_lines(early)]
    if not any(one["subject"] == feature and one not in early for one in drift):
        found.append(f"no alert of drift of {feature} fired")
    if not after.distance < before.distance:
        found.append(f"calibration is not better: {after.ratio:.2f} after, {before.ratio:.2f} before")
    return found
