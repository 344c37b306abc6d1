"""a check that alarms -> what a person reads and can act on: what, how large, since when, of how many, what to do

No text holds a value that an applicant gave: fields are named, and counted.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from src.journal.outbox import Severity
from src.monitoring.progress import utc

RUNBOOK = "docs/monitoring.md"


class Check(NamedTuple):
    """One judged window of one check, as the table `checks` has it."""

    id: int
    form_sha256: str
    model_version: str | None
    kind: str
    subject: str
    window_start: datetime
    window_end: datetime
    rows: int
    psi: float | None
    p_value: float | None
    value: float | None
    limit: float | None
    alarm: bool

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what the windows of one check have in common."""
        return self.form_sha256, self.kind, self.subject

    @property
    def size(self) -> float | None:
        """Return how large that is which the limit is held against."""
        return self.psi if self.value is None else self.value


class Kind(NamedTuple):
    """What is said of alerts of one kind."""

    title: Callable[[Check], str]
    size: Callable[[Check], str]
    severity: Severity
    anchor: str  # of the runbook
    command: str  # to look closer
    at_once: bool = False  # fires with the first window, and resolves with the next


def number(value: float | None) -> str:
    """Return a number for people, of three digits."""
    return "unknown" if value is None else f"{value:.3g}"


def _drift(check: Check) -> str:
    of = f"in {check.rows} applications {_window(check)}"
    return f"PSI {number(check.psi)} (limit {number(check.limit)}), p = {number(check.p_value)} of the χ² test, {of}"


def _volume(check: Check) -> str:
    usual = f"{number(check.value)} times what this weekday usually has (limit {number(check.limit)} times, either way)"
    return f"{check.rows} applications {_window(check)}: {usual}"


def _silence(check: Check) -> str:
    return f"no application for {number(check.value)} hours (limit {number(check.limit)})"


def _calibration(check: Check) -> str:
    size = f"{number(check.value)} times the observed/expected of the model's development (limit {number(check.limit)})"
    of = f"among the {check.rows} known outcomes of {check.window_start:%Y-%m}"
    return f"observed/expected bads are {size}, p = {number(check.p_value)}, {of}"


REPORT = "python -m src.monitoring report"
KINDS = {  # those that may fire
    "drift": Kind(lambda check: f"drift of {check.subject}", _drift, "warning", "alert-drift", REPORT),
    "volume": Kind(lambda _: "volume", _volume, "warning", "alert-volume", REPORT),
    "silence": Kind(lambda _: "silence", _silence, "critical", "alert-silence", "make status", at_once=True),
    "calibration": Kind(lambda _: "bads above expectation", _calibration, "critical", "alert-calibration", REPORT),
}


def title(check: Check) -> str:
    """Return what alarms, and of which version."""
    version = f", version {check.model_version}" if check.model_version else ""
    return f"{KINDS[check.kind].title(check)}{version}"


def text(check: Check, since: datetime, windows: int) -> str:
    """Return how large, since when, of how many, the command to look closer and the runbook's place."""
    kind = KINDS[check.kind]
    running = "" if kind.at_once else f"; so in {windows} windows running"
    return (
        f"{kind.size(check)}{running}, since {clock(since)}.\n"
        f"Look closer: {kind.command}\n"
        f"What it means and what to do: {RUNBOOK}#{kind.anchor}"
    )


def quiet(check: Check, since: datetime) -> str:
    """Return what is said when an alert resolves."""
    if KINDS[check.kind].at_once:
        return f"It is over; it began {clock(since)}."
    return f"Quiet again: {KINDS[check.kind].size(check)}. It began {clock(since)}."


def clock(moment: datetime) -> str:
    """Return a moment for people, in UTC."""
    return f"{utc(moment):%Y-%m-%d %H:%M} UTC"


def _window(check: Check) -> str:
    return f"from {clock(check.window_start)} to {clock(check.window_end)}"
