"""what the API tells of the year's months and alerts -> whether what was promised has happened"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf, log
from typing import Any

from src.year.calendar import CHANGE, MORNING, at


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
    """Return the calibration of a version's months from one on."""
    chosen = [one for one in cohorts if one["model_version"] == version and one["month"] >= since]
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


def alert_line(alert: dict[str, Any]) -> str:
    """Return what fired, and when."""
    since = datetime.fromisoformat(alert["since"]).astimezone(UTC)
    what = f"{alert['kind']} of {alert['subject']}"
    return f"{since:%Y-%m-%d}  alert: {what}, version {alert['model_version']}: {alert['value']:.2f}, limit {alert['limit']:g}"


def unkept(alerts: Sequence[dict[str, Any]], before: Calibration, after: Calibration, feature: str) -> list[str]:
    """Return the promises about alerts and calibration that were not kept, a sentence each."""
    drift = [one for one in alerts if one["kind"] == "drift"]
    early = [one for one in drift if datetime.fromisoformat(one["since"]) < at(CHANGE, MORNING)]
    found = [f"an alert of drift fired before anything had changed: {alert_line(one)}" for one in early]
    if not any(one["subject"] == feature and one not in early for one in drift):
        found.append(f"no alert of drift of {feature} fired")
    if not after.distance < before.distance:
        found.append(f"calibration is not better: {after.ratio:.2f} after, {before.ratio:.2f} before")
    return found
